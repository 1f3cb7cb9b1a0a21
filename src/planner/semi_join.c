/*
 * semi_join.c
 *	  Semi-join reduction: the keys of a local table, sent to Athena.
 *
 * Where a foreign table is joined with a local one by an equality, only rows
 * whose key is there can matter.  If few keys are expected, a path is offered
 * that first reads them (an InitPlan: array_agg(DISTINCT key) over the local
 * table with its own conditions) and asks Athena for those rows alone.  The join
 * itself is done as ever, so it does not matter if keys are too many in the end:
 * then the condition is true for all rows.  Keys that one statement does not
 * take may be sent by several queries, if asked for (executor/key_parts.c).
 *
 * The local table may be any that is not ours and is not null-extended above the
 * foreign one; the foreign one may be.
 */
#include "planner/semi_join.h"

#include <math.h>

#include "access/stratnum.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "executor/scan.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/planner.h"
#include "optimizer/subselect.h"
#include "parser/parse_clause.h"
#include "parser/parse_oper.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

/* pg_operator's > of integers. */
#define INT4_GT_OPERATOR 521

int planner_semi_join_keys = 1000;
int planner_semi_join_queries = 1;

/* ---------- the keys ---------- */

/* May this condition of the local table stand in a query of its own? */
static bool
is_alone(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan) || IsA(node, AlternativeSubPlan) || IsA(node, PlaceHolderVar) ||
		(IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC))
		return true;
	return expression_tree_walker(node, is_alone, context);
}

/* array_agg(DISTINCT key) */
static Aggref *
array_of_keys(Var *key, Oid array)
{
	Aggref *agg = makeNode(Aggref);
	TargetEntry *arg = makeTargetEntry((Expr *) key, 1, NULL, false);
	SortGroupClause *distinct = makeNode(SortGroupClause);

	arg->ressortgroupref = distinct->tleSortGroupRef = 1;
	get_sort_group_operators(key->vartype, true, true, false, &distinct->sortop, &distinct->eqop,
							 NULL, &distinct->hashable);
	agg->aggfnoid = F_ARRAY_AGG_ANYNONARRAY;
	agg->aggtype = array;
	agg->aggcollid = agg->inputcollid = key->varcollid;
	agg->aggargtypes = list_make1_oid(key->vartype);
	agg->args = list_make1(arg);
	agg->aggdistinct = list_make1(distinct);
	agg->aggkind = AGGKIND_NORMAL;
	agg->aggsplit = AGGSPLIT_SIMPLE;
	agg->aggno = agg->aggtransno = -1;
	agg->location = -1;
	return agg;
}

/* SELECT array_agg(DISTINCT key) FROM the local table WHERE its conditions, planned. */
static PlannerInfo *
plan_keys(PlannerInfo *root, RelOptInfo *local, Var *key, Oid array)
{
	Query *query = makeNode(Query);
	RangeTblRef *ref = makeNode(RangeTblRef);
	NullTest *test = makeNode(NullTest);
	List *quals = NIL;
	ListCell *lc;

	key = copyObject(key);
	ChangeVarNodes((Node *) key, (int) local->relid, 1, 0);
	query->commandType = CMD_SELECT;
	query->canSetTag = true;
	athena_adopt_rte(query, root->parse, rt_fetch(local->relid, root->parse->rtable));
	foreach (lc, local->baserestrictinfo)
	{
		Node *clause = copyObject((Node *) lfirst_node(RestrictInfo, lc)->clause);

		if (is_alone(clause, NULL) || contain_volatile_functions(clause))
			continue;
		ChangeVarNodes(clause, (int) local->relid, 1, 0);
		quals = lappend(quals, clause);
	}
	test->arg = (Expr *) copyObject(key);
	test->nulltesttype = IS_NOT_NULL;
	test->location = -1;
	quals = lappend(quals, test);
	ref->rtindex = 1;
	query->jointree = makeFromExpr(list_make1(ref), (Node *) make_ands_explicit(quals));
	query->targetList =
		list_make1(makeTargetEntry((Expr *) array_of_keys(key, array), 1, pstrdup("keys"), false));
	query->hasAggs = true;
	return athena_subquery_planner(root, query, "keys");
}

/* ---------- which reductions there are ---------- */

/* The local table of a key, if it is one whose keys can be read by themselves. */
static RelOptInfo *
local_table(PlannerInfo *root, Var *key)
{
	RelOptInfo *rel;
	RangeTblEntry *rte;

	if (!IsA(key, Var) || key->varlevelsup != 0 || key->varattno <= 0 ||
		(int) key->varno >= root->simple_rel_array_size)
		return NULL;
	rel = root->simple_rel_array[key->varno];
	rte = root->simple_rte_array[key->varno];
	if (rel == NULL || rel->reloptkind != RELOPT_BASEREL || rel->fdwroutine != NULL ||
		rte->rtekind != RTE_RELATION || rte->securityQuals != NIL || rte->tablesample != NULL ||
		rte->relkind == RELKIND_FOREIGN_TABLE || IS_DUMMY_REL(rel))
		return NULL;
	return rel;
}

static Var *
plain_var(Expr *expr)
{
	while (IsA(expr, RelabelType))
		expr = ((RelabelType *) expr)->arg;
	return IsA(expr, Var) && !athena_is_nulled((Var *) expr) ? (Var *) expr : NULL;
}

static Expr *
call_op(Oid operator, Expr * left, Expr *right)
{
	OpExpr *op =
		(OpExpr *) make_opclause(operator, BOOLOID, false, left, right, InvalidOid, InvalidOid);

	op->opfuncid = get_opcode(operator);
	return (Expr *) op;
}

static Expr *
int_const(int32 value)
{
	return (Expr *) makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(value), false,
							  true);
}

/* function(keys) > limit, false without keys. */
static Expr *
exceeds(Oid function, Param *keys, int32 limit)
{
	CoalesceExpr *coalesce = makeNode(CoalesceExpr);

	coalesce->coalescetype = INT4OID;
	coalesce->args = list_make2(makeFuncExpr(function, INT4OID, list_make1(copyObject(keys)),
											 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL),
								int_const(0));
	coalesce->location = -1;
	return call_op(INT4_GT_OPERATOR, (Expr *) coalesce, int_const(limit));
}

/*
 * too many keys for so many queries OR remote = ANY (keys, none of them if they are
 * too many); the latter is *list.
 */
static Expr *
make_condition(Expr *remote, Oid operator, Oid collation, Param *keys, int queries, Expr **list)
{
	ScalarArrayOpExpr *any = makeNode(ScalarArrayOpExpr);
	CaseExpr *expr = makeNode(CaseExpr);
	CaseWhen *when = makeNode(CaseWhen);
	Oid element = get_element_type(keys->paramtype);
	Expr *too_many =
		makeBoolExpr(OR_EXPR,
					 list_make2(exceeds(F_CARDINALITY, keys, planner_semi_join_keys * queries),
								exceeds(F_PG_COLUMN_SIZE, keys, SCAN_KEY_BYTES * queries)),
					 -1);

	when->expr = too_many;
	when->result =
		(Expr *) makeConst(keys->paramtype, -1, keys->paramcollid, -1,
						   PointerGetDatum(construct_empty_array(element)), false, false);
	when->location = -1;
	expr->casetype = keys->paramtype;
	expr->casecollid = keys->paramcollid;
	expr->args = list_make1(when);
	expr->defresult = (Expr *) copyObject(keys);
	expr->location = -1;
	any->opno = operator;
	any->opfuncid = get_opcode(operator);
	any->useOr = true;
	any->inputcollid = collation;
	any->args = list_make2(copyObject(remote), expr);
	any->location = -1;
	*list = (Expr *) expr;
	return makeBoolExpr(OR_EXPR, list_make2(copyObject(too_many), any), -1);
}

/* Consider the keys of one local column for one column of the foreign table. */
static void
add_reduction(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info, Expr *remote, Expr *local_expr,
			  Oid operator, Oid collation)
{
	Var *key = plain_var(local_expr);
	RelOptInfo *local = key ? local_table(root, key) : NULL;
	SemiJoin *reduction;
	Param *keys;
	Oid array;
	Expr *list;
	int queries = planner_semi_join_queries;
	double count, all;
	ListCell *lc;

	/* of each column once, and one of them by several queries */
	foreach (lc, info->reductions)
	{
		SemiJoin *other = lfirst(lc);

		if (equal(other->remote, remote))
			return;
		if (other->list)
			queries = 1;
	}
	if (local == NULL || local->rows > 100.0 * planner_semi_join_keys * queries ||
		!plain_var(remote))
		return;
	array = get_array_type(key->vartype);
	count = estimate_num_groups(root, list_make1(key), local->rows, NULL, NULL);
	all = estimate_num_groups(root, list_make1(remote), Max(info->rows, 1), NULL, NULL);
	if (count <= planner_semi_join_keys)
		queries = 1;
	if (!OidIsValid(array) || count > (double) planner_semi_join_keys * queries || count >= all)
		return;
	if (!OidIsValid(operator))
		return;
	reduction = palloc0(sizeof(SemiJoin));
	keys = SS_make_initplan_output_param(root, array, -1, key->varcollid);
	reduction->remote = remote;
	reduction->keys = keys;
	reduction->condition = make_condition(remote, operator, collation, keys, queries, &list);
	reduction->list = queries > 1 ? list : NULL;
	reduction->queries = (int) ceil(count / planner_semi_join_keys);
	reduction->selectivity = count / all;
	if (!deparse_shippable(root, rel, info->relid, reduction->condition,
						   list_make1_int(keys->paramid)))
		return;
	reduction->subroot = plan_keys(root, local, key, array);
	reduction->path =
		fetch_upper_rel(reduction->subroot, UPPERREL_FINAL, NULL)->cheapest_total_path;
	info->reductions = lappend(info->reductions, reduction);
}

/* Equalities of inner and semi joins. */
static void
reductions_of_classes(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info)
{
	ListCell *lc, *lc2, *lc3;

	foreach (lc, root->eq_classes)
	{
		EquivalenceClass *class = lfirst_node(EquivalenceClass, lc);

		if (class->ec_has_const || class->ec_has_volatile || athena_below_outer_join(class) ||
			!bms_is_subset(rel->relids, class->ec_relids))
			continue;
		foreach (lc2, class->ec_members)
		{
			EquivalenceMember *ours = lfirst_node(EquivalenceMember, lc2);

			if (!bms_equal(ours->em_relids, rel->relids) || ours->em_is_child)
				continue;
			foreach (lc3, class->ec_members)
			{
				EquivalenceMember *other = lfirst_node(EquivalenceMember, lc3);

				if (other == ours || other->em_is_child ||
					bms_membership(other->em_relids) != BMS_SINGLETON)
					continue;
				add_reduction(root, rel, info, ours->em_expr, other->em_expr,
							  get_opfamily_member(linitial_oid(class->ec_opfamilies),
												  ours->em_datatype, other->em_datatype,
												  BTEqualStrategyNumber),
							  class->ec_collation);
			}
		}
	}
}

/* Conditions of outer and anti joins that this table is the nullable side of. */
static void
reductions_of_outer_joins(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info)
{
	ListCell *lc;

	foreach (lc, rel->joininfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);
		OpExpr *op = (OpExpr *) rinfo->clause;
		bool commuted;

		if (!IsA(op, OpExpr) || list_length(op->args) != 2 || rinfo->mergeopfamilies == NIL ||
			rinfo->outer_relids == NULL || bms_overlap(rel->relids, rinfo->outer_relids))
			continue;
		commuted = bms_equal(rinfo->right_relids, rel->relids);
		if (!commuted && !bms_equal(rinfo->left_relids, rel->relids))
			continue;
		if (!bms_is_subset(commuted ? rinfo->left_relids : rinfo->right_relids,
						   rinfo->outer_relids))
			continue;
		add_reduction(root, rel, info, commuted ? lsecond(op->args) : linitial(op->args),
					  commuted ? linitial(op->args) : lsecond(op->args),
					  commuted ? get_commutator(op->opno) : op->opno, op->inputcollid);
	}
}

/* Find the reductions of a foreign table, as info->reductions. */
void
semi_join_find(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info)
{
	if (!planner_pushdown || planner_semi_join_keys == 0 ||
		root->parse->commandType != CMD_SELECT || rel->reloptkind != RELOPT_BASEREL ||
		info->limit >= 0 || bms_membership(root->all_baserels) != BMS_MULTIPLE)
		return;
	reductions_of_classes(root, rel, info);
	reductions_of_outer_joins(root, rel, info);
}

/* The share of rows that is left. */
double
semi_join_selectivity(List *reductions)
{
	double share = 1;
	ListCell *lc;

	foreach (lc, reductions)
		share *= ((SemiJoin *) lfirst(lc))->selectivity;
	return share;
}

/* What it costs to read the keys. */
Cost
semi_join_cost(List *reductions)
{
	Cost cost = 0;
	ListCell *lc;

	foreach (lc, reductions)
		cost += ((SemiJoin *) lfirst(lc))->path->total_cost;
	return cost;
}

/* How many queries are expected. */
int
semi_join_queries(List *reductions)
{
	int queries = 1;
	ListCell *lc;

	foreach (lc, reductions)
		queries = Max(queries, ((SemiJoin *) lfirst(lc))->queries);
	return queries;
}

/* What the executor is told of keys that may be sent by several queries: SCAN_KEY_PARTS. */
List *
semi_join_parts(List *reductions, List *params)
{
	ListCell *lc, *lc2;

	foreach (lc, reductions)
	{
		SemiJoin *reduction = lfirst(lc);

		foreach (lc2, params)
			if (reduction->list && equal(lfirst(lc2), reduction->list))
				return list_make3_int(foreach_current_index(lc2), planner_semi_join_keys,
									  planner_semi_join_queries);
	}
	return NIL;
}

/* Make the queries for the keys part of the plan; their conditions come back. */
List *
semi_join_plan(PlannerInfo *root, List *reductions)
{
	List *conditions = NIL;
	ListCell *lc;

	foreach (lc, reductions)
	{
		SemiJoin *reduction = lfirst(lc);

		SS_make_initplan_from_plan(root, reduction->subroot,
								   create_plan(reduction->subroot, reduction->path),
								   reduction->keys);
		conditions = lappend(conditions, reduction->condition);
	}
	return conditions;
}
