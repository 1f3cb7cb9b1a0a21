/*
 * athena_fdw.c
 *	  The front door: module, settings, handler, validator.
 *
 * Reads as a table of contents; everything is done in src/:
 *	  planner/	which parts of a query Athena runs, and in which words
 *	  executor/	running a plan
 *	  storage/	servers, user mappings, options, import, SQL functions
 *	  query/	the life of one Athena query, its rows and types
 *	  aws/		signed HTTP calls of AWS's APIs
 */
#include "compat.h"

#include "access/reloptions.h"
#include "executor/scan.h"
#include "planner/planner.h"
#include "planner/semi_join.h"
#include "miscadmin.h"
#include "query/cost.h"
#include "query/result.h"
#include "query/stats.h"
#include "query/unload.h"
#include "storage/functions.h"
#include "storage/storage.h"
#include "utils/guc.h"

ATHENA_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(athena_fdw_handler);
PG_FUNCTION_INFO_V1(athena_fdw_validator);

void _PG_init(void);

static const struct config_enum_entry shippings[] = {
	{"exact", NUMERIC_EXACT, false}, {"close", NUMERIC_CLOSE, false}, {NULL, 0, false}};
static const struct config_enum_entry dialects[] = {
	{"athena", DIALECT_ATHENA, false}, {"postgresql", DIALECT_POSTGRES, false}, {NULL, 0, false}};

/* The settings. */
void
_PG_init(void)
{
	DefineCustomBoolVariable(
		"athena_fdw.pushdown", "Lets Athena evaluate conditions and limits of queries.",
		"When off, whole columns are fetched and everything else is done here; "
		"the rows are the same.",
		&planner_pushdown, true, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("athena_fdw.numeric_shipping",
							 "Lets Athena compute numbers whose last digits may differ from "
							 "PostgreSQL's.",
							 "exact: never; close: standard deviations and variances that a query "
							 "computes with.",
							 &planner_numeric_shipping, NUMERIC_EXACT, shippings, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	DefineCustomEnumVariable("athena_fdw.debug_dialect",
							 "Writes remote SQL of whole queries in another dialect, to be looked "
							 "at by EXPLAIN.",
							 "For tests of athena_fdw: such a statement is not run.",
							 &planner_dialect, DIALECT_ATHENA, dialects, PGC_USERSET,
							 GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"athena_fdw.semi_join_keys",
		"Sends the keys of a local table that is joined, if so many or fewer are "
		"expected.",
		"Athena then returns rows with those keys alone.  0 turns it off.", &planner_semi_join_keys,
		1000, 0, 100000, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"athena_fdw.semi_join_queries",
		"So many Athena queries may be made of keys that one does not take.",
		"Each has athena_fdw.semi_join_keys of them, costs what a query costs, and "
		"follows the one before.",
		&planner_semi_join_queries, 1, 1, 1000, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable(
		"athena_fdw.start_early", "Starts the Athena queries of a statement together.",
		"When off, each starts when its first row is asked for, and those of an Append one after "
		"the other.",
		&overlap_start_early, true, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("athena_fdw.fetch_parts",
							"How many parts of a result are fetched from S3 at once, at most.",
							"Small results take one; more are fetched as more rows are read.",
							&result_fetch_parts, 8, 1, 16, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("athena_fdw.fetch_part_size",
							"How large a part of a result that is fetched from S3 may be.",
							"Each part that is fetched at once takes so much memory.",
							&result_fetch_part_size, 1024, 1, 65536, PGC_USERSET, GUC_UNIT_KB, NULL,
							NULL, NULL);
	DefineCustomIntVariable(
		"athena_fdw.unload_size",
		"Results that are expected to be larger are written as files, by UNLOAD.",
		"With fetch_mode auto, and where their order does not matter.  -1: none.", &unload_size,
		1024, -1, PG_INT32_MAX, PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("athena_fdw.cancel_timeout",
							"How long ending a statement may wait for Athena to confirm that its "
							"query is stopped.",
							NULL, &query_cancel_timeout, 2000, 0, 60000, PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable(
		"athena_fdw.max_bytes_scanned", "Stops a query that scans more than this; 0 is no limit.",
		"Watched while the query runs.  The workgroup's own limit is enforced by Athena.",
		&cost_max_megabytes, 0, 0, PG_INT32_MAX, PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomRealVariable("athena_fdw.price_per_terabyte",
							 "What a terabyte scanned costs, for the amounts that are shown.", NULL,
							 &cost_price_per_terabyte, 5.0, 0, 1e6, PGC_USERSET, 0, NULL, NULL,
							 NULL);
	MarkGUCPrefixReserved("athena_fdw");
	whole_init();
	join_init();
	overlap_init();
	if (process_shared_preload_libraries_in_progress)
		stats_init();
}

Datum
athena_fdw_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	/* planning */
	routine->GetForeignRelSize = athena_get_foreign_rel_size;
	routine->GetForeignPaths = athena_get_foreign_paths;
	routine->GetForeignJoinPaths = athena_get_foreign_join_paths;
	routine->GetForeignUpperPaths = athena_get_foreign_upper_paths;
	routine->GetForeignPlan = athena_get_foreign_plan;

	/* running */
	routine->BeginForeignScan = athena_begin_foreign_scan;
	routine->IterateForeignScan = athena_iterate_foreign_scan;
	routine->ReScanForeignScan = athena_rescan_foreign_scan;
	routine->EndForeignScan = athena_end_foreign_scan;
	routine->ExplainForeignScan = athena_explain_foreign_scan;
	routine->IsForeignPathAsyncCapable = athena_is_async_capable;
	routine->ForeignAsyncRequest = athena_async_request;
	routine->ForeignAsyncConfigureWait = athena_async_configure_wait;
	routine->ForeignAsyncNotify = athena_async_notify;

	/* statistics */
	routine->AnalyzeForeignTable = athena_analyze_foreign_table;

	/* discovering */
	routine->ImportForeignSchema = athena_import_foreign_schema;

	PG_RETURN_POINTER(routine);
}

Datum
athena_fdw_validator(PG_FUNCTION_ARGS)
{
	options_validate(untransformRelOptions(PG_GETARG_DATUM(0)), PG_GETARG_OID(1));
	PG_RETURN_VOID();
}
