/*
 * translate_text.c
 *	  Functions and operators of text in Athena's SQL: parts, case, patterns.
 *
 * Regular expressions are parsed here and written anew: what both engines read
 * alike, which is characters, sets of them, groups, alternatives, quantifiers
 * and anchors.  Classes such as \w, which hold other characters there, are not
 * shipped.
 *
 * Case: which characters have another case differs by the version of Unicode,
 * but not for those that have one among ASCII's.  So text in upper or lower case
 * is compared with constants of ASCII alone, and not shown.
 */
#include "planner/translate_call.h"

#include "catalog/pg_type.h"
#include "query/literal.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

/* array_join() and repeat() are there for fewer. */
#define MAX_REPEATS 10000

/* Is it made of characters of ASCII alone? */
bool
translate_is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char) *text >= 128)
			return false;
	return true;
}

static char *
const_text(Expr *expr)
{
	Const *c = (Const *) expr;

	if (!IsA(c, Const) || c->constisnull || shippable_class(c->consttype, NULL) != CLASS_TEXT)
		return NULL;
	return TextDatumGetCString(c->constvalue);
}

/* Is it a constant text, or a constant array of them without NULLs, all of which fit? */
bool
translate_const_is(Expr *expr, bool (*fits)(const char *text))
{
	Const *c = (Const *) expr;
	char *string;

	if (IsA(expr, Const) && !c->constisnull && c->consttype == TEXTARRAYOID)
	{
		Datum *values;
		bool *nulls;
		int i, n;

		deconstruct_array(DatumGetArrayTypeP(c->constvalue), TEXTOID, -1, false, TYPALIGN_INT,
						  &values, &nulls, &n);
		for (i = 0; i < n; i++)
			if (nulls[i] || !fits(TextDatumGetCString(values[i])))
				return false;
		return true;
	}
	string = const_text(expr);
	return string && fits(string);
}

/* ---------- case ---------- */

static const char lower_ascii[] = "abcdefghijklmnopqrstuvwxyz";
static const char upper_ascii[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* of ASCII alone under collation C; under others to be compared with a constant of ASCII alone */
bool
call_case(Call *call, RemoteSql *out, RemoteType *type)
{
	bool up = *call->name == 'u';

	switch (shippable_case(call->func->inputcollid))
	{
		case CASE_ASCII:
			appendStringInfoString(&out->text, "translate(");
			if (!call_write_class(call, out, 0, CLASS_TEXT))
				return false;
			appendStringInfo(&out->text, ", '%s', '%s')", up ? lower_ascii : upper_ascii,
							 up ? upper_ascii : lower_ascii);
			return true;
		case CASE_UNICODE:
			type->class = CLASS_FOLDED;
			return call_write_around(call, out, up ? "upper(" : "lower(", CLASS_TEXT, ")");
		default:
			return false;
	}
}

/* ---------- parts ---------- */

/*
 * constant positions and lengths, and positions that are no constants
 */
bool
call_substring(Call *call, RemoteSql *out, RemoteType *type)
{
	int from, length = -1;
	bool cut = call->nargs == 3;

	if (cut && !call_int(call, 2, 0, &length))
		return false;
	appendStringInfoString(&out->text, "substr(");
	if (!call_write_class(call, out, 0, CLASS_TEXT))
		return false;
	if (call_int(call, 1, PG_INT32_MIN + 1, &from))
	{
		/* characters before the first count, there positions before it are from the end */
		if (from < 1 && cut)
			length = Max(length + from - 1, 0);
		appendStringInfo(&out->text, ", %d", Max(from, 1));
	}
	else
	{
		RemoteType at;

		if (cut)
			return false;
		appendStringInfoString(&out->text, ", greatest(");
		if (!call_write(call, out, 1, &at) || at.class != CLASS_INTEGER)
			return false;
		appendStringInfoString(&out->text, ", 1)");
	}
	if (cut)
		appendStringInfo(&out->text, ", %d", length);
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* x as often as it is needed. */
static bool
write_text(Call *call, RemoteSql *value)
{
	RemoteType arg;

	remote_sql_init(value);
	return translate_operand(call->level, value, call->args[0], &arg) && arg.class == CLASS_TEXT;
}

/* a constant number of characters; without those at the end if it is below 0 */
bool
call_left(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteSql value;
	int length;

	if (!call_int(call, 1, -MAX_REPEATS, &length) || !write_text(call, &value))
		return false;
	appendStringInfoString(&out->text, "substr(");
	remote_sql_append(out, &value);
	if (length >= 0)
		appendStringInfo(&out->text, ", 1, %d)", length);
	else
	{
		appendStringInfoString(&out->text, ", 1, greatest(length(");
		remote_sql_append(out, &value);
		appendStringInfo(&out->text, ") - %d, 0))", -length);
	}
	return true;
}

/* a constant number of characters; without those at the start if it is below 0 */
bool
call_right(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteSql value;
	int length;

	if (!call_int(call, 1, -MAX_REPEATS, &length) || !write_text(call, &value))
		return false;
	appendStringInfoString(&out->text, "substr(");
	remote_sql_append(out, &value);
	if (length < 0)
		appendStringInfo(&out->text, ", %d)", -length + 1);
	else
	{
		appendStringInfoString(&out->text, ", greatest(length(");
		remote_sql_append(out, &value);
		appendStringInfo(&out->text, ") - %d, 1))", length - 1);
	}
	return true;
}

/* in characters */
bool
call_length(Call *call, RemoteSql *out, RemoteType *type)
{
	return call_write_around(call, out, "length(", CLASS_TEXT, ")");
}

/* in a database in UTF-8 */
bool
call_octets(Call *call, RemoteSql *out, RemoteType *type)
{
	return shippable_encoding() &&
		   call_write_around(call, out, "length(to_utf8(", CLASS_TEXT, "))");
}

/* of blanks, or of the characters of a constant */
bool
call_trim(Call *call, RemoteSql *out, RemoteType *type)
{
	char *set = call->nargs == 2 ? call_text(call, 1) : " ";

	if (set == NULL || *set == '\0')
		return false;
	appendStringInfo(&out->text, "trim(%s ",
					 *call->name == 'b' ? "BOTH" :
					 *call->name == 'l' ? "LEADING" :
										  "TRAILING");
	literal_append_string(&out->text, set);
	return call_write_around(call, out, " FROM ", CLASS_TEXT, ")");
}

/* to a constant length, with a constant that is not empty */
bool
call_pad(Call *call, RemoteSql *out, RemoteType *type)
{
	char *fill = call->nargs == 3 ? call_text(call, 2) : " ";
	int length;

	if (fill == NULL || *fill == '\0' || !call_int(call, 1, 0, &length))
		return false;
	appendStringInfo(&out->text, "%s(", call->name);
	if (!call_write_class(call, out, 0, CLASS_TEXT))
		return false;
	appendStringInfo(&out->text, ", %d, ", length);
	literal_append_string(&out->text, fill);
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* of a constant that is not empty */
bool
call_replace(Call *call, RemoteSql *out, RemoteType *type)
{
	char *needle = call_text(call, 1);
	int i;

	if (needle == NULL || *needle == '\0')
		return false;
	appendStringInfoString(&out->text, "replace(");
	for (i = 0; i < 3; i++)
	{
		if (i > 0)
			appendStringInfoString(&out->text, ", ");
		if (!call_write_class(call, out, i, CLASS_TEXT))
			return false;
	}
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* of constant characters by constant characters */
bool
call_translate(Call *call, RemoteSql *out, RemoteType *type)
{
	char *from = call_text(call, 1);
	char *to = call_text(call, 2);

	if (from == NULL || *from == '\0' || to == NULL)
		return false;
	appendStringInfoString(&out->text, "translate(");
	if (!call_write_class(call, out, 0, CLASS_TEXT))
		return false;
	appendStringInfoString(&out->text, ", ");
	literal_append_string(&out->text, from);
	appendStringInfoString(&out->text, ", ");
	literal_append_string(&out->text, to);
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* under a deterministic collation */
bool
call_find(Call *call, RemoteSql *out, RemoteType *type)
{
	appendStringInfo(&out->text, "%s(",
					 strcmp(call->name, "starts_with") == 0 ? call->name : "strpos");
	if (!shippable_collation(call->func->inputcollid, false) ||
		!call_write_class(call, out, 0, CLASS_TEXT))
		return false;
	appendStringInfoString(&out->text, ", ");
	if (!call_write_class(call, out, 1, CLASS_TEXT))
		return false;
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* in characters */
bool
call_reverse(Call *call, RemoteSql *out, RemoteType *type)
{
	return call_write_around(call, out, "reverse(", CLASS_TEXT, ")");
}

/* a constant number of times, up to 10,000 */
bool
call_repeat(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteSql value;
	int times;

	if (!call_int(call, 1, 1, &times) || times > MAX_REPEATS || !write_text(call, &value))
		return false;
	appendStringInfoString(&out->text, "IF(");
	remote_sql_append(out, &value);
	appendStringInfoString(&out->text, " IS NOT NULL, array_join(repeat(");
	remote_sql_append(out, &value);
	appendStringInfo(&out->text, ", %d), ''))", times);
	return true;
}

/* by a constant that is not empty, the n-th from the start, n a constant */
bool
call_split_part(Call *call, RemoteSql *out, RemoteType *type)
{
	char *delimiter = call_text(call, 1);
	RemoteSql value;
	int n;

	if (delimiter == NULL || *delimiter == '\0' || !call_int(call, 2, 1, &n) ||
		!write_text(call, &value))
		return false;
	/* '' for a part that is not there, NULL for NULL */
	appendStringInfoString(&out->text, "coalesce(split_part(");
	remote_sql_append(out, &value);
	appendStringInfoString(&out->text, ", ");
	literal_append_string(&out->text, delimiter);
	appendStringInfo(&out->text, ", %d), substr(", n);
	remote_sql_append(out, &value);
	appendStringInfoString(&out->text, ", 1, 0))");
	return true;
}

/* in a database in UTF-8 */
bool
call_md5(Call *call, RemoteSql *out, RemoteType *type)
{
	return shippable_encoding() &&
		   call_write_around(call, out, "lower(to_hex(md5(to_utf8(", CLASS_TEXT, "))))");
}

/* in a database in UTF-8; 0 for an empty text */
bool
call_ascii(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteSql value;

	if (!shippable_encoding() || !write_text(call, &value))
		return false;
	appendStringInfoString(&out->text, "coalesce(codepoint(CAST(nullif(substr(");
	remote_sql_append(out, &value);
	appendStringInfoString(&out->text, ", 1, 1), '') AS varchar(1))), CAST(length(");
	remote_sql_append(out, &value);
	appendStringInfoString(&out->text, ") AS integer))");
	return true;
}

/* without the blanks at the end */
bool
call_of_char(Call *call, RemoteSql *out, RemoteType *type)
{
	return call_write_around(call, out, "trim(TRAILING ' ' FROM CAST(", CLASS_CHAR,
							 " AS varchar))");
}

/* true or false */
bool
call_of_boolean(Call *call, RemoteSql *out, RemoteType *type)
{
	return call_write_around(call, out, "CAST(", CLASS_BOOL, " AS varchar)");
}

/* ---------- LIKE ---------- */

/*
 * A constant pattern with the escapes that Athena takes: before %, _ and the
 * escape itself.  False for one that ends in a lone escape.
 */
static bool
like_pattern(const char *p, StringInfo pattern, bool *escapes)
{
	*escapes = false;
	for (; *p; p++)
	{
		if (*p == '\\')
		{
			p++;
			if (*p == '\0')
				return false;
			if (*p == '%' || *p == '_' || *p == '\\')
			{
				appendStringInfoChar(pattern, '\\');
				*escapes = true;
			}
		}
		appendStringInfoChar(pattern, *p);
	}
	return true;
}

static void
fold_ascii(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char) (*text - 'A' + 'a');
}

/* x LIKE and x ILIKE a constant pattern, ILIKE one of ASCII alone. */
bool
translate_like(Level *level, RemoteSql *out, const char *name, OpExpr *op)
{
	char *text = const_text(lsecond(op->args));
	bool negated = *name == '!';
	bool folds = name[strlen(name) - 1] == '*';
	CaseMapping mapping = folds ? shippable_case(op->inputcollid) : CASE_UNKNOWN;
	StringInfoData pattern;
	RemoteType type;
	bool escapes;

	initStringInfo(&pattern);
	if (text == NULL || !shippable_collation(op->inputcollid, false) ||
		!like_pattern(text, &pattern, &escapes))
		return false;
	if (folds && (mapping == CASE_UNKNOWN || !translate_is_ascii(text)))
		return false;
	if (folds)
		appendStringInfoString(&out->text, mapping == CASE_ASCII ? "translate(" : "lower(");
	if (!translate_operand(level, out, linitial(op->args), &type))
		return false;
	if (type.class != CLASS_TEXT && (folds || type.class != CLASS_CHAR) &&
		!(type.class == CLASS_FOLDED && !folds && translate_is_ascii(text)))
		return false;
	if (folds)
	{
		fold_ascii(pattern.data);
		if (mapping == CASE_ASCII)
			appendStringInfo(&out->text, ", '%s', '%s'", upper_ascii, lower_ascii);
		appendStringInfoChar(&out->text, ')');
	}
	appendStringInfoString(&out->text, negated ? " NOT LIKE " : " LIKE ");
	literal_append_string(&out->text, pattern.data);
	if (escapes)
		appendStringInfoString(&out->text, " ESCAPE '\\'");
	return true;
}

/* ---------- regular expressions ---------- */

typedef struct Regexp
{
	const char *p;
	StringInfoData out;
	bool folds; /* is case ignored? */
	bool groups; /* are there groups or alternatives? */
	int quantifiers;
	int least; /* characters that a match has at least */
	bool anchored; /* does it begin with ^? */
	int depth;
} Regexp;

/* A character that means itself. */
static void
put_char(Regexp *re, const char *c, int len)
{
	if (len == 1 && isalpha((unsigned char) *c) && re->folds)
		appendStringInfo(&re->out, "[%c%c]", pg_ascii_toupper((unsigned char) *c),
						 pg_ascii_tolower((unsigned char) *c));
	else
	{
		if (len == 1 && strchr("\\.[]{}()*+?^$|-&", *c))
			appendStringInfoChar(&re->out, '\\');
		appendBinaryStringInfo(&re->out, c, len);
	}
}

static int
utf8_length(const char *p)
{
	int n = 1;

	while (((unsigned char) p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* One character of a set: itself, or an escaped one; 0 if it is none. */
static int
set_char(Regexp *re, const char **at)
{
	int len;

	if (*re->p == '[' || *re->p == '\0')
		return 0; /* classes, and sets that have no end */
	if (*re->p == '\\')
	{
		re->p++;
		if (*re->p == '\0' || isalnum((unsigned char) *re->p))
			return 0;
	}
	*at = re->p;
	len = utf8_length(re->p);
	re->p += len;
	return re->folds && len > 1 ? 0 : len;
}

static void
put_set_char(Regexp *re, const char *c, int len)
{
	if (len == 1 && isalpha((unsigned char) *c) && re->folds)
		appendStringInfo(&re->out, "%c%c", pg_ascii_toupper((unsigned char) *c),
						 pg_ascii_tolower((unsigned char) *c));
	else
	{
		if (len == 1 && ispunct((unsigned char) *c))
			appendStringInfoChar(&re->out, '\\');
		appendBinaryStringInfo(&re->out, c, len);
	}
}

static bool
put_range(Regexp *re, char from, char to)
{
	bool upper = from >= 'A' && to <= 'Z';
	bool lower = from >= 'a' && to <= 'z';
	bool digits = from >= '0' && to <= '9';

	if (from > to || !(upper || lower || digits))
		return false;
	appendStringInfo(&re->out, "%c-%c", from, to);
	if (re->folds && !digits)
		appendStringInfo(&re->out, "%c-%c", from ^ 0x20, to ^ 0x20);
	return true;
}

/* [...], of characters, ranges of letters and digits, and \d. */
static bool
parse_set(Regexp *re)
{
	bool first = true;

	appendStringInfoChar(&re->out, '[');
	re->p++;
	if (*re->p == '^')
	{
		appendStringInfoChar(&re->out, '^');
		re->p++;
	}
	for (; *re->p != ']' || first; first = false)
	{
		const char *c;
		int len;

		if (re->p[0] == '\\' && re->p[1] == 'd')
		{
			appendStringInfoString(&re->out, "0-9");
			re->p += 2;
			continue;
		}
		len = set_char(re, &c);
		if (len == 0)
			return false;
		if (re->p[0] == '-' && re->p[1] != ']')
		{
			const char *to;

			re->p++;
			if (len != 1 || set_char(re, &to) != 1 || !put_range(re, *c, *to))
				return false;
			continue;
		}
		put_set_char(re, c, len);
	}
	appendStringInfoChar(&re->out, ']');
	re->p++;
	return true;
}

/* A bound such as {2,3}. */
static bool
parse_bound(Regexp *re, int *least)
{
	const char *begin = re->p;
	int n = 0, m = 0, digits = 0;

	for (re->p++; isdigit((unsigned char) *re->p) && digits < 4; re->p++, digits++)
		n = n * 10 + (*re->p - '0');
	if (digits == 0 || n > 255)
		return false;
	if (*re->p == ',')
	{
		for (digits = 0, re->p++; isdigit((unsigned char) *re->p) && digits < 4; re->p++, digits++)
			m = m * 10 + (*re->p - '0');
		if (digits > 0 && (m < n || m > 255))
			return false;
	}
	if (*re->p != '}')
		return false;
	re->p++;
	*least = n;
	appendBinaryStringInfo(&re->out, begin, (int) (re->p - begin));
	return true;
}

static bool parse_alternatives(Regexp *re);

/* What a quantifier may follow. */
static bool
parse_atom(Regexp *re)
{
	int len;

	switch (*re->p)
	{
		case '.':
			appendStringInfoChar(&re->out, '.');
			re->p++;
			return true;
		case '[':
			return parse_set(re);
		case '(':
			re->groups = true;
			re->p++;
			appendStringInfoString(&re->out, "(?:");
			if (*re->p == '?')
			{
				if (re->p[1] != ':')
					return false;
				re->p += 2;
			}
			if (++re->depth > 32 || !parse_alternatives(re) || *re->p != ')')
				return false;
			re->depth--;
			re->p++;
			appendStringInfoChar(&re->out, ')');
			return true;
		case '\\':
			re->p++;
			if (*re->p == 'd' || *re->p == 'D')
				appendStringInfoString(&re->out, *re->p == 'd' ? "[0-9]" : "[^0-9]");
			else if (*re->p == 't' || *re->p == 'n' || *re->p == 'r')
				appendStringInfo(&re->out, "\\%c", *re->p);
			else if (*re->p == '\0' || isalnum((unsigned char) *re->p) ||
					 (unsigned char) *re->p >= 128)
				return false;
			else
				put_char(re, re->p, 1);
			re->p++;
			return true;
		case '*':
		case '+':
		case '?':
		case '{':
		case '}':
		case ']':
			return false;
		default:
			len = utf8_length(re->p);
			if (len > 1 && re->folds)
				return false;
			put_char(re, re->p, len);
			re->p += len;
			return true;
	}
}

/* Atoms with their quantifiers, and anchors, up to the end of a branch; none is no branch. */
static bool
parse_branch(Regexp *re)
{
	const char *begin = re->p;

	while (*re->p && *re->p != '|' && *re->p != ')')
	{
		int least = 1;

		if (*re->p == '^' || *re->p == '$')
		{
			if (strchr("*+?{", re->p[1]) && re->p[1])
				return false;
			appendStringInfoString(&re->out, *re->p == '^' ? "^" : "\\z");
			re->p++;
			continue;
		}
		if (!parse_atom(re))
			return false;
		if (*re->p && strchr("*+?", *re->p))
		{
			least = *re->p == '+';
			appendStringInfoChar(&re->out, *re->p);
			re->p++;
			re->quantifiers++;
		}
		else if (*re->p == '{')
		{
			if (!parse_bound(re, &least))
				return false;
			re->quantifiers++;
		}
		/* a quantifier after a quantifier is another one */
		if (*re->p && strchr("*+?{", *re->p))
			return false;
		re->least += least;
	}
	return re->p > begin;
}

static bool
parse_alternatives(Regexp *re)
{
	for (;;)
	{
		if (!parse_branch(re))
			return false;
		if (*re->p != '|')
			return true;
		re->groups = true;
		appendStringInfoChar(&re->out, '|');
		re->p++;
	}
}

/* Read a pattern; false if it has something that is not known to be the same. */
static bool
parse_regexp(Regexp *re, const char *pattern, bool folds)
{
	memset(re, 0, sizeof(Regexp));
	re->folds = folds;
	re->p = pattern;
	initStringInfo(&re->out);
	/* . is any character here */
	appendStringInfoString(&re->out, "(?s)");
	/* directors */
	if (strncmp(pattern, "***", 3) == 0)
		return false;
	re->anchored = *pattern == '^';
	return parse_alternatives(re) && *re->p == '\0';
}

/*
 * Is what it matches the same, not only whether it does?  Here the longest
 * match is taken, there the one that is met first: with one quantifier and
 * without alternatives there is no difference.
 */
static bool
is_deterministic(const Regexp *re)
{
	return !re->groups && re->quantifiers <= 1 && re->least > 0;
}

/* x ~ pattern and its like. */
bool
translate_match(Level *level, RemoteSql *out, const char *name, OpExpr *op)
{
	char *pattern = const_text(lsecond(op->args));
	RemoteType type;
	Regexp re;

	if (pattern == NULL || !shippable_encoding() || !shippable_collation(op->inputcollid, false) ||
		!parse_regexp(&re, pattern, name[strlen(name) - 1] == '*'))
		return false;
	appendStringInfoString(&out->text, *name == '!' ? "NOT regexp_like(" : "regexp_like(");
	if (!translate_value(level, out, linitial(op->args), &type) || type.class != CLASS_TEXT)
		return false;
	appendStringInfoString(&out->text, ", ");
	literal_append_string(&out->text, re.out.data);
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* by a constant regular expression with at most one quantifier and without groups */
bool
call_regexp_substring(Call *call, RemoteSql *out, RemoteType *type)
{
	char *pattern = call_text(call, 1);
	Regexp re;

	if (pattern == NULL || !shippable_encoding() ||
		!shippable_collation(call->func->inputcollid, false) ||
		!parse_regexp(&re, pattern, false) || !is_deterministic(&re))
		return false;
	appendStringInfoString(&out->text, "regexp_extract(");
	if (!call_write_class(call, out, 0, CLASS_TEXT))
		return false;
	appendStringInfoString(&out->text, ", ");
	literal_append_string(&out->text, re.out.data);
	appendStringInfoChar(&out->text, ')');
	return true;
}

/*
 * of a constant regular expression with at most one quantifier and without
 * groups, by a constant without \; with flag g, or of one that begins with ^
 */
bool
call_regexp_replace(Call *call, RemoteSql *out, RemoteType *type)
{
	char *pattern = call_text(call, 1);
	char *by = call_text(call, 2);
	char *flags = call->nargs == 4 ? call_text(call, 3) : "";
	StringInfoData replacement;
	Regexp re;

	if (pattern == NULL || by == NULL || flags == NULL || strchr(by, '\\') ||
		!shippable_encoding() || !shippable_collation(call->func->inputcollid, false) ||
		!parse_regexp(&re, pattern, false) || !is_deterministic(&re) ||
		!(strcmp(flags, "g") == 0 || (*flags == '\0' && re.anchored)))
		return false;
	initStringInfo(&replacement);
	for (; *by; by++)
	{
		if (*by == '$')
			appendStringInfoChar(&replacement, '\\');
		appendStringInfoChar(&replacement, *by);
	}
	appendStringInfoString(&out->text, "regexp_replace(");
	if (!call_write_class(call, out, 0, CLASS_TEXT))
		return false;
	appendStringInfoString(&out->text, ", ");
	literal_append_string(&out->text, re.out.data);
	appendStringInfoString(&out->text, ", ");
	literal_append_string(&out->text, replacement.data);
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* ---------- casts ---------- */

/*
 * text as a whole number.  Forms that PostgreSQL takes since version 16, and
 * blanks that are no blanks there, are an error; NULL is what neither takes,
 * where another condition may spare the row.
 */
static bool
text_to_integer(Level *level, RemoteSql *out, Expr *arg, RemoteType *type)
{
	RemoteSql value;
	RemoteType from;
	const char *name = literal_type_name(type->type);

	remote_sql_init(&value);
	if (!translate_value(level, &value, arg, &from) || from.class != CLASS_TEXT)
		return false;
	type->bare = true;
	if (!level->spares_rows)
	{
		appendStringInfoString(&out->text, "CAST(");
		remote_sql_append(out, &value);
		appendStringInfo(&out->text, " AS %s)", name);
		return true;
	}
	appendStringInfoString(&out->text, "coalesce(TRY_CAST(");
	remote_sql_append(out, &value);
	appendStringInfo(&out->text, " AS %s), IF(regexp_like(", name);
	remote_sql_append(out, &value);
	appendStringInfo(&out->text,
					 ", '[0-9]_[0-9]|0[xXoObB]|[\\x09-\\x0D][0-9]|[0-9][\\x09-\\x0D]'), CAST(");
	remote_sql_append(out, &value);
	appendStringInfo(&out->text, " AS %s)))", name);
	return true;
}

/* A value as text, or text as a value, by way of its input and output functions. */
bool
translate_io_cast(Level *level, RemoteSql *out, CoerceViaIO *cast, RemoteType *type)
{
	Expr *arg = cast->arg;
	TypeClass from = shippable_class(exprType((Node *) arg), NULL);
	RemoteType value;

	if (type->class == CLASS_INTEGER && from == CLASS_TEXT)
		return text_to_integer(level, out, arg, type);
	if (type->class != CLASS_TEXT)
		return false;
	type->bare = true;
	if (from == CLASS_NUMERIC)
	{
		RemoteSql number;

		/* as many digits as are shown here */
		remote_sql_init(&number);
		if (!translate_value(level, &number, arg, &value) || !OidIsValid(value.relid) ||
			value.whole < 0 || value.whole + value.fraction > MAX_DIGITS ||
			value.whole + value.fraction < 1)
			return false;
		appendStringInfoString(&out->text, "CAST(CAST(");
		remote_sql_append(out, &number);
		appendStringInfo(&out->text, " AS decimal(%d,%d)) AS varchar)",
						 value.whole + value.fraction, value.fraction);
		return true;
	}
	appendStringInfoString(&out->text, "CAST(");
	if (!translate_value(level, out, arg, &value) || value.class != from ||
		(from != CLASS_INTEGER && from != CLASS_UUID))
		return false;
	appendStringInfoString(&out->text, " AS varchar)");
	return true;
}
