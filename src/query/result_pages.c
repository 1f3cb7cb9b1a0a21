/*
 * result_pages.c
 *	  Reads a result page by page, with GetQueryResults.
 *
 * The reader for what has no object in S3, or none that can be read.  While one
 * page is read the next is already being fetched, so two pages are in memory,
 * whatever the size of the result.  Values are unescaped in place in the network buffer by
 * page_scan.c.
 *
 * A result that is cut short in any way must be an error: each row has as many
 * values as there are columns, each page the columns of the first.
 */
#include "query/page_scan.h"
#include "query/result.h"
#include "utils/memutils.h"

/* How often the transfer of the next page is driven while rows are read. */
#define PROGRESS_ROWS 32

typedef struct PageReader
{
	AwsCall *current; /* owns the buffer that scan reads */
	AwsCall *next; /* under way; NULL when current is the last page */
	PageScan scan;
	char *token; /* that asked for next */
	int64 row_in_page;
} PageReader;

static void
drop_calls(void *arg)
{
	PageReader *reader = arg;

	page_close(&reader->scan);
	aws_call_free(reader->current);
	aws_call_free(reader->next);
	reader->current = reader->next = NULL;
}

static void
throw_malformed(AthenaResult *result, const char *what)
{
	AthenaQuery *query = result->query;
	PageReader *reader = result->reader;

	ereport(
		ERROR,
		(errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("Athena's result cannot be read: %s", what),
		 errdetail("Query Execution ID %s, page " INT64_FORMAT ", row " INT64_FORMAT ", byte %zu.",
				   query->id, query->pages, reader->row_in_page, reader->scan.error_pos)));
}

/* Ask for the page of a token (NULL for the first). */
static void
request_page(AthenaResult *result, const char *token)
{
	PageReader *reader = result->reader;
	AthenaQuery *query = result->query;

	reader->next = athena_get_query_results(query->settings.client, query->id,
											query->settings.fetch_size, token);
}

/* The first page tells the columns. */
static void
take_columns(AthenaResult *result)
{
	PageScan *scan = &((PageReader *) result->reader)->scan;
	MemoryContext caller = MemoryContextSwitchTo(result->context);
	int i;

	result_set_columns(result, scan->ncolumns);
	for (i = 0; i < scan->ncolumns; i++)
	{
		result->columns[i].name = pstrdup(scan->columns[i].name);
		result->columns[i].type = pstrdup(scan->columns[i].type);
		result->columns[i].precision = (int) Min(scan->columns[i].precision, PG_INT32_MAX);
		result->columns[i].scale = (int) Min(scan->columns[i].scale, PG_INT32_MAX);
	}
	result->update_count = scan->update_count;
	MemoryContextSwitchTo(caller);
}

/* Wait for the page under way, make it the current one, ask for the one after. */
static void
advance_page(AthenaResult *result)
{
	PageReader *reader = result->reader;
	AthenaQuery *query = result->query;
	bool first = reader->current == NULL;
	size_t len;
	char *body;

	if (!aws_call_wait(reader->next))
	{
		AwsError error = *aws_call_error(reader->next);

		if (!first || !query_run_again(query, &error))
		{
			query_note_error(query, &error);
			aws_error_throw(&error);
		}
		aws_call_free(reader->next);
		reader->next = NULL;
		request_page(result, NULL);
		advance_page(result);
		return;
	}
	page_close(&reader->scan);
	aws_call_free(reader->current);
	reader->current = reader->next;
	reader->next = NULL;
	query->pages++;
	query->retries += aws_call_retries(reader->current);
	query->bytes_fetched += aws_call_bytes(reader->current);
	reader->row_in_page = 0;

	body = aws_call_body(reader->current, &len);
	if (!page_open(&reader->scan, body, len))
		throw_malformed(result, reader->scan.error);
	if (first)
		take_columns(result);
	else if (reader->scan.ncolumns != result->ncolumns)
		throw_malformed(result, "a page has other columns than the first");

	if (reader->scan.next_token)
	{
		MemoryContext caller = MemoryContextSwitchTo(result->context);

		if (reader->token && strcmp(reader->token, reader->scan.next_token) == 0)
			throw_malformed(result, "a page names itself as the next");
		if (reader->token)
			pfree(reader->token);
		reader->token = pstrdup(reader->scan.next_token);
		MemoryContextSwitchTo(caller);
		request_page(result, reader->token);
	}
}

/* Read one row of the current page; false at its end. */
static bool
read_row(AthenaResult *result)
{
	PageReader *reader = result->reader;
	int n;
	int got = page_next_row(&reader->scan, result->values, result->ncolumns, &n);

	if (got < 0)
		throw_malformed(result, reader->scan.error);
	if (got == 0)
		return false;
	reader->row_in_page++;
	if (n < result->ncolumns && !result->query->execution.is_dml)
	{
		/* SHOW and DESCRIBE give one value a row, whatever their columns */
		for (; n < result->ncolumns; n++)
			result->values[n].data = NULL;
	}
	if (n != result->ncolumns)
		throw_malformed(result, psprintf("a row has %d values, not %d", n, result->ncolumns));
	return true;
}

/* The next row; false after the last. */
static bool
next_row(AthenaResult *result)
{
	PageReader *reader = result->reader;

	if (reader->next && reader->row_in_page % PROGRESS_ROWS == 0)
		query_progress();
	while (!read_row(result))
	{
		if (reader->next == NULL)
			return false;
		advance_page(result);
	}
	return true;
}

/* Take the first page. */
static bool
open_pages(AthenaResult *result)
{
	result->query->reader = "pages";
	advance_page(result);
	if (result->ncolumns > 0 && result_has_header(result->query) && !read_row(result))
		throw_malformed(result, "the row of column names is missing");
	return true;
}

static bool
has_page(const AthenaResult *result)
{
	const PageReader *reader = result->reader;

	return aws_call_has_answer(reader->next);
}

/* Ask for the first page of a result. */
void
result_pages_begin(AthenaResult *result)
{
	MemoryContextCallback *cb =
		MemoryContextAllocZero(result->context, sizeof(MemoryContextCallback));
	PageReader *reader = MemoryContextAllocZero(result->context, sizeof(PageReader));

	result->open = open_pages;
	result->has_answer = has_page;
	result->next = next_row;
	result->reader = reader;
	cb->func = drop_calls;
	cb->arg = reader;
	MemoryContextRegisterResetCallback(result->context, cb);
	request_page(result, NULL);
}
