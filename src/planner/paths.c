/*
 * paths.c
 *	  Paths and plans over foreign tables.
 *
 * Callbacks of the planner.  One path per table: a scan with as many conditions,
 * as few columns and, where nothing else stands between, as few rows as the
 * query needs.  Grouped scans are aggregate.c's.
 */
#include "planner/planner.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "compat.h"
#include "executor/scan.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/rel.h"

/*
 * Athena takes 262,144 bytes a statement; conditions that would come near are
 * evaluated here.
 */
#define MAX_CONDITION_BYTES 200000

bool planner_pushdown = true;

static int
text_length(RemoteSql *sql)
{
	ListCell *lc;
	int length = 0;

	foreach (lc, deparse_finish(sql))
		length += (int) strlen(strVal(lfirst(lc)));
	return length;
}

/* Sort the restrictions into those that Athena evaluates and the others. */
static void
classify_conditions(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info)
{
	int bytes = 0;
	ListCell *lc;

	foreach (lc, rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);
		bool remote = planner_pushdown && shippable_expr(root, rel, info->relid, rinfo->clause);

		if (remote)
		{
			RemoteSql sql = {0};

			initStringInfo(&sql.text);
			deparse_expr(&sql, info->relid, rinfo->clause);
			bytes += text_length(&sql);
			remote = bytes <= MAX_CONDITION_BYTES;
		}
		if (remote)
			info->remote_conds = lappend(info->remote_conds, rinfo);
		else
			info->local_conds = lappend(info->local_conds, rinfo);
	}
}

/*
 * How many rows suffice?  root->limit_tuples is LIMIT plus OFFSET where
 * neither grouping nor anything like it stands between; a sort, a join or a
 * condition evaluated here needs all rows.
 */
static int64
sufficient_rows(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info)
{
	Query *parse = root->parse;

	if (!planner_pushdown || root->limit_tuples < 0 || root->limit_tuples > 1e15 ||
		parse->commandType != CMD_SELECT || parse->sortClause != NIL || parse->rowMarks != NIL ||
		parse->setOperations != NULL || parse->limitOption == LIMIT_OPTION_WITH_TIES ||
		info->local_conds != NIL || rel->reloptkind != RELOPT_BASEREL ||
		bms_membership(root->all_baserels) != BMS_SINGLETON)
		return -1;
	return (int64) root->limit_tuples;
}

/* Callback: what is there to scan, and how many rows come of it? */
void
athena_get_foreign_rel_size(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	AthenaRel *info = palloc0(sizeof(AthenaRel));
	ListCell *lc;

	rel->fdw_private = info;
	info->relid = relid;
	info->table = storage_table(relid);
	classify_conditions(root, rel, info);

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &info->attrs_used);
	foreach (lc, info->local_conds)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, lc)->clause, rel->relid,
					   &info->attrs_used);
	info->limit = sufficient_rows(root, rel, info);
	estimate_rel(root, rel, info);
}

/* Callback: the one way to scan it. */
void
athena_get_foreign_paths(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	AthenaRel *info = rel->fdw_private;

	add_path(rel, (Path *) athena_create_foreignscan_path(root, rel, info->rows, info->startup_cost,
														  info->total_cost, NIL));
}

/* The columns to ask for: those used, all of them for a whole row. */
static List *
needed_columns(Relation rel, Bitmapset *used)
{
	TupleDesc desc = RelationGetDescr(rel);
	bool whole_row = bms_is_member(InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber, used);
	List *attrs = NIL;
	int i;

	for (i = 1; i <= desc->natts; i++)
		if (!TupleDescAttr(desc, i - 1)->attisdropped &&
			(whole_row || bms_is_member(i - FirstLowInvalidHeapAttributeNumber, used)))
			attrs = lappend_int(attrs, i);
	return attrs;
}

static int
live_columns(Relation rel)
{
	TupleDesc desc = RelationGetDescr(rel);
	int n = 0;
	int i;

	for (i = 0; i < desc->natts; i++)
		n += !TupleDescAttr(desc, i)->attisdropped;
	return n;
}

/* The plan node of a scan of one table. */
static ForeignScan *
scan_plan(RelOptInfo *rel, Oid relid, List *tlist, List *clauses, Plan *outer_plan)
{
	AthenaRel *info = rel->fdw_private;
	Relation relation = table_open(relid, NoLock); /* locked by the parser */
	List *remote = NIL;
	List *local = NIL;
	Bitmapset *all_used = bms_copy(info->attrs_used);
	RemoteSql sql;
	RemoteSql fallback;
	List *attrs;
	List *fallback_attrs;
	List *private;
	ListCell *lc;

	foreach (lc, clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);

		if (rinfo->pseudoconstant)
			continue;
		if (list_member_ptr(info->remote_conds, rinfo))
		{
			remote = lappend(remote, rinfo->clause);
			pull_varattnos((Node *) rinfo->clause, rel->relid, &all_used);
		}
		else
			local = lappend(local, rinfo->clause);
	}
	attrs = needed_columns(relation, info->attrs_used);
	fallback_attrs = needed_columns(relation, all_used);
	deparse_select(&sql, info, attrs, remote, info->limit);
	deparse_select(&fallback, info, fallback_attrs, NIL, -1);

	private =
		list_make5(deparse_finish(&sql), attrs, makeString(fallback.text.data), fallback_attrs,
				   list_make3_int(live_columns(relation), list_length(remote), list_length(local)));
	private = lappend(private, makeBoolean(info->limit >= 0));
	private = lappend(private, list_make1_oid(relid));
	table_close(relation, NoLock);
	return make_foreignscan(tlist, local, rel->relid, sql.params, private, NIL, remote, outer_plan);
}

/* Callback: the plan node of a path. */
ForeignScan *
athena_get_foreign_plan(PlannerInfo *root, RelOptInfo *rel, Oid relid, ForeignPath *path,
						List *tlist, List *clauses, Plan *outer_plan)
{
	if (rel->reloptkind == RELOPT_UPPER_REL)
		return aggregate_plan(rel, tlist, outer_plan);
	return scan_plan(rel, relid, tlist, clauses, outer_plan);
}
