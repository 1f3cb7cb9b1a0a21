/*
 * analyze.c
 *	  ANALYZE of a foreign table.
 *
 * Two queries: one counts the rows, which formats that keep counts answer
 * without reading data; one fetches a sample of the wanted size.  The sample
 * is random over all rows, so it reads (and is billed for) the whole table:
 * ANALYZE runs only when somebody names the table, never by autovacuum.
 */
#include "executor/scan.h"

#include "access/htup_details.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/storage.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/sampling.h"

/* A little more than is wanted is asked for, since its size is random too. */
#define SAMPLE_MARGIN 1.2

static double
count_rows(Relation rel, QuerySettings *settings)
{
	AthenaQuery *query =
		query_start(settings, remote_select(RelationGetRelid(rel), NIL, "count(*)"));
	AthenaResult *result;
	double count;

	query_wait(query);
	result = result_open(query);
	if (result->ncolumns != 1 || !result_next(result) || result->values[0].data == NULL)
		ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
						errmsg("counting the rows of foreign table \"%s\" gave no number",
							   RelationGetRelationName(rel))));
	count = strtod(result->values[0].data, NULL);
	query_end(query);
	return count;
}

/* Callback of ANALYZE: fill rows with a random sample of at most targrows. */
static int
acquire_sample_rows(Relation rel, int elevel, HeapTuple *rows, int targrows, double *totalrows,
					double *totaldeadrows)
{
	QuerySettings *settings = storage_settings_for_table(RelationGetRelid(rel), GetUserId());
	TupleDesc desc = RelationGetDescr(rel);
	Datum *values = palloc0(sizeof(Datum) * desc->natts);
	bool *nulls = palloc(sizeof(bool) * desc->natts);
	MemoryContext caller = CurrentMemoryContext;
	ReservoirStateData reservoir;
	List *attrs = NIL;
	char *sql;
	AthenaQuery *query;
	RowReader *reader;
	double fraction;
	double skip = -1;
	double seen = 0;
	int n = 0;
	int i;

	*totaldeadrows = 0;
	*totalrows = count_rows(rel, settings);
	if (*totalrows == 0)
		return 0;
	for (i = 1; i <= desc->natts; i++)
		if (!TupleDescAttr(desc, i - 1)->attisdropped)
			attrs = lappend_int(attrs, i);

	sql = remote_select(RelationGetRelid(rel), attrs, NULL);
	fraction = targrows * SAMPLE_MARGIN / *totalrows;
	if (fraction < 1)
		sql = psprintf("%s WHERE random() < %.12f", sql, fraction);
	query = query_start(settings, sql);
	query_wait(query);
	reader = row_reader_open(query, desc, attrs, "foreign table", RelationGetRelationName(rel));
	reservoir_init_selection_state(&reservoir, targrows);
	while (row_reader_next(reader, values, nulls))
	{
		int at = n;

		CHECK_FOR_INTERRUPTS();
		seen++;
		if (n == targrows)
		{
			/* Vitter's algorithm, as in acquire_sample_rows() of the server */
			if (skip < 0)
				skip = reservoir_get_next_S(&reservoir, seen - 1, targrows);
			if (skip-- > 0)
				continue;
			at = (int) (targrows * sampler_random_fract(&reservoir.randstate));
			heap_freetuple(rows[at]);
		}
		else
			n++;
		MemoryContextSwitchTo(caller);
		rows[at] = heap_form_tuple(desc, values, nulls);
	}
	row_reader_close(reader);
	query_end(query);
	ereport(elevel, (errmsg("\"%s\": %.0f rows in Athena, %d of them in the sample",
							RelationGetRelationName(rel), *totalrows, n)));
	return n;
}

/* Callback: how is this table analyzed?  Athena has no pages; 1 means "not empty". */
bool
athena_analyze_foreign_table(Relation rel, AcquireSampleRowsFunc *func, BlockNumber *pages)
{
	*func = acquire_sample_rows;
	*pages = 1;
	return true;
}
