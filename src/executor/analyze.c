/*
 * analyze.c
 *	  ANALYZE of a foreign table, by the option analyze_method.
 *
 * "sample": two queries, of which one counts the rows, which formats that keep
 * counts answer without reading data, and one fetches a random sample.  Over
 * all rows, if the table's files are known to be small enough; else over a part
 * of the files (TABLESAMPLE SYSTEM), such that both together scan about
 * analyze_max_bytes.  A table of unknown size (a view, a query) is read whole,
 * and the queries are stopped when they pass that limit.
 *
 * "catalog": only the number of rows, as Glue or Iceberg's metadata knows it.
 *
 * ANALYZE runs only when somebody names the table, never by autovacuum.
 */
#include "executor/scan.h"

#include <math.h>

#include "access/htup_details.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/size.h"
#include "storage/storage.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/sampling.h"

/* A little more than is wanted is asked for, since its size is random too. */
#define SAMPLE_MARGIN 1.2
/* Of a few large files, a small part may be none. */
#define SAMPLE_TRIES 3

/* A sample on its way. */
typedef struct Sample
{
	Relation rel;
	QuerySettings *settings;
	HeapTuple *rows;
	int wanted;
	int n;
	double part; /* of the files that is read: 1 for all */
} Sample;

/* What follows the table's name in a query over a part of it. */
static const char *
part_clause(const Sample *sample)
{
	if (sample->part >= 1)
		return "";
	return psprintf(" TABLESAMPLE SYSTEM (%.6f)", Max(sample->part * 100, 0.000001));
}

/* How many rows there are, as far as the part tells. */
static double
count_rows(Sample *sample)
{
	AthenaQuery *query =
		query_start(sample->settings,
					psprintf("%s%s", remote_select(RelationGetRelid(sample->rel), NIL, "count(*)"),
							 part_clause(sample)));
	AthenaResult *result;
	double count;

	query_wait(query);
	result = result_open(query);
	if (result->ncolumns != 1 || !result_next(result) || result->values[0].data == NULL)
		ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
						errmsg("counting the rows of foreign table \"%s\" gave no number",
							   RelationGetRelationName(sample->rel))));
	count = strtod(text_value_string(&result->values[0]), NULL) / sample->part;
	query_end(query);
	return count;
}

/* The text of the query that fetches the sample. */
static char *
sample_sql(const Sample *sample, List *attrs, double total)
{
	char *sql = remote_select(RelationGetRelid(sample->rel), attrs, NULL);
	double fraction = total > 0 ? sample->wanted * SAMPLE_MARGIN / total : 1;

	if (sample->part < 1)
		return psprintf("%s%s ORDER BY random() LIMIT %d", sql, part_clause(sample),
						sample->wanted);
	if (fraction < 1)
		return psprintf("%s WHERE random() < %.12f", sql, fraction);
	return sql;
}

/* Read rows, keeping a random choice of as many as are wanted. */
static void
read_sample(Sample *sample, double total)
{
	TupleDesc desc = RelationGetDescr(sample->rel);
	Datum *values = palloc0(sizeof(Datum) * desc->natts);
	bool *nulls = palloc(sizeof(bool) * desc->natts);
	MemoryContext caller = CurrentMemoryContext;
	ReservoirStateData reservoir;
	List *attrs = NIL;
	AthenaQuery *query;
	RowReader *reader;
	double skip = -1;
	double seen = 0;
	int i;

	for (i = 1; i <= desc->natts; i++)
		if (!TupleDescAttr(desc, i - 1)->attisdropped)
			attrs = lappend_int(attrs, i);
	query = query_start(sample->settings, sample_sql(sample, attrs, total));
	query_wait(query);
	reader =
		row_reader_open(query, desc, attrs, "foreign table", RelationGetRelationName(sample->rel));
	reservoir_init_selection_state(&reservoir, sample->wanted);
	while (row_reader_next(reader, values, nulls))
	{
		int at = sample->n;

		CHECK_FOR_INTERRUPTS();
		seen++;
		if (sample->n == sample->wanted)
		{
			/* Vitter's algorithm, as in acquire_sample_rows() of the server */
			if (skip < 0)
				skip = reservoir_get_next_S(&reservoir, seen - 1, sample->wanted);
			if (skip-- > 0)
				continue;
			at = (int) (sample->wanted * sampler_random_fract(&reservoir.randstate));
			heap_freetuple(sample->rows[at]);
		}
		else
			sample->n++;
		MemoryContextSwitchTo(caller);
		sample->rows[at] = heap_form_tuple(desc, values, nulls);
	}
	row_reader_close(reader);
	query_end(query);
}

/* The number of rows by the catalogue alone. */
static double
rows_by_catalog(Relation rel, const TableOptions *table, const TableSize *size)
{
	if (size->rows >= 0)
		return size->rows;
	if (table->rows >= 0)
		return table->rows;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the catalogue does not know how many rows \"%s\" has",
					RelationGetRelationName(rel)),
			 errhint("Set its option rows, or have it read: ALTER FOREIGN TABLE ... OPTIONS (ADD "
					 "analyze_method 'sample').")));
}

/* A sample of a table too large to be read whole; gives the number of rows. */
static double
sample_of_part(Sample *sample, const TableSize *size, int64 max_bytes)
{
	double total = size->rows;
	int tries;

	/* half of the bytes to count, half to fetch */
	sample->part = isinf(size->bytes) ? 0.001 : (double) max_bytes / 2 / size->bytes;
	for (tries = 0; tries < SAMPLE_TRIES && sample->n == 0; tries++)
	{
		if (size->rows < 0)
			total = count_rows(sample);
		if (total > 0)
			read_sample(sample, total);
	}
	if (sample->n == 0 && size->rows < 0)
		ereport(ERROR, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
						errmsg("no sample of \"%s\" could be taken within analyze_max_bytes",
							   RelationGetRelationName(sample->rel)),
						errdetail("Its files hold %.0f MB, of which parts are read as a whole.",
								  size->bytes / 1024 / 1024),
						errhint("Raise the option analyze_max_bytes, or set the option rows.")));
	return total;
}

/* Have queries stopped that scan more than this. */
static void
limit_bytes(QuerySettings *settings, int64 max_bytes)
{
	if (settings->max_bytes_scanned > 0 && settings->max_bytes_scanned < max_bytes)
		return;
	settings->max_bytes_scanned = max_bytes;
	settings->for_analyze = true;
}

/* Callback of ANALYZE: fill rows with a random sample of at most targrows. */
static int
acquire_sample_rows(Relation rel, int elevel, HeapTuple *rows, int targrows, double *totalrows,
					double *totaldeadrows)
{
	Oid relid = RelationGetRelid(rel);
	TableOptions *table = storage_table(relid);
	Sample sample = {rel, storage_settings_for_table(relid, GetUserId()), rows, targrows, 0, 1};
	TableSize size;

	*totaldeadrows = 0;
	size_of_table(relid, sample.settings, &size);
	if (table->analyze_method == ANALYZE_CATALOG)
	{
		*totalrows = rows_by_catalog(rel, table, &size);
		ereport(elevel, (errmsg("\"%s\": %.0f rows by the catalogue", RelationGetRelationName(rel),
								*totalrows)));
		return 0;
	}
	if (size.can_sample && size.bytes > (double) table->analyze_max_bytes / 2)
		*totalrows = sample_of_part(&sample, &size, table->analyze_max_bytes);
	else
	{
		if (size.bytes < 0)
			limit_bytes(sample.settings, table->analyze_max_bytes);
		*totalrows = count_rows(&sample);
		if (*totalrows > 0)
			read_sample(&sample, *totalrows);
	}
	ereport(elevel,
			(errmsg("\"%s\": %.0f rows in Athena, %d of them in the sample%s",
					RelationGetRelationName(rel), *totalrows, sample.n,
					sample.part < 1 ? psprintf(", from %.3g %% of its files", sample.part * 100) :
									  "")));
	return sample.n;
}

/* Callback: how is this table analyzed?  Athena has no pages; 1 means "not empty". */
bool
athena_analyze_foreign_table(Relation rel, AcquireSampleRowsFunc *func, BlockNumber *pages)
{
	if (storage_table(RelationGetRelid(rel))->analyze_method == ANALYZE_OFF)
		return false;
	*func = acquire_sample_rows;
	*pages = 1;
	return true;
}
