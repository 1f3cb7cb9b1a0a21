/*
 * shippable.c
 *	  Is it safe to let Athena evaluate this expression?
 *
 * Policy: only when the answer is the same for every value, NULL and NaN
 * included.  What cannot be translated exactly is evaluated here.  Nothing is
 * shipped because a function of the same name exists there; each operator
 * stands in the catalogue below, with the types for which it was compared with
 * the engine.  Called by paths.c for each restriction; deparse.c writes the
 * words and may rely on what is checked here.
 *
 * Expressions without columns (constants, parameters, now() - '7 days') are
 * evaluated here in any case and travel as literals: parameters.
 */
#include "planner/planner.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_database.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "query/literal.h"
#include "query/types.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"

/* Of a decimal. */
#define MAX_DIGITS 38
/* Those that a sum may have more than what is added: so many rows can be added in any case. */
#define SUM_DIGITS 10

/* Types whose values may be compared with each other. */
typedef enum TypeClass
{
	CLASS_NONE,
	CLASS_BOOL,
	CLASS_INTEGER,
	CLASS_FLOAT,
	CLASS_NUMERIC,
	CLASS_TEXT,
	CLASS_CHAR,
	CLASS_DATETIME, /* date and timestamp */
	CLASS_TIMESTAMPTZ,
	CLASS_TIME,
	CLASS_BYTEA,
	CLASS_UUID
} TypeClass;

/*
 * The catalogue of types: what comparisons mean the same in both engines.
 * Order of char(n) does not (blanks are stripped here and padded there), nor
 * is boolean ordered in practice.
 */
static const struct
{
	Oid type;
	TypeClass class;
	bool ordered;
} type_catalogue[] = {
	{BOOLOID, CLASS_BOOL, false},
	{INT2OID, CLASS_INTEGER, true},
	{INT4OID, CLASS_INTEGER, true},
	{INT8OID, CLASS_INTEGER, true},
	{FLOAT4OID, CLASS_FLOAT, true},
	{FLOAT8OID, CLASS_FLOAT, true},
	{NUMERICOID, CLASS_NUMERIC, true},
	{TEXTOID, CLASS_TEXT, true},
	{VARCHAROID, CLASS_TEXT, true},
	{BPCHAROID, CLASS_CHAR, false},
	{DATEOID, CLASS_DATETIME, true},
	{TIMESTAMPOID, CLASS_DATETIME, true},
	{TIMESTAMPTZOID, CLASS_TIMESTAMPTZ, true},
	{TIMEOID, CLASS_TIME, true},
	{BYTEAOID, CLASS_BYTEA, true},
	{UUIDOID, CLASS_UUID, true},
};

/* Where the walk stands: which relation's columns are Athena's. */
typedef struct ShipContext
{
	PlannerInfo *root;
	RelOptInfo *rel;
	Oid relid;
	bool may_fail; /* is it evaluated for the same rows as here, so that it may overflow? */
} ShipContext;

static bool ship(ShipContext *context, Expr *expr);
static bool ship_arithmetic(ShipContext *context, OpExpr *op);

static TypeClass
class_of(Oid type, bool *ordered)
{
	size_t i;

	for (i = 0; i < lengthof(type_catalogue); i++)
		if (type_catalogue[i].type == type)
		{
			if (ordered)
				*ordered = type_catalogue[i].ordered;
			return type_catalogue[i].class;
		}
	return CLASS_NONE;
}

/* ---------- collations ---------- */

static bool
locale_is_code_point_order(const char *locale)
{
	return strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0 ||
		   pg_strcasecmp(locale, "C.UTF-8") == 0 || pg_strcasecmp(locale, "C.utf8") == 0 ||
		   strcmp(locale, "PG_UNICODE_FAST") == 0;
}

static bool
database_is_code_point_order(void)
{
	HeapTuple tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
	bool result = false;
	Datum locale;
	bool isnull;

	if (!HeapTupleIsValid(tuple))
		return false;
	if (((Form_pg_database) GETSTRUCT(tuple))->datlocprovider == COLLPROVIDER_LIBC)
	{
		locale = SysCacheGetAttr(DATABASEOID, tuple, Anum_pg_database_datcollate, &isnull);
		result = !isnull && locale_is_code_point_order(TextDatumGetCString(locale));
	}
	else if (((Form_pg_database) GETSTRUCT(tuple))->datlocprovider == ATHENA_COLLPROVIDER_BUILTIN)
		result = true;
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Does this collation order text by code points, as Athena does?  C and POSIX,
 * C.UTF-8 of libc, and all of the builtin provider.
 */
static bool
collation_is_code_point_order(Oid collation)
{
	HeapTuple tuple;
	Form_pg_collation form;
	bool result = false;
	Datum locale;
	bool isnull;

	if (collation == C_COLLATION_OID)
		return true;
	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_collation) GETSTRUCT(tuple);
	if (form->collprovider == COLLPROVIDER_DEFAULT)
		result = database_is_code_point_order();
	else if (form->collprovider == ATHENA_COLLPROVIDER_BUILTIN)
		result = true;
	else if (form->collprovider == COLLPROVIDER_LIBC)
	{
		locale = SysCacheGetAttr(COLLOID, tuple, Anum_pg_collation_collcollate, &isnull);
		result = !isnull && locale_is_code_point_order(TextDatumGetCString(locale));
	}
	ReleaseSysCache(tuple);
	return result;
}

/* Is a comparison under this collation the same as Athena's? */
static bool
collation_allows(Oid collation, bool order)
{
	if (!OidIsValid(collation))
		return true;
	if (!get_collation_isdeterministic(collation))
		return false;
	return !order || (GetDatabaseEncoding() == PG_UTF8 && collation_is_code_point_order(collation));
}

/* ---------- parameters: expressions without columns ---------- */

/*
 * Is this PARAM_EXEC the output of an InitPlan, hence the same for all rows?
 * Not below a correlated subquery, where InitPlans run for each outer row.
 */
static bool
is_initplan_output(PlannerInfo *root, int paramid)
{
	PlannerInfo *upper;

	for (upper = root->parent_root; upper; upper = upper->parent_root)
		if (upper->plan_params != NIL)
			return false;
	for (; root; root = root->parent_root)
	{
		ListCell *lc;

		foreach (lc, root->init_plans)
			if (list_member_int(lfirst_node(SubPlan, lc)->setParam, paramid))
				return true;
	}
	return false;
}

/*
 * Finds what an expression without columns may not hold: columns, subplans,
 * and parameters that change from row to row of an outer query.  Those would
 * make a remote query for each of its rows; evaluated here, one does for all.
 */
static bool
not_a_param_walker(Node *node, ShipContext *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) || IsA(node, SubPlan) || IsA(node, AlternativeSubPlan) ||
		IsA(node, PlaceHolderVar) || IsA(node, Aggref) || IsA(node, WindowFunc) ||
		IsA(node, GroupingFunc) || IsA(node, CurrentOfExpr))
		return true;
	if (IsA(node, Param))
	{
		Param *param = (Param *) node;

		if (param->paramkind == PARAM_EXTERN)
			return false;
		return param->paramkind != PARAM_EXEC || !is_initplan_output(context->root, param->paramid);
	}
	return expression_tree_walker(node, not_a_param_walker, context);
}

/* Can it be evaluated here, once, and travel as a literal? */
static bool
is_param(ShipContext *context, Expr *expr)
{
	return !IsA(expr, Const) && !not_a_param_walker((Node *) expr, context) &&
		   !contain_volatile_functions((Node *) expr);
}

/* The same question for the deparser, about what ship() has allowed. */
bool
shippable_is_param(Expr *expr)
{
	return !IsA(expr, Const) && !contain_var_clause((Node *) expr);
}

static bool
ship_const(Const *c)
{
	StringInfoData text;

	if (!literal_type_known(c->consttype))
		return false;
	/* comparisons with NaN are rewritten for values that are not known */
	if (!c->constisnull && c->consttype == FLOAT8OID && isnan(DatumGetFloat8(c->constvalue)))
		return false;
	if (!c->constisnull && c->consttype == FLOAT4OID && isnan(DatumGetFloat4(c->constvalue)))
		return false;
	initStringInfo(&text);
	return literal_append(&text, c->consttype, c->constvalue, c->constisnull);
}

/* ---------- columns ---------- */

/*
 * A column of the table.  If it is said which type it has in Athena, and that
 * is not the one it is declared with here, comparisons may differ.
 */
static bool
ship_var(ShipContext *context, Var *var, bool any_type)
{
	ColumnOptions options;
	char *error;

	if (var->varno != (int) context->rel->relid || var->varlevelsup != 0 || var->varattno <= 0)
		return false;
	if (any_type)
		return true;
	if (class_of(var->vartype, NULL) == CLASS_NONE)
		return false;
	options = storage_column(context->relid, var->varattno);
	if (options.remote_type)
	{
		AthenaType *type = athena_type_parse(options.remote_type, &error);

		return type && athena_type_natural(type, var->vartype);
	}
	return true;
}

/* An operand of a comparison: a column, a constant, a parameter, arithmetic over them. */
static bool
ship_operand(ShipContext *context, Expr *expr)
{
	Oid type = exprType((Node *) expr);

	if (class_of(type, NULL) == CLASS_NONE)
		return false;
	if (IsA(expr, Var))
		return ship_var(context, (Var *) expr, false);
	if (IsA(expr, Const))
		return ship_const((Const *) expr);
	if (is_param(context, expr))
		return true;
	if (IsA(expr, RelabelType))
	{
		Expr *arg = ((RelabelType *) expr)->arg;

		return class_of(type, NULL) == class_of(exprType((Node *) arg), NULL) &&
			   ship_operand(context, arg);
	}
	if (IsA(expr, CollateExpr))
		return ship_operand(context, ((CollateExpr *) expr)->arg);
	if (IsA(expr, OpExpr) && type != BOOLOID)
		return ship_arithmetic(context, (OpExpr *) expr);
	if (type == BOOLOID)
		return ship(context, expr);
	return false;
}

/* ---------- comparisons ---------- */

static bool numeric_digits(Expr *expr, int *whole, int *fraction);

/* The same for the result of + - * of numerics, which are computed as decimals. */
static bool
arithmetic_digits(OpExpr *op, int *whole, int *fraction)
{
	int whole1 = 0, fraction1 = 0, whole2 = 0, fraction2 = 0;
	char *name = get_opname(op->opno);

	if (list_length(op->args) != 2 || name == NULL ||
		!numeric_digits(linitial(op->args), &whole1, &fraction1) ||
		!numeric_digits(lsecond(op->args), &whole2, &fraction2))
		return false;
	*whole = *name == '*' ? whole1 + whole2 : Max(whole1, whole2) + 1;
	*fraction = *name == '*' ? fraction1 + fraction2 : Max(fraction1, fraction2);
	return true;
}

/*
 * Digits before and after the point that an operand of type numeric can have;
 * false if that is not known.
 */
static bool
numeric_digits(Expr *expr, int *whole, int *fraction)
{
	int32 typmod = exprTypmod((Node *) expr);

	if (IsA(expr, Const))
		return ((Const *) expr)->constisnull ||
			   literal_numeric_digits(((Const *) expr)->constvalue, whole, fraction);
	if (IsA(expr, OpExpr))
		return arithmetic_digits((OpExpr *) expr, whole, fraction);
	if (typmod < (int32) VARHDRSZ)
		return false;
	*fraction = (typmod - VARHDRSZ) & 0x7ff;
	*whole = (((typmod - VARHDRSZ) >> 16) & 0xffff) - *fraction;
	return *fraction <= 38;
}

/*
 * Decimals are compared there after both are cast to a type that holds either;
 * past 38 digits that cast fails for some values.
 */
static bool
numeric_fits(Expr *left, Expr *right)
{
	int whole1 = 0, fraction1 = 0, whole2 = 0, fraction2 = 0;

	return numeric_digits(left, &whole1, &fraction1) &&
		   numeric_digits(right, &whole2, &fraction2) &&
		   Max(whole1, whole2) + Max(fraction1, fraction2) <= MAX_DIGITS;
}

/*
 * LIKE: a constant pattern that does not end in a lone escape character.
 */
static bool
ship_like(ShipContext *context, Expr *left, Expr *right, Oid collation)
{
	Const *pattern = (Const *) right;
	TypeClass class = class_of(exprType((Node *) left), NULL);
	char *like;
	int escapes = 0;

	if ((class != CLASS_TEXT && class != CLASS_CHAR) || !IsA(right, Const) ||
		pattern->constisnull || pattern->consttype != TEXTOID ||
		!collation_allows(collation, false))
		return false;
	like = TextDatumGetCString(pattern->constvalue);
	for (size_t i = strlen(like); i > 0 && like[i - 1] == '\\'; i--)
		escapes++;
	return escapes % 2 == 0 && ship_operand(context, left);
}

/* Is this one of the server's own operators?  Gives its name. */
static bool
builtin_operator(Oid opno, const char **name)
{
	HeapTuple tuple;
	Oid function;

	if (opno >= FirstGenbkiObjectId)
		return false;
	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(opno));
	if (!HeapTupleIsValid(tuple))
		return false;
	*name = pstrdup(NameStr(((Form_pg_operator) GETSTRUCT(tuple))->oprname));
	function = ((Form_pg_operator) GETSTRUCT(tuple))->oprcode;
	ReleaseSysCache(tuple);
	/* date against timestamptz depends on TimeZone */
	return func_volatile(function) == PROVOLATILE_IMMUTABLE;
}

/*
 * + - * of numerics whose result has at most 38 digits for any value: one with
 * more is an error there.  And of integers, which overflow alike, but only where
 * that cannot happen for rows that another condition would have spared here.
 */
static bool
ship_arithmetic(ShipContext *context, OpExpr *op)
{
	const char *name;
	Expr *left, *right;
	TypeClass class;
	int whole, fraction;

	if (list_length(op->args) != 2 || !builtin_operator(op->opno, &name) || strlen(name) != 1 ||
		strchr("+-*", *name) == NULL)
		return false;
	left = linitial(op->args);
	right = lsecond(op->args);
	class = class_of(op->opresulttype, NULL);
	if ((class != CLASS_INTEGER && class != CLASS_NUMERIC) ||
		class_of(exprType((Node *) left), NULL) != class ||
		class_of(exprType((Node *) right), NULL) != class)
		return false;
	if (class == CLASS_INTEGER && !context->may_fail)
		return false;
	if (class == CLASS_NUMERIC &&
		(!arithmetic_digits(op, &whole, &fraction) || whole + fraction > MAX_DIGITS))
		return false;
	return ship_operand(context, left) && ship_operand(context, right);
}

static bool
ship_comparison(ShipContext *context, const char *name, Expr *left, Expr *right, Oid collation)
{
	bool ordered = false;
	bool order = name[0] == '<' ? strcmp(name, "<>") != 0 : name[0] == '>';
	TypeClass class = class_of(exprType((Node *) left), &ordered);

	if (strcmp(name, "=") != 0 && strcmp(name, "<>") != 0 && strcmp(name, "<") != 0 &&
		strcmp(name, "<=") != 0 && strcmp(name, ">") != 0 && strcmp(name, ">=") != 0)
		return false;
	if (class == CLASS_NONE || class != class_of(exprType((Node *) right), NULL) ||
		(order && !ordered))
		return false;
	if ((class == CLASS_TEXT || class == CLASS_CHAR) && !collation_allows(collation, order))
		return false;
	if (class == CLASS_NUMERIC && !numeric_fits(left, right))
		return false;
	return ship_operand(context, left) && ship_operand(context, right);
}

static bool
ship_op(ShipContext *context, OpExpr *op)
{
	const char *name;
	Expr *left, *right;

	if (list_length(op->args) != 2 || !builtin_operator(op->opno, &name))
		return false;
	left = linitial(op->args);
	right = lsecond(op->args);
	if (strcmp(name, "~~") == 0 || strcmp(name, "!~~") == 0)
		return ship_like(context, left, right, op->inputcollid);
	return ship_comparison(context, name, left, right, op->inputcollid);
}

/*
 * x = ANY (array) and x <> ALL (array) become IN and NOT IN.  The array is a
 * constant or a parameter.
 */
static bool
ship_array_op(ShipContext *context, ScalarArrayOpExpr *op)
{
	const char *name;
	Expr *left = linitial(op->args);
	Expr *right = lsecond(op->args);
	Oid element = get_element_type(exprType((Node *) right));
	TypeClass class = class_of(element, NULL);

	if (!builtin_operator(op->opno, &name) || strcmp(name, op->useOr ? "=" : "<>") != 0 ||
		class == CLASS_NONE || class != class_of(exprType((Node *) left), NULL))
		return false;
	if ((class == CLASS_TEXT || class == CLASS_CHAR) && !collation_allows(op->inputcollid, false))
		return false;
	if (class == CLASS_NUMERIC && exprTypmod((Node *) left) < (int32) VARHDRSZ)
		return false;
	if (!ship_operand(context, left))
		return false;
	if (!IsA(right, Const))
		return class != CLASS_FLOAT && class != CLASS_NUMERIC && is_param(context, right);

	/* every element for itself: NaN, digits, infinity */
	if (!((Const *) right)->constisnull)
	{
		ArrayIterator iterator =
			array_create_iterator(DatumGetArrayTypeP(((Const *) right)->constvalue), 0, NULL);
		int16 len;
		bool byval;
		Datum value;
		bool isnull;

		get_typlenbyval(element, &len, &byval);
		while (array_iterate(iterator, &value, &isnull))
		{
			Const *c = makeConst(element, -1, InvalidOid, len, value, isnull, byval);

			if (!ship_const(c) || (class == CLASS_NUMERIC && !numeric_fits(left, (Expr *) c)))
				return false;
		}
	}
	return true;
}

static bool
ship_list(ShipContext *context, List *args)
{
	ListCell *lc;

	foreach (lc, args)
		if (!ship(context, lfirst(lc)))
			return false;
	return true;
}

/* Is this boolean expression evaluated alike in both engines? */
static bool
ship(ShipContext *context, Expr *expr)
{
	if (expr == NULL || exprType((Node *) expr) != BOOLOID)
		return false;
	switch (nodeTag(expr))
	{
		case T_Var:
			return ship_var(context, (Var *) expr, false);
		case T_Const:
			return ship_const((Const *) expr);
		case T_OpExpr:
			if (ship_op(context, (OpExpr *) expr))
				return true;
			break;
		case T_DistinctExpr:
		{
			DistinctExpr *d = (DistinctExpr *) expr;
			const char *name;

			if (builtin_operator(d->opno, &name) &&
				ship_comparison(context, name, linitial(d->args), lsecond(d->args), d->inputcollid))
				return true;
			break;
		}
		case T_ScalarArrayOpExpr:
			if (ship_array_op(context, (ScalarArrayOpExpr *) expr))
				return true;
			break;
		case T_BoolExpr:
			if (ship_list(context, ((BoolExpr *) expr)->args))
				return true;
			break;
		case T_NullTest:
		{
			NullTest *test = (NullTest *) expr;

			if (!test->argisrow &&
				(IsA(test->arg, Var) ? ship_var(context, (Var *) test->arg, true) :
									   ship_operand(context, test->arg)))
				return true;
			break;
		}
		case T_BooleanTest:
			if (ship(context, ((BooleanTest *) expr)->arg))
				return true;
			break;
		default:
			break;
	}
	return is_param(context, expr);
}

/*
 * May Athena evaluate this restriction of a foreign table?
 */
bool
shippable_expr(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *expr)
{
	ShipContext context = {root, rel, relid, false};

	return ship(&context, expr);
}

/* ---------- values and aggregates ---------- */

/* Parameters are evaluated here and written as literals: not inside of an aggregate yet. */
static bool
contains_param(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return true;
	return expression_tree_walker(node, contains_param, context);
}

/*
 * The catalogue of aggregates: by name, and the classes of arguments for which
 * they were compared with the engine.  min and max of NaN differ; what is not
 * ordered there in practice is left out.  avg travels as sum and count.
 */
static const struct
{
	const char *name;
	AggregateKind kind;
	TypeClass classes[8];
} aggregate_catalogue[] = {
	{"sum", AGGREGATE_SUM, {CLASS_INTEGER, CLASS_NUMERIC}},
	{"avg", AGGREGATE_AVG, {CLASS_INTEGER, CLASS_NUMERIC}},
	{"min", AGGREGATE_MIN, {CLASS_INTEGER, CLASS_NUMERIC, CLASS_TEXT, CLASS_DATETIME, CLASS_TIME}},
	{"max", AGGREGATE_MAX, {CLASS_INTEGER, CLASS_NUMERIC, CLASS_TEXT, CLASS_DATETIME, CLASS_TIME}},
	{"bool_and", AGGREGATE_BOOL_AND, {CLASS_BOOL}},
	{"bool_or", AGGREGATE_BOOL_OR, {CLASS_BOOL}},
	{"every", AGGREGATE_BOOL_AND, {CLASS_BOOL}},
	{"count",
	 AGGREGATE_COUNT,
	 {CLASS_BOOL, CLASS_INTEGER, CLASS_FLOAT, CLASS_NUMERIC, CLASS_TEXT, CLASS_DATETIME,
	  CLASS_TIME}},
};

/* Can values of this expression be grouped alike, and be read as they come? */
bool
shippable_key(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *expr)
{
	ShipContext context = {root, rel, relid, true};
	TypeClass class = class_of(exprType((Node *) expr), NULL);
	int whole, fraction;

	switch (class)
	{
		case CLASS_BOOL:
		case CLASS_INTEGER:
		case CLASS_DATETIME:
		case CLASS_TIME:
			break;
		case CLASS_NUMERIC:
			if (!numeric_digits(expr, &whole, &fraction))
				return false;
			break;
		case CLASS_TEXT:
			if (!collation_allows(exprCollation((Node *) expr), false))
				return false;
			break;
		default:
			/* NaN and -0, blanks, zones, bytes: later */
			return false;
	}
	return contain_var_clause((Node *) expr) && !contains_param((Node *) expr, NULL) &&
		   ship_operand(&context, expr);
}

/*
 * Does Athena put values of this expression into the same order, under this
 * collation?  Not floating point numbers: NaN with NULLS FIRST differs.
 */
bool
shippable_order(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *expr, Oid collation)
{
	ShipContext context = {root, rel, relid, true};
	bool ordered = false;
	TypeClass class = class_of(exprType((Node *) expr), &ordered);
	int whole, fraction;

	if (class == CLASS_NONE || class == CLASS_FLOAT || !ordered ||
		!contain_var_clause((Node *) expr) || contains_param((Node *) expr, NULL))
		return false;
	if (class == CLASS_NUMERIC && !numeric_digits(expr, &whole, &fraction))
		return false;
	if (class == CLASS_TEXT && !collation_allows(collation, true))
		return false;
	return ship_operand(&context, expr);
}

/* The kind of a builtin aggregate over arguments of a class; NONE if it is not in the catalogue. */
static AggregateKind
aggregate_kind(Aggref *agg, TypeClass class)
{
	char *name = agg->aggfnoid < FirstGenbkiObjectId ? get_func_name(agg->aggfnoid) : NULL;
	size_t i, j;

	if (name == NULL)
		return AGGREGATE_NONE;
	if (agg->aggstar)
		return strcmp(name, "count") == 0 ? AGGREGATE_COUNT : AGGREGATE_NONE;
	for (i = 0; i < lengthof(aggregate_catalogue); i++)
		for (j = 0; j < lengthof(aggregate_catalogue[i].classes); j++)
			if (strcmp(name, aggregate_catalogue[i].name) == 0 && class != CLASS_NONE &&
				aggregate_catalogue[i].classes[j] == class)
				return aggregate_catalogue[i].kind;
	return AGGREGATE_NONE;
}

/* What aggregate is this, for the deparser, which may rely on shippable_aggregate()? */
AggregateKind
shippable_aggregate_kind(Aggref *agg)
{
	if (agg->aggstar)
		return aggregate_kind(agg, CLASS_NONE);
	return aggregate_kind(
		agg, class_of(exprType((Node *) linitial_node(TargetEntry, agg->args)->expr), NULL));
}

/* Is this aggregate over rows of the table the same in both engines? */
bool
shippable_aggregate(PlannerInfo *root, RelOptInfo *rel, Oid relid, Aggref *agg)
{
	ShipContext context = {root, rel, relid, agg->aggfilter == NULL};
	AggregateKind kind;
	TypeClass class = CLASS_NONE;
	Expr *arg = NULL;
	int whole, fraction;

	if (agg->aggsplit != AGGSPLIT_SIMPLE || agg->aggkind != AGGKIND_NORMAL || agg->aggvariadic ||
		agg->aggorder != NIL || agg->agglevelsup != 0 || list_length(agg->args) > 1)
		return false;
	if (agg->aggfilter &&
		(contains_param((Node *) agg->aggfilter, NULL) || !ship(&context, agg->aggfilter)))
		return false;
	if (!agg->aggstar)
	{
		if (list_length(agg->args) != 1)
			return false;
		arg = linitial_node(TargetEntry, agg->args)->expr;
		class = class_of(exprType((Node *) arg), NULL);
		if (contains_param((Node *) arg, NULL) || !contain_var_clause((Node *) arg) ||
			!ship_operand(&context, arg))
			return false;
	}
	kind = aggregate_kind(agg, class);
	if (kind == AGGREGATE_NONE)
		return false;
	/* 0 and -0, and NaN, are told apart or not in other ways */
	if (agg->aggdistinct != NIL && class == CLASS_FLOAT)
		return false;
	if (class == CLASS_NUMERIC && !numeric_digits(arg, &whole, &fraction))
		return false;
	if (class == CLASS_NUMERIC && (kind == AGGREGATE_SUM || kind == AGGREGATE_AVG) &&
		whole + fraction > MAX_DIGITS - SUM_DIGITS)
		return false;
	if (class == CLASS_TEXT && !collation_allows(agg->inputcollid, kind != AGGREGATE_COUNT))
		return false;
	return true;
}
