/*
 * partition.c
 *	  Groups of one partition.
 *
 * Callback of the planner, with enable_partitionwise_aggregate, for each
 * partition of a table that is one of ours: its groups, where the keys are those
 * of the partitions, or its part of each group, to be put together here.  The
 * same for members of an inheritance tree or of UNION ALL is not offered by the
 * planner.
 */
#include "planner/level.h"

#include "compat.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/tlist.h"
#include "utils/selfuncs.h"

/* Is it a partition all of whose conditions Athena evaluates? */
static bool
is_shipped_partition(RelOptInfo *rel)
{
	return rel->reloptkind == RELOPT_OTHER_MEMBER_REL && rel->fdw_private != NULL &&
		   rel->fdwroutine != NULL && ((AthenaRel *) rel->fdw_private)->local_conds == NIL;
}

/* The keys, as expressions over the partition. */
static List *
group_keys(PlannerInfo *root, RelOptInfo *rel)
{
	List *keys = get_sortgrouplist_exprs(root->parse->groupClause, root->processed_tlist);
	int count;
	AppendRelInfo **infos = find_appinfos_by_relids(root, rel->relids, &count);

	return (List *) adjust_appendrel_attrs(root, (Node *) keys, count, infos);
}

static bool
write_groups(Level *level, RemoteSql *out, RelOptInfo *rel, List *targets, List *keys)
{
	RemoteSql from;
	bool any = false;
	ListCell *lc;

	remote_sql_init(&from);
	if (!level_write_rte(level, &from, (int) rel->relid))
		return false;
	appendStringInfoString(&out->text, "SELECT ");
	foreach (lc, targets)
	{
		if (lc != list_head(targets))
			appendStringInfoString(&out->text, ", ");
		if (!level_write_target(level, out, lfirst(lc)))
			return false;
	}
	appendStringInfoString(&out->text, " FROM ");
	remote_sql_append(out, &from);
	if (!level_write_where(level, out, " WHERE ",
						   level_relation_conditions(level, (int) rel->relid, NIL), NULL))
		return false;
	foreach (lc, keys)
	{
		RemoteType type;

		/* a constant would be the number of a column */
		if (!contain_var_clause(lfirst(lc)))
			return false;
		appendStringInfoString(&out->text, any ? ", " : " GROUP BY ");
		any = true;
		if (!translate_key(level, out, lfirst(lc), &type))
			return false;
	}
	return true;
}

/* What must come: constants and parameters are there without. */
static List *
needed_targets(List *exprs)
{
	List *targets = NIL;
	ListCell *lc;

	foreach (lc, exprs)
		if (contain_var_clause(lfirst(lc)) || contain_agg_clause(lfirst(lc)))
			targets = list_append_unique(targets, lfirst(lc));
	return targets;
}

/* Callback: a path for the groups of a partition. */
void
athena_get_foreign_upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
							   RelOptInfo *output_rel, void *extra_data)
{
	GroupPathExtraData *extra = extra_data;
	Statement statement = {0};
	AthenaRel costs = {0};
	RemoteSql sql;
	ForeignPath *path;
	List *keys;
	List *targets;
	double rows;

	if (!planner_pushdown || !is_shipped_partition(input_rel) || root->parse->groupingSets != NIL ||
		root->parse->commandType != CMD_SELECT)
		return;
	/* whole groups, or parts of groups */
	if (!(stage == UPPERREL_PARTIAL_GROUP_AGG ||
		  (stage == UPPERREL_GROUP_AGG && extra->patype == PARTITIONWISE_AGGREGATE_FULL &&
		   extra->havingQual == NULL)))
		return;
	keys = group_keys(root, input_rel);
	statement.root = root;
	statement.serverid = input_rel->serverid;
	statement.lenient = true;
	remote_sql_init(&sql);
	targets = needed_targets(output_rel->reltarget->exprs);
	if (targets == NIL ||
		!write_groups(level_open(&statement, root, NULL), &sql, input_rel, targets, keys))
		return;
	rows = keys == NIL ? 1 : estimate_num_groups(root, keys, input_rel->rows, NULL, NULL);
	estimate_costs(&costs, rows, output_rel->reltarget->width);
	path = athena_create_foreign_upper_path(root, output_rel, output_rel->reltarget, rows,
											costs.startup_cost, costs.total_cost, NIL);
	path->fdw_private = whole_groups(&statement, &sql, targets);
	add_path(output_rel, (Path *) path);
}
