/*
 * scan.c
 *	  Running a foreign scan.
 *
 * Callbacks of the executor.  The query starts when the first row is asked
 * for, of this scan or of another one of the plan (overlap.c), never before:
 * BeginForeignScan does not touch the network.
 *
 * Rescans.  One Athena query serves as many passes as the plan makes, as long
 * as the text with its parameters stays the same.  Where a rescan is expected
 * rows are kept in a tuplestore, which spills to disk; where one comes
 * unexpectedly, the result of the query that has ended is read again from its
 * start, and kept from then on.  Only other parameters start another query.
 *
 * Memory: a row lives in row_context until the next one; a page or two of the
 * result in the query's own context; nothing grows with the result.
 */
#include "executor/scan.h"

#include "executor/executor.h"
#include "foreign/fdwapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "query/cost.h"
#include "query/literal.h"
#include "query/unload.h"
#include "storage/storage.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

static List *
private_list(ForeignScanState *node, enum ScanPrivate which)
{
	return (List *) list_nth(((ForeignScan *) node->ss.ps.plan)->fdw_private, which);
}

/* Says which table an error is about, unless the reader of rows says more. */
static void
scan_error_context(void *arg)
{
	AthenaScan *scan = arg;

	if (scan->rows && scan->rows->current >= 0)
		return;
	errcontext("scan of foreign table \"%s\"", scan->name);
}

static void
enter_context(AthenaScan *scan, ErrorContextCallback *context)
{
	context->callback = scan_error_context;
	context->arg = scan;
	context->previous = error_context_stack;
	error_context_stack = context;
}

static bool
has_exec_param(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXEC;
	return expression_tree_walker(node, has_exec_param, context);
}

/* What errors call the tables of a scan. */
static const char *
table_names(List *relids)
{
	StringInfoData names;
	ListCell *lc;

	initStringInfo(&names);
	foreach (lc, relids)
		appendStringInfo(&names, "%s%s", lc == list_head(relids) ? "" : ", ",
						 get_rel_name(lfirst_oid(lc)));
	return names.data;
}

/* Whose user mapping is used? */
static Oid
scan_user(ForeignScanState *node)
{
	List *user = private_list(node, SCAN_USER);

	if (user == NIL)
		return athena_scan_user(node);
	return OidIsValid(linitial_oid(user)) ? linitial_oid(user) : GetUserId();
}

/* Callback: prepare, without asking anybody anything. */
void
athena_begin_foreign_scan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	AthenaScan *scan = palloc0(sizeof(AthenaScan));
	ListCell *lc;

	node->fdw_state = scan;
	scan->relid = linitial_oid(list_nth(plan->fdw_private, SCAN_RELIDS));
	scan->name = table_names(list_nth(plan->fdw_private, SCAN_RELIDS));
	scan->desc = node->ss.ss_ScanTupleSlot->tts_tupleDescriptor;
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	scan->context = CurrentMemoryContext;
	scan->params = ExecInitExprList(plan->fdw_exprs, (PlanState *) node);
	foreach (lc, plan->fdw_exprs)
		scan->param_types = lappend_oid(scan->param_types, exprType(lfirst(lc)));
	scan->parts = key_parts_open(list_nth(plan->fdw_private, SCAN_KEY_PARTS));
	/* a condition on the outer side's row means a rescan for each of those rows */
	scan->keep =
		(eflags & EXEC_FLAG_REWIND) != 0 || has_exec_param((Node *) plan->scan.plan.qual, NULL);
}

/*
 * The text to send, with the values of the parameters.  A value that Athena
 * does not have (infinity as a date) cannot be written: then the statement
 * goes without conditions, and they are evaluated here.
 */
static char *
scan_bind(ForeignScanState *node, bool *fallback)
{
	AthenaScan *scan = node->fdw_state;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	List *pieces = private_list(node, SCAN_SQL);
	StringInfoData sql;
	int spare = 0;
	int i;

	*fallback = false;
	initStringInfo(&sql);
	for (i = 0; i < list_length(pieces); i++)
	{
		Datum value;
		bool isnull;
		Oid type;
		Oid element;
		bool ok;

		appendStringInfoString(&sql, strVal(list_nth(pieces, i)));
		if (i == list_length(scan->params))
			break;
		value = ExecEvalExpr((ExprState *) list_nth(scan->params, i), econtext, &isnull);
		type = list_nth_oid(scan->param_types, i);
		element = get_element_type(type);
		if (scan->parts && scan->parts->param == i)
			ok = key_parts_append(scan->parts, &sql, element, value, isnull, &spare);
		else
			ok = OidIsValid(element) ? literal_append_list(&sql, element, value, isnull) :
									   literal_append(&sql, type, value, isnull);
		if (!ok || sql.len + spare > ATHENA_MAX_STATEMENT)
		{
			/* rows could be fetched without conditions, the answer to a query cannot */
			if (((ForeignScan *) node->ss.ps.plan)->scan.scanrelid == 0)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("a parameter of a query that is shipped whole cannot be written in "
								"Athena's SQL"),
						 errdetail("Its value, of type %s, has no literal there, or makes the "
								   "statement too long.",
								   format_type_be(type)),
						 errhint("SET plan_cache_mode = force_custom_plan, or athena_fdw.pushdown "
								 "= off, and such a condition is evaluated here.")));
			*fallback = true;
			key_parts_rewind(scan->parts);
			return strVal(private_list(node, SCAN_FALLBACK_SQL));
		}
	}
	return sql.data;
}

/* What the columns of the result are. */
static List *
scan_attrs(ForeignScanState *node)
{
	AthenaScan *scan = node->fdw_state;

	return private_list(node, scan->fallback ? SCAN_FALLBACK_ATTRS : SCAN_ATTRS);
}

/* Are the rows to be written as files?  Not where they are wanted in an order. */
static bool
scan_may_unload(ForeignScanState *node, const QuerySettings *settings)
{
	Plan *plan = node->ss.ps.plan;

	return !((AthenaScan *) node->fdw_state)->no_unload &&
		   !(intVal(private_list(node, SCAN_FLAGS)) & SCAN_HAS_ORDER) &&
		   unload_is_wanted(settings, plan->plan_rows * plan->plan_width);
}

/* Start a query, which copies what it needs, without waiting for it. */
static void
scan_start(ForeignScanState *node, const char *sql, bool fallback)
{
	AthenaScan *scan = node->fdw_state;
	QuerySettings *settings = storage_settings_for_table(scan->relid, scan_user(node));

	if (intVal(private_list(node, SCAN_FLAGS)) & SCAN_FOR_TESTS)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("the statement is written for PostgreSQL, not for Athena"),
						errhint("RESET athena_fdw.debug_dialect.")));
	if (sql != scan->bound)
	{
		if (scan->bound)
			pfree(scan->bound);
		scan->bound = MemoryContextStrdup(scan->context, sql);
	}
	scan->fallback = fallback;
	scan->queries++;
	if (scan_may_unload(node, settings))
		scan->query =
			unload_begin(settings, sql, scan->desc, scan_attrs(node), !scan->unload_texts);
	if (scan->query == NULL)
		scan->query = query_begin(settings, sql);
}

/* Begin to read the result. */
static void
scan_open_result(ForeignScanState *node)
{
	AthenaScan *scan = node->fdw_state;
	MemoryContext caller = MemoryContextSwitchTo(scan->context);

	scan->rows =
		row_reader_open(scan->query, scan->desc, scan_attrs(node), "foreign table", scan->name);
	scan->all_read = false;
	/* one result is read again, several are kept */
	scan->keep |= scan->parts && scan->parts->divided;
	if (scan->keep && scan->store == NULL)
	{
		scan->store = tuplestore_begin_heap(false, false, work_mem);
		tuplestore_set_eflags(scan->store, EXEC_FLAG_REWIND);
		scan->store_slot = MakeSingleTupleTableSlot(scan->desc, &TTSOpsMinimalTuple);
	}
	MemoryContextSwitchTo(caller);
}

static void
scan_close_result(AthenaScan *scan)
{
	if (scan->rows)
		row_reader_close(scan->rows);
	scan->rows = NULL;
}

/* Add what a query took to what others did. */
void
scan_add_totals(ScanTotals *totals, const AthenaQuery *query)
{
	const AthenaExecution *x = &query->execution;

	totals->queue_ms += Max(x->queue_ms, 0);
	totals->planning_ms += Max(x->planning_ms, 0);
	totals->engine_ms += Max(x->engine_ms, 0);
	totals->bytes_scanned += Max(x->bytes_scanned, 0);
	totals->cost += cost_of(x);
	totals->pages += query->pages;
	totals->parts += query->parts;
	totals->files += query->files;
	totals->rows += query->rows;
	totals->bytes_fetched += query->bytes_fetched;
	totals->retries += query->retries;
}

/* The current query is done with; what it took is remembered. */
static void
scan_end_query(AthenaScan *scan)
{
	scan_add_totals(&scan->earlier, scan->query);
	scan_close_result(scan);
	query_end(scan->query);
	scan->query = NULL;
}

/*
 * Make the query for the current parameters run, unless its result is at hand;
 * waits for nothing.  The other scans of the plan that can start theirs do so too.
 */
void
scan_begin_query(ForeignScanState *node)
{
	AthenaScan *scan = node->fdw_state;
	ErrorContextCallback context;

	enter_context(scan, &context);
	if (scan->bind_due || scan->query == NULL)
	{
		/* what was fetched by parts has no one text to be known by */
		bool by_parts = scan->parts && scan->parts->divided;
		bool fallback;
		char *sql;

		key_parts_rewind(scan->parts);
		sql = scan_bind(node, &fallback);
		scan->bind_due = false;
		if (scan->query && (by_parts || strcmp(sql, scan->bound) != 0))
		{
			scan_end_query(scan);
			if (scan->store)
				tuplestore_clear(scan->store);
		}
		if (scan->query == NULL)
			scan_start(node, sql, fallback);
	}
	error_context_stack = context.previous;
}

/* Could its query start before its first row is asked for? */
bool
scan_can_start_early(ForeignScanState *node)
{
	AthenaScan *scan = node->fdw_state;
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;

	return scan->context != NULL && scan->queries == 0 && node->ss.ps.chgParam == NULL &&
		   !has_exec_param((Node *) plan->fdw_exprs, NULL) &&
		   !contain_volatile_functions((Node *) plan->fdw_exprs) &&
		   !(intVal(private_list(node, SCAN_FLAGS)) & SCAN_FOR_TESTS);
}

/* Is a row to be had without waiting for Athena?  Asks for the result when it can. */
bool
scan_is_near(ForeignScanState *node)
{
	AthenaScan *scan = node->fdw_state;

	if (scan->query == NULL)
		return false;
	if (scan->rows || scan->all_read)
		return true;
	if (!query_is_over(scan->query))
		return false;
	if (scan->query->error.kind != AWS_OK || scan->query->execution.state != ATHENA_SUCCEEDED)
		return true; /* to say why it failed */
	if (scan->query->prepared == NULL)
		result_prepare(scan->query);
	return result_is_near(scan->query);
}

/*
 * Has Athena refused, before it read anything, to write files?  Then columns are to
 * be written as texts; and if it refuses that too, and nobody had asked for files,
 * the result itself is to be read.
 */
static bool
scan_must_not_unload(AthenaScan *scan)
{
	const AthenaQuery *query = scan->query;
	bool as_texts = query->unload_native;

	if (query->unload_prefix == NULL || (!as_texts && query->settings.fetch_mode == FETCH_UNLOAD))
		return false;
	query_await(scan->query);
	if (!query_was_refused(query))
		return false;
	scan->unload_texts = as_texts;
	scan->no_unload = !as_texts;
	return true;
}

/* Have the result open, waiting for it. */
static void
scan_prepare(ForeignScanState *node)
{
	AthenaScan *scan = node->fdw_state;

	if (scan->query == NULL || scan->bind_due)
	{
		scan_begin_query(node);
		overlap_start_others(node);
	}
	if (scan->rows == NULL)
	{
		while (scan_must_not_unload(scan))
		{
			scan_end_query(scan);
			scan_start(node, scan->bound, scan->fallback);
		}
		query_wait(scan->query);
		scan_open_result(node);
	}
}

/* All rows for some of the keys were read: ask for those of the next ones. */
static void
scan_next_part(ForeignScanState *node)
{
	AthenaScan *scan = node->fdw_state;
	bool fallback;
	char *sql = scan_bind(node, &fallback);

	if (fallback)
		elog(ERROR, "the rest of the keys cannot be written");
	scan_end_query(scan);
	scan_start(node, sql, fallback);
	scan_prepare(node);
}

/* Fill the slot with the next row of the result; false after the last. */
static bool
scan_fetch(ForeignScanState *node, TupleTableSlot *slot)
{
	AthenaScan *scan = node->fdw_state;

	if (scan->all_read)
		return false;
	while (!row_reader_next(scan->rows, slot->tts_values, slot->tts_isnull))
	{
		if (!key_parts_are_left(scan->parts))
		{
			scan->all_read = true;
			return false;
		}
		scan_next_part(node);
	}
	ExecStoreVirtualTuple(slot);
	return true;
}

/* Fill the slot with the next row that was kept; false when all were read. */
static bool
scan_from_store(AthenaScan *scan, TupleTableSlot *slot)
{
	int natts = slot->tts_tupleDescriptor->natts;
	MemoryContext caller;
	bool found;

	if (scan->store == NULL)
		return false;
	/* a tuple read back from disk belongs to store_slot, so it must live as long */
	caller = MemoryContextSwitchTo(scan->context);
	found = tuplestore_gettupleslot(scan->store, true, false, scan->store_slot);
	MemoryContextSwitchTo(caller);
	if (!found)
		return false;
	slot_getallattrs(scan->store_slot);
	memcpy(slot->tts_values, scan->store_slot->tts_values, sizeof(Datum) * natts);
	memcpy(slot->tts_isnull, scan->store_slot->tts_isnull, sizeof(bool) * natts);
	ExecStoreVirtualTuple(slot);
	return true;
}

/* The next row, kept or fetched; false after the last. */
static bool
scan_next(ForeignScanState *node, TupleTableSlot *slot)
{
	AthenaScan *scan = node->fdw_state;

	if (scan_from_store(scan, slot))
		return true;
	if (!scan_fetch(node, slot))
		return false;
	/* at its end the store's reading position moves over the new row */
	if (scan->store)
		tuplestore_puttupleslot(scan->store, slot);
	return true;
}

/* Do the shipped conditions hold?  Asked only where they were not shipped. */
static bool
fallback_passes(ForeignScanState *node, TupleTableSlot *slot)
{
	ExprContext *econtext = node->ss.ps.ps_ExprContext;

	econtext->ecxt_scantuple = slot;
	return ExecQual(node->fdw_recheck_quals, econtext);
}

/* Callback: the next row, or an empty slot. */
TupleTableSlot *
athena_iterate_foreign_scan(ForeignScanState *node)
{
	AthenaScan *scan = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	ErrorContextCallback context;

	enter_context(scan, &context);
	ExecClearTuple(slot);
	scan_prepare(node);
	/* kept rows are those that came: what is evaluated here may change with a rescan */
	while (scan_next(node, slot) && scan->fallback && !fallback_passes(node, slot))
	{
		ExecClearTuple(slot);
		CHECK_FOR_INTERRUPTS();
	}

	error_context_stack = context.previous;
	return slot;
}

/* Callback: from the start again, perhaps with other parameters. */
void
athena_rescan_foreign_scan(ForeignScanState *node)
{
	AthenaScan *scan = node->fdw_state;

	if (node->ss.ps.chgParam != NULL)
		scan->bind_due = true;
	if (scan->store)
		tuplestore_rescan(scan->store);
	else if (scan->rows)
	{
		/* nobody told us that this would happen: read the same result again */
		scan_close_result(scan);
		scan->keep = true;
	}
}

/* Callback: the end. */
void
athena_end_foreign_scan(ForeignScanState *node)
{
	AthenaScan *scan = node->fdw_state;

	if (scan == NULL)
		return;
	scan_close_result(scan);
	if (scan->query)
		query_end(scan->query);
	scan->query = NULL;
	if (scan->store)
	{
		ExecDropSingleTupleTableSlot(scan->store_slot);
		tuplestore_end(scan->store);
	}
	scan->store = NULL;
}
