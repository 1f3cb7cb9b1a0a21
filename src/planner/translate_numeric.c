/*
 * translate_numeric.c
 *	  The quotient of two numerics, digit for digit as PostgreSQL has it.
 *
 * PostgreSQL's numeric division (numeric.c, select_div_scale) keeps at least 16
 * significant digits: how many it keeps after the point depends on the weights
 * of both operands in base 10000.  Athena's decimal division has a scale that
 * its operands' types decide.  So the scale that PostgreSQL would take is
 * computed there, and the division is written once for each of them.
 *
 * A decimal has 38 digits, QUOTIENT_DIGITS of which are after the point:
 * quotients below 0.0001, of which PostgreSQL keeps 24 and more, are cut there.
 * The average of numbers is such a quotient.
 */
#include "planner/translate.h"

#include "catalog/pg_type.h"

/* Digits that numeric keeps at least, and in one of its own. */
#define SIGNIFICANT_DIGITS 16
#define BASE_DIGITS 4

/* 10 to the power of n, as a literal. */
static void
append_power(StringInfo out, int n)
{
	int i;

	appendStringInfoString(out, "DECIMAL '");
	if (n >= 0)
	{
		appendStringInfoChar(out, '1');
		for (i = 0; i < n; i++)
			appendStringInfoChar(out, '0');
	}
	else
	{
		appendStringInfoString(out, "0.");
		for (i = 1; i < -n; i++)
			appendStringInfoChar(out, '0');
		appendStringInfoChar(out, '1');
	}
	appendStringInfoChar(out, '\'');
}

/*
 * The weight and the first digit, in base 10000, of a number of so many digits:
 * weight * 10000 + digit, for the weights that it can have, from 16 on.
 */
static void
append_weight(StringInfo out, const char *name, int whole, int fraction)
{
	int weight;

	appendStringInfoString(out, "CASE");
	for (weight = (Max(whole, 1) - 1) / BASE_DIGITS;
		 weight >= -((fraction + BASE_DIGITS - 1) / BASE_DIGITS); weight--)
	{
		appendStringInfo(out, " WHEN abs(%s) >= ", name);
		append_power(out, weight * BASE_DIGITS);
		appendStringInfo(out, " THEN %d + CAST(floor(abs(%s) * ", (weight + 16) * 10000, name);
		append_power(out, -weight * BASE_DIGITS);
		appendStringInfoString(out, ") AS integer)");
	}
	/* zero has weight 0 and digit 0 */
	appendStringInfo(out, " ELSE %d END", 16 * 10000);
}

/*
 * d[1] / d[2], rounded to so many digits after the point.  Both are made smaller
 * by the same power of ten, which gives the quotient its scale.
 */
static void
append_quotient(StringInfo out, int scale, int fraction)
{
	int shift = scale - fraction;

	if (shift == 0)
	{
		appendStringInfoString(out, "d[1] / d[2]");
		return;
	}
	appendStringInfoString(out, "(d[1] * ");
	append_power(out, -shift);
	appendStringInfoString(out, ") / (d[2] * ");
	append_power(out, -shift);
	appendStringInfoChar(out, ')');
}

static void
append_cast(RemoteSql *out, const RemoteSql *value, int fraction)
{
	appendStringInfoString(&out->text, "CAST(");
	remote_sql_append(out, value);
	appendStringInfo(&out->text, " AS decimal(%d,%d))", MAX_DIGITS, fraction);
}

/* Write the quotient of two numbers, of which at least one is a numeric. */
bool
translate_divide(Level *level, RemoteSql *out, const RemoteSql *left, const RemoteType *left_type,
				 const RemoteSql *right, const RemoteType *right_type, RemoteType *type)
{
	StringInfo text = &out->text;
	int fraction = Max(left_type->fraction, right_type->fraction);
	int largest, smallest, weight;

	if (!level->statement->lenient || left_type->whole < 0 || right_type->whole < 0 ||
		fraction > QUOTIENT_DIGITS)
		return false;
	/* weights that the quotient can have */
	largest = (left_type->whole + right_type->fraction) / BASE_DIGITS;
	smallest = -((left_type->fraction + right_type->whole) / BASE_DIGITS + 2);
	appendStringInfoString(text, "element_at(transform(transform(ARRAY[ROW(");
	append_cast(out, left, left_type->fraction);
	appendStringInfoString(text, ", ");
	/* where another condition may spare a row the error, NULL is as good */
	if (level->spares_rows)
		appendStringInfoString(text, "nullif(");
	append_cast(out, right, right_type->fraction);
	if (level->spares_rows)
		appendStringInfoString(text, ", 0)");
	appendStringInfoString(text, ")], d -> ROW(d[1], d[2], ");
	append_weight(text, "d[1]", left_type->whole, left_type->fraction);
	appendStringInfoString(text, ", ");
	append_weight(text, "d[2]", right_type->whole, right_type->fraction);
	appendStringInfoString(text, ")), d -> CASE d[3] / 10000 - d[4] / 10000 - "
								 "IF(d[3] % 10000 <= d[4] % 10000, 1, 0)");
	for (weight = largest; weight > smallest; weight--)
	{
		int scale = SIGNIFICANT_DIGITS - weight * BASE_DIGITS;

		/* those that are cut are one case, with the one that is not */
		if (scale >= QUOTIENT_DIGITS)
			break;
		scale = Max(scale, fraction);
		appendStringInfo(text, " WHEN %d THEN CAST(", weight);
		append_quotient(text, scale, fraction);
		appendStringInfo(text, " AS decimal(%d,%d))", MAX_DIGITS, QUOTIENT_DIGITS);
	}
	appendStringInfoString(text, " ELSE CAST(");
	append_quotient(text, QUOTIENT_DIGITS, fraction);
	appendStringInfo(text, " AS decimal(%d,%d)) END), 1)", MAX_DIGITS, QUOTIENT_DIGITS);
	translate_type_init(type, NUMERICOID, -1);
	type->whole = Min(left_type->whole + right_type->fraction, MAX_DIGITS - QUOTIENT_DIGITS);
	type->fraction = QUOTIENT_DIGITS;
	type->computed = true;
	type->bare = true;
	level->quotients++;
	return true;
}
