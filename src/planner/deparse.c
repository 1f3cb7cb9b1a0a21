/*
 * deparse.c
 *	  The words: PostgreSQL's expressions in Athena's SQL.
 *
 * Called by paths.c for what shippable.c has allowed; anything else here is an
 * internal error.  Only Athena's SQL is written, whatever stands behind the
 * endpoint.
 *
 * What is rewritten, and why:
 *	- Comparisons of floating point numbers: NaN is a number here, larger than
 *	  all others and equal to itself; there, no comparison with it is true.
 *	- IS TRUE and its like do not exist there.
 *	- LIKE has no default escape character there, and takes an escape only
 *	  before %, _ and itself.

 * The select list and the name of the table are written by storage/remote.c.
 */
#include "planner/planner.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "query/literal.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* ---------- holes for parameters ---------- */

static void
add_hole(RemoteSql *out, Expr *param)
{
	out->pieces = lappend(out->pieces, makeString(pstrdup(out->text.data)));
	resetStringInfo(&out->text);
	out->params = lappend(out->params, param);
}

/* The texts around the holes, one more than there are holes. */
List *
deparse_finish(RemoteSql *out)
{
	return lappend(out->pieces, makeString(pstrdup(out->text.data)));
}

/* ---------- expressions ---------- */

static void
deparse_var(RemoteSql *out, Oid relid, Var *var)
{
	ColumnOptions column = storage_column(relid, var->varattno);

	appendStringInfoString(&out->text, remote_identifier(column.name));
}

static void
deparse_const(RemoteSql *out, Const *c)
{
	if (!literal_append(&out->text, c->consttype, c->constvalue, c->constisnull))
		elog(ERROR, "cannot write a constant of type %u for Athena", c->consttype);
}

/* Columns, constants and parameters stand bare; anything else in parentheses. */
static void
deparse_operand(RemoteSql *out, Oid relid, Expr *expr)
{
	Expr *bare = expr;

	while (IsA(bare, RelabelType) || IsA(bare, CollateExpr))
		bare = IsA(bare, RelabelType) ? ((RelabelType *) bare)->arg : ((CollateExpr *) bare)->arg;
	if (IsA(bare, Var) || IsA(bare, Const) || shippable_is_param(expr))
	{
		deparse_expr(out, relid, expr);
		return;
	}
	appendStringInfoChar(&out->text, '(');
	deparse_expr(out, relid, expr);
	appendStringInfoChar(&out->text, ')');
}

/* Left, operator, right. */
static void
deparse_infix(RemoteSql *out, Oid relid, Expr *left, const char *op, Expr *right)
{
	deparse_operand(out, relid, left);
	appendStringInfo(&out->text, " %s ", op);
	deparse_operand(out, relid, right);
}

static void
deparse_is_nan(RemoteSql *out, Oid relid, Expr *expr)
{
	appendStringInfoString(&out->text, "is_nan(");
	deparse_expr(out, relid, expr);
	appendStringInfoChar(&out->text, ')');
}

static bool
is_real(Expr *expr)
{
	return exprType((Node *) expr) == FLOAT4OID;
}

static bool
is_float_zero(Expr *expr)
{
	Const *c = (Const *) expr;

	if (!IsA(expr, Const) || c->constisnull)
		return false;
	return is_real(expr) ? DatumGetFloat4(c->constvalue) == 0 : DatumGetFloat8(c->constvalue) == 0;
}

/*
 * A real, -0 made 0.  Where several values are compared with one column Trino
 * makes a list or a domain of them, in which 0 and -0 of type real differ.
 */
static void
deparse_zero(RemoteSql *out, Oid relid, Expr *expr)
{
	appendStringInfoChar(&out->text, '(');
	deparse_operand(out, relid, expr);
	appendStringInfoString(&out->text, " + REAL '0')");
}

/* x = y and x <> y of floating point numbers, where NaN is equal to itself. */
static void
deparse_float_equal(RemoteSql *out, Oid relid, const char *op, Expr *left, Expr *right)
{
	bool negated = op[0] == '<';
	bool spell_out = !IsA(left, Const) && !IsA(right, Const);
	Expr *operands[2] = {left, right};
	int i;

	if (spell_out)
		appendStringInfoChar(&out->text, '(');
	for (i = 0; i < 2; i++)
	{
		Expr *other = operands[1 - i];

		if (i == 1)
			appendStringInfo(&out->text, " %s ", op);
		if (is_real(operands[i]) && !IsA(operands[i], Const) &&
			(is_float_zero(other) || shippable_is_param(other) || shippable_is_param(operands[i])))
			deparse_zero(out, relid, operands[i]);
		else if (is_real(operands[i]) && is_float_zero(operands[i]))
			appendStringInfoString(&out->text, "REAL '0'");
		else
			deparse_operand(out, relid, operands[i]);
	}
	if (spell_out)
	{
		appendStringInfoString(&out->text, negated ? " AND NOT (" : " OR (");
		deparse_is_nan(out, relid, left);
		appendStringInfoString(&out->text, " AND ");
		deparse_is_nan(out, relid, right);
		appendStringInfoString(&out->text, "))");
	}
}

/*
 * Comparison of floating point numbers.  Beside a constant, which is not NaN,
 * the opposite comparison negated says it: NaN > 1 is true here, and there
 * NOT (NaN <= 1) is.  Between values that are both unknown it is spelt out.
 */
static void
deparse_float_op(RemoteSql *out, Oid relid, const char *op, Expr *left, Expr *right)
{
	const char *opposite = NULL;

	if (IsA(right, Const))
		opposite = strcmp(op, ">") == 0 ? "<=" : strcmp(op, ">=") == 0 ? "<" : NULL;
	else if (IsA(left, Const))
		opposite = strcmp(op, "<") == 0 ? ">=" : strcmp(op, "<=") == 0 ? ">" : NULL;
	if (opposite)
	{
		appendStringInfoString(&out->text, "NOT (");
		deparse_infix(out, relid, left, opposite, right);
		appendStringInfoChar(&out->text, ')');
		return;
	}
	if (strcmp(op, "=") == 0 || strcmp(op, "<>") == 0)
	{
		deparse_float_equal(out, relid, op, left, right);
		return;
	}
	if (IsA(right, Const) || IsA(left, Const))
	{
		deparse_infix(out, relid, left, op, right);
		return;
	}

	/* x < y is y > x */
	if (op[0] == '<')
	{
		Expr *swap = left;

		left = right;
		right = swap;
		op = op[1] == '=' ? ">=" : ">";
	}
	appendStringInfoChar(&out->text, '(');
	deparse_infix(out, relid, left, op, right);
	appendStringInfoString(&out->text, " OR (");
	deparse_is_nan(out, relid, left);
	appendStringInfoString(&out->text, " AND ");
	if (strcmp(op, ">=") == 0)
	{
		deparse_expr(out, relid, right);
		appendStringInfoString(&out->text, " IS NOT NULL");
	}
	else
	{
		appendStringInfoString(&out->text, "NOT ");
		deparse_is_nan(out, relid, right);
	}
	appendStringInfoString(&out->text, "))");
}

/* A constant pattern, with the escapes that Athena takes. */
static void
deparse_like(RemoteSql *out, Oid relid, bool negated, Expr *left, Const *right)
{
	const char *p = TextDatumGetCString(right->constvalue);
	StringInfoData pattern;
	bool escapes = false;

	initStringInfo(&pattern);
	for (; *p; p++)
	{
		if (*p == '\\')
		{
			p++;
			if (*p == '%' || *p == '_' || *p == '\\')
			{
				appendStringInfoChar(&pattern, '\\');
				escapes = true;
			}
		}
		appendStringInfoChar(&pattern, *p);
	}
	deparse_expr(out, relid, left);
	appendStringInfoString(&out->text, negated ? " NOT LIKE " : " LIKE ");
	literal_append_string(&out->text, pattern.data);
	if (escapes)
		appendStringInfoString(&out->text, " ESCAPE '\\'");
}

/*
 * An operand of integer arithmetic, whose type decides where it overflows: as it
 * is declared here, whatever the column is there.
 */
static void
deparse_integer(RemoteSql *out, Oid relid, Expr *expr)
{
	const char *type = literal_type_name(exprType((Node *) expr));

	if (IsA(expr, OpExpr))
	{
		deparse_operand(out, relid, expr);
		return;
	}
	appendStringInfoString(&out->text, "CAST(");
	deparse_expr(out, relid, expr);
	appendStringInfo(&out->text, " AS %s)", type);
}

static void
deparse_op(RemoteSql *out, Oid relid, OpExpr *op)
{
	char *name = get_opname(op->opno);
	Expr *left = linitial(op->args);
	Expr *right = lsecond(op->args);
	Oid type = exprType((Node *) left);

	if (op->opresulttype == INT2OID || op->opresulttype == INT4OID || op->opresulttype == INT8OID)
	{
		deparse_integer(out, relid, left);
		appendStringInfo(&out->text, " %s ", name);
		deparse_integer(out, relid, right);
	}
	else if (strcmp(name, "~~") == 0 || strcmp(name, "!~~") == 0)
		deparse_like(out, relid, name[0] == '!', left, (Const *) right);
	else if (type == FLOAT4OID || type == FLOAT8OID)
		deparse_float_op(out, relid, name, left, right);
	else
		deparse_infix(out, relid, left, name, right);
}

static void
deparse_array_op(RemoteSql *out, Oid relid, ScalarArrayOpExpr *op)
{
	Expr *left = linitial(op->args);
	Expr *right = lsecond(op->args);
	Const *list = IsA(right, Const) ? (Const *) right : NULL;
	Oid element = get_element_type(exprType((Node *) right));
	/* an OR follows a list with NULLs, so NOT stands before all of it */
	bool whole =
		!list || list->constisnull || array_contains_nulls(DatumGetArrayTypeP(list->constvalue));

	if (whole)
		appendStringInfoString(&out->text, op->useOr ? "(" : "NOT (");
	if (is_real(left))
		deparse_zero(out, relid, left);
	else
		deparse_operand(out, relid, left);
	appendStringInfoString(&out->text, whole || op->useOr ? " IN " : " NOT IN ");
	if (!list)
		add_hole(out, right);
	else if (!literal_append_list(&out->text, element, list->constvalue, list->constisnull))
		elog(ERROR, "cannot write an array of type %u for Athena", element);
	if (whole)
		appendStringInfoChar(&out->text, ')');
}

static void
deparse_bool(RemoteSql *out, Oid relid, BoolExpr *expr)
{
	ListCell *lc;

	if (expr->boolop == NOT_EXPR)
	{
		appendStringInfoString(&out->text, "NOT (");
		deparse_expr(out, relid, linitial(expr->args));
		appendStringInfoChar(&out->text, ')');
		return;
	}
	appendStringInfoChar(&out->text, '(');
	foreach (lc, expr->args)
	{
		if (lc != list_head(expr->args))
			appendStringInfoString(&out->text, expr->boolop == AND_EXPR ? " AND " : " OR ");
		deparse_expr(out, relid, lfirst(lc));
	}
	appendStringInfoChar(&out->text, ')');
}

/* IS TRUE and its like, by way of coalesce. */
static void
deparse_boolean_test(RemoteSql *out, Oid relid, BooleanTest *test)
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

	appendStringInfoString(&out->text, words[test->booltesttype].before);
	deparse_expr(out, relid, test->arg);
	appendStringInfoString(&out->text, words[test->booltesttype].after);
}

static void
deparse_null_test(RemoteSql *out, Oid relid, NullTest *test)
{
	deparse_operand(out, relid, test->arg);
	appendStringInfoString(&out->text, test->nulltesttype == IS_NULL ? " IS NULL" : " IS NOT NULL");
}

/* Write an expression that shippable_expr() has allowed. */
void
deparse_expr(RemoteSql *out, Oid relid, Expr *expr)
{
	if (shippable_is_param(expr))
	{
		add_hole(out, expr);
		return;
	}
	switch (nodeTag(expr))
	{
		case T_Var:
			deparse_var(out, relid, (Var *) expr);
			break;
		case T_Const:
			deparse_const(out, (Const *) expr);
			break;
		case T_RelabelType:
			deparse_expr(out, relid, ((RelabelType *) expr)->arg);
			break;
		case T_CollateExpr:
			/* there is but one order there, and it is the one allowed */
			deparse_expr(out, relid, ((CollateExpr *) expr)->arg);
			break;
		case T_OpExpr:
			deparse_op(out, relid, (OpExpr *) expr);
			break;
		case T_DistinctExpr:
			appendStringInfoChar(&out->text, '(');
			deparse_infix(out, relid, linitial(((DistinctExpr *) expr)->args), "IS DISTINCT FROM",
						  lsecond(((DistinctExpr *) expr)->args));
			appendStringInfoChar(&out->text, ')');
			break;
		case T_ScalarArrayOpExpr:
			deparse_array_op(out, relid, (ScalarArrayOpExpr *) expr);
			break;
		case T_BoolExpr:
			deparse_bool(out, relid, (BoolExpr *) expr);
			break;
		case T_BooleanTest:
			deparse_boolean_test(out, relid, (BooleanTest *) expr);
			break;
		case T_NullTest:
			deparse_null_test(out, relid, (NullTest *) expr);
			break;
		default:
			elog(ERROR, "cannot write an expression of node type %d for Athena",
				 (int) nodeTag(expr));
	}
}

/* ---------- aggregates ---------- */

/*
 * sum(x), with its DISTINCT and FILTER.  count(*) with a FILTER is count_if:
 * beside a count of the condition's own value Trino 476 takes the two for one.
 */
static void
deparse_call(RemoteSql *out, Oid relid, const char *name, Aggref *agg)
{
	if (agg->aggstar && agg->aggfilter)
	{
		appendStringInfoString(&out->text, "count_if(");
		deparse_expr(out, relid, agg->aggfilter);
		appendStringInfoChar(&out->text, ')');
		return;
	}
	appendStringInfo(&out->text, "%s(%s", name, agg->aggdistinct ? "DISTINCT " : "");
	if (agg->aggstar)
		appendStringInfoChar(&out->text, '*');
	else
	{
		Expr *arg = linitial_node(TargetEntry, agg->args)->expr;
		bool wide = strcmp(name, "sum") == 0 &&
					(exprType((Node *) arg) == INT8OID || agg->aggtype == NUMERICOID) &&
					exprType((Node *) arg) != NUMERICOID;

		/* a sum of bigint overflows there, and is a numeric here */
		if (wide)
			appendStringInfoString(&out->text, "CAST(");
		deparse_expr(out, relid, arg);
		if (wide)
			appendStringInfoString(&out->text, " AS decimal(38,0))");
	}
	appendStringInfoChar(&out->text, ')');
	if (agg->aggfilter)
	{
		appendStringInfoString(&out->text, " FILTER (WHERE ");
		deparse_expr(out, relid, agg->aggfilter);
		appendStringInfoChar(&out->text, ')');
	}
}

static void
deparse_aggregate(RemoteSql *out, Oid relid, Aggref *agg)
{
	static const char *const names[] = {
		[AGGREGATE_COUNT] = "count",       [AGGREGATE_SUM] = "sum",
		[AGGREGATE_MIN] = "min",           [AGGREGATE_MAX] = "max",
		[AGGREGATE_BOOL_AND] = "bool_and", [AGGREGATE_BOOL_OR] = "bool_or",
	};
	AggregateKind kind = shippable_aggregate_kind(agg);

	if (kind == AGGREGATE_NONE)
		elog(ERROR, "cannot write aggregate %u for Athena", agg->aggfnoid);
	if (kind == AGGREGATE_AVG)
	{
		/* two columns: what is read divides them, as numeric does */
		deparse_call(out, relid, "sum", agg);
		appendStringInfoString(&out->text, ", ");
		deparse_call(out, relid, "count", agg);
		return;
	}
	deparse_call(out, relid, names[kind], agg);
}

/* ---------- the statement ---------- */

static void
deparse_where(RemoteSql *out, AthenaRel *info, List *conds)
{
	ListCell *lc;

	foreach (lc, conds)
	{
		Expr *expr = lfirst(lc);

		if (IsA(expr, RestrictInfo))
			expr = ((RestrictInfo *) expr)->clause;
		appendStringInfoString(&out->text, lc == list_head(conds) ? " WHERE " : " AND ");
		deparse_expr(out, info->relid, expr);
	}
}

/*
 * SELECT keys, aggregates FROM the table WHERE conds GROUP BY keys.  The target
 * list has the keys first; without any there is one row.
 */
void
deparse_grouped(RemoteSql *out, AthenaRel *info, List *tlist, int nkeys, List *conds)
{
	ListCell *lc;

	initStringInfo(&out->text);
	out->pieces = NIL;
	out->params = NIL;
	appendStringInfoString(&out->text, "SELECT ");
	foreach (lc, tlist)
	{
		Expr *expr = lfirst_node(TargetEntry, lc)->expr;

		if (lc != list_head(tlist))
			appendStringInfoString(&out->text, ", ");
		if (IsA(expr, Aggref))
			deparse_aggregate(out, info->relid, (Aggref *) expr);
		else
			deparse_expr(out, info->relid, expr);
	}
	if (tlist == NIL)
		appendStringInfoChar(&out->text, '1');
	appendStringInfoString(&out->text, " FROM ");
	appendStringInfoString(&out->text, remote_relation(info->relid));
	deparse_where(out, info, conds);
	foreach (lc, tlist)
	{
		if (foreach_current_index(lc) >= nkeys)
			break;
		appendStringInfoString(&out->text, lc == list_head(tlist) ? " GROUP BY " : ", ");
		deparse_expr(out, info->relid, lfirst_node(TargetEntry, lc)->expr);
	}
}

/*
 * SELECT attrs FROM the table WHERE conds ORDER BY order LIMIT limit.  attrs are
 * attribute numbers, conds expressions or RestrictInfos, order OrderKeys; a
 * limit below 0 is none.
 */
void
deparse_select(RemoteSql *out, AthenaRel *info, List *attrs, List *conds, List *order, int64 limit)
{
	ListCell *lc;

	initStringInfo(&out->text);
	out->pieces = NIL;
	out->params = NIL;

	appendStringInfoString(&out->text, remote_select(info->relid, attrs, NULL));
	deparse_where(out, info, conds);
	foreach (lc, order)
	{
		OrderKey *key = lfirst(lc);

		appendStringInfoString(&out->text, lc == list_head(order) ? " ORDER BY " : ", ");
		deparse_expr(out, info->relid, key->expr);
		appendStringInfo(&out->text, "%s NULLS %s", key->descending ? " DESC" : "",
						 key->nulls_first ? "FIRST" : "LAST");
	}
	if (limit >= 0)
		appendStringInfo(&out->text, " LIMIT " INT64_FORMAT, limit);
}
