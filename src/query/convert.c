/*
 * convert.c
 *	  From the text in which Athena writes a value to a Datum.
 *
 * Called once per value by the executor and athena_query().  Values lie in the
 * network buffer, NUL-terminated; the hot types are read from there without a
 * copy or a function call of fmgr.  A text that a fast reader does not
 * understand goes to the type's own input function, which either does or
 * throws the error that a PostgreSQL user knows.  Results are palloc'd in the
 * current memory context; the caller's error context names table and column.
 */
#include "query/convert.h"

#include <ctype.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "query/decimal_text.h"
#include "query/digits.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

static const struct
{
	Oid type;
	ConvertKind kind;
} fast_kinds[] = {
	{BOOLOID, CONVERT_BOOL},           {INT2OID, CONVERT_INT2},
	{INT4OID, CONVERT_INT4},           {INT8OID, CONVERT_INT8},
	{FLOAT4OID, CONVERT_FLOAT4},       {FLOAT8OID, CONVERT_FLOAT8},
	{TEXTOID, CONVERT_TEXT},           {DATEOID, CONVERT_DATE},
	{TIMESTAMPOID, CONVERT_TIMESTAMP}, {TIMESTAMPTZOID, CONVERT_TIMESTAMPTZ},
	{BYTEAOID, CONVERT_BYTEA},         {INTERVALOID, CONVERT_INTERVAL},
	{NUMERICOID, CONVERT_NUMERIC},
};

/* Prepare to convert to a type, in the current memory context. */
void
converter_init(Converter *c, Oid type, int32 typmod)
{
	Oid input;
	Oid element = get_element_type(type);
	size_t i;

	memset(c, 0, sizeof(*c));
	c->type = type;
	c->typmod = typmod;
	getTypeInputInfo(type, &input, &c->ioparam);
	fmgr_info(input, &c->input);
	for (i = 0; i < lengthof(fast_kinds); i++)
		if (type == fast_kinds[i].type)
			c->kind = fast_kinds[i].kind;
	c->is_utf8 = GetDatabaseEncoding() == PG_UTF8;
	if (type == VARCHAROID && typmod < (int32) VARHDRSZ)
		c->kind = CONVERT_TEXT;
	if (OidIsValid(element))
	{
		c->kind = CONVERT_ARRAY;
		c->element = palloc(sizeof(Converter));
		c->element_type = element;
		get_typlenbyvalalign(element, &c->element_len, &c->element_byval, &c->element_align);
		converter_init(c->element, element, typmod);
	}
}

/*
 * Refuse a column whose values Athena writes in a form that cannot be read
 * back: the text of arrays, maps and rows has neither quotes nor escapes.  As
 * text it may be had.
 */
void
converter_check_remote(const Converter *c, const char *remote_type)
{
	if (c->type == TEXTOID || c->type == VARCHAROID)
		return;
	if (strcmp(remote_type, "array") == 0 || strcmp(remote_type, "map") == 0 ||
		strcmp(remote_type, "row") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_DATA_TYPE_DESCRIPTORS),
				 errmsg("the column is of type %s in Athena, which is declared as %s here",
						remote_type, format_type_be(c->type)),
				 errhint("Say its whole type, so that it is read as JSON: ALTER FOREIGN TABLE ... "
						 "ALTER COLUMN ... OPTIONS (ADD remote_type 'array<...>').")));
}

/* Anything longer has no place in memory. */
static void
check_length(const TextValue *v)
{
	if (v->len > MaxAllocSize - VARHDRSZ)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("a value of %zu bytes is too long for PostgreSQL", v->len)));
}

/* No text of PostgreSQL's may hold a NUL. */
static void
refuse_nul(const TextValue *v)
{
	if (memchr(v->data, '\0', v->len) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
				 errmsg("the value holds the character U+0000, which PostgreSQL's types cannot"),
				 errhint("Read it through a query that removes it, such as replace(x, "
						 "chr(0), '').")));
}

/* The text in the database's encoding; an error if it is not right UTF-8. */
static char *
server_text(const TextValue *v)
{
	check_length(v);
	refuse_nul(v);
	text_value_string(v);
	return pg_any_to_server(v->data, (int) v->len, PG_UTF8);
}

/* The beginning of a value, for a message. */
static char *
shown(const TextValue *v)
{
	char *text = server_text(v);

	return pnstrdup(text, pg_mbcliplen(text, (int) strlen(text), 64));
}

static Datum
by_input_function(Converter *c, const TextValue *v)
{
	return InputFunctionCall(&c->input, server_text(v), c->ioparam, c->typmod);
}

/* ---------- the fast readers: false if the text is not the usual form ---------- */

static bool
read_integer(const char *p, size_t len, int64 min, int64 max, int64 *out)
{
	bool negative = len > 0 && *p == '-';
	uint64 value = 0;
	uint64 limit = negative ? (uint64) max + 1 : (uint64) max;
	uint32 eight;
	size_t i;

	if (negative)
	{
		p++;
		len--;
	}
	if (len == 0 || len > 19)
		return false;
	for (; len >= 8 && digits_eight(p, &eight); p += 8, len -= 8)
		value = value * 100000000 + eight;
	for (i = 0; i < len; i++)
	{
		unsigned digit = (unsigned char) p[i] - '0';

		if (digit > 9)
			return false;
		value = value * 10 + digit; /* 19 digits fit in 64 bits */
	}
	if (value > limit)
		return false;
	*out = negative ? (int64) (0 - value) : (int64) value;
	return true;
}

/* Exactly n digits. */
static bool
digits(const char *p, int n, int *out)
{
	int value = 0;

	while (n-- > 0)
	{
		unsigned digit = (unsigned char) *p++ - '0';

		if (digit > 9)
			return false;
		value = value * 10 + (int) digit;
	}
	*out = value;
	return true;
}

/* A day of the calendar; the engine counts years with a year zero, as date2j() does. */
static bool
calendar_date(int year, int month, int day, DateADT *out)
{
	if (month < 1 || month > 12 || day < 1 || day > day_tab[isleap(year)][month - 1] ||
		!IS_VALID_JULIAN(year, month, day))
		return false;
	*out = date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	return IS_VALID_DATE(*out);
}

/* [+-]YYYY-MM-DD with four or more digits of year.  Returns what follows the date. */
static const char *
read_any_date(const char *p, const char *end, DateADT *out)
{
	bool negative = p < end && *p == '-';
	const char *start;
	int year, month, day, n;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	start = p;
	while (p < end && isdigit((unsigned char) *p) && p - start < 7)
		p++;
	n = (int) (p - start);
	if (n < 4 || end - p < 6 || !digits(start, n, &year) || p[0] != '-' ||
		!digits(p + 1, 2, &month) || p[3] != '-' || !digits(p + 4, 2, &day) ||
		!calendar_date(negative ? -year : year, month, day, out))
		return NULL;
	return p + 6;
}

/* The same, quickly for the usual form and for the date of the value before. */
static const char *
read_date(Converter *c, const char *p, const char *end, DateADT *out)
{
	char text[8];
	uint32 number;

	if (end - p < 10 || p[4] != '-' || p[7] != '-')
		return read_any_date(p, end, out);
	memcpy(text, p, 4);
	memcpy(text + 4, p + 5, 2);
	memcpy(text + 6, p + 8, 2);
	if (!digits_eight(text, &number))
		return read_any_date(p, end, out);
	if (number != 0 && number == c->date_digits)
	{
		*out = c->date;
		return p + 10;
	}
	if (!calendar_date((int) (number / 10000), (int) (number / 100 % 100), (int) (number % 100),
					   out))
		return NULL;
	c->date = *out;
	c->date_digits = number;
	return p + 10;
}

/*
 * HH:MM:SS[.f].  A fraction of more than six digits is rounded by way of a
 * double, as PostgreSQL's own reader does.  *places: how many it has.  Returns what
 * follows.
 */
static const char *
read_time(const char *p, const char *end, int64 *out, int *places)
{
	int hour, minute, second;
	int64 micros = 0;

	*places = 0;

	if (end - p < 8 || !digits(p, 2, &hour) || p[2] != ':' || !digits(p + 3, 2, &minute) ||
		p[5] != ':' || !digits(p + 6, 2, &second) || hour > 23 || minute > 59 || second > 59)
		return NULL;
	p += 8;
	if (p < end && *p == '.')
	{
		const char *point = p;
		int n = 0;

		for (p++; p < end && isdigit((unsigned char) *p); p++, n++)
			micros = n < 6 ? micros * 10 + (*p - '0') : micros;
		if (n == 0)
			return NULL;
		*places = n;
		if (n > 6)
			micros = (int64) rint(strtod(point, NULL) * USECS_PER_SEC);
		for (; n < 6; n++)
			micros *= 10;
	}
	*out = ((hour * INT64CONST(60) + minute) * 60 + second) * USECS_PER_SEC + micros;
	return p;
}

/* Round to the digits of a typmod as PostgreSQL's own casts do. */
Timestamp
convert_round_timestamp(Timestamp time, int32 typmod)
{
	static const int64 scales[] = {1000000, 100000, 10000, 1000, 100, 10, 1};

	if (typmod >= 0 && typmod < MAX_TIMESTAMP_PRECISION)
	{
		int64 scale = scales[typmod];

		if (time >= 0)
			time = (time + scale / 2) / scale * scale;
		else
			time = -((-time + scale / 2) / scale * scale);
	}
	return time;
}

/*
 * Date, blank, time, and for zoned values UTC.  Values with a zone are asked
 * for AT TIME ZONE 'UTC'; those without are taken as UTC, as the engine does.
 * A timestamp without zone takes " UTC" as well: it is how Iceberg's zoned
 * timestamps come, which Glue describes as plain ones.
 */
static bool
read_timestamp(Converter *c, const TextValue *v, Timestamp *out)
{
	const char *end = v->data + v->len;
	DateADT date;
	int64 time;
	int places;
	const char *p = read_date(c, v->data, end, &date);

	if (p == NULL || p == end || (*p != ' ' && *p != 'T'))
		return false;
	p = read_time(p + 1, end, &time, &places);
	if (p == NULL)
		return false;
	if (!(p == end || (end - p == 4 && memcmp(p, " UTC", 4) == 0) ||
		  (end - p == 6 && memcmp(p, "+00:00", 6) == 0)))
	{
		if (c->kind == CONVERT_TIMESTAMP && end - p > 1)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
					 errmsg("value \"%s\" has a time zone, but the column is declared without one",
							shown(v)),
					 errhint("Declare it as timestamp with time zone.")));
		return false;
	}
	if (pg_mul_s64_overflow(date, USECS_PER_DAY, out) || pg_add_s64_overflow(*out, time, out))
		return false;
	if (places > c->typmod)
		*out = convert_round_timestamp(*out, c->typmod);
	return IS_VALID_TIMESTAMP(*out);
}

/* Hexadecimal digits, bytes apart by single blanks or not at all. */
static bytea *
read_bytea(const TextValue *v)
{
	const char *p = v->data;
	const char *end = p + v->len;
	bytea *out;
	char *to;

	check_length(v);
	out = palloc(VARHDRSZ + v->len / 2 + 1);
	to = VARDATA(out);

	while (p < end)
	{
		if (*p == ' ' && p > v->data)
			p++;
		if (end - p < 2 || !isxdigit((unsigned char) p[0]) || !isxdigit((unsigned char) p[1]))
			ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
							errmsg("invalid varbinary value from Athena: \"%s\"", shown(v))));
		to += hex_decode(p, 2, to);
		p += 2;
	}
	SET_VARSIZE(out, to - (char *) out);
	return out;
}

/*
 * Athena's two kinds: [-]D HH:MM:SS.mmm and [-]Y-M.  The sign is that of the
 * whole; PostgreSQL's input function would take it for the days alone.
 */
static bool
read_interval(const TextValue *v, Interval *out)
{
	const char *p = v->data;
	const char *end = p + v->len;
	bool negative = p < end && *p == '-';
	int64 first = 0;
	int64 time = 0;
	int places;
	const char *start;

	memset(out, 0, sizeof(*out));
	if (negative)
		p++;
	start = p;
	while (p < end && isdigit((unsigned char) *p) && p - start < 10)
		first = first * 10 + (*p++ - '0');
	if (p == start || first > PG_INT32_MAX / 12)
		return false;
	if (end - p >= 2 && *p == '-')
	{
		int months;

		if (end - p > 3 || !digits(p + 1, (int) (end - p - 1), &months) || months > 11)
			return false;
		out->month = (int32) (first * 12 + months);
		if (negative)
			out->month = -out->month;
		return true;
	}
	if (p == end || *p != ' ' || read_time(p + 1, end, &time, &places) != end)
		return false;
	out->day = (int32) (negative ? -first : first);
	out->time = negative ? -time : time;
	return true;
}

/* ---------- arrays, from JSON ---------- */

/* One scalar of the JSON array, as text in its element's converter. */
static Datum
array_element(Converter *element, JsonbValue *jbv, bool *isnull)
{
	TextValue text;

	*isnull = false;
	switch (jbv->type)
	{
		case jbvNull:
			*isnull = true;
			return (Datum) 0;
		case jbvBool:
			text.data = pstrdup(jbv->val.boolean ? "true" : "false");
			break;
		case jbvNumeric:
			text.data = DatumGetCString(
				DirectFunctionCall1(numeric_out, NumericGetDatum(jbv->val.numeric)));
			break;
		case jbvString:
			text.data = pnstrdup(jbv->val.string.val, jbv->val.string.len);
			/* jsonb has it in the database's encoding, which a converter undoes */
			if (GetDatabaseEncoding() != PG_UTF8)
				text.data = pg_server_to_any(text.data, (int) strlen(text.data), PG_UTF8);
			break;
		default:
			if (element->type != JSONBOID)
				ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
								errmsg("an element of the array is an object or an array itself"),
								errhint("Declare the column as jsonb.")));
			return JsonbPGetDatum(JsonbValueToJsonb(jbv));
	}
	if (element->type == JSONBOID)
		return JsonbPGetDatum(JsonbValueToJsonb(jbv));
	text.len = strlen(text.data);
	return convert_value(element, &text);
}

typedef struct ArrayBuilder
{
	int ndims;
	int dims[MAXDIM];
	int known; /* dimensions whose length is known */
	Datum *values;
	bool *nulls;
	int n;
	int room;
} ArrayBuilder;

static void
collect_elements(Converter *c, JsonbContainer *container, ArrayBuilder *b, int depth)
{
	int n = (int) JsonContainerSize(container);
	int i;

	if (depth >= MAXDIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of array dimensions exceeds the maximum allowed (%d)", MAXDIM)));
	if (depth < b->known && b->dims[depth] != n)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("the arrays inside the array are of different length"),
						errhint("Declare the column as jsonb.")));
	if (depth >= b->known)
	{
		b->dims[depth] = n;
		b->known = depth + 1;
	}
	for (i = 0; i < n; i++)
	{
		JsonbValue *jbv = getIthJsonbValueFromContainer(container, i);

		if (jbv->type == jbvBinary && JsonContainerIsArray(jbv->val.binary.data) &&
			c->element->type != JSONBOID)
		{
			collect_elements(c, jbv->val.binary.data, b, depth + 1);
			continue;
		}
		if (b->ndims == 0)
			b->ndims = depth + 1;
		if (depth + 1 != b->ndims || b->known > b->ndims)
			ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
							errmsg("the array mixes elements and arrays"),
							errhint("Declare the column as jsonb.")));
		if (b->n == b->room)
		{
			b->room = b->room ? b->room * 2 : 16;
			b->values = b->values ? repalloc(b->values, b->room * sizeof(Datum)) :
									palloc(b->room * sizeof(Datum));
			b->nulls = b->nulls ? repalloc(b->nulls, b->room * sizeof(bool)) :
								  palloc(b->room * sizeof(bool));
		}
		b->values[b->n] = array_element(c->element, jbv, &b->nulls[b->n]);
		b->n++;
	}
}

static Datum
read_array(Converter *c, const TextValue *v)
{
	Jsonb *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(server_text(v))));
	ArrayBuilder b = {0};
	int lbs[MAXDIM];
	int i;

	if (!JB_ROOT_IS_ARRAY(json) || JB_ROOT_IS_SCALAR(json))
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("the value is no array: \"%s\"", shown(v))));
	collect_elements(c, &json->root, &b, 0);
	if (b.n == 0)
		return PointerGetDatum(construct_empty_array(c->element_type));
	for (i = 0; i < MAXDIM; i++)
		lbs[i] = 1;
	return PointerGetDatum(construct_md_array(b.values, b.nulls, b.ndims, b.dims, lbs,
											  c->element_type, c->element_len, c->element_byval,
											  c->element_align));
}

/* ---------- the door ---------- */

/* Is it ASCII without NUL?  Most texts are, and need no closer look. */
static inline bool
is_plain(const char *p, size_t len)
{
	const uint64 ones = UINT64CONST(0x0101010101010101);
	const char *end = p + len;
	uint64 found = 0;
	uint64 word;
	uint32 half[2];

	/* a byte of zero borrows, one beyond ASCII has its high bit already; the last bytes overlap */
	if (len >= sizeof(word))
	{
		for (; end - p > (ptrdiff_t) sizeof(word); p += sizeof(word))
		{
			memcpy(&word, p, sizeof(word));
			found |= word | (word - ones);
		}
		memcpy(&word, end - sizeof(word), sizeof(word));
		found |= word | (word - ones);
	}
	else if (len >= sizeof(half[0]))
	{
		memcpy(&half[0], p, sizeof(half[0]));
		memcpy(&half[1], end - sizeof(half[1]), sizeof(half[1]));
		word = (uint64) half[0] << 32 | half[1];
		found = word | (word - ones);
	}
	else
		for (; p < end; p++)
			found |= (unsigned char) *p | ((unsigned char) *p - UINT64CONST(1));
	return (found & (ones << 7)) == 0;
}

/* A text value, checked for what PostgreSQL's text cannot hold. */
static Datum
read_text(const Converter *c, const TextValue *v)
{
	Datum in_place;

	if (!c->is_utf8)
		return PointerGetDatum(cstring_to_text(server_text(v)));
	check_length(v);
	if (!is_plain(v->data, v->len) && !pg_verify_mbstr(PG_UTF8, v->data, (int) v->len, true))
	{
		refuse_nul(v);
		pg_verify_mbstr(PG_UTF8, v->data, (int) v->len, false);
	}
	if (convert_short_text(c, v, &in_place))
		return in_place;
	return PointerGetDatum(cstring_to_text_with_len(v->data, (int) v->len));
}

/* Has strtod() or strtof() read all of a value, up to end? */
static bool
was_read(const TextValue *v, const char *end)
{
	return v->len > 0 && end == v->data + v->len && errno == 0 &&
		   !isspace((unsigned char) *v->data);
}

static bool
read_float8(const TextValue *v, double *out)
{
	Decimal d;
	char *end;

	if (decimal_read(v->data, v->data + v->len, &d) && decimal_to_double(&d, out))
		return true;
	errno = 0;
	*out = strtod(text_value_string(v), &end);
	return was_read(v, end);
}

static bool
read_float4(const TextValue *v, float *out)
{
	Decimal d;
	char *end;

	if (decimal_read(v->data, v->data + v->len, &d) && decimal_to_float(&d, out))
		return true;
	errno = 0;
	*out = strtof(text_value_string(v), &end);
	return was_read(v, end);
}

/*
 * A decimal of 18 digits or less, which the type holds as it stands: what the
 * input function would make of it.
 */
static bool
read_numeric(const Converter *c, const TextValue *v, Numeric *out)
{
	Decimal d;
	int64 digits;

	if (!decimal_read(v->data, v->data + v->len, &d) || d.exponent != 0 || d.fraction > 18)
		return false;
	if (c->typmod >= (int32) VARHDRSZ)
	{
		int32 typmod = c->typmod - VARHDRSZ;
		int precision = (typmod >> 16) & 0xFFFF;
		int scale = ((typmod & 0x7FF) ^ 1024) - 1024;

		if (d.fraction != scale || d.whole > precision - scale)
			return false;
	}
	digits = d.negative ? -(int64) d.digits : (int64) d.digits;
	*out =
		d.fraction == 0 ? int64_to_numeric(digits) : int64_div_fast_to_numeric(digits, d.fraction);
	return true;
}

/*
 * Convert one value that is not NULL.  Throws what the type's input function
 * throws for a value that does not fit.
 */
Datum
convert_value(Converter *c, const TextValue *v)
{
	int64 integer;
	double number;
	float small;
	Numeric numeric;
	DateADT date;
	Timestamp timestamp;
	Interval *interval;

	switch (c->kind)
	{
		case CONVERT_BOOL:
			if (v->len == 4 && memcmp(v->data, "true", 4) == 0)
				return BoolGetDatum(true);
			if (v->len == 5 && memcmp(v->data, "false", 5) == 0)
				return BoolGetDatum(false);
			break;
		case CONVERT_INT2:
			if (read_integer(v->data, v->len, PG_INT16_MIN, PG_INT16_MAX, &integer))
				return Int16GetDatum((int16) integer);
			break;
		case CONVERT_INT4:
			if (read_integer(v->data, v->len, PG_INT32_MIN, PG_INT32_MAX, &integer))
				return Int32GetDatum((int32) integer);
			break;
		case CONVERT_INT8:
			if (read_integer(v->data, v->len, PG_INT64_MIN, PG_INT64_MAX, &integer))
				return Int64GetDatum(integer);
			break;
		case CONVERT_FLOAT4:
			if (read_float4(v, &small))
				return Float4GetDatum(small);
			break;
		case CONVERT_FLOAT8:
			if (read_float8(v, &number))
				return Float8GetDatum(number);
			break;
		case CONVERT_NUMERIC:
			if (read_numeric(c, v, &numeric))
				return NumericGetDatum(numeric);
			break;
		case CONVERT_TEXT:
			return read_text(c, v);
		case CONVERT_DATE:
			if (read_date(c, v->data, v->data + v->len, &date) == v->data + v->len)
				return DateADTGetDatum(date);
			break;
		case CONVERT_TIMESTAMP:
		case CONVERT_TIMESTAMPTZ:
			if (read_timestamp(c, v, &timestamp))
				return TimestampGetDatum(timestamp);
			break;
		case CONVERT_BYTEA:
			return PointerGetDatum(read_bytea(v));
		case CONVERT_INTERVAL:
			interval = palloc(sizeof(Interval));
			if (read_interval(v, interval))
				return IntervalPGetDatum(interval);
			break;
		case CONVERT_ARRAY:
			return read_array(c, v);
		case CONVERT_INPUT:
			break;
	}
	return by_input_function(c, v);
}
