/*
 * convert_native.c
 *	  From a number as an UNLOAD's file has it to a Datum.
 *
 * Called once per value by rows.c.  Where a column's type here is that of its
 * values there is nothing to be read; where it is another, because it was declared
 * so, the value becomes the text that stands in a SELECT's result and is read as
 * that.  So the two readers agree, in what they refuse as well.
 */
#include "query/convert.h"

#include "common/shortest_dec.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

/* Bytes of a decimal of 38 digits. */
#define DECIMAL_BYTES 16
/* Characters of any number: sign, 39 digits, point, zero before it. */
#define NATIVE_TEXT 64

#define MILLIS_PER_DAY (USECS_PER_DAY / 1000)
#define DAYS_TO_POSTGRES_EPOCH (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)

/*
 * May a column of this type come as the number that it is there?  A timestamp may
 * where it is declared with milliseconds, which all files can have; a numeric where
 * its digits after the point are declared, so that they do not depend on its text.
 */
bool
convert_is_native(const Converter *c)
{
	switch (c->kind)
	{
		case CONVERT_BOOL:
		case CONVERT_INT2:
		case CONVERT_INT4:
		case CONVERT_INT8:
		case CONVERT_FLOAT4:
		case CONVERT_FLOAT8:
		case CONVERT_DATE:
			return true;
		case CONVERT_NUMERIC:
			return c->typmod >= (int32) VARHDRSZ;
		case CONVERT_TIMESTAMP:
			return c->typmod == 3;
		default:
			return false;
	}
}

/* ---------- as text ---------- */

/* [-]YYYY-MM-DD, with the sign that the engine writes before more digits of year. */
static int
date_text(char *to, int64 days)
{
	int year, month, day;

	if (days < -INT64CONST(1000000000) || days > INT64CONST(1000000000))
		return sprintf(to, "day " INT64_FORMAT, days); /* which is no date to anybody */
	j2date((int) days + UNIX_EPOCH_JDATE, &year, &month, &day);
	return sprintf(to, "%s%04d-%02d-%02d",
				   year < 0    ? "-" :
				   year > 9999 ? "+" :
								 "",
				   abs(year), month, day);
}

static int
millis_text(char *to, int64 millis)
{
	int64 days = millis / MILLIS_PER_DAY;
	int time = (int) (millis % MILLIS_PER_DAY);
	int len;

	if (time < 0)
	{
		days--;
		time += MILLIS_PER_DAY;
	}
	len = date_text(to, days);
	return len + sprintf(to + len, " %02d:%02d:%02d.%03d", time / 3600000, time / 60000 % 60,
						 time / 1000 % 60, time % 1000);
}

/* A decimal of up to 16 bytes: its digits come by division, the last ones first. */
static int
decimal_text(char *to, const TextValue *v, int scale)
{
	unsigned char bytes[DECIMAL_BYTES];
	char digits[NATIVE_TEXT];
	bool negative = v->len > 0 && (unsigned char) v->data[0] >= 0x80;
	int n = 0;
	char *start = to;
	size_t i;
	int carry = 1;

	if (v->len > DECIMAL_BYTES || scale < 0 || scale > 38)
		ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
						errmsg("a decimal of %zu bytes is none of Athena's", v->len)));
	memcpy(bytes, v->data, v->len);
	for (i = v->len; negative && i-- > 0;)
	{
		carry += (unsigned char) ~bytes[i];
		bytes[i] = (unsigned char) carry;
		carry >>= 8;
	}
	for (;;)
	{
		unsigned rest = 0;
		bool any = false;

		for (i = 0; i < v->len; i++)
		{
			rest = rest << 8 | bytes[i];
			bytes[i] = (unsigned char) (rest / 10);
			rest %= 10;
			any |= bytes[i] != 0;
		}
		digits[n++] = (char) ('0' + rest);
		if (!any && n > scale)
			break;
	}
	if (negative)
		*to++ = '-';
	while (n > 0)
	{
		if (n-- == scale)
			*to++ = '.';
		*to++ = digits[n];
	}
	*to = '\0';
	return (int) (to - start);
}

/* What a SELECT's result has for it. */
static Datum
convert_text(Converter *c, const TextValue *v, ValueForm form, int scale)
{
	/* one byte before it, which a value may be written into */
	char *text = (char *) palloc(NATIVE_TEXT + 1) + 1;
	TextValue as_text = {.data = text};

	switch (form)
	{
		case VALUE_BOOLEAN:
			as_text.len = sprintf(text, "%s", v->number.integer ? "true" : "false");
			break;
		case VALUE_INTEGER:
			as_text.len = sprintf(text, INT64_FORMAT, v->number.integer);
			break;
		case VALUE_FLOAT:
			as_text.len = float_to_shortest_decimal_buf((float) v->number.real, text);
			break;
		case VALUE_DOUBLE:
			as_text.len = double_to_shortest_decimal_buf(v->number.real, text);
			break;
		case VALUE_DATE:
			as_text.len = date_text(text, v->number.integer);
			break;
		case VALUE_MILLIS:
			as_text.len = millis_text(text, v->number.integer);
			break;
		case VALUE_DECIMAL:
			as_text.len = decimal_text(text, v, scale);
			break;
		case VALUE_TEXT:
			break;
	}
	return convert_value(c, &as_text);
}

/* ---------- as they are ---------- */

/* A decimal of up to eight bytes that fits into its type as it stands. */
static bool
read_decimal(const Converter *c, const TextValue *v, int scale, Numeric *out)
{
	static const int64 powers[] = {1,
								   10,
								   100,
								   1000,
								   10000,
								   100000,
								   1000000,
								   10000000,
								   100000000,
								   1000000000,
								   INT64CONST(10000000000),
								   INT64CONST(100000000000),
								   INT64CONST(1000000000000),
								   INT64CONST(10000000000000),
								   INT64CONST(100000000000000),
								   INT64CONST(1000000000000000),
								   INT64CONST(10000000000000000),
								   INT64CONST(100000000000000000),
								   INT64CONST(1000000000000000000)};
	int32 typmod = c->typmod - VARHDRSZ;
	int precision = (typmod >> 16) & 0xFFFF;
	uint64 bits;
	int64 value;
	size_t i;

	if (v->len == 0 || v->len > sizeof(int64) || scale != (((typmod & 0x7FF) ^ 1024) - 1024) ||
		scale < 0 || scale > 18)
		return false;
	bits = (unsigned char) v->data[0] >= 0x80 ? ~UINT64CONST(0) : 0;
	for (i = 0; i < v->len; i++)
		bits = bits << 8 | (unsigned char) v->data[i];
	value = (int64) bits;
	if (precision < (int) lengthof(powers) &&
		(value >= powers[precision] || value <= -powers[precision]))
		return false;
	*out = scale == 0 ? int64_to_numeric(value) : int64_div_fast_to_numeric(value, scale);
	return true;
}

/*
 * Convert one value that is not NULL, of a column whose values are of a form and,
 * if they are decimals, of a scale.  As convert_value() otherwise.
 */
Datum
convert_native(Converter *c, const TextValue *v, ValueForm form, int scale)
{
	int64 integer = v->number.integer;
	Numeric numeric;
	DateADT date;
	Timestamp timestamp;

	switch (form)
	{
		case VALUE_BOOLEAN:
			if (c->kind == CONVERT_BOOL)
				return BoolGetDatum(integer != 0);
			break;
		case VALUE_INTEGER:
			if (c->kind == CONVERT_INT8)
				return Int64GetDatum(integer);
			if (c->kind == CONVERT_INT4 && integer >= PG_INT32_MIN && integer <= PG_INT32_MAX)
				return Int32GetDatum((int32) integer);
			if (c->kind == CONVERT_INT2 && integer >= PG_INT16_MIN && integer <= PG_INT16_MAX)
				return Int16GetDatum((int16) integer);
			break;
		case VALUE_FLOAT:
			if (c->kind == CONVERT_FLOAT4)
				return Float4GetDatum((float4) v->number.real);
			break;
		case VALUE_DOUBLE:
			if (c->kind == CONVERT_FLOAT8)
				return Float8GetDatum(v->number.real);
			break;
		case VALUE_DATE:
			if (c->kind == CONVERT_DATE && integer > PG_INT32_MIN && integer < PG_INT32_MAX / 2)
			{
				date = (DateADT) (integer - DAYS_TO_POSTGRES_EPOCH);
				if (IS_VALID_DATE(date))
					return DateADTGetDatum(date);
			}
			break;
		case VALUE_MILLIS:
			if (c->kind == CONVERT_TIMESTAMP && integer > PG_INT64_MIN / 2000 &&
				integer < PG_INT64_MAX / 2000)
			{
				timestamp = integer * 1000 - DAYS_TO_POSTGRES_EPOCH * USECS_PER_DAY;
				if (IS_VALID_TIMESTAMP(timestamp))
					return TimestampGetDatum(convert_round_timestamp(timestamp, c->typmod));
			}
			break;
		case VALUE_DECIMAL:
			if (c->kind == CONVERT_NUMERIC && c->typmod >= (int32) VARHDRSZ &&
				read_decimal(c, v, scale, &numeric))
				return NumericGetDatum(numeric);
			break;
		case VALUE_TEXT:
			break;
	}
	return convert_text(c, v, form, scale);
}
