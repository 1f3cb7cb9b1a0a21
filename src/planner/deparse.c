/*
 * deparse.c
 *	  The SELECT of a scan of one table.
 *
 * Called by paths.c and estimate.c.  The words of conditions are translate.c's,
 * the select list and the name of the table storage/remote.c's.
 */
#include "planner/translate.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"

/*
 * May Athena evaluate this restriction of a foreign table?  known_params are the
 * numbers of PARAM_EXECs that will be known before the statement is sent.
 */
bool
deparse_shippable(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *expr, List *known_params)
{
	Level *level = level_of_relation(root, rel, relid);
	RemoteSql out;
	RemoteType type;

	remote_sql_init(&out);
	level->spares_rows = true;
	level->statement->known_params = known_params;
	return !shippable_needs_subplan(expr) && translate_expr(level, &out, expr, &type) &&
		   type.class == CLASS_BOOL;
}

/*
 * May it sort the rows by this expression?  Not by floating point numbers, where
 * a limit would come between NaN and NULLS FIRST.
 */
bool
deparse_orderable(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *expr, Oid collation)
{
	Level *level = level_of_relation(root, rel, relid);
	RemoteSql out;
	RemoteType type;

	remote_sql_init(&out);
	return contain_var_clause((Node *) expr) && !shippable_needs_subplan(expr) &&
		   translate_order(level, &out, expr, collation, &type) && out.params == NIL &&
		   type.class != CLASS_FLOAT;
}

/* Write an expression that deparse_shippable() has allowed. */
void
deparse_expr(PlannerInfo *root, RelOptInfo *rel, RemoteSql *out, Oid relid, Expr *expr)
{
	Level *level = level_of_relation(root, rel, relid);
	RemoteType type;

	level->spares_rows = exprType((Node *) expr) == BOOLOID;
	if (!translate_expr(level, out, expr, &type))
		elog(ERROR, "cannot write an expression of node type %d for Athena", (int) nodeTag(expr));
}

static void
deparse_where(PlannerInfo *root, RelOptInfo *rel, RemoteSql *out, AthenaRel *info, List *conds)
{
	ListCell *lc;

	foreach (lc, conds)
	{
		Expr *expr = lfirst(lc);

		if (IsA(expr, RestrictInfo))
			expr = ((RestrictInfo *) expr)->clause;
		appendStringInfoString(&out->text, lc == list_head(conds) ? " WHERE " : " AND ");
		deparse_expr(root, rel, out, info->relid, expr);
	}
}

/*
 * SELECT attrs FROM the table WHERE conds ORDER BY order LIMIT limit.  attrs are
 * attribute numbers, conds expressions or RestrictInfos, order OrderKeys; a
 * limit below 0 is none.
 */
void
deparse_select(PlannerInfo *root, RelOptInfo *rel, RemoteSql *out, AthenaRel *info, List *attrs,
			   List *conds, List *order, int64 limit)
{
	ListCell *lc;

	remote_sql_init(out);
	appendStringInfoString(&out->text, remote_select(info->relid, attrs, NULL));
	deparse_where(root, rel, out, info, conds);
	foreach (lc, order)
	{
		OrderKey *key = lfirst(lc);

		appendStringInfoString(&out->text, lc == list_head(order) ? " ORDER BY " : ", ");
		deparse_expr(root, rel, out, info->relid, key->expr);
		appendStringInfo(&out->text, "%s NULLS %s", key->descending ? " DESC" : "",
						 key->nulls_first ? "FIRST" : "LAST");
	}
	if (limit >= 0)
		appendStringInfo(&out->text, " LIMIT " INT64_FORMAT, limit);
}
