/*
 * literal.c
 *	  Writes PostgreSQL values as typed literals of Athena's SQL.
 *
 * Called by the deparser for constants and by the executor for parameters.
 * Every literal has the type that makes comparisons mean the same as here: a
 * bare 1.5 is a double on Athena, and a string never turns into a date by
 * itself.  A value that Athena does not have (infinity, NaN of numeric, dates
 * outside 1 to 9999, numbers of more than 38 digits) is not written: the
 * functions return false, and the comparison is evaluated here.
 */
#include "query/literal.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define MAX_DECIMAL_DIGITS 38

static const struct
{
	Oid type;
	const char *name;
} types[] = {
	{BOOLOID, "boolean"},
	{INT2OID, "smallint"},
	{INT4OID, "integer"},
	{INT8OID, "bigint"},
	{FLOAT4OID, "real"},
	{FLOAT8OID, "double"},
	{NUMERICOID, "decimal(38, 0)"},
	{TEXTOID, "varchar"},
	{VARCHAROID, "varchar"},
	{BPCHAROID, "varchar"},
	{DATEOID, "date"},
	{TIMEOID, "time(6)"},
	{TIMESTAMPOID, "timestamp(6)"},
	{TIMESTAMPTZOID, "timestamp(6) with time zone"},
	{BYTEAOID, "varbinary"},
	{UUIDOID, "uuid"},
};

/* Athena's name of the type in which we write NULL of a PostgreSQL type. */
const char *
literal_type_name(Oid type)
{
	size_t i;

	for (i = 0; i < lengthof(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

/* Are there literals of this type at all? */
bool
literal_type_known(Oid type)
{
	return literal_type_name(type) != NULL;
}

/* A string literal; there are no escapes but the doubled quote. */
void
literal_append_string(StringInfo out, const char *text)
{
	appendStringInfoChar(out, '\'');
	for (; *text; text++)
	{
		if (*text == '\'')
			appendStringInfoChar(out, '\'');
		appendStringInfoChar(out, *text);
	}
	appendStringInfoChar(out, '\'');
}

/*
 * The digits of a numeric before and after its point; false for what is no
 * number.
 */
bool
literal_numeric_digits(Datum value, int *whole, int *fraction)
{
	char *text = DatumGetCString(DirectFunctionCall1(numeric_out, value));
	char *p = *text == '-' ? text + 1 : text;
	char *point = strchr(p, '.');

	if (*p < '0' || *p > '9')
		return false;
	*whole = (int) (point ? (size_t) (point - p) : strlen(p));
	*fraction = point ? (int) strlen(point + 1) : 0;
	if (*p == '0' && *whole == 1)
		*whole = 0;
	return true;
}

static bool
append_numeric(StringInfo out, Datum value)
{
	int whole, fraction;

	if (!literal_numeric_digits(value, &whole, &fraction) || whole + fraction > MAX_DECIMAL_DIGITS)
		return false;
	appendStringInfo(out, "DECIMAL '%s'", DatumGetCString(DirectFunctionCall1(numeric_out, value)));
	return true;
}

/* extra_float_digits does not matter here: the shortest exact form is written. */
static void
append_float(StringInfo out, double value, bool is_real)
{
	char text[64];

	if (isnan(value))
		appendStringInfoString(out, is_real ? "CAST(nan() AS real)" : "nan()");
	else if (isinf(value))
		appendStringInfo(out, is_real ? "CAST(%sinfinity() AS real)" : "%sinfinity()",
						 value < 0 ? "-" : "");
	else
	{
		int digits = is_real ? 6 : 15;

		for (;; digits++)
		{
			snprintf(text, sizeof(text), "%.*g", digits, value);
			if (is_real ? strtof(text, NULL) == (float) value : strtod(text, NULL) == value)
				break;
		}
		appendStringInfo(out, "%s '%s'", is_real ? "REAL" : "DOUBLE", text);
	}
}

static bool
year_is_common(int year)
{
	return year >= 1 && year <= 9999;
}

static bool
append_date(StringInfo out, DateADT date)
{
	int year, month, day;

	if (DATE_NOT_FINITE(date))
		return false;
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	if (!year_is_common(year))
		return false;
	appendStringInfo(out, "DATE '%04d-%02d-%02d'", year, month, day);
	return true;
}

/* Both kinds are stored alike; the zoned one is written in UTC. */
static bool
append_timestamp(StringInfo out, Timestamp value, const char *zone)
{
	struct pg_tm tm;
	fsec_t fraction;

	if (TIMESTAMP_NOT_FINITE(value) || timestamp2tm(value, NULL, &tm, &fraction, NULL, NULL) != 0 ||
		!year_is_common(tm.tm_year))
		return false;
	appendStringInfo(out, "TIMESTAMP '%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year, tm.tm_mon,
					 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (fraction != 0)
		appendStringInfo(out, ".%06d", (int) fraction);
	appendStringInfo(out, "%s'", zone);
	return true;
}

static bool
append_time(StringInfo out, TimeADT value)
{
	if (value >= USECS_PER_DAY)
		return false; /* 24:00:00 */
	appendStringInfo(out, "TIME '%02d:%02d:%02d", (int) (value / USECS_PER_HOUR),
					 (int) (value / USECS_PER_MINUTE % 60), (int) (value / USECS_PER_SEC % 60));
	if (value % USECS_PER_SEC != 0)
		appendStringInfo(out, ".%06d", (int) (value % USECS_PER_SEC));
	appendStringInfoChar(out, '\'');
	return true;
}

static void
append_bytea(StringInfo out, bytea *value)
{
	const unsigned char *p = (const unsigned char *) VARDATA_ANY(value);
	int len = (int) VARSIZE_ANY_EXHDR(value);

	appendStringInfoString(out, "X'");
	while (len-- > 0)
		appendStringInfo(out, "%02X", *p++);
	appendStringInfoChar(out, '\'');
}

static void
append_integer(StringInfo out, int64 value)
{
	/* the digits of the smallest one are too many before the sign is seen */
	if (value == PG_INT64_MIN)
		appendStringInfo(out, "BIGINT '" INT64_FORMAT "'", value);
	else
		appendStringInfo(out, INT64_FORMAT, value);
}

/*
 * Append a value as a literal.  Returns false, having appended nothing, if
 * Athena has no such value.
 */
bool
literal_append(StringInfo out, Oid type, Datum value, bool isnull)
{
	char *chars;
	int len;

	if (isnull)
	{
		const char *name = literal_type_name(type);

		if (name)
			appendStringInfo(out, "CAST(NULL AS %s)", name);
		return name != NULL;
	}
	switch (type)
	{
		case BOOLOID:
			appendStringInfoString(out, DatumGetBool(value) ? "true" : "false");
			return true;
		case INT2OID:
			append_integer(out, DatumGetInt16(value));
			return true;
		case INT4OID:
			append_integer(out, DatumGetInt32(value));
			return true;
		case INT8OID:
			append_integer(out, DatumGetInt64(value));
			return true;
		case FLOAT4OID:
			append_float(out, DatumGetFloat4(value), true);
			return true;
		case FLOAT8OID:
			append_float(out, DatumGetFloat8(value), false);
			return true;
		case NUMERICOID:
			return append_numeric(out, value);
		case TEXTOID:
		case VARCHAROID:
			literal_append_string(out, TextDatumGetCString(value));
			return true;
		case BPCHAROID:
			/* trailing blanks do not count when char(n) is compared */
			chars = TextDatumGetCString(value);
			for (len = (int) strlen(chars); len > 0 && chars[len - 1] == ' ';)
				chars[--len] = '\0';
			literal_append_string(out, chars);
			return true;
		case DATEOID:
			return append_date(out, DatumGetDateADT(value));
		case TIMEOID:
			return append_time(out, DatumGetTimeADT(value));
		case TIMESTAMPOID:
			return append_timestamp(out, DatumGetTimestamp(value), "");
		case TIMESTAMPTZOID:
			return append_timestamp(out, DatumGetTimestampTz(value), " UTC");
		case BYTEAOID:
			append_bytea(out, DatumGetByteaPP(value));
			return true;
		case UUIDOID:
			appendStringInfo(out, "UUID '%s'",
							 DatumGetCString(DirectFunctionCall1(uuid_out, value)));
			return true;
	}
	return false;
}

/*
 * Append an array as the right side of IN, in parentheses, and what has to
 * follow.  IN () does not exist, so an empty array becomes an empty subquery,
 * which no value is in, not even NULL.  A NULL stands outside of the list:
 * Trino 476 gets lists wrong that hold neighbouring integers or dates and a
 * NULL.  -0 is written as 0: see deparse_zero().
 */
bool
literal_append_list(StringInfo out, Oid element, Datum array, bool isnull)
{
	int16 len;
	bool byval;
	char align;
	Datum *values = NULL;
	bool *nulls = NULL;
	bool has_null = isnull;
	int written = 0;
	int n = 0;
	int i;
	int begin = out->len;

	if (!isnull)
	{
		get_typlenbyvalalign(element, &len, &byval, &align);
		deconstruct_array(DatumGetArrayTypeP(array), element, len, byval, align, &values, &nulls,
						  &n);
	}
	appendStringInfoChar(out, '(');
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
		{
			has_null = true;
			continue;
		}
		if (written++ > 0)
			appendStringInfoString(out, ", ");
		if (element == FLOAT4OID && DatumGetFloat4(values[i]) == 0)
			values[i] = Float4GetDatum(0);
		if (!literal_append(out, element, values[i], false))
		{
			out->len = begin;
			out->data[begin] = '\0';
			return false;
		}
	}
	if (written == 0)
		appendStringInfo(out, "SELECT CAST(NULL AS %s) WHERE false", literal_type_name(element));
	appendStringInfoChar(out, ')');
	if (has_null)
		appendStringInfoString(out, " OR CAST(NULL AS boolean)");
	return true;
}
