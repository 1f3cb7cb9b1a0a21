/*
 * translate.c
 *	  PostgreSQL's expressions in Athena's SQL.
 *
 * Policy: only when the answer is the same for every value, NULL and NaN
 * included.  What cannot be translated exactly is evaluated here.  Nothing is
 * shipped because a function of the same name exists there; each operator and
 * function stands in a catalogue, with the types for which it was compared with
 * the engine: operators here and in translate_arithmetic.c, functions in
 * translate_call.c, aggregates in translate_aggregate.c.
 *
 * Expressions without columns (constants, parameters, now() - '7 days') are
 * evaluated here in any case and travel as literals: holes in the text.
 *
 * What is rewritten, and why:
 *	- Comparisons of floating point numbers: NaN is a number here, larger than
 *	  all others and equal to itself; there, no comparison with it is true.
 *	- IS TRUE and its like do not exist there.
 *	- LIKE has no default escape character there, and takes an escape only
 *	  before %, _ and itself.
 *	- Integer arithmetic is done in the declared types, which decide where it
 *	  overflows; in conditions, which here may not be evaluated for every row,
 *	  in wider ones that do not.
 *
 * Only Athena's SQL is written, whatever stands behind the endpoint.
 */
#include "planner/translate.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "query/literal.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* ---------- texts and holes ---------- */

void
remote_sql_init(RemoteSql *sql)
{
	initStringInfo(&sql->text);
	sql->pieces = NIL;
	sql->params = NIL;
}

/* Write what has been written apart. */
void
remote_sql_append(RemoteSql *out, const RemoteSql *part)
{
	ListCell *lc;

	foreach (lc, part->pieces)
	{
		appendStringInfoString(&out->text, strVal(lfirst(lc)));
		remote_sql_hole(out, list_nth(part->params, foreach_current_index(lc)));
	}
	appendStringInfoString(&out->text, part->text.data);
}

bool
remote_sql_is_empty(const RemoteSql *sql)
{
	return sql->pieces == NIL && sql->text.len == 0;
}

/* The texts around the holes, one more than there are holes. */
List *
remote_sql_finish(const RemoteSql *sql)
{
	return lappend(list_copy(sql->pieces), makeString(pstrdup(sql->text.data)));
}

/* Bytes of the text, without the values in its holes. */
int
remote_sql_length(const RemoteSql *sql)
{
	ListCell *lc;
	int length = sql->text.len;

	foreach (lc, sql->pieces)
		length += (int) strlen(strVal(lfirst(lc)));
	return length;
}

/* A place for a value that is written as a literal when the plan is run. */
void
remote_sql_hole(RemoteSql *out, Expr *param)
{
	out->pieces = lappend(out->pieces, makeString(pstrdup(out->text.data)));
	resetStringInfo(&out->text);
	out->params = lappend(out->params, param);
}

/* ---------- what is known of a value ---------- */

/* A value of this type of which no more is known. */
void
translate_type_init(RemoteType *type, Oid pgtype, int32 typmod)
{
	memset(type, 0, sizeof(RemoteType));
	type->type = pgtype;
	type->class = shippable_class(pgtype, NULL);
	shippable_digits_of_type(pgtype, typmod, type);
}

/* An expression in parentheses, unless it needs none. */
bool
translate_write_operand(RemoteSql *out, const RemoteSql *value, const RemoteType *type)
{
	if (!type->bare)
		appendStringInfoChar(&out->text, '(');
	remote_sql_append(out, value);
	if (!type->bare)
		appendStringInfoChar(&out->text, ')');
	return true;
}

/* Write an expression as an operand of something. */
bool
translate_operand(Level *level, RemoteSql *out, Expr *expr, RemoteType *type)
{
	RemoteSql value;

	remote_sql_init(&value);
	return translate_expr(level, &value, expr, type) && translate_write_operand(out, &value, type);
}

/* The same of a value whose type Athena treats as PostgreSQL does. */
bool
translate_value(Level *level, RemoteSql *out, Expr *expr, RemoteType *type)
{
	return translate_expr(level, out, expr, type) &&
		   (type->class != CLASS_NONE || level->statement->postgres);
}

/* Can values of this expression be grouped alike? */
bool
translate_key(Level *level, RemoteSql *out, Expr *expr, RemoteType *type)
{
	if (!translate_expr(level, out, expr, type))
		return false;
	if (level->statement->postgres)
		return true;
	switch (type->class)
	{
		case CLASS_BOOL:
		case CLASS_INTEGER:
		case CLASS_DATETIME:
		case CLASS_TIME:
			return true;
		case CLASS_NUMERIC:
			return type->whole >= 0;
		case CLASS_TEXT:
		case CLASS_CHAR:
			return shippable_collation(exprCollation((Node *) expr), false);
		case CLASS_FLOAT:
		case CLASS_TIMESTAMPTZ:
		case CLASS_MIDNIGHT:
		case CLASS_BYTEA:
		case CLASS_UUID:
			return true;
		default:
			return false;
	}
}

/* Does Athena put values of this expression into the same order, under this collation? */
bool
translate_order(Level *level, RemoteSql *out, Expr *expr, Oid collation, RemoteType *type)
{
	bool ordered = false;

	if (!translate_operand(level, out, expr, type))
		return false;
	if (level->statement->postgres)
		return true;
	shippable_class(type->type, &ordered);
	if (type->class == CLASS_NONE || IS_LIMITED_TEXT(type->class) || !ordered ||
		(type->class == CLASS_NUMERIC && type->whole < 0))
		return false;
	return type->class != CLASS_TEXT || shippable_collation(collation, true);
}

/*
 * Do numbers of this type fit into a decimal?  Those that a whole query computes
 * must where they can be expected, of "needed" digits before the point, and are
 * an error there otherwise.
 */
bool
translate_fit(Level *level, RemoteType *type, int needed)
{
	if (type->whole < 0)
		return false;
	if (type->whole + type->fraction <= MAX_DIGITS)
		return true;
	if (!level->statement->lenient || !type->computed ||
		MAX_DIGITS - type->fraction < Max(needed, SAFE_DIGITS))
		return false;
	type->whole = MAX_DIGITS - type->fraction;
	return true;
}

/* Digits before the point that must have room beside others. */
int
translate_needed(Level *level, const RemoteType *type)
{
	return type->computed && level->statement->lenient ? Min(type->whole, SAFE_DIGITS) :
														 type->whole;
}

/*
 * Decimals are compared there after both are cast to a type that holds either;
 * past 38 digits that cast fails for some values.
 */
bool
translate_fit_both(Level *level, const RemoteType *left, const RemoteType *right)
{
	return left->whole >= 0 && right->whole >= 0 &&
		   Max(translate_needed(level, left), translate_needed(level, right)) +
				   Max(left->fraction, right->fraction) <=
			   MAX_DIGITS;
}

/* ---------- constants and holes ---------- */

static bool
translate_const(RemoteSql *out, Const *c, RemoteType *type)
{
	if (!shippable_const(c) ||
		!literal_append(&out->text, c->consttype, c->constvalue, c->constisnull))
		return false;
	translate_type_init(type, c->consttype, c->consttypmod);
	type->bare = true;
	type->is_const = true;
	if (c->constisnull)
		type->whole = type->fraction = 0;
	else if (type->class == CLASS_NUMERIC)
		return literal_numeric_digits(c->constvalue, &type->whole, &type->fraction);
	else if (type->class == CLASS_INTEGER)
	{
		int64 value = c->consttype == INT2OID ? DatumGetInt16(c->constvalue) :
					  c->consttype == INT4OID ? DatumGetInt32(c->constvalue) :
												DatumGetInt64(c->constvalue);

		for (type->whole = 0; value != 0; value /= 10)
			type->whole++;
	}
	return true;
}

static bool
translate_hole(RemoteSql *out, Expr *expr, RemoteType *type)
{
	translate_type_init(type, exprType((Node *) expr), exprTypmod((Node *) expr));
	if (type->class == CLASS_NONE)
		return false;
	type->bare = true;
	type->is_hole = true;
	remote_sql_hole(out, expr);
	return true;
}

/* ---------- comparisons ---------- */

static bool
is_real(const RemoteType *type)
{
	return type->type == FLOAT4OID;
}

/* One side of a comparison. */
typedef struct Side
{
	Expr *expr;
	RemoteSql sql;
	RemoteType type;
} Side;

static void
write_side(RemoteSql *out, const Side *side)
{
	translate_write_operand(out, &side->sql, &side->type);
}

/* Left, operator, right. */
static void
write_infix(RemoteSql *out, const Side *left, const char *op, const Side *right)
{
	write_side(out, left);
	appendStringInfo(&out->text, " %s ", op);
	write_side(out, right);
}

static void
write_is_nan(RemoteSql *out, const Side *side)
{
	appendStringInfoString(&out->text, "is_nan(");
	remote_sql_append(out, &side->sql);
	appendStringInfoChar(&out->text, ')');
}

/*
 * A real, -0 made 0.  Where several values are compared with one column Trino
 * makes a list or a domain of them, in which 0 and -0 of type real differ.
 */
static void
write_zero(RemoteSql *out, const Side *side)
{
	appendStringInfoChar(&out->text, '(');
	write_side(out, side);
	appendStringInfoString(&out->text, " + REAL '0')");
}

/* x = y and x <> y of floating point numbers, where NaN is equal to itself. */
static void
write_float_equal(RemoteSql *out, const char *op, const Side *left, const Side *right)
{
	bool negated = op[0] == '<';
	bool spell_out = !left->type.is_const && !right->type.is_const;
	const Side *sides[2] = {left, right};
	int i;

	if (spell_out)
		appendStringInfoChar(&out->text, '(');
	for (i = 0; i < 2; i++)
	{
		const Side *side = sides[i];
		const Side *other = sides[1 - i];

		if (i == 1)
			appendStringInfo(&out->text, " %s ", op);
		if (is_real(&side->type) && !side->type.is_const &&
			(translate_is_float_zero(other->expr) || other->type.is_hole || side->type.is_hole))
			write_zero(out, side);
		else if (is_real(&side->type) && translate_is_float_zero(side->expr))
			appendStringInfoString(&out->text, "REAL '0'");
		else
			write_side(out, side);
	}
	if (spell_out)
	{
		appendStringInfoString(&out->text, negated ? " AND NOT (" : " OR (");
		write_is_nan(out, left);
		appendStringInfoString(&out->text, " AND ");
		write_is_nan(out, right);
		appendStringInfoString(&out->text, "))");
	}
}

/*
 * Comparison of floating point numbers.  Beside a constant, which is not NaN,
 * the opposite comparison negated says it: NaN > 1 is true here, and there
 * NOT (NaN <= 1) is.  Between values that are both unknown it is spelt out.
 */
static void
write_float_comparison(RemoteSql *out, const char *op, const Side *left, const Side *right)
{
	const char *opposite = NULL;

	if (right->type.is_const)
		opposite = strcmp(op, ">") == 0 ? "<=" : strcmp(op, ">=") == 0 ? "<" : NULL;
	else if (left->type.is_const)
		opposite = strcmp(op, "<") == 0 ? ">=" : strcmp(op, "<=") == 0 ? ">" : NULL;
	if (opposite)
	{
		appendStringInfoString(&out->text, "NOT (");
		write_infix(out, left, opposite, right);
		appendStringInfoChar(&out->text, ')');
		return;
	}
	if (strcmp(op, "=") == 0 || strcmp(op, "<>") == 0)
	{
		write_float_equal(out, op, left, right);
		return;
	}
	if (right->type.is_const || left->type.is_const)
	{
		write_infix(out, left, op, right);
		return;
	}

	/* x < y is y > x */
	if (op[0] == '<')
	{
		const Side *swap = left;

		left = right;
		right = swap;
		op = op[1] == '=' ? ">=" : ">";
	}
	appendStringInfoChar(&out->text, '(');
	write_infix(out, left, op, right);
	appendStringInfoString(&out->text, " OR (");
	write_is_nan(out, left);
	appendStringInfoString(&out->text, " AND ");
	if (strcmp(op, ">=") == 0)
	{
		remote_sql_append(out, &right->sql);
		appendStringInfoString(&out->text, " IS NOT NULL");
	}
	else
	{
		appendStringInfoString(&out->text, "NOT ");
		write_is_nan(out, right);
	}
	appendStringInfoString(&out->text, "))");
}

static bool
is_comparison(const char *name)
{
	static const char *const names[] = {"=", "<>", "<", "<=", ">", ">="};
	size_t i;

	for (i = 0; i < lengthof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Is it text that may be compared with this constant? */
static bool
limited_fits(const RemoteType *type, Expr *other)
{
	return (type->class == CLASS_FOLDED && translate_const_is(other, translate_is_ascii)) ||
		   (type->class == CLASS_JSON_TEXT && translate_const_is(other, translate_is_json_string));
}

/* May these two be compared in this way?  order: by <, not only by =. */
static bool
may_compare(Level *level, const RemoteType *left, const RemoteType *right, bool order,
			Oid collation)
{
	bool ordered = false;

	shippable_class(left->type, &ordered);
	if (left->class == CLASS_NONE || IS_LIMITED_TEXT(left->class) || left->class != right->class ||
		(order && !ordered))
		return false;
	if ((left->class == CLASS_TEXT || left->class == CLASS_CHAR) &&
		!shippable_collation(collation, order))
		return false;
	return left->class != CLASS_NUMERIC || translate_fit_both(level, left, right);
}

static bool
translate_sides(Level *level, Side *left, Side *right, Expr *left_expr, Expr *right_expr)
{
	left->expr = left_expr;
	right->expr = right_expr;
	remote_sql_init(&left->sql);
	remote_sql_init(&right->sql);
	return translate_expr(level, &left->sql, left_expr, &left->type) &&
		   translate_expr(level, &right->sql, right_expr, &right->type);
}

static bool
translate_comparison(Level *level, RemoteSql *out, const char *name, Expr *left_expr,
					 Expr *right_expr, Oid collation, const char *distinct)
{
	bool order = strcmp(name, "=") != 0 && strcmp(name, "<>") != 0;
	Side left, right;

	if (!is_comparison(name) || !translate_sides(level, &left, &right, left_expr, right_expr))
		return false;
	if (limited_fits(&left.type, right_expr) || limited_fits(&right.type, left_expr))
	{
		if (order || !shippable_collation(collation, false))
			return false;
	}
	else if (!may_compare(level, &left.type, &right.type, order, collation))
		return false;
	if (distinct)
	{
		appendStringInfoChar(&out->text, '(');
		write_infix(out, &left, distinct, &right);
		appendStringInfoChar(&out->text, ')');
	}
	else if (left.type.class == CLASS_FLOAT)
		write_float_comparison(out, name, &left, &right);
	else
		write_infix(out, &left, name, &right);
	return true;
}

/* || of text; char loses its blanks here. */
static bool
translate_concat(Level *level, RemoteSql *out, OpExpr *op, RemoteType *type)
{
	RemoteType left, right;

	if (!translate_operand(level, out, linitial(op->args), &left))
		return false;
	appendStringInfoString(&out->text, " || ");
	if (!translate_operand(level, out, lsecond(op->args), &right))
		return false;
	translate_type_init(type, op->opresulttype, -1);
	return left.class == CLASS_TEXT && right.class == CLASS_TEXT && type->class == CLASS_TEXT;
}

static bool
translate_op(Level *level, RemoteSql *out, OpExpr *op, RemoteType *type)
{
	const char *name = NULL;
	Expr *left = linitial(op->args);
	Oid left_type = exprType((Node *) left);

	/* stable ones depend on the time zone: few do without */
	if (!shippable_builtin_operator(op->opno, &name))
	{
		if (name == NULL || list_length(op->args) != 2)
			return false;
		if (exprType(lsecond(op->args)) == INTERVALOID)
			return (*name == '+' || *name == '-') &&
				   translate_plus_interval(level, out, op, *name == '-', type);
		return translate_compare_moment(level, out, op, name, type);
	}
	translate_type_init(type, op->opresulttype, -1);
	if (list_length(op->args) == 1)
	{
		RemoteType inner;
		RemoteSql value;
		const char *wide = NULL;

		if (strcmp(name, "~") == 0 && type->class == CLASS_INTEGER)
			return translate_bits(level, out, op, name, type);
		remote_sql_init(&value);
		if (strcmp(name, "-") != 0 || !translate_expr(level, &value, left, &inner) ||
			inner.class != type->class)
			return false;
		appendStringInfoString(&out->text, "- ");
		if (type->class == CLASS_INTEGER)
		{
			/* there is one integer whose opposite is too large */
			if (level->spares_rows && (wide = translate_wide_type(inner.whole)) == NULL)
				return false;
			translate_write_integer(out, left, &value, &inner, wide);
		}
		else
			translate_write_operand(out, &value, &inner);
		if (type->class == CLASS_FLOAT)
			return true;
		if ((type->class != CLASS_NUMERIC && type->class != CLASS_INTEGER) || inner.whole < 0)
			return false;
		type->whole = inner.whole;
		type->fraction = inner.fraction;
		type->computed = inner.computed;
		return true;
	}
	if (list_length(op->args) != 2)
		return false;
	if (strncmp(name, "~~", 2) == 0 || strncmp(name, "!~~", 3) == 0)
		return translate_like(level, out, name, op);
	if (*name == '~' || strncmp(name, "!~", 2) == 0)
		return translate_match(level, out, name, op);
	if (strcmp(name, "^@") == 0)
		return translate_function(level, out,
								  makeFuncExpr(op->opfuncid, BOOLOID, op->args, InvalidOid,
											   op->inputcollid, COERCE_EXPLICIT_CALL),
								  type);
	if (strcmp(name, "->>") == 0)
		return translate_json_text(level, out, op, type);
	if (strcmp(name, "||") == 0)
		return translate_concat(level, out, op, type);
	if (translate_is_array_column(left) || translate_is_array_column(lsecond(op->args)))
		return (strcmp(name, "&&") == 0 || strcmp(name, "@>") == 0 || strcmp(name, "<@") == 0) &&
			   translate_array_operator(level, out, name, op, type);
	if (strlen(name) == 1 && strchr("+-", *name) &&
		(left_type == INTERVALOID || exprType(lsecond(op->args)) == INTERVALOID))
		return translate_plus_interval(level, out, op, *name == '-', type);
	if (strlen(name) == 1 && strchr("+-", *name) &&
		(left_type == DATEOID || exprType(lsecond(op->args)) == DATEOID))
		return translate_date_arithmetic(level, out, op, name, type);
	if (strlen(name) == 1 && strchr("+-*/%", *name))
		return translate_arithmetic(level, out, op, name, type);
	if (type->class == CLASS_INTEGER)
		return translate_bits(level, out, op, name, type);
	return translate_comparison(level, out, name, left, lsecond(op->args), op->inputcollid, NULL);
}

/* May every element of a constant array be compared with what was written? */
static bool
array_fits(Level *level, Const *list, Oid element, const RemoteType *left)
{
	ArrayIterator iterator;
	int16 len;
	bool byval;
	Datum value;
	bool isnull;

	if (list->constisnull)
		return true;
	/* every element for itself: NaN, digits, infinity */
	iterator = array_create_iterator(DatumGetArrayTypeP(list->constvalue), 0, NULL);
	get_typlenbyval(element, &len, &byval);
	while (array_iterate(iterator, &value, &isnull))
	{
		Const *c = makeConst(element, -1, InvalidOid, len, value, isnull, byval);
		RemoteType type = {0};

		if (!shippable_const(c))
			return false;
		if (left->class != CLASS_NUMERIC || isnull)
			continue;
		if (!literal_numeric_digits(value, &type.whole, &type.fraction) ||
			!translate_fit_both(level, left, &type))
			return false;
	}
	return true;
}

/*
 * x = ANY (array) and x <> ALL (array) become IN and NOT IN.  The array is a
 * constant or evaluated here.
 */
static bool
translate_array_op(Level *level, RemoteSql *out, ScalarArrayOpExpr *op)
{
	const char *name;
	Side left = {linitial(op->args), {{0}, NIL, NIL}, {0}};
	Expr *right = lsecond(op->args);
	Oid element = get_element_type(exprType((Node *) right));
	TypeClass class = shippable_class(element, NULL);
	Const *list = IsA(right, Const) ? (Const *) right : NULL;
	/* an OR follows a list with NULLs, so NOT stands before all of it */
	bool whole =
		!list || list->constisnull || array_contains_nulls(DatumGetArrayTypeP(list->constvalue));

	if (translate_is_array_column(right))
		return translate_array_contains(level, out, op);
	if (!shippable_builtin_operator(op->opno, &name) || strcmp(name, op->useOr ? "=" : "<>") != 0)
		return false;
	remote_sql_init(&left.sql);
	if (!translate_expr(level, &left.sql, left.expr, &left.type) || class == CLASS_NONE ||
		(class != left.type.class && !limited_fits(&left.type, right)))
		return false;
	if ((class == CLASS_TEXT || class == CLASS_CHAR) &&
		!shippable_collation(op->inputcollid, false))
		return false;
	if (class == CLASS_NUMERIC && left.type.whole < 0)
		return false;
	if (list ? !array_fits(level, list, element, &left.type) :
			   class == CLASS_FLOAT || class == CLASS_NUMERIC || !shippable_is_hole(level, right))
		return false;
	if (whole)
		appendStringInfoString(&out->text, op->useOr ? "(" : "NOT (");
	if (is_real(&left.type))
		write_zero(out, &left);
	else
		write_side(out, &left);
	appendStringInfoString(&out->text, whole || op->useOr ? " IN " : " NOT IN ");
	if (!list)
		remote_sql_hole(out, right);
	else if (!literal_append_list(&out->text, element, list->constvalue, list->constisnull))
		return false;
	if (whole)
		appendStringInfoChar(&out->text, ')');
	return true;
}

/* ---------- AND, OR, NOT, tests ---------- */

static bool
translate_bool(Level *level, RemoteSql *out, BoolExpr *expr)
{
	ListCell *lc;
	RemoteType type;

	if (expr->boolop == NOT_EXPR)
	{
		appendStringInfoString(&out->text, "NOT (");
		if (!translate_value(level, out, linitial(expr->args), &type))
			return false;
		appendStringInfoChar(&out->text, ')');
		return true;
	}
	appendStringInfoChar(&out->text, '(');
	foreach (lc, expr->args)
	{
		if (lc != list_head(expr->args))
			appendStringInfoString(&out->text, expr->boolop == AND_EXPR ? " AND " : " OR ");
		if (!translate_value(level, out, lfirst(lc), &type))
			return false;
	}
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* IS TRUE and its like, by way of coalesce. */
static bool
translate_boolean_test(Level *level, RemoteSql *out, BooleanTest *test)
{
	static const struct
	{
		const char *before;
		const char *after;
	} words[] = {
		[IS_TRUE] = {"coalesce(", ", false)"},
		[IS_NOT_TRUE] = {"NOT coalesce(", ", false)"},
		[IS_FALSE] = {"coalesce(NOT (", "), false)"},
		[IS_NOT_FALSE] = {"NOT coalesce(NOT (", "), false)"},
		[IS_UNKNOWN] = {"(", ") IS NULL"},
		[IS_NOT_UNKNOWN] = {"(", ") IS NOT NULL"},
	};
	RemoteType type;

	appendStringInfoString(&out->text, words[test->booltesttype].before);
	if (!translate_value(level, out, test->arg, &type))
		return false;
	appendStringInfoString(&out->text, words[test->booltesttype].after);
	return true;
}

static bool
translate_null_test(Level *level, RemoteSql *out, NullTest *test)
{
	RemoteType type;

	if (test->argisrow || !translate_operand(level, out, test->arg, &type))
		return false;
	appendStringInfoString(&out->text, test->nulltesttype == IS_NULL ? " IS NULL" : " IS NOT NULL");
	return true;
}

/* ---------- NULLIF and rows ---------- */

static bool
translate_nullif(Level *level, RemoteSql *out, NullIfExpr *expr, RemoteType *type)
{
	Side left, right;
	const char *name;

	if (!shippable_builtin_operator(expr->opno, &name) || strcmp(name, "=") != 0 ||
		!translate_sides(level, &left, &right, linitial(expr->args), lsecond(expr->args)) ||
		left.type.class == CLASS_FLOAT || left.type.class == CLASS_CHAR ||
		!may_compare(level, &left.type, &right.type, false, expr->inputcollid))
		return false;
	appendStringInfoString(&out->text, "nullif(");
	remote_sql_append(out, &left.sql);
	appendStringInfoString(&out->text, ", ");
	remote_sql_append(out, &right.sql);
	appendStringInfoChar(&out->text, ')');
	*type = left.type;
	type->relid = InvalidOid;
	type->name = NULL;
	type->bare = true;
	type->is_const = type->is_hole = false;
	return true;
}

/* (a, b) < (c, d): a < c OR (a = c AND b < d). */
static bool
translate_row_compare(Level *level, RemoteSql *out, RowCompareExpr *expr)
{
	ListCell *l, *r, *op, *collation;
	int n = list_length(expr->largs);
	int closing = 0;

	appendStringInfoChar(&out->text, '(');
	forfour(l, expr->largs, r, expr->rargs, op, expr->opnos, collation, expr->inputcollids)
	{
		const char *name;
		char strict[2] = {0};
		bool last = foreach_current_index(l) == n - 1;

		if (!shippable_builtin_operator(lfirst_oid(op), &name) || !is_comparison(name) ||
			shippable_class(exprType(lfirst(l)), NULL) == CLASS_FLOAT)
			return false;
		strict[0] = name[0];
		if (!translate_comparison(level, out, last ? name : strict, lfirst(l), lfirst(r),
								  lfirst_oid(collation), NULL))
			return false;
		if (last)
			break;
		appendStringInfoString(&out->text, " OR (");
		if (!translate_comparison(level, out, "=", lfirst(l), lfirst(r), lfirst_oid(collation),
								  NULL))
			return false;
		appendStringInfoString(&out->text, " AND (");
		closing += 2;
	}
	while (closing-- > 0)
		appendStringInfoChar(&out->text, ')');
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* ---------- the expression ---------- */

/* Text in another type of text: varchar and text are one there. */
static bool
translate_relabel(Level *level, RemoteSql *out, RelabelType *relabel, RemoteType *type)
{
	TypeClass class = shippable_class(relabel->resulttype, NULL);

	if (!translate_expr(level, out, relabel->arg, type) || class == CLASS_NONE ||
		(class != type->class && !(class == CLASS_TEXT && IS_LIMITED_TEXT(type->class))))
		return false;
	type->type = relabel->resulttype;
	return true;
}

static bool
translate_node(Level *level, RemoteSql *out, Expr *expr, RemoteType *type)
{
	/* what tells of itself no more than that it is boolean */
	translate_type_init(type, exprType((Node *) expr), -1);
	switch (nodeTag(expr))
	{
		case T_Var:
			return level_column(level, out, (Var *) expr, type);
		case T_PlaceHolderVar:
			return level_placeholder(level, out, (PlaceHolderVar *) expr, type);
		case T_Const:
			return translate_const(out, (Const *) expr, type);
		case T_Param:
			return ((Param *) expr)->paramkind == PARAM_EXEC &&
				   level_param(level, out, (Param *) expr, type);
		case T_RelabelType:
			return translate_relabel(level, out, (RelabelType *) expr, type);
		case T_CollateExpr:
			/* there is but one order there, and comparisons ask for the one here */
			return translate_expr(level, out, ((CollateExpr *) expr)->arg, type);
		case T_CaseTestExpr:
			return level->case_values != NIL &&
				   translate_operand(level, out, llast(level->case_values), type);
		case T_OpExpr:
			return translate_op(level, out, (OpExpr *) expr, type);
		case T_DistinctExpr:
		{
			DistinctExpr *d = (DistinctExpr *) expr;
			const char *name;

			return shippable_builtin_operator(d->opno, &name) &&
				   translate_comparison(level, out, name, linitial(d->args), lsecond(d->args),
										d->inputcollid, "IS DISTINCT FROM");
		}
		case T_NullIfExpr:
			return translate_nullif(level, out, (NullIfExpr *) expr, type);
		case T_ScalarArrayOpExpr:
			return translate_array_op(level, out, (ScalarArrayOpExpr *) expr);
		case T_BoolExpr:
			type->bare = ((BoolExpr *) expr)->boolop != NOT_EXPR;
			return translate_bool(level, out, (BoolExpr *) expr);
		case T_BooleanTest:
			return translate_boolean_test(level, out, (BooleanTest *) expr);
		case T_NullTest:
			return translate_null_test(level, out, (NullTest *) expr);
		case T_CaseExpr:
			return translate_case(level, out, (CaseExpr *) expr, type);
		case T_CoalesceExpr:
			return translate_coalesce(level, out, "coalesce", ((CoalesceExpr *) expr)->args,
									  ((CoalesceExpr *) expr)->coalescetype, type);
		case T_MinMaxExpr:
			return translate_minmax(level, out, (MinMaxExpr *) expr, type);
		case T_RowCompareExpr:
			return translate_row_compare(level, out, (RowCompareExpr *) expr);
		case T_CoerceViaIO:
			return translate_io_cast(level, out, (CoerceViaIO *) expr, type);
		case T_SubscriptingRef:
			return translate_array_element(level, out, (SubscriptingRef *) expr, type);
		case T_FuncExpr:
			return translate_function(level, out, (FuncExpr *) expr, type);
		case T_Aggref:
			return translate_aggregate(level, out, (Aggref *) expr, type);
		case T_GroupingFunc:
			return translate_grouping(level, out, (GroupingFunc *) expr, type);
		case T_WindowFunc:
			return translate_window(level, out, (WindowFunc *) expr, type);
		case T_SubPlan:
			return level_subplan(level, out, (SubPlan *) expr, type);
		case T_AlternativeSubPlan:
			return level_subplan(level, out, linitial(((AlternativeSubPlan *) expr)->subplans),
								 type);
		default:
			return false;
	}
}

static bool
translate_any(Level *level, RemoteSql *out, Expr *expr, RemoteType *type)
{
	check_stack_depth();
	if (level->keys != NIL && level_key(level, out, expr, type))
		return true;
	if (level->statement->postgres)
		return translate_postgres(level, out, expr, type);
	if (shippable_is_hole(level, expr))
	{
		RemoteSql value;

		/* the result of a subquery that can be shipped is not evaluated here */
		if (!shippable_has_subquery_result((Node *) expr, NULL))
			return translate_hole(out, expr, type);
		remote_sql_init(&value);
		if (translate_node(level, &value, expr, type) &&
			!shippable_has_subquery_result((Node *) value.params, NULL))
		{
			remote_sql_append(out, &value);
			return true;
		}
		return translate_hole(out, expr, type);
	}
	return translate_node(level, out, expr, type);
}

/*
 * Write an expression.  False if Athena would not evaluate it in the same way;
 * what has been written then must be thrown away.
 */
bool
translate_expr(Level *level, RemoteSql *out, Expr *expr, RemoteType *type)
{
	bool ok = translate_any(level, out, expr, type);

	/* the first of these that is logged is the reason */
	if (!ok)
		elog(DEBUG3, "athena_fdw: not shipped: %s", nodeToString(expr));
	return ok;
}
