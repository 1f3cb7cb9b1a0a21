/*
 * whole.c
 *	  Paths and plans that ship a query level: joins, grouping, all of it.
 *
 * create_upper_paths_hook is called at the end of each level's planning, when
 * root->parse is what the planner has made of the query; level.c writes that.
 * The library is loaded by the first foreign table that the planner meets, so
 * this works in a session's first statement.
 *
 *	- At UPPERREL_FINAL the level with all that it has.  Parts of the select list
 *	  that cannot be shipped are computed here over the parts that can; if the
 *	  order cannot, ORDER BY and LIMIT are done here.
 *	- At UPPERREL_GROUP_AGG the level up to its groups, for what stands above
 *	  (HAVING, windows) and is not shippable.
 *
 * Rights: a relation inside of the shipped text has no scan of its own any
 * more.  Its range table entry is added to the level's, so that permissions are
 * checked, locks taken and plans invalidated as ever.
 */
#include "planner/translate.h"

#include "compat.h"
#include "executor/scan.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/planner.h"
#include "optimizer/tlist.h"
#include "planner/semi_join.h"
#include "query/rows.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* What a path of ours carries, as the one member of its fdw_private. */
typedef struct WholePath
{
	LevelStage stage;
	RemoteSql sql;
	List *targets; /* of Expr: the columns that come */
	List *local_quals; /* evaluated here, over them */
	List *relids;
	Oid userid;
	bool for_current_user;
	char *shipped; /* for EXPLAIN */
	List *reductions; /* of SemiJoin */
	List *stand_ins; /* for each target, see make_stand_ins() */
	bool postgres;
} WholePath;

/*
 * What is shipped whole is taken to cost so much of what the planner has found
 * otherwise, at most.  Its costs are those of the rows that come, and how many
 * there are is known badly behind joins and groups; a local plan hides the same
 * error in its own costs, and pays for a query more with each table.
 */
#define PREFERENCE 0.97

/* Athena takes 262,144 bytes a statement; some are left for the values of parameters. */
#define MAX_LEVEL_BYTES 240000

static create_upper_paths_hook_type previous_hook;

/* Setting athena_fdw.debug_dialect. */
int planner_dialect = DIALECT_ATHENA;

int planner_numeric_shipping = NUMERIC_EXACT;

/* ---------- what belongs to a level ---------- */

/* The PlannerInfos of the queries inside of a level, at any depth. */
static List *
inner_roots(PlannerInfo *root)
{
	List *found = NIL;
	ListCell *lc;
	int i;

	for (i = 1; i < root->simple_rel_array_size; i++)
	{
		RelOptInfo *rel = root->simple_rel_array[i];

		if (rel && rel->subroot)
		{
			found = lappend(found, rel->subroot);
			found = list_concat(found, inner_roots(rel->subroot));
		}
	}
	foreach (lc, root->glob->subroots)
	{
		PlannerInfo *inner = lfirst(lc);

		if (inner && inner->parent_root == root && !list_member_ptr(found, inner))
		{
			found = lappend(found, inner);
			found = list_concat(found, inner_roots(inner));
		}
	}
	return found;
}

/* The first foreign table of ours in a level, itself or inside of a subquery that is joined with others. */
static RelOptInfo *
table_of_level(PlannerInfo *root)
{
	int i;

	for (i = 1; i < root->simple_rel_array_size; i++)
	{
		RelOptInfo *rel = root->simple_rel_array[i];

		if (rel && rel->fdwroutine && rel->fdwroutine->GetForeignPlan == athena_get_foreign_plan)
			return rel;
	}
	return NULL;
}

/* The first one in a query, at any depth. */
RelOptInfo *
whole_first_table(PlannerInfo *root)
{
	RelOptInfo *rel = table_of_level(root);
	ListCell *lc;

	if (rel)
		return rel;
	foreach (lc, inner_roots(root))
		if ((rel = table_of_level(lfirst(lc))) != NULL)
			return rel;
	return NULL;
}

static bool
has_remote_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) && translate_is_remote_only(((FuncExpr *) node)->funcid))
		return true;
	return expression_tree_walker(node, has_remote_function, context);
}

/* Is it one table, of which a scan does all that there is to do? */
static bool
is_plain_scan(PlannerInfo *root)
{
	Query *parse = root->parse;
	RelOptInfo *rel;
	AthenaRel *info;

	if (bms_membership(root->all_baserels) != BMS_SINGLETON || parse->hasAggs ||
		parse->groupClause != NIL || parse->groupingSets != NIL || parse->distinctClause != NIL ||
		parse->hasWindowFuncs || parse->setOperations != NULL || parse->hasSubLinks ||
		root->hasHavingQual || parse->cteList != NIL)
		return false;
	rel = root->simple_rel_array[bms_singleton_member(root->all_baserels)];
	if (rel == NULL || rel->fdwroutine == NULL)
		return false;
	/* a limit that is not known yet is not the scan's, nor is what Athena alone computes */
	if (has_remote_function((Node *) root->processed_tlist, NULL) ||
		(parse->limitCount && !IsA(parse->limitCount, Const)) ||
		(parse->limitOffset && !IsA(parse->limitOffset, Const)))
		return false;
	info = rel->fdw_private;
	/* one that a condition leaves nothing of has not been asked for its size */
	return info == NULL || info->local_conds == NIL;
}

/* ---------- what is asked for ---------- */

/*
 * Is it computed here, over nothing that comes?  Up to the groups that includes
 * the results of subqueries, which stay in the plan: a parameter that were a
 * column of the scan would be taken for that column by the scan's own
 * parameters.
 */
static bool
is_computed_here(Level *level, Expr *expr)
{
	return !contain_var_clause((Node *) expr) && !contain_agg_clause((Node *) expr) &&
		   !contain_window_function((Node *) expr) && !contain_subplans((Node *) expr) &&
		   (level->stage < LEVEL_UNORDERED || !shippable_has_subquery_result((Node *) expr, NULL));
}

typedef struct Targets
{
	Level *level;
	List *exprs;
	bool failed;
} Targets;

static bool add_targets(Node *node, Targets *targets);

static bool
is_group_key(Level *level, Expr *expr)
{
	Query *parse = level->root->parse;
	ListCell *lc;

	foreach (lc, parse->groupClause)
		if (equal(get_sortgroupclause_expr(lfirst(lc), level->root->processed_tlist), expr))
			return true;
	return false;
}

/* Add what the parts of an expression need. */
static bool
add_parts(Node *node, Targets *targets)
{
	/* parts of these are not evaluated for every row */
	if (IsA(node, CaseExpr) || IsA(node, CoalesceExpr) || IsA(node, BoolExpr))
	{
		bool spares_rows = targets->level->spares_rows;

		targets->level->spares_rows = true;
		expression_tree_walker(node, add_targets, (void *) targets);
		targets->level->spares_rows = spares_rows;
		return false;
	}
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Param:
		case T_PlaceHolderVar:
		case T_Aggref:
		case T_WindowFunc:
		case T_GroupingFunc:
		case T_SubPlan:
		case T_AlternativeSubPlan:
			/* the result of an InitPlan may be computed here */
			targets->failed |=
				!(IsA(node, Param) && shippable_is_hole(targets->level, (Expr *) node));
			return false;
		default:
			return expression_tree_walker(node, add_targets, (void *) targets);
	}
}

/*
 * A quotient of numerics is computed here, over what it is made of, where that
 * can come instead.
 */
static bool
quotient_apart(Node *node, Targets *targets)
{
	Level *level = targets->level;
	int before = level->quotients;
	Targets parts = {level, list_copy(targets->exprs), false};

	if (level->statement->postgres || IsA(node, Aggref) || IsA(node, WindowFunc) ||
		IsA(node, SubPlan) || IsA(node, AlternativeSubPlan) || IsA(node, Param) ||
		!level_try(level, (Expr *) node) || level->quotients == before)
		return false;
	add_parts(node, &parts);
	if (parts.failed)
		return false;
	targets->exprs = parts.exprs;
	return true;
}

/* Add to the targets what an expression needs: itself, or its parts. */
static bool
add_targets(Node *node, Targets *targets)
{
	Expr *expr = (Expr *) node;

	if (node == NULL || targets->failed)
		return false;
	if (IsA(node, List))
		return expression_tree_walker(node, add_targets, (void *) targets);
	if (is_computed_here(targets->level, expr) || list_member(targets->exprs, expr))
		return false;
	if (!is_group_key(targets->level, expr) && quotient_apart(node, targets))
		return false;
	if (level_try(targets->level, expr))
	{
		targets->exprs = lappend(targets->exprs, expr);
		if (targets->level->spares_rows)
			targets->level->guarded = lappend(targets->level->guarded, expr);
		return false;
	}
	/* what a key is made of is gone once there are groups */
	if (is_group_key(targets->level, expr))
	{
		targets->failed = true;
		return false;
	}
	return add_parts(node, targets);
}

/* What a level's expressions need; false if something of it cannot come. */
static bool
collect_targets(Level *level, List *exprs, List *quals, bool whole, List **targets)
{
	Targets context = {level, NIL, false};
	ListCell *lc;

	foreach (lc, exprs)
	{
		Expr *expr = lfirst(lc);

		/* what is no column of a set operation is made here */
		if (level->root->parse->setOperations && !IsA(expr, Var))
			continue;
		/* for tests: one by one, so that the text alone gives what the query gives */
		if (level->statement->postgres)
		{
			if (!level_try(level, expr))
				return false;
			context.exprs = lappend(context.exprs, expr);
			continue;
		}

		/* DISTINCT looks at all of what is selected, as it is */
		if (whole)
		{
			if (list_member(context.exprs, expr) || IsA(expr, Const))
				continue;
			if (translate_finish(expr) && !level->statement->postgres)
				return false;
			if (!level_try(level, expr))
				return false;
			context.exprs = lappend(context.exprs, expr);
			continue;
		}
		add_targets((Node *) expr, &context);
	}
	add_targets((Node *) quals, &context);
	*targets = context.exprs;
	return !context.failed;
}

/* ---------- targets that cannot stand in a plan ---------- */

/*
 * A target that cannot stand in the plan itself: with the result of a subquery
 * that is no part of the plan any more, as the column of a set operation, which
 * has no table, or with a window function, which EXPLAIN looks for in a
 * WindowAgg.
 */
static bool
needs_stand_in(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXEC;
	if (IsA(node, Var))
		return ((Var *) node)->varno == 0;
	if (IsA(node, SubPlan) || IsA(node, AlternativeSubPlan) || IsA(node, WindowFunc))
		return true;
	return expression_tree_walker(node, needs_stand_in, context);
}

typedef struct StandIns
{
	List *targets;
	List *vars; /* of Var, or NULL where the target itself stands */
} StandIns;

static Node *
stand_in_mutator(Node *node, StandIns *context)
{
	ListCell *lc, *lc2;

	if (node == NULL)
		return NULL;
	forboth(lc, context->targets, lc2,
			context->vars) if (lfirst(lc2) &&
							   equal(lfirst(lc), node)) return copyObject(lfirst(lc2));
	return expression_tree_mutator(node, stand_in_mutator, (void *) context);
}

/* Columns of a relation that is nowhere, one for each target that needs it, and NULL for the others. */
static List *
make_stand_ins(PlannerInfo *root, List *targets)
{
	RangeTblEntry *rte = NULL;
	List *vars = NIL;
	List *names = NIL;
	ListCell *lc;

	foreach (lc, targets)
	{
		Expr *expr = lfirst(lc);
		int attnum = foreach_current_index(lc) + 1;
		Var *var = NULL;

		names = lappend(names, makeString(IsA(expr, WindowFunc) ?
											  get_func_name(((WindowFunc *) expr)->winfnoid) :
											  psprintf("c%d", attnum)));
		if (needs_stand_in((Node *) expr, NULL))
		{
			if (rte == NULL)
			{
				rte = makeNode(RangeTblEntry);
				rte->rtekind = RTE_RESULT;
				root->parse->rtable = lappend(root->parse->rtable, rte);
			}
			var = makeVar(list_length(root->parse->rtable), (AttrNumber) attnum,
						  exprType((Node *) expr), exprTypmod((Node *) expr),
						  exprCollation((Node *) expr), 0);
		}
		vars = lappend(vars, var);
	}
	if (rte)
		rte->eref = rte->alias = makeAlias("remote", names);
	return vars;
}

/*
 * The order of a sort over a path of ours: its keys are looked for in the plan's
 * target list, as they stand there.
 */
static List *
stand_in_pathkeys(List *pathkeys, WholePath *path)
{
	StandIns stand_ins = {path->targets, path->stand_ins};
	List *made = NIL;
	ListCell *lc, *lc2;

	foreach (lc, pathkeys)
	{
		PathKey *key = makeNode(PathKey);
		EquivalenceClass *class = makeNode(EquivalenceClass);

		*key = *(PathKey *) lfirst(lc);
		*class = *key->pk_eclass;
		class->ec_members = NIL;
		foreach (lc2, key->pk_eclass->ec_members)
		{
			EquivalenceMember *member = makeNode(EquivalenceMember);

			*member = *(EquivalenceMember *) lfirst(lc2);
			member->em_expr = (Expr *) stand_in_mutator((Node *) member->em_expr, &stand_ins);
			class->ec_members = lappend(class->ec_members, member);
		}
		key->pk_eclass = class;
		made = lappend(made, key);
	}
	return made;
}

/* ---------- paths ---------- */

static char *
counted(int n, const char *one, const char *many)
{
	return psprintf("%d %s", n, n == 1 ? one : many);
}

/* What EXPLAIN says of it. */
static char *
describe(PlannerInfo *root, WholePath *path, bool having)
{
	Query *parse = root->parse;
	StringInfoData text;
	int keys = list_length(parse->groupClause);

	initStringInfo(&text);
	if (list_length(path->relids) > 1)
		appendStringInfo(&text, "%s, ", counted(list_length(path->relids), "table", "tables"));
	if (path->stage >= LEVEL_GROUPED)
	{
		if (parse->groupingSets != NIL)
			appendStringInfo(&text, "%s, ",
							 counted(list_length(parse->groupingSets), "grouping set",
									 "grouping sets"));
		else if (keys > 0)
			appendStringInfo(&text, "grouping by %s, ", counted(keys, "key", "keys"));
		else if (parse->hasAggs)
			appendStringInfoString(&text, "aggregation, ");
		if (parse->havingQual != NULL && having)
			appendStringInfoString(&text, "HAVING, ");
	}
	if (path->stage >= LEVEL_UNORDERED)
	{
		if (parse->hasWindowFuncs)
			appendStringInfoString(&text, "window functions, ");
		if (parse->setOperations)
			appendStringInfoString(&text, "set operation, ");
		if (parse->distinctClause)
			appendStringInfoString(&text, "DISTINCT, ");
	}
	if (path->stage >= LEVEL_ORDERED)
	{
		if (parse->sortClause)
			appendStringInfoString(&text, "ORDER BY, ");
		if (parse->limitCount || parse->limitOffset)
			appendStringInfoString(&text, "LIMIT, ");
	}
	if (text.len == 0)
		appendStringInfoString(&text, "the query, ");
	text.data[text.len - 2] = '\0';
	return text.data;
}

/*
 * Does the level have but one foreign table and nothing inside, so that its columns
 * need no more than names?  In ORDER BY a name is first of all one of the select
 * list's, and then an expression is not the one that DISTINCT has seen.
 */
static bool
is_single_table(PlannerInfo *root)
{
	return bms_membership(root->all_baserels) == BMS_SINGLETON && inner_roots(root) == NIL &&
		   (root->parse->distinctClause == NIL || root->parse->sortClause == NIL);
}

/*
 * Write a level up to a stage.  exprs are what the path is to return; quals, of
 * those, are evaluated here.  NULL if it cannot be.
 */
static WholePath *
write_level(PlannerInfo *root, Oid serverid, List *exprs, LevelStage stage)
{
	Query *parse = root->parse;
	Statement statement = {0};
	WholePath *path = palloc0(sizeof(WholePath));
	List *quals = stage >= LEVEL_GROUPED ? (List *) parse->havingQual : NIL;
	bool having = true;
	Level *level;
	ListCell *lc;

	statement.root = root;
	statement.serverid = serverid;
	statement.postgres = planner_dialect == DIALECT_POSTGRES;
	statement.lenient = true;
	/* in ORDER BY, an argument of grouping() would be taken for what is selected under its name */
	statement.qualified = !is_single_table(root) || level_makes_columns(root) ||
						  (parse->groupingSets != NIL && parse->sortClause != NIL);
	if (statement.qualified)
	{
		level_reserve_names(&statement, root);
		foreach (lc, inner_roots(root))
			level_reserve_names(&statement, lfirst(lc));
	}
	level = level_open(&statement, root, NULL);
	level->stage = stage;
	if (!level_begin(level))
		return NULL;
	foreach (lc, quals)
		having &= level_try_condition(level, lfirst(lc));
	/* what is above groups would see those that HAVING drops */
	if (!having && stage > LEVEL_GROUPED)
		return NULL;
	if (!collect_targets(level, exprs, having ? NIL : quals,
						 stage >= LEVEL_UNORDERED &&
							 (parse->distinctClause != NIL || parse->setOperations != NULL),
						 &path->targets))
		return NULL;
	remote_sql_init(&path->sql);
	if (!level_select(level, &path->sql, path->targets, stage, having) || statement.relids == NIL)
		return NULL;
	if (remote_sql_length(&path->sql) > MAX_LEVEL_BYTES)
		return NULL;
	/* sorting by one is less work here than computing it there, unless that saves rows */
	if (level->order_divides && parse->limitCount == NULL && parse->limitOffset == NULL)
		return NULL;
	path->stage = stage;
	path->local_quals = having ? NIL : quals;
	path->relids = statement.relids;
	path->userid = statement.userid;
	path->for_current_user = statement.for_current_user;
	path->postgres = statement.postgres;
	path->shipped = describe(root, path, having);
	if (stage >= LEVEL_UNORDERED)
		path->stand_ins = make_stand_ins(root, path->targets);
	return path;
}

/* Give an upper relation the server's identity, as its paths need. */
static void
set_identity(RelOptInfo *rel, Oid serverid, WholePath *path)
{
	rel->serverid = serverid;
	rel->userid = path->userid;
	rel->useridiscurrent = path->for_current_user;
	rel->fdwroutine = GetFdwRoutineByServerId(serverid);
}

/* How many rows do the other paths of a relation expect? */
static double
rows_of(RelOptInfo *rel)
{
	return rel->pathlist == NIL ? 1000 : ((Path *) linitial(rel->pathlist))->rows;
}

/*
 * Does the level return a product of relations that no condition joins?  Then it
 * is known that each of them alone has fewer rows.
 */
static bool
multiplies_rows(PlannerInfo *root)
{
	Query *parse = root->parse;
	int rti = -1;

	if (parse->hasAggs || parse->groupClause || parse->groupingSets || parse->distinctClause ||
		parse->setOperations || parse->limitCount ||
		bms_membership(root->all_baserels) != BMS_MULTIPLE)
		return false;
	while ((rti = bms_next_member(root->all_baserels, rti)) >= 0)
	{
		RelOptInfo *rel = root->simple_rel_array[rti];

		if (rel && rel->joininfo == NIL && !rel->has_eclass_joins && rel->rows > 1)
			return true;
	}
	return false;
}

/* Make it a little cheaper than all other ways that ask Athena anything. */
static void
prefer(PlannerInfo *root, RelOptInfo *rel, AthenaRel *costs)
{
	AthenaRel query = {0};
	Cost beside = 0;
	ListCell *lc;

	estimate_costs(&query, 0, 0);
	/* CTEs and the like are added to the costs of all paths later */
	foreach (lc, root->init_plans)
		beside += lfirst_node(SubPlan, lc)->startup_cost + lfirst_node(SubPlan, lc)->per_call_cost;
	foreach (lc, rel->pathlist)
	{
		Path *path = lfirst(lc);

		/* this one has nothing to ask; the others may be preferred ones themselves */
		if (path->total_cost + beside < query.total_cost / 4)
			continue;
		costs->total_cost = Min(costs->total_cost, path->total_cost * PREFERENCE);
		costs->startup_cost = Min(costs->startup_cost, path->startup_cost * PREFERENCE);
	}
	costs->startup_cost = Min(costs->startup_cost, costs->total_cost);
}

static ForeignPath *
make_path(PlannerInfo *root, RelOptInfo *rel, PathTarget *target, double rows, List *pathkeys,
		  WholePath *path)
{
	AthenaRel costs = {0};
	QualCost quals;
	ForeignPath *made;
	double known = estimate_statement(root, path->relids, path->userid, &path->sql);

	if (known >= 0 && path->local_quals == NIL)
		rows = clamp_row_est(known);
	estimate_costs(&costs, rows, target->width);
	cost_qual_eval(&quals, path->local_quals, root);
	costs.startup_cost += quals.startup + target->cost.startup;
	costs.total_cost +=
		quals.startup + target->cost.startup + rows * (quals.per_tuple + target->cost.per_tuple);
	if (!multiplies_rows(root))
		prefer(root, rel, &costs);
	made = athena_create_foreign_upper_path(root, rel, target, rows, costs.startup_cost,
											costs.total_cost, pathkeys);
	made->fdw_private = list_make1(path);
	return made;
}

/* LIMIT's number for the planner: 0 for none, -1 if it is not known. */
static int64
limit_estimate(Node *node, int64 none)
{
	if (node == NULL)
		return 0;
	if (!IsA(node, Const))
		return -1;
	return ((Const *) node)->constisnull ? none : DatumGetInt64(((Const *) node)->constvalue);
}

/*
 * The target without what nobody sees: keys of windows, which DISTINCT would look
 * at, and the flag with which PostgreSQL tells the sides of INTERSECT and EXCEPT
 * apart.
 */
static PathTarget *
visible_target(PlannerInfo *root, PathTarget *other)
{
	PathTarget *target = copy_pathtarget(other);
	ListCell *lc;

	foreach (lc, target->exprs)
		if (list_nth_node(TargetEntry, root->processed_tlist, foreach_current_index(lc))->resjunk)
			lfirst(lc) = makeNullConst(exprType(lfirst(lc)), exprTypmod(lfirst(lc)),
									   exprCollation(lfirst(lc)));
	return target;
}

/* The whole level, or all but its order. */
static void
consider_final(PlannerInfo *root, RelOptInfo *rel, Oid serverid)
{
	Query *parse = root->parse;
	PathTarget *target = root->upper_targets[UPPERREL_FINAL];
	double rows = rows_of(rel);
	WholePath *whole;
	Path *path;

	if (rel->pathlist == NIL || is_plain_scan(root))
		return;
	if (parse->setOperations)
		target = visible_target(root, ((Path *) linitial(rel->pathlist))->pathtarget);
	else if (parse->distinctClause)
		target = visible_target(root, target);
	whole = write_level(root, serverid, target->exprs, LEVEL_ORDERED);
	if (whole)
	{
		set_identity(rel, serverid, whole);
		add_path(rel, (Path *) make_path(root, rel, target, rows, root->sort_pathkeys, whole));
		return;
	}
	/* DISTINCT ON needs the order itself */
	if (parse->hasDistinctOn ||
		(parse->sortClause == NIL && parse->limitCount == NULL && parse->limitOffset == NULL))
		return;
	whole = write_level(root, serverid, target->exprs, LEVEL_UNORDERED);
	if (whole == NULL)
		return;
	set_identity(rel, serverid, whole);
	path = (Path *) make_path(root, rel, target, rows, NIL, whole);
	if (parse->sortClause != NIL)
		path = (Path *) create_sort_path(
			root, rel, path, stand_in_pathkeys(root->sort_pathkeys, whole), root->limit_tuples);
	if (parse->limitCount || parse->limitOffset)
		path = (Path *) create_limit_path(root, rel, path, parse->limitOffset, parse->limitCount,
										  parse->limitOption, limit_estimate(parse->limitOffset, 0),
										  limit_estimate(parse->limitCount, 0));
	add_path(rel, path);
}

/* The level up to its groups. */
static void
consider_grouped(PlannerInfo *root, RelOptInfo *rel, Oid serverid, GroupPathExtraData *extra)
{
	WholePath *whole;

	if (extra->patype != PARTITIONWISE_AGGREGATE_NONE || rel->reloptkind != RELOPT_UPPER_REL)
		return;
	whole = write_level(root, serverid, rel->reltarget->exprs, LEVEL_GROUPED);
	if (whole == NULL)
		return;
	set_identity(rel, serverid, whole);
	add_path(rel, (Path *) make_path(root, rel, rel->reltarget, rows_of(rel), NIL, whole));
}

static void
upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
			RelOptInfo *output_rel, void *extra)
{
	RelOptInfo *table;

	if (previous_hook)
		previous_hook(root, stage, input_rel, output_rel, extra);
	if (!planner_pushdown || root->parse->commandType != CMD_SELECT ||
		(stage != UPPERREL_FINAL && stage != UPPERREL_GROUP_AGG))
		return;
	table = whole_first_table(root);
	if (table == NULL)
		return;
	if (stage == UPPERREL_FINAL)
		consider_final(root, output_rel, table->serverid);
	else
		consider_grouped(root, output_rel, table->serverid, extra);
}

/* What a path of a join carries, whose FROM has been written; NIL if its columns cannot come. */
List *
whole_join(Level *level, RelOptInfo *rel, List *reductions)
{
	WholePath *path = palloc0(sizeof(WholePath));
	ListCell *lc;

	remote_sql_init(&path->sql);
	foreach (lc, rel->reltarget->exprs)
	{
		if (!level_try(level, lfirst(lc)))
			return NIL;
		path->targets = list_append_unique(path->targets, lfirst(lc));
	}
	if (!level_select(level, &path->sql, path->targets, LEVEL_JOINED, false) ||
		remote_sql_length(&path->sql) > MAX_LEVEL_BYTES)
		return NIL;
	path->stage = LEVEL_JOINED;
	path->reductions = reductions;
	path->relids = level->statement->relids;
	path->userid = level->statement->userid;
	path->shipped = describe(level->root, path, false);
	return list_make1(path);
}

/* What a path for the groups of a partition carries. */
List *
whole_groups(const Statement *statement, const RemoteSql *sql, List *targets)
{
	WholePath *path = palloc0(sizeof(WholePath));

	path->sql = *sql;
	path->stage = LEVEL_GROUPED;
	path->targets = targets;
	path->relids = statement->relids;
	path->userid = statement->userid;
	path->shipped = describe(statement->root, path, false);
	return list_make1(path);
}

/* How many rows does Athena expect of a join that whole_join() has written?  -1 if it does not say. */
double
whole_join_rows(PlannerInfo *root, List *private)
{
	WholePath *path = linitial(private);

	return estimate_statement(root, path->relids, path->userid, &path->sql);
}

/* Begin to be asked; called once, when the library is loaded. */
void
whole_init(void)
{
	previous_hook = create_upper_paths_hook;
	create_upper_paths_hook = upper_paths;
}

/* ---------- plans ---------- */

/* Make the rights of every relation inside of the text the level's own. */
static void
adopt_relations(PlannerInfo *root)
{
	ListCell *lc, *lc2;

	foreach (lc, inner_roots(root))
	{
		Query *inner = ((PlannerInfo *) lfirst(lc))->parse;

		foreach (lc2, inner->rtable)
			athena_adopt_rte(root->parse, inner, lfirst_node(RangeTblEntry, lc2));
	}
}

static bool
is_below(PlannerInfo *inner, PlannerInfo *root)
{
	for (; inner; inner = inner->parent_root)
		if (inner->parent_root == root)
			return true;
	return false;
}

/* Does an expression, besides what comes as a column, need the result of a subquery? */
static bool
needs_subquery(Node *node, List *targets)
{
	if (node == NULL || list_member(targets, node))
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXEC;
	return expression_tree_walker(node, needs_subquery, (void *) targets);
}

/*
 * Drop the subqueries that the text contains: nobody runs them.  If one of this
 * level's is evaluated here after all, it and what it may need stay.
 */
static void
drop_subplans(PlannerInfo *root, WholePath *path, List *tlist)
{
	ListCell *lc, *lc2;

	if (needs_subquery((Node *) path->sql.params, NIL) ||
		needs_subquery((Node *) path->local_quals, path->targets) ||
		needs_subquery((Node *) tlist, path->targets))
		return;
	root->init_plans = NIL;
	forboth(lc, root->glob->subplans, lc2, root->glob->subroots)
	{
		if (lfirst(lc2) && is_below(lfirst(lc2), root))
			lfirst(lc) = NULL;
	}
}

/* The columns of the result that make each target, for row_reader_open(). */
static List *
result_columns(WholePath *path)
{
	List *attrs = NIL;
	ListCell *lc;

	foreach (lc, path->targets)
	{
		int attnum = foreach_current_index(lc) + 1;
		int finish = path->postgres ? 0 : translate_finish(lfirst(lc));

		attrs = rows_add_columns(attrs, attnum, finish);
	}
	return attrs;
}

/* What an error calls a column of the result. */
static char *
target_name(PlannerInfo *root, Expr *expr)
{
	if (IsA(expr, Var) && ((Var *) expr)->varno > 0 && ((Var *) expr)->varattno > 0)
		return get_rte_attribute_name(rt_fetch(((Var *) expr)->varno, root->parse->rtable),
									  ((Var *) expr)->varattno);
	if (IsA(expr, Aggref))
		return get_func_name(((Aggref *) expr)->aggfnoid);
	return pstrdup("?column?");
}

/* The plan node of a path of ours. */
ForeignScan *
whole_plan(PlannerInfo *root, RelOptInfo *rel, ForeignPath *foreign_path, List *tlist,
		   Plan *outer_plan)
{
	WholePath *path = linitial(foreign_path->fdw_private);
	StandIns stand_ins = {path->targets, path->stand_ins};
	List *scan_tlist = NIL;
	List *private;
	ListCell *lc;

	private = list_make5(remote_sql_finish(&path->sql), result_columns(path), makeString(""), NIL,
						 list_make3_int(0, 0, 0));
	private = lappend(private, makeInteger((path->postgres ? SCAN_FOR_TESTS : 0) |
										   (foreign_path->path.pathkeys ? SCAN_HAS_ORDER : 0)));
	private = lappend(private, path->relids);
	private = lappend(private, makeString(path->shipped));
	private = lappend(private, list_make1_oid(path->userid));
	private = lappend(private, NIL);
	adopt_relations(root);
	semi_join_plan(root, path->reductions);
	if (path->stage >= LEVEL_UNORDERED)
		drop_subplans(root, path, tlist);

	foreach (lc, path->targets)
	{
		Expr *expr = lfirst(lc);

		if (path->stand_ins && list_nth(path->stand_ins, foreach_current_index(lc)))
			expr = list_nth(path->stand_ins, foreach_current_index(lc));
		scan_tlist =
			lappend(scan_tlist,
					makeTargetEntry(copyObject(expr), (AttrNumber) (foreach_current_index(lc) + 1),
									target_name(root, lfirst(lc)), false));
	}
	if (path->stand_ins)
		tlist = (List *) stand_in_mutator((Node *) tlist, &stand_ins);
	return make_foreignscan(tlist, path->local_quals, 0, path->sql.params, private, scan_tlist, NIL,
							outer_plan);
}
