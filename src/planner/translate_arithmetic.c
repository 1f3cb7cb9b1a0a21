/*
 * translate_arithmetic.c
 *	  Operators of numbers in Athena's SQL.
 *
 * The quotient of two numerics is translate_numeric.c's.
 */
#include "planner/translate.h"

#include "catalog/pg_type.h"
#include "query/literal.h"

/* Digits of a number that bigint holds in any case. */
#define BIGINT_DIGITS 18

/* Is it the constant 0, or -0? */
bool
translate_is_float_zero(Expr *expr)
{
	Const *c = (Const *) expr;

	if (!IsA(expr, Const) || c->constisnull)
		return false;
	return c->consttype == FLOAT4OID ? DatumGetFloat4(c->constvalue) == 0 :
									   DatumGetFloat8(c->constvalue) == 0;
}

/* The type in which integers of so many digits are computed without overflow. */
const char *
translate_wide_type(int digits)
{
	return digits < 0 || digits > MAX_DIGITS ? NULL :
		   digits <= BIGINT_DIGITS           ? "bigint" :
											   "decimal(38,0)";
}

/*
 * An operand of integer arithmetic, cast to the type in which it is computed.
 * What has been computed already has it.
 */
void
translate_write_integer(RemoteSql *out, Expr *expr, const RemoteSql *value, const RemoteType *type,
						const char *wide)
{
	if (wide == NULL && IsA(expr, OpExpr))
	{
		translate_write_operand(out, value, type);
		return;
	}
	appendStringInfoString(&out->text, "CAST(");
	remote_sql_append(out, value);
	appendStringInfo(&out->text, " AS %s)", wide ? wide : literal_type_name(type->type));
}

/*
 * + - * / of floating point numbers, as IEEE has them on both sides.  Beyond what
 * they hold is infinity or 0 there, an error here; division by 0 is made one.
 */
static void
write_float_arithmetic(Level *level, RemoteSql *out, const RemoteSql *left, const RemoteType *type1,
					   const char *name, Expr *right_expr, const RemoteSql *right,
					   const RemoteType *type2)
{
	bool checked = *name == '/' && (!type2->is_const || translate_is_float_zero(right_expr));

	translate_write_operand(out, left, type1);
	appendStringInfo(&out->text, " %s ", name);
	if (!checked)
	{
		translate_write_operand(out, right, type2);
		return;
	}
	appendStringInfoString(&out->text, "IF(");
	translate_write_operand(out, right, type2);
	appendStringInfo(&out->text, " = 0, %s, ",
					 level->spares_rows       ? "NULL" :
					 type2->type == FLOAT4OID ? "CAST(1 / 0 AS real)" :
												REMOTE_ERROR);
	remote_sql_append(out, right);
	appendStringInfoChar(&out->text, ')');
}

/*
 * The remainder of integers and numerics, and the quotient of integers, which is
 * cut toward zero on both sides.  Integers have room in their own types; those
 * that were computed in wider ones come back to bigint.
 */
bool
translate_remainder(Level *level, RemoteSql *out, Expr *left_expr, Expr *right_expr,
					const char *name, RemoteType *type)
{
	const char *wide = level->spares_rows ? "bigint" : NULL;
	RemoteSql left, right;
	RemoteType type1, type2;

	remote_sql_init(&left);
	remote_sql_init(&right);
	if (!translate_expr(level, &left, left_expr, &type1) ||
		!translate_expr(level, &right, right_expr, &type2) || type1.class != type->class ||
		type2.class != type->class || type1.whole < 0 || type2.whole < 0)
		return false;
	if (type->class == CLASS_NUMERIC)
	{
		type->whole = Min(type1.whole, type2.whole);
		type->fraction = Max(type1.fraction, type2.fraction);
		type->computed = true;
		if (!translate_fit_both(level, &type1, &type2))
			return false;
		translate_write_operand(out, &left, &type1);
	}
	else
	{
		if (type1.whole > 19 || type2.whole > 19)
			return false;
		type->whole = *name == '%' ? Min(type1.whole, type2.whole) : type1.whole;
		translate_write_integer(out, left_expr, &left, &type1, wide);
	}
	appendStringInfo(&out->text, " %s ", name);
	/* where another condition may spare a row the error, NULL is as good */
	if (level->spares_rows)
		appendStringInfoString(&out->text, "nullif(");
	if (type->class == CLASS_NUMERIC)
		translate_write_operand(out, &right, &type2);
	else
		translate_write_integer(out, right_expr, &right, &type2, wide);
	if (level->spares_rows)
		appendStringInfoString(&out->text, ", 0)");
	if (type->class == CLASS_INTEGER && !level->spares_rows)
		shippable_digits_of_type(type->type, -1, type);
	return true;
}

/* & | # << >> of integers, whose functions there give bigint; shifts by constants. */
bool
translate_bits(Level *level, RemoteSql *out, OpExpr *op, const char *name, RemoteType *type)
{
	static const struct
	{
		const char *here;
		const char *there;
	} words[] = {
		{"&", "bitwise_and"},         {"|", "bitwise_or"},
		{"#", "bitwise_xor"},         {"~", "bitwise_not"},
		{"<<", "bitwise_left_shift"}, {">>", "bitwise_right_shift_arithmetic"},
	};
	bool shift = strlen(name) == 2;
	ListCell *lc;
	size_t i;

	for (i = 0; strcmp(words[i].here, name) != 0; i++)
		if (i + 1 == lengthof(words))
			return false;
	/* a shift loses the bits that its type has no room for, on both sides */
	appendStringInfo(&out->text, "CAST(%s(", words[i].there);
	foreach (lc, op->args)
	{
		RemoteSql value;
		RemoteType arg;

		remote_sql_init(&value);
		if (!translate_expr(level, &value, lfirst(lc), &arg) || arg.class != CLASS_INTEGER)
			return false;
		if (lc == list_head(op->args))
		{
			translate_write_integer(out, lfirst(lc), &value, &arg, literal_type_name(type->type));
			continue;
		}
		appendStringInfoString(&out->text, ", ");
		if (!shift)
			remote_sql_append(out, &value);
		else
		{
			int width = type->type == INT8OID ? 64 : 32;
			Const *n = lfirst(lc);

			if (!IsA(n, Const) || n->constisnull || DatumGetInt32(n->constvalue) < 0 ||
				type->type == INT2OID)
				return false;
			appendStringInfo(&out->text, "%d", DatumGetInt32(n->constvalue) % width);
		}
	}
	appendStringInfo(&out->text, ") AS %s)", literal_type_name(type->type));
	type->bare = true;
	return true;
}

/*
 * + - * of numerics whose result has at most 38 digits for any value: one with
 * more is an error there.  And of integers, which overflow alike where every
 * row is evaluated.
 */
bool
translate_arithmetic(Level *level, RemoteSql *out, OpExpr *op, const char *name, RemoteType *type)
{
	RemoteSql left, right;
	RemoteType type1, type2;
	const char *wide = NULL;

	remote_sql_init(&left);
	remote_sql_init(&right);
	if (!translate_expr(level, &left, linitial(op->args), &type1) ||
		!translate_expr(level, &right, lsecond(op->args), &type2))
		return false;
	translate_type_init(type, op->opresulttype, -1);
	type->computed = true;
	if (type1.class == CLASS_FLOAT && type2.class == CLASS_FLOAT)
	{
		write_float_arithmetic(level, out, &left, &type1, name, lsecond(op->args), &right, &type2);
		return true;
	}
	if (type1.class != type->class || type2.class != type->class ||
		(type->class != CLASS_NUMERIC && type->class != CLASS_INTEGER))
		return false;
	if (*name == '%' || (*name == '/' && type->class == CLASS_INTEGER))
		return translate_remainder(level, out, linitial(op->args), lsecond(op->args), name, type);
	if (*name == '/')
		return type->class == CLASS_NUMERIC &&
			   translate_divide(level, out, &left, &type1, &right, &type2, type);
	if (type1.whole >= 0 && type2.whole >= 0)
	{
		bool product = *name == '*';

		type->whole = product ? type1.whole + type2.whole : Max(type1.whole, type2.whole) + 1;
		type->fraction =
			product ? type1.fraction + type2.fraction : Max(type1.fraction, type2.fraction);
	}
	else
		type->whole = type->fraction = -1;
	if (type->class == CLASS_NUMERIC)
	{
		int needed1 = translate_needed(level, &type1);
		int needed2 = translate_needed(level, &type2);
		int needed = *name == '*' ? needed1 + needed2 : Max(needed1, needed2) + 1;

		if (!translate_fit(level, type, needed))
			return false;
		translate_write_operand(out, &left, &type1);
		appendStringInfo(&out->text, " %s ", name);
		translate_write_operand(out, &right, &type2);
		return true;
	}
	if (level->spares_rows)
	{
		wide = translate_wide_type(type->whole);
		if (wide == NULL)
			return false;
	}
	translate_write_integer(out, linitial(op->args), &left, &type1, wide);
	appendStringInfo(&out->text, " %s ", name);
	translate_write_integer(out, lsecond(op->args), &right, &type2, wide);
	if (!level->spares_rows)
		shippable_digits_of_type(type->type, -1, type);
	return true;
}
