/*
 * page_scan.c
 *	  Scanner for one GetQueryResults answer.
 *
 * A page carries every row twice and a generic JSON tree of it costs many
 * times its size.  page_open() walks the body once, checks that it is whole,
 * notes where the rows begin and skips the rest unparsed; page_next_row()
 * then unescapes one row in place.  Nothing is copied; all values lie in the
 * caller's buffer and are NUL-terminated there (on the closing quote).
 *
 * Used by result_pages.c.  Input is not trusted: nesting is bounded, every
 * length is checked, and any malformed body is an error with its position.
 * test/unit/page_fuzz.c feeds it hostile input under sanitizers.
 */
#include "page_scan.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 64

/* A position in the buffer and the sticky error. */
typedef struct Cursor
{
	char *p;
	char *end;
	const char *error;
} Cursor;

static bool
fail(Cursor *c, const char *what)
{
	if (c->error == NULL)
		c->error = what;
	return false;
}

static void
skip_blanks(Cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\r' || *c->p == '\t'))
		c->p++;
}

/* Take one punctuation character, blanks before it allowed. */
static bool
accept(Cursor *c, char what)
{
	skip_blanks(c);
	if (c->p < c->end && *c->p == what)
	{
		c->p++;
		return true;
	}
	return false;
}

/* Move past a string whose opening quote was taken; *start, *len is its raw text. */
static bool
raw_string(Cursor *c, char **start, size_t *len)
{
	char *from = c->p;

	*start = from;
	for (;;)
	{
		char *quote = from < c->end ? memchr(from, '"', c->end - from) : NULL;
		char *back;

		if (quote == NULL)
			return fail(c, "unterminated string");
		for (back = quote; back > *start && back[-1] == '\\'; back--)
			;
		if (((quote - back) & 1) == 0)
		{
			*len = quote - *start;
			c->p = quote + 1;
			return true;
		}
		from = quote + 1;
	}
}

static int
hex4(const char *p)
{
	int value = 0;
	int i;

	for (i = 0; i < 4; i++)
	{
		char ch = p[i];

		value <<= 4;
		if (ch >= '0' && ch <= '9')
			value |= ch - '0';
		else if (ch >= 'a' && ch <= 'f')
			value |= ch - 'a' + 10;
		else if (ch >= 'A' && ch <= 'F')
			value |= ch - 'A' + 10;
		else
			return -1;
	}
	return value;
}

static char *
put_utf8(char *out, uint32_t cp)
{
	if (cp < 0x80)
		*out++ = (char) cp;
	else if (cp < 0x800)
	{
		*out++ = (char) (0xC0 | cp >> 6);
		*out++ = (char) (0x80 | (cp & 0x3F));
	}
	else if (cp < 0x10000)
	{
		*out++ = (char) (0xE0 | cp >> 12);
		*out++ = (char) (0x80 | (cp >> 6 & 0x3F));
		*out++ = (char) (0x80 | (cp & 0x3F));
	}
	else
	{
		*out++ = (char) (0xF0 | cp >> 18);
		*out++ = (char) (0x80 | (cp >> 12 & 0x3F));
		*out++ = (char) (0x80 | (cp >> 6 & 0x3F));
		*out++ = (char) (0x80 | (cp & 0x3F));
	}
	return out;
}

/* Decode \uXXXX at p (after the u), with its low half if it is a high surrogate. */
static bool
unescape_u(Cursor *c, char **p, const char *end, char **out)
{
	int unit;
	uint32_t cp;

	if (end - *p < 4 || (unit = hex4(*p)) < 0)
		return fail(c, "invalid \\u escape");
	*p += 4;
	cp = (uint32_t) unit;
	if (cp >= 0xD800 && cp <= 0xDFFF)
	{
		int low = -1;

		if (cp <= 0xDBFF && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u')
			low = hex4(*p + 2);
		if (low < 0xDC00 || low > 0xDFFF)
			return fail(c, "unpaired surrogate in a \\u escape");
		*p += 6;
		cp = 0x10000 + ((cp - 0xD800) << 10) + (uint32_t) (low - 0xDC00);
	}
	*out = put_utf8(*out, cp);
	return true;
}

/* Unescape a raw string in place (it only shrinks) and terminate it. */
static bool
unescape(Cursor *c, char *start, size_t *len)
{
	char *end = start + *len;
	char *p = *len ? memchr(start, '\\', *len) : NULL;
	char *out = p;

	if (p == NULL)
	{
		*end = '\0'; /* on the closing quote */
		return true;
	}
	while (p < end)
	{
		char ch = *p++;

		if (ch != '\\')
		{
			*out++ = ch;
			continue;
		}
		if (p == end)
			return fail(c, "invalid escape");
		ch = *p++;
		switch (ch)
		{
			case '"':
			case '\\':
			case '/':
				*out++ = ch;
				break;
			case 'b':
				*out++ = '\b';
				break;
			case 'f':
				*out++ = '\f';
				break;
			case 'n':
				*out++ = '\n';
				break;
			case 'r':
				*out++ = '\r';
				break;
			case 't':
				*out++ = '\t';
				break;
			case 'u':
				if (!unescape_u(c, &p, end, &out))
					return false;
				break;
			default:
				return fail(c, "invalid escape");
		}
	}
	*out = '\0';
	*len = out - start;
	return true;
}

static bool
string_value(Cursor *c, char **start, size_t *len)
{
	if (!accept(c, '"'))
		return fail(c, "string expected");
	return raw_string(c, start, len) && unescape(c, *start, len);
}

/* A number, true, false or null: its extent; numbers are checked loosely. */
static bool
scalar(Cursor *c, char **start, size_t *len)
{
	skip_blanks(c);
	*start = c->p;
	while (c->p < c->end && ((*c->p >= '0' && *c->p <= '9') || (*c->p >= 'a' && *c->p <= 'z') ||
							 *c->p == '-' || *c->p == '+' || *c->p == '.' || *c->p == 'E'))
		c->p++;
	*len = c->p - *start;
	if (*len == 0)
		return fail(c, "value expected");
	if ((**start >= '0' && **start <= '9') || **start == '-')
		return true;
	if ((*len == 4 && memcmp(*start, "null", 4) == 0) ||
		(*len == 4 && memcmp(*start, "true", 4) == 0) ||
		(*len == 5 && memcmp(*start, "false", 5) == 0))
		return true;
	return fail(c, "invalid literal");
}

static bool
is_null(Cursor *c)
{
	skip_blanks(c);
	if (c->end - c->p >= 4 && memcmp(c->p, "null", 4) == 0)
	{
		c->p += 4;
		return true;
	}
	return false;
}

/* Skip any value without looking into its strings. */
static bool
skip_value(Cursor *c)
{
	char closing[MAX_DEPTH];
	int depth = 0;
	char *start;
	size_t len;

	for (;;)
	{
		/* a value begins here */
		if (accept(c, '{'))
		{
			if (depth == MAX_DEPTH)
				return fail(c, "nested too deeply");
			if (!accept(c, '}'))
			{
				closing[depth++] = '}';
				if (!accept(c, '"'))
					return fail(c, "member name expected");
				if (!raw_string(c, &start, &len))
					return false;
				if (!accept(c, ':'))
					return fail(c, "colon expected");
				continue;
			}
		}
		else if (accept(c, '['))
		{
			if (depth == MAX_DEPTH)
				return fail(c, "nested too deeply");
			if (!accept(c, ']'))
			{
				closing[depth++] = ']';
				continue;
			}
		}
		else if (accept(c, '"'))
		{
			if (!raw_string(c, &start, &len))
				return false;
		}
		else if (!scalar(c, &start, &len))
			return false;

		/* a value ended here; close what ends with it */
		while (depth > 0 && accept(c, closing[depth - 1]))
			depth--;
		if (depth == 0)
			return true;
		if (!accept(c, ','))
			return fail(c, "comma expected");
		if (closing[depth - 1] == '}')
		{
			if (!accept(c, '"'))
				return fail(c, "member name expected");
			if (!raw_string(c, &start, &len))
				return false;
			if (!accept(c, ':'))
				return fail(c, "colon expected");
		}
	}
}

/*
 * Step to the next member of an object: 1 with its raw name, 0 at the end,
 * -1 on error.  The opening brace was taken.
 */
static int
next_member(Cursor *c, bool *first, char **name, size_t *len)
{
	if (accept(c, '}'))
		return 0;
	if (!*first && !accept(c, ','))
	{
		fail(c, "comma expected");
		return -1;
	}
	*first = false;
	if (!accept(c, '"'))
	{
		fail(c, "member name expected");
		return -1;
	}
	if (!raw_string(c, name, len))
		return -1;
	if (!accept(c, ':'))
	{
		fail(c, "colon expected");
		return -1;
	}
	return 1;
}

static bool
name_is(const char *name, size_t len, const char *what)
{
	return len == strlen(what) && memcmp(name, what, len) == 0;
}

/* Step to the next element of an array: 1, 0 at the end, -1 on error. */
static int
next_element(Cursor *c, bool *first)
{
	if (accept(c, ']'))
		return 0;
	if (!*first && !accept(c, ','))
	{
		fail(c, "comma expected");
		return -1;
	}
	*first = false;
	return 1;
}

static bool
integer_value(Cursor *c, int64_t *value)
{
	char *start;
	size_t len;
	char text[24];

	if (is_null(c))
		return true;
	if (!scalar(c, &start, &len))
		return false;
	if (len >= sizeof(text))
		return fail(c, "number too long");
	memcpy(text, start, len);
	text[len] = '\0';
	*value = strtoll(text, NULL, 10);
	return true;
}

static bool
column_info(Cursor *c, PageColumn *column)
{
	bool first = true;
	char *name;
	size_t len;
	int more;

	memset(column, 0, sizeof(*column));
	if (!accept(c, '{'))
		return fail(c, "object expected");
	while ((more = next_member(c, &first, &name, &len)) > 0)
	{
		char *text;
		size_t textlen;
		bool ok;

		if (name_is(name, len, "Name") || name_is(name, len, "Type"))
		{
			bool is_name = *name == 'N';

			ok = string_value(c, &text, &textlen);
			if (ok && is_name)
				column->name = text;
			else if (ok)
				column->type = text;
		}
		else if (name_is(name, len, "Precision"))
			ok = integer_value(c, &column->precision);
		else if (name_is(name, len, "Scale"))
			ok = integer_value(c, &column->scale);
		else
			ok = skip_value(c);
		if (!ok)
			return false;
	}
	if (more == 0 && (column->name == NULL || column->type == NULL))
		return fail(c, "ColumnInfo without Name or Type");
	return more == 0;
}

static bool
column_list(Cursor *c, PageScan *scan)
{
	bool first = true;
	int more;
	int cap = 0;

	scan->ncolumns = 0;
	if (is_null(c))
		return true;
	if (!accept(c, '['))
		return fail(c, "array expected");
	free(scan->columns);
	scan->columns = NULL;
	while ((more = next_element(c, &first)) > 0)
	{
		if (scan->ncolumns == cap)
		{
			PageColumn *bigger;

			if (cap > 100000)
				return fail(c, "too many columns");
			cap = cap ? cap * 2 : 16;
			bigger = realloc(scan->columns, cap * sizeof(PageColumn));
			if (bigger == NULL)
				return fail(c, "out of memory");
			scan->columns = bigger;
		}
		if (!column_info(c, &scan->columns[scan->ncolumns]))
			return false;
		scan->ncolumns++;
	}
	return more == 0;
}

static bool
metadata(Cursor *c, PageScan *scan)
{
	bool first = true;
	char *name;
	size_t len;
	int more;

	if (is_null(c))
		return true;
	if (!accept(c, '{'))
		return fail(c, "object expected");
	while ((more = next_member(c, &first, &name, &len)) > 0)
		if (!(name_is(name, len, "ColumnInfo") ? column_list(c, scan) : skip_value(c)))
			return false;
	return more == 0;
}

/* ResultSet: note where Rows begins, read the columns, skip all else. */
static bool
result_set(Cursor *c, PageScan *scan)
{
	bool first = true;
	char *name;
	size_t len;
	int more;

	if (is_null(c))
		return true;
	if (!accept(c, '{'))
		return fail(c, "object expected");
	while ((more = next_member(c, &first, &name, &len)) > 0)
	{
		if (name_is(name, len, "Rows"))
		{
			if (is_null(c))
				continue;
			skip_blanks(c);
			if (c->p >= c->end || *c->p != '[')
				return fail(c, "array expected");
			scan->pos = c->p + 1 - scan->buf;
			scan->has_rows = true;
			if (!skip_value(c))
				return false;
		}
		else if (!(name_is(name, len, "ResultSetMetadata") ? metadata(c, scan) : skip_value(c)))
			return false;
	}
	return more == 0;
}

static bool
body(Cursor *c, PageScan *scan)
{
	bool first = true;
	bool seen = false;
	char *name;
	size_t len;
	int more;

	if (!accept(c, '{'))
		return fail(c, "object expected");
	while ((more = next_member(c, &first, &name, &len)) > 0)
	{
		bool ok = true;

		if (name_is(name, len, "NextToken"))
		{
			size_t textlen;

			if (!is_null(c))
				ok = string_value(c, &scan->next_token, &textlen);
		}
		else if (name_is(name, len, "ResultSet"))
		{
			if (seen)
				return fail(c, "ResultSet occurs twice");
			seen = true;
			ok = result_set(c, scan);
		}
		else if (name_is(name, len, "UpdateCount"))
			ok = integer_value(c, &scan->update_count);
		else
			ok = skip_value(c);
		if (!ok)
			return false;
	}
	if (more < 0)
		return false;
	if (!seen)
		return fail(c, "ResultSet is missing");
	skip_blanks(c);
	if (c->p < c->end)
		return fail(c, "text after the end");
	return true;
}

/*
 * Take a body (len bytes, which the scan will overwrite) and check it whole.
 * On failure error and error_pos say what is wrong; page_close() is due
 * either way.
 */
bool
page_open(PageScan *scan, char *buf, size_t len)
{
	Cursor c = {buf, buf + len, NULL};
	bool ok;

	memset(scan, 0, sizeof(*scan));
	scan->buf = buf;
	scan->len = len;
	scan->update_count = -1;
	ok = body(&c, scan);
	if (ok && scan->next_token && *scan->next_token == '\0')
		scan->next_token = NULL;
	if (!ok)
	{
		scan->error = c.error;
		scan->error_pos = c.p - buf;
	}
	return ok;
}

/* One datum: {"VarCharValue":"text"}, or {} for NULL. */
static bool
datum(Cursor *c, TextValue *value)
{
	bool first = true;
	char *name;
	size_t len;
	int more;

	value->data = NULL;
	value->len = 0;
	if (!accept(c, '{'))
		return fail(c, "object expected");
	while ((more = next_member(c, &first, &name, &len)) > 0)
	{
		if (name_is(name, len, "VarCharValue"))
		{
			if (!is_null(c) && !string_value(c, &value->data, &value->len))
				return false;
		}
		else if (!skip_value(c))
			return false;
	}
	return more == 0;
}

static bool
row_data(Cursor *c, TextValue *values, int max, int *nvalues)
{
	bool first = true;
	int more;

	*nvalues = 0;
	if (!accept(c, '['))
		return fail(c, "array expected");
	while ((more = next_element(c, &first)) > 0)
	{
		TextValue extra;

		if (!datum(c, *nvalues < max ? &values[*nvalues] : &extra))
			return false;
		(*nvalues)++;
	}
	return more == 0;
}

/*
 * Read the next row into values (room for max).  Returns 1 with the number of
 * data the row has in *nvalues (which may be more or fewer than max), 0 when
 * there are no more rows, -1 on an error.
 */
int
page_next_row(PageScan *scan, TextValue *values, int max, int *nvalues)
{
	Cursor c = {scan->buf + scan->pos, scan->buf + scan->len, NULL};
	bool first = true;
	char *name;
	size_t len;
	int more;

	*nvalues = 0;
	if (!scan->has_rows)
		return 0;
	if (accept(&c, ']'))
	{
		scan->has_rows = false;
		return 0;
	}
	accept(&c, ','); /* page_open() has seen that commas are where they must be */
	more = accept(&c, '{') ? 1 : -1;
	if (more < 0)
		fail(&c, "object expected");
	while (more > 0 && (more = next_member(&c, &first, &name, &len)) > 0)
		if (!(name_is(name, len, "Data") ? row_data(&c, values, max, nvalues) : skip_value(&c)))
			more = -1;
	scan->pos = c.p - scan->buf;
	if (more < 0)
	{
		scan->has_rows = false;
		scan->error = c.error;
		scan->error_pos = scan->pos;
		return -1;
	}
	return 1;
}

/* Free what the scan allocated; the buffer is the caller's. */
void
page_close(PageScan *scan)
{
	free(scan->columns);
	scan->columns = NULL;
	scan->ncolumns = 0;
	scan->has_rows = false;
}
