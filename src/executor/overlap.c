/*
 * overlap.c
 *	  Scans of one plan run their queries at the same time.
 *
 * Called by scan.c.  When a plan asks for the first row of a foreign scan, the
 * other scans of that plan whose rows are sure to be asked for, as far as the plan
 * tells, start their queries as well (setting athena_fdw.start_early): each takes
 * a second or more at Athena, whoever is served first.
 *
 * Sure is what lies under joins, sorts, aggregates and the like.  Not started
 * early, since each query costs money: what a condition may make superfluous (a
 * one-time filter, a subplan, partitions pruned while running), later parts of an
 * Append under a LIMIT or a cursor, and what waits for values of other nodes.
 * Only what hangs on the running plan is looked at: a subplan of a level that
 * was shipped is initialized too, but does not hang there.
 */
#include "compat.h"
#include "executor/executor.h"
#include "executor/scan.h"
#include "miscadmin.h"

/* More queries than this are not started at once: Athena would only queue them. */
#define MOST_AT_ONCE 20

bool overlap_start_early = true;

/* The plan that runs, the innermost one, and whether all of its rows are asked for. */
static QueryDesc *running_desc = NULL;
static bool running_whole = false;
static ExecutorRun_hook_type next_hook = NULL;

bool
scan_is_ours(const PlanState *node)
{
	return IsA(node, ForeignScanState) && ((const ForeignScanState *) node)->fdwroutine != NULL &&
		   ((const ForeignScanState *) node)->fdwroutine->IterateForeignScan ==
			   athena_iterate_foreign_scan &&
		   ((const ForeignScanState *) node)->fdw_state != NULL;
}

/* May one more query be started ahead of its turn? */
bool
overlap_has_room(void)
{
	return query_count_running() < MOST_AT_ONCE;
}

static void start_below(PlanState *node, bool some_rows, bool in_turn);

static void
start_each(PlanState **nodes, int n, bool some_rows, bool in_turn)
{
	int i;

	for (i = 0; i < n; i++)
		start_below(nodes[i], some_rows, in_turn || (some_rows && i > 0));
}

static void
start_scan(ForeignScanState *node, bool in_turn)
{
	AthenaScan *scan = node->fdw_state;

	if (in_turn)
		scan->in_turn = true;
	else if (scan_can_start_early(node) && overlap_has_room())
		scan_begin_query(node);
}

/*
 * Start what is sure to be run below a node.  some_rows: perhaps not all of its
 * rows are asked for.  in_turn: perhaps none of them.
 */
static void
start_below(PlanState *node, bool some_rows, bool in_turn)
{
	ListCell *lc;

	if (node == NULL)
		return;
	check_stack_depth();
	foreach (lc, node->initPlan)
	{
		SubPlanState *init = lfirst_node(SubPlanState, lc);

		if (init->subplan->subLinkType != MULTIEXPR_SUBLINK)
			start_below(init->planstate,
						init->subplan->subLinkType == EXISTS_SUBLINK ||
							(some_rows && init->subplan->subLinkType == CTE_SUBLINK),
						in_turn);
	}
	switch (nodeTag(node))
	{
		case T_ForeignScanState:
			if (scan_is_ours(node))
				start_scan((ForeignScanState *) node, in_turn);
			return;
		case T_AppendState:
			/* what is pruned while the plan runs is not known yet */
			if (((AppendState *) node)->as_prune_state == NULL || some_rows)
				start_each(((AppendState *) node)->appendplans, ((AppendState *) node)->as_nplans,
						   some_rows, in_turn || ((AppendState *) node)->as_prune_state != NULL);
			return;
		case T_MergeAppendState: /* takes a row of each at once */
			if (((MergeAppendState *) node)->ms_prune_state == NULL)
				start_each(((MergeAppendState *) node)->mergeplans,
						   ((MergeAppendState *) node)->ms_nplans, false, in_turn);
			return;
		case T_SubqueryScanState:
			start_below(((SubqueryScanState *) node)->subplan, some_rows, in_turn);
			return;
		case T_ResultState:
			if (((ResultState *) node)->resconstantqual == NULL)
				start_below(outerPlanState(node), some_rows, in_turn);
			return;
		case T_RecursiveUnionState: /* its other side may be run never, or often */
			start_below(outerPlanState(node), some_rows, in_turn);
			return;
		case T_GatherState: /* its scans run in other processes */
		case T_GatherMergeState:
			return;
		case T_LimitState:
			some_rows = true;
			break;
		case T_SortState: /* read all before they give a row */
		case T_HashState:
			some_rows = false;
			break;
		case T_AggState:
			if (((Agg *) node->plan)->aggstrategy != AGG_SORTED)
				some_rows = false;
			break;
		default:
			break;
	}
	start_below(outerPlanState(node), some_rows, in_turn);
	start_below(innerPlanState(node), some_rows, in_turn);
}

/* A scan starts its query: the others of its plan do so too. */
void
overlap_start_others(ForeignScanState *node)
{
	AthenaScan *scan = node->fdw_state;

	if (scan->looked || !overlap_start_early || running_desc == NULL ||
		running_desc->estate != node->ss.ps.state)
		return;
	scan->looked = true;
	start_below(running_desc->planstate, !running_whole, false);
}

/* Notes which plan runs. */
static void
run_hook(QueryDesc *desc, ScanDirection direction, uint64 count ATHENA_EXECUTE_ONCE_PARAM)
{
	QueryDesc *outer_desc = running_desc;
	bool outer_whole = running_whole;

	running_desc = desc;
	running_whole = count == 0;
	PG_TRY();
	{
		if (next_hook)
			next_hook(desc, direction, count ATHENA_EXECUTE_ONCE);
		else
			standard_ExecutorRun(desc, direction, count ATHENA_EXECUTE_ONCE);
	}
	PG_FINALLY();
	{
		running_desc = outer_desc;
		running_whole = outer_whole;
	}
	PG_END_TRY();
}

/* When the library is loaded. */
void
overlap_init(void)
{
	next_hook = ExecutorRun_hook;
	ExecutorRun_hook = run_hook;
}
