/*
 * result.c
 *	  The rows of a query that has succeeded: picks a reader.
 *
 * Called by rows.c.  The object in S3 (result_csv.c) is read first, whatever the
 * size of the result: its first byte comes sooner than an answer of
 * GetQueryResults, its rows come in the size that the wire bears, and no account
 * has a quota on it.  Pages (result_pages.c) can always be read, so they are what
 * is left where the object cannot.
 */
#include "query/result.h"

#include "utils/memutils.h"

int result_fetch_parts = 8;
int result_fetch_part_size = 1024;

/* Make the room for so many columns. */
void
result_set_columns(AthenaResult *result, int ncolumns)
{
	result->ncolumns = ncolumns;
	result->columns =
		MemoryContextAllocZero(result->context, sizeof(ResultColumn) * (ncolumns + 1));
	result->values = MemoryContextAllocZero(result->context, sizeof(TextValue) * (ncolumns + 1));
}

/*
 * Is the first row the names of the columns?  So it is where Athena writes CSV.
 * Statements that write (INSERT, UNLOAD, ...) are DML as well, but answer with an
 * update count and no row at all.
 */
bool
result_has_header(const AthenaQuery *query)
{
	static const char *const reading[] = {"SELECT", "EXPLAIN", "EXECUTE", ""};
	const AthenaExecution *x = &query->execution;
	size_t i;

	if (strcmp(x->substatement, "SHOW_FUNCTIONS") == 0)
		return true;
	for (i = 0; x->is_dml && i < lengthof(reading); i++)
		if (strcmp(x->substatement, reading[i]) == 0)
			return true;
	return false;
}

/*
 * Ask for the result of a query that has succeeded, without waiting for it.
 * Throws where keys cannot be had.
 */
void
result_prepare(AthenaQuery *query)
{
	MemoryContext context =
		AllocSetContextCreate(query->context, "Athena result", ALLOCSET_SMALL_SIZES);
	AthenaResult *result = MemoryContextAllocZero(context, sizeof(AthenaResult));

	result->query = query;
	result->context = context;
	result->update_count = -1;
	if (query->unload_prefix)
		result_unload_begin(result);
	else if (!result_csv_begin(result))
		result_pages_begin(result);
	query->prepared = result;
}

/* Has an answer come since result_prepare(), so that opening will not wait for one? */
bool
result_is_near(const AthenaQuery *query)
{
	return query->prepared->has_answer(query->prepared);
}

/*
 * Begin to read the rows of a query that has succeeded.  May be called again
 * for the same query, to read them from the start.
 */
AthenaResult *
result_open(AthenaQuery *query)
{
	AthenaResult *result;

	if (query->prepared == NULL)
		result_prepare(query);
	result = query->prepared;
	query->prepared = NULL;
	if (!result->open(result))
	{
		result_pages_begin(result);
		result->open(result);
	}
	return result;
}

/* Step to the next row; false after the last. */
bool
result_next(AthenaResult *result)
{
	if (!result->next(result))
		return false;
	result->query->rows++;
	return true;
}

void
result_close(AthenaResult *result)
{
	MemoryContextDelete(result->context);
}
