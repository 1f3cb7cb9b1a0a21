/*
 * paths.c
 *	  Paths and plans over foreign tables.
 *
 * Callbacks of the planner.  One path per table: a scan with as many conditions,
 * as few columns and, where nothing else stands between, as few rows as the
 * query needs.  What ships a whole level is
 * whole.c's.
 */
#include "planner/semi_join.h"

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "commands/defrem.h"
#include "compat.h"
#include "executor/scan.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/*
 * Athena takes 262,144 bytes a statement; conditions that would come near are
 * evaluated here.
 */
#define MAX_CONDITION_BYTES 200000

/* What sorting adds to the cost of a row, as postgres_fdw has it. */
#define SORT_COST_FACTOR 1.2

bool planner_pushdown = true;

/* Sort the restrictions into those that Athena evaluates and the others. */
static void
classify_conditions(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info)
{
	int bytes = 0;
	ListCell *lc;

	foreach (lc, rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);
		bool remote =
			planner_pushdown && deparse_shippable(root, rel, info->relid, rinfo->clause, NIL);

		if (remote)
		{
			RemoteSql sql = {0};

			initStringInfo(&sql.text);
			deparse_expr(root, rel, &sql, info->relid, rinfo->clause);
			bytes += remote_sql_length(&sql);
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
 * neither grouping nor anything like it stands between; a join or a condition
 * evaluated here needs all rows, and so does a sort, unless Athena does it.
 */
static int64
sufficient_rows(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info)
{
	Query *parse = root->parse;

	if (!planner_pushdown || root->limit_tuples < 0 || root->limit_tuples > 1e15 ||
		parse->commandType != CMD_SELECT || parse->rowMarks != NIL ||
		parse->setOperations != NULL || parse->limitOption == LIMIT_OPTION_WITH_TIES ||
		info->local_conds != NIL || rel->reloptkind != RELOPT_BASEREL ||
		bms_membership(root->all_baserels) != BMS_SINGLETON)
		return -1;
	return (int64) root->limit_tuples;
}

/* Is this the operator family that ORDER BY uses without USING? */
bool
planner_is_default_order(Oid opfamily, Oid type)
{
	Oid opclass = GetDefaultOpClass(type, BTREE_AM_OID);

	return OidIsValid(opclass) && get_opclass_family(opclass) == opfamily;
}

/* The part of an equivalence class that is an expression over this table alone. */
static Expr *
member_of_rel(EquivalenceClass *class, RelOptInfo *rel)
{
	ListCell *lc;

	foreach (lc, class->ec_members)
	{
		EquivalenceMember *member = lfirst(lc);

		if (!member->em_is_const && !bms_is_empty(member->em_relids) &&
			bms_is_subset(member->em_relids, rel->relids))
			return member->em_expr;
	}
	return NULL;
}

/*
 * Is this what the planner makes of min(x) for an index: ORDER BY x LIMIT 1?  It
 * makes one for each aggregate, where Athena does all of them in one query.
 */
static bool
is_minmax(Query *parse)
{
	TargetEntry *first = parse->targetList ? linitial(parse->targetList) : NULL;

	return list_length(parse->targetList) == 1 && first->resname &&
		   strcmp(first->resname, "agg_target") == 0 && parse->limitCount != NULL;
}

/*
 * The order that the query wants, as OrderKeys, if Athena can put the rows of
 * this table into it; else NIL.
 */
static List *
athena_order(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info)
{
	Query *parse = root->parse;
	List *order = NIL;
	ListCell *lc;

	/* what groups or compares rows above does better without a sort of all of them */
	if (!planner_pushdown || rel->reloptkind != RELOPT_BASEREL || parse->sortClause == NIL ||
		parse->groupClause != NIL || parse->distinctClause != NIL || parse->hasAggs ||
		parse->hasWindowFuncs || is_minmax(parse))
		return NIL;
	foreach (lc, root->query_pathkeys)
	{
		PathKey *pathkey = lfirst(lc);
		EquivalenceClass *class = pathkey->pk_eclass;
		Expr *expr = class->ec_has_volatile ? NULL : member_of_rel(class, rel);
		OrderKey *key;

		if (expr == NULL ||
			!planner_is_default_order(pathkey->pk_opfamily, exprType((Node *) expr)) ||
			!deparse_orderable(root, rel, info->relid, expr, class->ec_collation))
			return NIL;
		key = palloc(sizeof(OrderKey));
		key->expr = expr;
		key->descending = athena_pathkey_descends(pathkey);
		key->nulls_first = pathkey->pk_nulls_first;
		order = lappend(order, key);
	}
	return order;
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
	info->order = athena_order(root, rel, info);
	info->order_limit = sufficient_rows(root, rel, info);
	info->limit = root->parse->sortClause == NIL ? info->order_limit : -1;
	estimate_rel(root, rel, info);
}

/*
 * A scan in the order that the query wants.  Sorting there costs a little, which
 * matters where nothing is saved by it; with a limit only some rows come.
 */
static void
add_ordered_path(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info)
{
	double rows = info->rows;
	Cost run = (info->total_cost - info->startup_cost) * SORT_COST_FACTOR;

	if (info->order_limit >= 0 && info->order_limit < rows)
	{
		run *= Max((double) info->order_limit, 1) / rows;
		rows = clamp_row_est((double) info->order_limit);
	}
	add_path(rel, (Path *) athena_create_foreignscan_path(
					  root, rel, rows, info->startup_cost, info->startup_cost + run,
					  root->query_pathkeys, list_make1(makeBoolean(true))));
}

/* A scan of the rows whose keys are in local tables. */
static void
add_reduced_path(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info)
{
	double share = semi_join_selectivity(info->reductions);
	Cost keys = semi_join_cost(info->reductions);
	Cost queries = info->startup_cost * semi_join_queries(info->reductions);

	add_path(rel, (Path *) athena_create_foreignscan_path(
					  root, rel, clamp_row_est(info->rows * share), info->startup_cost + keys,
					  queries + keys + (info->total_cost - info->startup_cost) * share, NIL,
					  list_make2(makeBoolean(false), info->reductions)));
}

/* Callback: the ways to scan it: as the rows come, in order, and with keys of local tables. */
void
athena_get_foreign_paths(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	AthenaRel *info = rel->fdw_private;

	add_path(rel, (Path *) athena_create_foreignscan_path(root, rel, info->rows, info->startup_cost,
														  info->total_cost, NIL, NIL));
	if (info->order != NIL)
		add_ordered_path(root, rel, info);
	semi_join_find(root, rel, info);
	if (info->reductions != NIL)
		add_reduced_path(root, rel, info);
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
scan_plan(PlannerInfo *root, RelOptInfo *rel, Oid relid, bool ordered, List *reductions,
		  List *tlist, List *clauses, Plan *outer_plan)
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
	int64 limit;
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
	foreach (lc, semi_join_plan(root, reductions))
	{
		remote = lappend(remote, lfirst(lc));
		pull_varattnos(lfirst(lc), rel->relid, &all_used);
	}
	attrs = needed_columns(relation, info->attrs_used);
	fallback_attrs = needed_columns(relation, all_used);
	/* a limit of the ordered rows holds only for them; without conditions none does */
	limit = ordered ? info->order_limit : info->limit;
	deparse_select(root, rel, &sql, info, attrs, remote, ordered ? info->order : NIL, limit);
	deparse_select(root, rel, &fallback, info, fallback_attrs, NIL, ordered ? info->order : NIL,
				   -1);

	private =
		list_make5(remote_sql_finish(&sql), attrs, makeString(fallback.text.data), fallback_attrs,
				   list_make3_int(live_columns(relation), list_length(remote), list_length(local)));
	private = lappend(private, makeInteger((limit >= 0 ? SCAN_HAS_LIMIT : 0) |
										   (ordered ? SCAN_HAS_ORDER : 0)));
	private = lappend(private, list_make1_oid(relid));
	private = lappend(private, makeString(""));
	private = lappend(private, NIL);
	private = lappend(private, semi_join_parts(reductions, sql.params));
	table_close(relation, NoLock);
	return make_foreignscan(tlist, local, rel->relid, sql.params, private, NIL, remote, outer_plan);
}

/* Callback: the plan node of a path. */
ForeignScan *
athena_get_foreign_plan(PlannerInfo *root, RelOptInfo *rel, Oid relid, ForeignPath *path,
						List *tlist, List *clauses, Plan *outer_plan)
{
	if (IS_UPPER_REL(rel) || rel->reloptkind == RELOPT_JOINREL)
		return whole_plan(root, rel, path, tlist, outer_plan);
	return scan_plan(root, rel, relid,
					 path->fdw_private != NIL && boolVal(linitial(path->fdw_private)),
					 list_length(path->fdw_private) > 1 ? lsecond(path->fdw_private) : NIL, tlist,
					 clauses, outer_plan);
}
