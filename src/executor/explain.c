/*
 * explain.c
 *	  What EXPLAIN says of a foreign scan.
 *
 * VERBOSE shows the remote SQL, one clause a line if it is long, with $1, $2 for
 * parameters, and how much of the work is shipped; ANALYZE shows what the last
 * query of the scan was and cost.
 */
#include "executor/scan.h"

#include "commands/explain.h"
#include "executor/layout.h"
#include "nodes/value.h"
#include "query/cost.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static void
explain_sql(List *pieces, ExplainState *es)
{
	StringInfoData sql;
	ListCell *lc;

	initStringInfo(&sql);
	foreach (lc, pieces)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfo(&sql, "$%d", foreach_current_index(lc));
		appendStringInfoString(&sql, strVal(lfirst(lc)));
	}
	ExplainPropertyText("Remote SQL",
						es->format == EXPLAIN_FORMAT_TEXT ?
							layout_statement(sql.data, es->indent * 2 + 2) :
							sql.data,
						es);
}

/* A node that is no scan of one table alone says what it is of. */
static void
explain_relations(List *relids, ExplainState *es)
{
	StringInfoData text;
	ListCell *lc;

	initStringInfo(&text);
	foreach (lc, relids)
	{
		char *name = get_rel_name(lfirst_oid(lc));

		appendStringInfo(&text, "%s%s", lc == list_head(relids) ? "" : ", ",
						 es->verbose ?
							 quote_qualified_identifier(
								 get_namespace_name(get_rel_namespace(lfirst_oid(lc))), name) :
							 quote_identifier(name));
	}
	ExplainPropertyText("Relations", text.data, es);
}

static void
explain_shipped(List *private, ExplainState *es)
{
	List *counts = list_nth(private, SCAN_COUNTS);
	const char *level = strVal(list_nth(private, SCAN_SHIPPED));
	int remote = lsecond_int(counts);
	int all = remote + lthird_int(counts);
	StringInfoData text;

	if (*level)
	{
		ExplainPropertyText("Shipped", level, es);
		return;
	}
	initStringInfo(&text);
	appendStringInfo(&text, "%d of %d columns", list_length(list_nth(private, SCAN_ATTRS)),
					 linitial_int(counts));
	if (all > 0)
		appendStringInfo(&text, ", %d of %d conditions", remote, all);
	if (intVal(list_nth(private, SCAN_FLAGS)) & SCAN_HAS_ORDER)
		appendStringInfoString(&text, ", ORDER BY");
	if (intVal(list_nth(private, SCAN_FLAGS)) & SCAN_HAS_LIMIT)
		appendStringInfoString(&text, ", LIMIT");
	ExplainPropertyText("Shipped", text.data, es);
}

static void
add_time(StringInfo text, const char *what, int64 ms)
{
	if (ms >= 0)
		appendStringInfo(text, "%s%s " INT64_FORMAT " ms", text->len ? ", " : "", what, ms);
}

/* How the rows came: the pages, or the parts of the object, or why not these. */
static char *
reading(const AthenaQuery *query, const ScanTotals *all)
{
	if (all->files > 0)
		return psprintf("%d %s of an UNLOAD", all->files, all->files == 1 ? "file" : "files");
	if (all->parts > 0)
		return psprintf("%d %s from S3", all->parts, all->parts == 1 ? "part" : "parts");
	return psprintf(INT64_FORMAT " %s%s%s%s", all->pages, all->pages == 1 ? "page" : "pages",
					query->no_object[0] ? " (not from S3: " : "", query->no_object,
					query->no_object[0] ? ")" : "");
}

static void
explain_run(AthenaScan *scan, ExplainState *es)
{
	AthenaQuery *query = scan->query;
	AthenaExecution *x = &query->execution;
	bool several = scan->queries > 1;
	ScanTotals all = scan->earlier;
	StringInfoData times;

	scan_add_totals(&all, query);

	ExplainPropertyText("Query Execution ID", query->id, es);
	if (several)
		ExplainPropertyInteger("Athena Queries", NULL, scan->queries, es);
	if (es->format != EXPLAIN_FORMAT_TEXT)
	{
		ExplainPropertyInteger("Queue Time", "ms", several ? all.queue_ms : x->queue_ms, es);
		ExplainPropertyInteger("Planning Time in Athena", "ms",
							   several ? all.planning_ms : x->planning_ms, es);
		ExplainPropertyInteger("Engine Time", "ms", several ? all.engine_ms : x->engine_ms, es);
		ExplainPropertyInteger("Data Scanned", "bytes", all.bytes_scanned, es);
		ExplainPropertyFloat("Athena Cost", NULL, all.cost, 6, es);
		ExplainPropertyBool("Result Reused", x->reused, es);
		if (query->reader)
			ExplainPropertyText("Reader", query->reader, es);
		if (query->no_object[0])
			ExplainPropertyText("Not From S3", query->no_object, es);
		ExplainPropertyInteger("Pages", NULL, all.pages, es);
		ExplainPropertyInteger("Parts", NULL, all.parts, es);
		ExplainPropertyInteger("Files", NULL, all.files, es);
		ExplainPropertyInteger("Rows Fetched", NULL, all.rows, es);
		ExplainPropertyInteger("Bytes Fetched", "bytes", all.bytes_fetched, es);
		ExplainPropertyInteger("Retries", NULL, all.retries, es);
		return;
	}
	initStringInfo(&times);
	add_time(&times, "queued", several ? all.queue_ms : x->queue_ms);
	add_time(&times, "planned", several ? all.planning_ms : x->planning_ms);
	add_time(&times, "ran", several ? all.engine_ms : x->engine_ms);
	if (times.len)
		ExplainPropertyText("Athena", times.data, es);
	ExplainPropertyText("Data Scanned",
						psprintf("%s (about %s)%s", cost_bytes_text(all.bytes_scanned),
								 cost_text(all.cost), x->reused ? ", result reused" : ""),
						es);
	ExplainPropertyText("Result",
						psprintf("%s, " INT64_FORMAT " %s, %s", reading(query, &all), all.rows,
								 all.rows == 1 ? "row" : "rows",
								 cost_bytes_text(all.bytes_fetched)),
						es);
	if (scan->fallback)
		ExplainPropertyText("Conditions", "evaluated here: a parameter has no literal in Athena",
							es);
	if (all.retries > 0)
		ExplainPropertyInteger("Retries", NULL, all.retries, es);
}

/* Callback. */
void
athena_explain_foreign_scan(ForeignScanState *node, ExplainState *es)
{
	List *private = ((ForeignScan *) node->ss.ps.plan)->fdw_private;
	AthenaScan *scan = node->fdw_state;

	if (((Scan *) node->ss.ps.plan)->scanrelid == 0)
		explain_relations(list_nth(private, SCAN_RELIDS), es);
	if (es->verbose)
	{
		explain_sql(list_nth(private, SCAN_SQL), es);
		explain_shipped(private, es);
	}
	if (es->analyze && scan && scan->query)
		explain_run(scan, es);
}
