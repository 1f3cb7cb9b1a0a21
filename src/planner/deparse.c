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
 *	- Nested columns travel as JSON, binary ones as hex, zoned ones in UTC.
 */
#include "planner/planner.h"

#include "catalog/pg_type.h"
#include "common/keywords.h"
#include "nodes/nodeFuncs.h"
#include "query/literal.h"
#include "query/types.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* ---------- names ---------- */

/*
 * Words that are reserved in Athena, but at most unreserved key words in
 * PostgreSQL; what is more than that there is quoted as well.
 */
static const char *const reserved[] = {
	"alter",      "by",         "constraint",  "cube",        "date",       "deallocate",
	"delete",     "describe",   "drop",        "escape",      "execute",    "first",
	"insert",     "json_array", "json_exists", "json_object", "json_query", "json_table",
	"json_value", "last",       "listagg",     "prepare",     "recursive",  "rollup",
	"skip",       "uescape",    "unnest",
};

static bool
needs_quotes(const char *name)
{
	const char *p;
	int keyword;
	size_t i;

	if (!((*name >= 'a' && *name <= 'z') || *name == '_'))
		return true;
	for (p = name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_'))
			return true;
	keyword = ScanKeywordLookup(name, &ScanKeywords);
	if (keyword >= 0 && ScanKeywordCategories[keyword] != UNRESERVED_KEYWORD)
		return true;
	for (i = 0; i < lengthof(reserved); i++)
		if (strcmp(name, reserved[i]) == 0)
			return true;
	return false;
}

/* A name as SELECT takes it: in double quotes unless it needs none. */
const char *
deparse_identifier(const char *name)
{
	StringInfoData out;

	if (!needs_quotes(name))
		return name;
	initStringInfo(&out);
	appendStringInfoChar(&out, '"');
	for (; *name; name++)
	{
		if (*name == '"')
			appendStringInfoChar(&out, '"');
		appendStringInfoChar(&out, *name);
	}
	appendStringInfoChar(&out, '"');
	return out.data;
}

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

	appendStringInfoString(&out->text, deparse_identifier(column.name));
}

static void
deparse_const(RemoteSql *out, Const *c)
{
	if (!literal_append(&out->text, c->consttype, c->constvalue, c->constisnull))
		elog(ERROR, "cannot write a constant of type %u for Athena", c->consttype);
}

/* Left, operator, right. */
static void
deparse_infix(RemoteSql *out, Oid relid, Expr *left, const char *op, Expr *right)
{
	deparse_expr(out, relid, left);
	appendStringInfo(&out->text, " %s ", op);
	deparse_expr(out, relid, right);
}

static void
deparse_is_nan(RemoteSql *out, Oid relid, Expr *expr)
{
	appendStringInfoString(&out->text, "is_nan(");
	deparse_expr(out, relid, expr);
	appendStringInfoChar(&out->text, ')');
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
	if (IsA(right, Const) || IsA(left, Const))
	{
		deparse_infix(out, relid, left, op, right);
		return;
	}

	/* x < y is y > x */
	if (op[0] == '<' && strcmp(op, "<>") != 0)
	{
		Expr *swap = left;

		left = right;
		right = swap;
		op = op[1] == '=' ? ">=" : ">";
	}
	appendStringInfoChar(&out->text, '(');
	deparse_infix(out, relid, left, op, right);
	appendStringInfoString(&out->text, strcmp(op, "<>") == 0 ? " AND NOT (" : " OR (");
	deparse_is_nan(out, relid, left);
	appendStringInfoString(&out->text, " AND ");
	if (strcmp(op, ">=") == 0)
	{
		deparse_expr(out, relid, right);
		appendStringInfoString(&out->text, " IS NOT NULL");
	}
	else
	{
		if (strcmp(op, ">") == 0)
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

static void
deparse_op(RemoteSql *out, Oid relid, OpExpr *op)
{
	char *name = get_opname(op->opno);
	Expr *left = linitial(op->args);
	Expr *right = lsecond(op->args);
	Oid type = exprType((Node *) left);

	if (strcmp(name, "~~") == 0 || strcmp(name, "!~~") == 0)
		deparse_like(out, relid, name[0] == '!', left, (Const *) right);
	else if (type == FLOAT4OID || type == FLOAT8OID)
		deparse_float_op(out, relid, name, left, right);
	else
		deparse_infix(out, relid, left, name, right);
}

static void
deparse_array_op(RemoteSql *out, Oid relid, ScalarArrayOpExpr *op)
{
	Expr *right = lsecond(op->args);
	Oid element = get_element_type(exprType((Node *) right));

	deparse_expr(out, relid, linitial(op->args));
	appendStringInfoString(&out->text, op->useOr ? " IN " : " NOT IN ");
	if (!IsA(right, Const))
		add_hole(out, right);
	else if (!literal_append_list(&out->text, element, ((Const *) right)->constvalue,
								  ((Const *) right)->constisnull))
		elog(ERROR, "cannot write an array of type %u for Athena", element);
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
	bool plain = IsA(test->arg, Var);

	if (!plain)
		appendStringInfoChar(&out->text, '(');
	deparse_expr(out, relid, test->arg);
	if (!plain)
		appendStringInfoChar(&out->text, ')');
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

/* ---------- the statement ---------- */

/*
 * A column in the select list, in the form that can be read back whole.
 * Without remote_type the column is taken to have the type that is imported
 * as the declared one.
 */
static void
deparse_column(StringInfo out, Oid relid, AttrNumber attnum)
{
	ColumnOptions column = storage_column(relid, attnum);
	const char *name = deparse_identifier(column.name);
	Oid pgtype = get_atttype(relid, attnum);
	AthenaType *type = NULL;
	char *error;

	if (column.remote_type)
		type = athena_type_parse(column.remote_type, &error);
	if (type ? athena_type_is_nested(type) : OidIsValid(get_element_type(pgtype)))
	{
		athena_type_json_expr(out, type, name);
		appendStringInfo(out, " AS %s", name);
	}
	else if (pgtype == BYTEAOID && (type == NULL || type->kind == AT_VARBINARY))
		appendStringInfo(out, "to_hex(%s) AS %s", name, name);
	else if (pgtype == TIMESTAMPTZOID &&
			 (type == NULL || type->kind == AT_TIMESTAMPTZ || type->kind == AT_TIMESTAMP))
		appendStringInfo(out, "%s AT TIME ZONE 'UTC' AS %s", name, name);
	else
		appendStringInfoString(out, name);
}

static void
deparse_relation(StringInfo out, const TableOptions *table)
{
	if (table->query)
	{
		/* a comment may end the text, so the parenthesis gets its own line */
		appendStringInfo(out, "(\n%s\n) AS q", table->query);
		return;
	}
	if (table->database)
		appendStringInfo(out, "%s.", deparse_identifier(table->database));
	appendStringInfoString(out, deparse_identifier(table->table));
}

/*
 * SELECT attrs FROM the table WHERE conds LIMIT limit.  attrs are attribute
 * numbers, conds expressions or RestrictInfos; a limit below 0 is none.
 */
void
deparse_select(RemoteSql *out, RelOptInfo *rel, AthenaRel *info, List *attrs, List *conds,
			   int64 limit)
{
	ListCell *lc;

	initStringInfo(&out->text);
	out->pieces = NIL;
	out->params = NIL;

	appendStringInfoString(&out->text, "SELECT ");
	foreach (lc, attrs)
	{
		if (lc != list_head(attrs))
			appendStringInfoString(&out->text, ", ");
		deparse_column(&out->text, info->relid, (AttrNumber) lfirst_int(lc));
	}
	if (attrs == NIL)
		appendStringInfoChar(&out->text, '1');
	appendStringInfoString(&out->text, " FROM ");
	deparse_relation(&out->text, info->table);
	foreach (lc, conds)
	{
		Expr *expr = lfirst(lc);

		if (IsA(expr, RestrictInfo))
			expr = ((RestrictInfo *) expr)->clause;
		appendStringInfoString(&out->text, lc == list_head(conds) ? " WHERE " : " AND ");
		deparse_expr(out, info->relid, expr);
	}
	if (limit >= 0)
		appendStringInfo(&out->text, " LIMIT " INT64_FORMAT, limit);
}
