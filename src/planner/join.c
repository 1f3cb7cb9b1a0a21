/*
 * join.c
 *	  Joins of foreign tables as a part of a query: paths.
 *
 * Callback of the planner, for each join of relations of one server and user.
 * Where the whole query can be shipped whole.c does better; this is for joins
 * below a local relation, or below what Athena cannot do: inner and left joins of
 * tables all of whose conditions are shipped, and of subqueries over such tables.
 * The planner asks us about a join of a subquery since that is given the server and
 * the user of the tables in it, as if it were a foreign table.
 */
#include "planner/level.h"

#include "compat.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "planner/semi_join.h"
#include "utils/lsyscache.h"

static set_rel_pathlist_hook_type previous_hook;

/* A join that can be shipped: RelOptInfo.fdw_private of a join relation. */
typedef struct AthenaJoin
{
	RelOptInfo *outer;
	RelOptInfo *inner;
	JoinType type;
	List *clauses; /* of RestrictInfo */
} AthenaJoin;

/*
 * A subquery over foreign tables may be joined with others there.  Whether it can be
 * written is found when such a join is.
 */
static void
relation_paths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	RelOptInfo *table;

	if (previous_hook)
		previous_hook(root, rel, rti, rte);
	if (!planner_pushdown || rte->rtekind != RTE_SUBQUERY || rte->inh || rel->subroot == NULL ||
		rel->reloptkind != RELOPT_BASEREL || rel->fdwroutine != NULL || IS_DUMMY_REL(rel) ||
		!bms_is_empty(rel->lateral_relids) || root->parse->commandType != CMD_SELECT ||
		bms_membership(root->all_baserels) != BMS_MULTIPLE)
		return;
	table = whole_first_table(rel->subroot);
	if (table == NULL)
		return;
	rel->serverid = table->serverid;
	rel->userid = table->userid;
	rel->useridiscurrent = table->useridiscurrent;
	rel->fdwroutine = table->fdwroutine;
	rel->fdw_private = palloc0(sizeof(AthenaRel));
}

/* Begin to be asked; called once, when the library is loaded. */
void
join_init(void)
{
	previous_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = relation_paths;
}

/* May this relation be part of a shipped join? */
static bool
is_shipped(RelOptInfo *rel)
{
	if (rel->fdw_private == NULL || rel->fdwroutine == NULL)
		return false;
	if (rel->reloptkind == RELOPT_BASEREL)
		return ((AthenaRel *) rel->fdw_private)->local_conds == NIL;
	return rel->reloptkind == RELOPT_JOINREL;
}

/*
 * Keys of local tables for the members of a join, if one statement takes them.  A
 * date may have no literal there, which would be an error.
 */
static List *
reductions_of_join(PlannerInfo *root, RelOptInfo *joinrel)
{
	List *found = NIL;
	int rti = -1;

	while ((rti = bms_next_member(joinrel->relids, rti)) >= 0)
	{
		RelOptInfo *rel = root->simple_rel_array[rti];
		ListCell *lc;

		if (rel == NULL || rel->reloptkind != RELOPT_BASEREL)
			continue;
		foreach (lc, ((AthenaRel *) rel->fdw_private)->reductions)
		{
			SemiJoin *reduction = lfirst(lc);

			if (reduction->list == NULL &&
				shippable_class(get_element_type(reduction->keys->paramtype), NULL) !=
					CLASS_DATETIME)
				found = lappend(found, reduction);
		}
	}
	return found;
}

/* Write a relation as FROM takes it; conditions that can wait are added to *conditions. */
static bool
write_part(Level *level, RemoteSql *out, RelOptInfo *rel, List *reductions, List **conditions)
{
	AthenaJoin *join = rel->fdw_private;
	List *on = NIL;
	bool bracket;
	ListCell *lc;

	if (rel->reloptkind == RELOPT_BASEREL)
	{
		*conditions = level_relation_conditions(level, (int) rel->relid, *conditions);
		foreach (lc, reductions)
		{
			SemiJoin *reduction = lfirst(lc);

			if (list_member_ptr(((AthenaRel *) rel->fdw_private)->reductions, reduction))
				*conditions = level_add_condition(*conditions, reduction->condition);
		}
		return level_write_rte(level, out, (int) rel->relid);
	}
	if (!write_part(level, out, join->outer, reductions, conditions))
		return false;
	foreach (lc, join->clauses)
		on = level_add_condition(on, lfirst_node(RestrictInfo, lc)->clause);
	/* an inner join's may all wait; those of a left join's right side belong to it */
	appendStringInfoString(&out->text, join->type == JOIN_LEFT ? " LEFT JOIN " : " JOIN ");
	bracket = join->inner->reloptkind == RELOPT_JOINREL;
	if (bracket)
		appendStringInfoChar(&out->text, '(');
	if (!write_part(level, out, join->inner, reductions, &on))
		return false;
	if (bracket)
		appendStringInfoChar(&out->text, ')');
	return level_write_where(level, out, " ON ", on, NULL);
}

/* Can this pair be joined there, by these clauses? */
static bool
is_joinable(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
			JoinType type, List *clauses)
{
	ListCell *lc;

	if ((type != JOIN_INNER && type != JOIN_LEFT) || clauses == NIL || !is_shipped(outer) ||
		!is_shipped(inner) || !bms_is_empty(joinrel->lateral_relids) ||
		root->parse->commandType != CMD_SELECT || root->parse->rowMarks != NIL ||
		root->placeholder_list != NIL || root->hasPseudoConstantQuals)
		return false;
	foreach (lc, clauses)
		if (type == JOIN_LEFT &&
			RINFO_IS_PUSHED_DOWN(lfirst_node(RestrictInfo, lc), joinrel->relids))
			return false;
	return true;
}

/* Is there anything that keeps the level from being shipped as a whole?  Then its parts matter. */
static bool
has_other_relations(PlannerInfo *root, Oid serverid)
{
	int rti = -1;

	while ((rti = bms_next_member(root->all_baserels, rti)) >= 0)
		if (root->simple_rel_array[rti] && root->simple_rel_array[rti]->serverid != serverid)
			return true;
	return false;
}

/*
 * How many rows will come?  Without statistics the planner takes each key for one
 * of 200; a join of a table with one that it refers to has no more rows than the
 * larger of them.
 */
static double
rows_to_fetch(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner)
{
	int rti = -1;

	while ((rti = bms_next_member(joinrel->relids, rti)) >= 0)
	{
		RelOptInfo *rel = root->simple_rel_array[rti];

		/* joins themselves are members since 16 */
		if (rel && rel->reloptkind == RELOPT_BASEREL && !((AthenaRel *) rel->fdw_private)->analyzed)
			return Min(joinrel->rows, Max(outer->rows, inner->rows));
	}
	return joinrel->rows;
}

/* The path that ships a join, with keys of local tables or without; false if it cannot be written. */
static bool
add_join_path(PlannerInfo *root, RelOptInfo *joinrel, List *reductions, bool wanted)
{
	AthenaJoin *join = joinrel->fdw_private;
	double share = semi_join_selectivity(reductions);
	Cost keys = semi_join_cost(reductions);
	Statement statement = {0};
	AthenaRel costs = {0};
	ForeignPath *path;
	List *private;
	double fetched;
	Level *level;
	ListCell *lc;

	statement.root = root;
	statement.serverid = joinrel->serverid;
	statement.qualified = true;
	foreach (lc, reductions)
		statement.known_params =
			lappend_int(statement.known_params, ((SemiJoin *) lfirst(lc))->keys->paramid);
	level_reserve_names(&statement, root);
	level = level_open(&statement, root, NULL);
	level->spares_rows = true;
	remote_sql_init(&level->from);
	if (!write_part(level, &level->from, joinrel, reductions, &level->conditions))
		return false;
	joinrel->useridiscurrent |= statement.for_current_user;
	if (!wanted)
		return true;
	private = whole_join(level, joinrel, reductions);
	if (private == NIL)
		return true;
	fetched = whole_join_rows(root, private);
	if (fetched < 0)
		fetched = share * rows_to_fetch(root, joinrel, join->outer, join->inner);
	estimate_costs(&costs, clamp_row_est(fetched), joinrel->reltarget->width);
	path = athena_create_foreign_join_path(root, joinrel, clamp_row_est(joinrel->rows * share),
										   costs.startup_cost + keys, costs.total_cost + keys);
	path->fdw_private = private;
	add_path(joinrel, (Path *) path);
	return true;
}

/* Callback: paths that ship a join. */
void
athena_get_foreign_join_paths(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer,
							  RelOptInfo *inner, JoinType type, JoinPathExtraData *extra)
{
	AthenaJoin *join;
	List *reductions;
	bool wanted;

	if (!planner_pushdown || joinrel->fdw_private != NULL ||
		!is_joinable(root, joinrel, outer, inner, type, extra->restrictlist))
		return;
	join = palloc0(sizeof(AthenaJoin));
	join->outer = outer;
	join->inner = inner;
	join->type = type;
	join->clauses = extra->restrictlist;
	joinrel->fdw_private = join;

	/* parts of a query that is shipped whole are not wanted */
	wanted = bms_equal(joinrel->relids, root->all_baserels) ||
			 has_other_relations(root, joinrel->serverid);
	if (!add_join_path(root, joinrel, NIL, wanted))
	{
		joinrel->fdw_private = NULL;
		return;
	}
	reductions = wanted ? reductions_of_join(root, joinrel) : NIL;
	if (reductions != NIL)
		add_join_path(root, joinrel, reductions, true);
}
