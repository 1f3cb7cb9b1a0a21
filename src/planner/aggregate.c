/*
 * aggregate.c
 *	  Grouping, aggregates and DISTINCT over one foreign table, evaluated by
 *	  Athena.
 *
 * Callback of the planner for upper relations.  Shipped only when every
 * condition on the table is shipped too: else groups would hold other rows.
 * What the select list and HAVING make of keys and aggregates is computed here,
 * over the groups that come, and so are ORDER BY and LIMIT.
 *
 * DISTINCT is grouping by all that is selected.
 *
 * Not yet: joins, grouping sets, windows, ORDER BY and LIMIT there.
 */
#include "planner/planner.h"

#include "compat.h"
#include "executor/scan.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

/* What the planner knows of a grouped table: RelOptInfo.fdw_private of the upper relation. */
typedef struct AthenaGrouping
{
	AthenaRel *base;
	List *tlist; /* TargetEntries: the keys, then the aggregates */
	int nkeys;
	List *having; /* implicitly ANDed, evaluated here */
} AthenaGrouping;

/* Are the rows of the table that are grouped those that Athena would group? */
static bool
rows_are_shipped(PlannerInfo *root, RelOptInfo *rel, AthenaRel *base)
{
	ListCell *lc;

	if (base->local_conds != NIL || root->hasPseudoConstantQuals)
		return false;
	foreach (lc, rel->baserestrictinfo)
		if (lfirst_node(RestrictInfo, lc)->security_level > 0)
			return false;
	return true;
}

/* What an error calls a column of the result. */
static char *
target_name(Oid relid, Expr *expr)
{
	if (IsA(expr, Var))
		return get_attname(relid, ((Var *) expr)->varattno, false);
	if (IsA(expr, Aggref))
		return get_func_name(((Aggref *) expr)->aggfnoid);
	return pstrdup("?column?");
}

/* Add an expression to the target list, unless it is there. */
static void
add_target(AthenaGrouping *g, Expr *expr, Index sortgroupref)
{
	ListCell *lc;
	TargetEntry *tle;

	foreach (lc, g->tlist)
		if (sortgroupref == 0 && equal(lfirst_node(TargetEntry, lc)->expr, expr))
			return;
	tle = makeTargetEntry(copyObject(expr), (AttrNumber) (list_length(g->tlist) + 1),
						  target_name(g->base->relid, expr), false);
	tle->ressortgroupref = sortgroupref;
	g->tlist = lappend(g->tlist, tle);
}

/* Add the aggregates of an expression; false if one cannot be shipped. */
static bool
add_aggregates(PlannerInfo *root, RelOptInfo *rel, AthenaGrouping *g, Node *expr)
{
	List *parts = pull_var_clause(expr, PVC_INCLUDE_AGGREGATES | PVC_RECURSE_PLACEHOLDERS |
											PVC_RECURSE_WINDOWFUNCS);
	ListCell *lc;

	foreach (lc, parts)
	{
		Expr *part = lfirst(lc);
		ListCell *lc2;
		bool is_key = false;

		foreach (lc2, g->tlist)
			is_key |= equal(lfirst_node(TargetEntry, lc2)->expr, part);
		if (is_key)
			continue;
		if (!IsA(part, Aggref) || !shippable_aggregate(root, rel, g->base->relid, (Aggref *) part))
			return false;
		add_target(g, part, 0);
	}
	return true;
}

/* Put the target list together: keys first.  False if something cannot be shipped. */
static bool
collect_targets(PlannerInfo *root, RelOptInfo *rel, RelOptInfo *grouped, AthenaGrouping *g)
{
	PathTarget *target = grouped->reltarget;
	/* all keys, not only those that PostgreSQL finds it must compare */
	List *group_clause = root->parse->groupClause;
	ListCell *lc;

	foreach (lc, target->exprs)
	{
		Index ref = get_pathtarget_sortgroupref(target, foreach_current_index(lc));

		if (ref == 0 || get_sortgroupref_clause_noerr(ref, group_clause) == NULL)
			continue;
		if (!shippable_key(root, rel, g->base->relid, lfirst(lc)))
			return false;
		add_target(g, lfirst(lc), ref);
	}
	g->nkeys = list_length(g->tlist);
	/* a key that nobody asks for is not in the target, but groups nevertheless */
	if (g->nkeys != list_length(group_clause))
		return false;
	foreach (lc, target->exprs)
	{
		Index ref = get_pathtarget_sortgroupref(target, foreach_current_index(lc));

		if (ref != 0 && get_sortgroupref_clause_noerr(ref, group_clause) != NULL)
			continue;
		if (!add_aggregates(root, rel, g, lfirst(lc)))
			return false;
	}
	return true;
}

/* How many groups will there be, of those that HAVING leaves? */
static double
estimate_groups(PlannerInfo *root, AthenaGrouping *g)
{
	List *keys = NIL;
	double groups = 1;
	ListCell *lc;

	foreach (lc, g->tlist)
		if (foreach_current_index(lc) < g->nkeys)
			keys = lappend(keys, lfirst_node(TargetEntry, lc)->expr);
	if (keys != NIL)
		groups = estimate_num_groups(root, keys, g->base->rows, NULL, NULL);
	return groups;
}

/* Make a path of what has been put together. */
static void
add_grouping_path(PlannerInfo *root, RelOptInfo *output_rel, PathTarget *target, AthenaGrouping *g)
{
	AthenaRel costs = {0};
	QualCost having;
	double groups = estimate_groups(root, g);
	double rows =
		clamp_row_est(groups * clauselist_selectivity(root, g->having, 0, JOIN_INNER, NULL));

	output_rel->fdw_private = g;
	estimate_costs(&costs, groups, target->width);
	cost_qual_eval(&having, g->having, root);
	costs.startup_cost += having.startup + target->cost.startup;
	costs.total_cost += having.startup + target->cost.startup + groups * having.per_tuple +
						rows * target->cost.per_tuple;
	add_path(output_rel,
			 (Path *) athena_create_foreign_upper_path(root, output_rel, target, rows,
													   costs.startup_cost, costs.total_cost, NIL));
}

/* GROUP BY and aggregates. */
static void
consider_grouping(PlannerInfo *root, RelOptInfo *rel, RelOptInfo *output_rel,
				  GroupPathExtraData *extra)
{
	AthenaGrouping *g = palloc0(sizeof(AthenaGrouping));

	if (extra->patype != PARTITIONWISE_AGGREGATE_NONE || root->parse->groupingSets != NIL)
		return;
	g->base = rel->fdw_private;
	g->having = (List *) extra->havingQual;
	if (collect_targets(root, rel, output_rel, g) &&
		add_aggregates(root, rel, g, (Node *) g->having) && g->tlist != NIL)
		add_grouping_path(root, output_rel, output_rel->reltarget, g);
}

/* SELECT DISTINCT of columns. */
static void
consider_distinct(PlannerInfo *root, RelOptInfo *rel, RelOptInfo *output_rel)
{
	Query *parse = root->parse;
	PathTarget *target = root->upper_targets[UPPERREL_DISTINCT];
	AthenaGrouping *g = palloc0(sizeof(AthenaGrouping));
	ListCell *lc;

	if (parse->hasDistinctOn || parse->hasAggs || parse->hasWindowFuncs || parse->hasTargetSRFs ||
		parse->groupClause != NIL || root->hasHavingQual)
		return;
	g->base = rel->fdw_private;
	foreach (lc, target->exprs)
	{
		if (!shippable_key(root, rel, g->base->relid, lfirst(lc)))
			return;
		add_target(g, lfirst(lc), get_pathtarget_sortgroupref(target, foreach_current_index(lc)));
	}
	g->nkeys = list_length(g->tlist);
	if (g->nkeys > 0)
		add_grouping_path(root, output_rel, target, g);
}

/* Callback: can Athena do what comes above the scan? */
void
athena_get_foreign_upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
							   RelOptInfo *output_rel, void *extra)
{
	if (!planner_pushdown || output_rel->fdw_private != NULL || input_rel->fdw_private == NULL ||
		input_rel->reloptkind != RELOPT_BASEREL ||
		!rows_are_shipped(root, input_rel, input_rel->fdw_private))
		return;
	if (stage == UPPERREL_GROUP_AGG)
		consider_grouping(root, input_rel, output_rel, extra);
	else if (stage == UPPERREL_DISTINCT)
		consider_distinct(root, input_rel, output_rel);
}

/*
 * The column of the result that each target is, for row_reader_open(): avg is
 * two, of which the second is marked by a minus.
 */
static List *
result_columns(List *tlist)
{
	List *attrs = NIL;
	ListCell *lc;

	foreach (lc, tlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		attrs = lappend_int(attrs, tle->resno);
		if (IsA(tle->expr, Aggref) &&
			shippable_aggregate_kind((Aggref *) tle->expr) == AGGREGATE_AVG)
			attrs = lappend_int(attrs, -tle->resno);
	}
	return attrs;
}

/* The plan node of a grouped scan. */
ForeignScan *
aggregate_plan(RelOptInfo *rel, List *tlist, Plan *outer_plan)
{
	AthenaGrouping *g = rel->fdw_private;
	RemoteSql sql;
	List *private;

	deparse_grouped(&sql, g->base, g->tlist, g->nkeys, g->base->remote_conds);
	private = list_make5(deparse_finish(&sql), result_columns(g->tlist), makeString(""), NIL,
						 list_make3_int(-g->nkeys, list_length(g->base->remote_conds), 0));
	private = lappend(private, makeInteger(0));
	private = lappend(private, list_make1_oid(g->base->relid));
	return make_foreignscan(tlist, g->having, 0, sql.params, private, g->tlist, NIL, outer_plan);
}
