/*
 * query.c
 *	  The life of one Athena query: start, wait, and above all its end.
 *
 * Several may be under way: whoever waits for one lets all of them get on, and
 * poll.c asks after them together.
 *
 * Called by the executor and by the SQL functions.  A query costs money until
 * it ends, so each one is on a list of this backend and tied to a resource
 * owner.  query_end() is the normal end; when a statement fails, is cancelled,
 * or its portal, subtransaction or backend goes away, the owner's release
 * calls the same code.  There nothing may throw and no catalogue may be read:
 * all that is needed lies with the query.
 *
 * If StartQueryExecution is still in flight then, its answer is awaited (it
 * can be repeated with the same token, giving the same id), because only the
 * id can be stopped.  All of that is bounded by athena_fdw.cancel_timeout.
 */
#include "query/query.h"

#include "aws/s3.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "query/cost.h"
#include "query/poll.h"
#include "query/stats.h"
#include "query/unload.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

int query_cancel_timeout = 2000;

static dlist_head running = DLIST_STATIC_INIT(running);
static bool registered = false;

/* Of the backend's counts, what has been put down to a query. */
static int64 counted_throttled = 0;
static int64 counted_repeated = 0;

static void query_release(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *arg);

/* A fresh random ClientRequestToken, in the form of a UUID. */
char *
query_new_token(void)
{
	unsigned char b[16];

	if (!pg_strong_random(b, sizeof(b)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
	return psprintf("%02x%02x%02x%02x-%02x%02x-4%x%02x-a%x%02x-%02x%02x%02x%02x%02x%02x", b[0],
					b[1], b[2], b[3], b[4], b[5], b[6] & 15, b[7], b[8] & 15, b[9], b[10], b[11],
					b[12], b[13], b[14], b[15]);
}

static const char *
copy_or_null(const char *text)
{
	return text ? pstrdup(text) : NULL;
}

static void
copy_settings(QuerySettings *to, const QuerySettings *from)
{
	*to = *from;
	to->server_name = pstrdup(from->server_name);
	to->client = aws_client_copy(from->client);
	to->catalog = pstrdup(from->catalog);
	to->database = copy_or_null(from->database);
	to->workgroup = copy_or_null(from->workgroup);
	to->output_location = copy_or_null(from->output_location);
	to->encryption = copy_or_null(from->encryption);
	to->kms_key = copy_or_null(from->kms_key);
	to->expected_bucket_owner = copy_or_null(from->expected_bucket_owner);
	to->acl = copy_or_null(from->acl);
}

/* Make the query, on the list and owned, before anything is sent. */
static AthenaQuery *
query_create(const QuerySettings *settings, const char *sql)
{
	MemoryContext context =
		AllocSetContextCreate(TopMemoryContext, "Athena query", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	AthenaQuery *query = palloc0(sizeof(AthenaQuery));

	if (!registered)
	{
		RegisterResourceReleaseCallback(query_release, NULL);
		registered = true;
	}
	query->context = context;
	query->owner = CurrentResourceOwner;
	dlist_push_tail(&running, &query->node);
	copy_settings(&query->settings, settings);
	query->sql = pstrdup(sql);
	query->execution.reason = "";
	query->execution.output_location = "";
	query->execution.manifest_location = "";
	query->execution.bytes_scanned = -1;
	query->execution.queue_ms = query->execution.planning_ms = -1;
	query->execution.engine_ms = query->execution.total_ms = -1;
	MemoryContextSwitchTo(caller);
	return query;
}

/*
 * Write into the history what became of the query, and count it.  Throws
 * nothing.
 */
static void
close_record(AthenaQuery *query)
{
	static const char *const states[] = {"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"};
	QueryRecord *record = query->record;
	AthenaExecution *x = &query->execution;
	bool succeeded = query->phase == QUERY_ENDED && x->state == ATHENA_SUCCEEDED;

	if (record == NULL)
		return;
	query->record = NULL;
	strlcpy(record->state,
			query->id[0] == '\0'        ? "REFUSED" :
			query->phase == QUERY_ENDED ? states[x->state] :
										  "CANCELLED",
			sizeof(record->state));
	strlcpy(record->reader, succeeded && query->reader ? query->reader : "",
			sizeof(record->reader));
	record->ended = GetCurrentTimestamp();
	record->queue_ms = x->queue_ms;
	record->planning_ms = x->planning_ms;
	record->engine_ms = x->engine_ms;
	record->total_ms = x->total_ms;
	record->bytes_scanned = x->bytes_scanned;
	record->rows = query->rows;
	record->reused = x->reused;
	record->cost = cost_of(x);
	record->trouble = query->trouble;
	if (query->phase != QUERY_ENDED && record->trouble == TROUBLE_NONE)
		record->trouble = TROUBLE_CANCELLED;
	stats_add(query->settings.server_id, query->settings.user_id, query->settings.server_name,
			  record, succeeded, aws_throttled_total() - counted_throttled,
			  aws_repeated_total() - counted_repeated);
	counted_throttled = aws_throttled_total();
	counted_repeated = aws_repeated_total();
}

/* What an error of a call is in the statistics. */
static QueryTrouble
trouble_of(AwsErrorKind kind)
{
	switch (kind)
	{
		case AWS_ERR_ACCESS_DENIED:
			return TROUBLE_PERMISSION;
		case AWS_ERR_BAD_SIGNATURE:
		case AWS_ERR_BAD_KEY:
		case AWS_ERR_EXPIRED:
		case AWS_ERR_CLOCK:
			return TROUBLE_CREDENTIALS;
		case AWS_ERR_TRANSPORT:
		case AWS_ERR_MALFORMED:
		case AWS_ERR_SERVER:
			return TROUBLE_NETWORK;
		case AWS_ERR_THROTTLED:
			return TROUBLE_THROTTLED;
		case AWS_ERR_SYNTAX:
			return TROUBLE_STATEMENT;
		default:
			return TROUBLE_OTHER;
	}
}

/* A call for this query has failed for good. */
void
query_note_error(AthenaQuery *query, const AwsError *error)
{
	query->trouble = trouble_of(error->kind);
	query->error = *error;
}

/* Send the statement. */
static void
submit(AthenaQuery *query)
{
	const QuerySettings *settings = &query->settings;
	AthenaStart start = {0};

	start.sql = pg_server_to_any(query->sql, (int) strlen(query->sql), PG_UTF8);
	if (strlen(start.sql) > ATHENA_MAX_STATEMENT)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("statement for Athena is too long: %zu bytes", strlen(start.sql)),
				 errdetail("Athena takes statements of at most %d bytes.", ATHENA_MAX_STATEMENT)));
	query->record = history_begin(settings->server_name, query->sql);
	if (query_count_running() == 1) /* this one; what came before was no query's */
	{
		counted_throttled = aws_throttled_total();
		counted_repeated = aws_repeated_total();
	}
	start.token = query_new_token();
	start.catalog = settings->catalog;
	start.database = settings->database;
	start.workgroup = settings->workgroup;
	start.output_location = settings->output_location;
	start.encryption = settings->encryption;
	start.kms_key = settings->kms_key;
	start.expected_bucket_owner = settings->expected_bucket_owner;
	start.acl = settings->acl;
	start.reuse_minutes = settings->reuse_minutes;

	query->phase = QUERY_STARTING;
	query->started_ms = http_now_ms();
	query->start_call = athena_start_query(settings->client, &start);
}

/* Its answer is there, or will not come. */
static void
take_id(AthenaQuery *query)
{
	if (aws_call_error(query->start_call)->kind != AWS_OK ||
		!athena_start_query_id(query->start_call, query->id))
	{
		query_note_error(query, aws_call_error(query->start_call));
		/* a refusal is an end; else it may be running, and has to be stopped */
		if (!aws_call_in_doubt(query->start_call))
			query->phase = QUERY_ENDED;
		return;
	}
	query->retries += aws_call_retries(query->start_call);
	query->phase = QUERY_RUNNING;
	strlcpy(query->record->id, query->id, sizeof(query->record->id));
	aws_call_free(query->start_call);
	query->start_call = NULL;
	poll_begin(query);
}

/*
 * Let all queries of this backend get on as far as they can without waiting.
 * Returns when to call again at the latest, by http_now_ms().  What becomes of a
 * query is told by query_wait() alone; but one that exceeds a limit is an error
 * at once, whosever statement it belongs to.
 */
int64
query_progress(void)
{
	int64 wake = PG_INT64_MAX;
	dlist_iter iter;

	http_progress();
	dlist_foreach (iter, &running)
	{
		AthenaQuery *query = dlist_container(AthenaQuery, node, iter.cur);

		if (query->start_call && !query_is_over(query) &&
			aws_call_advance(query->start_call, &wake))
			take_id(query);
	}
	poll_progress(&running, &wake);
	return wake;
}

/* Is there nothing more to wait for?  Then query_wait() returns or throws at once. */
bool
query_is_over(const AthenaQuery *query)
{
	return query->phase == QUERY_ENDED || query->error.kind != AWS_OK;
}

/*
 * Wait until nothing is to be waited for, letting the other queries of this
 * backend get on meanwhile.
 */
static void
wait_for(AthenaQuery *query, bool id_only)
{
	for (;;)
	{
		int64 wake = query_progress();

		if (query_is_over(query) || (id_only && query->phase != QUERY_STARTING))
			return;
		http_wait_some(wake, query->phase == QUERY_STARTING ? HTTP_WAIT_START : HTTP_WAIT_QUERY);
	}
}

/* How many queries of this backend are not over? */
int
query_count_running(void)
{
	dlist_iter iter;
	int n = 0;

	dlist_foreach (iter, &running)
		if (!query_is_over(dlist_container(AthenaQuery, node, iter.cur)))
			n++;
	return n;
}

/*
 * Start a query without waiting for anything.  The text is in the database's
 * encoding.  The query ends with query_end(), or with the current resource
 * owner.  Throws where keys cannot be had.
 */
AthenaQuery *
query_begin(const QuerySettings *settings, const char *sql)
{
	AthenaQuery *query = query_create(settings, sql);

	submit(query);
	return query;
}

/* The same, and wait for its id.  Throws if Athena refuses it. */
AthenaQuery *
query_start(const QuerySettings *settings, const char *sql)
{
	AthenaQuery *query = query_begin(settings, sql);

	wait_for(query, true);
	if (query->error.kind != AWS_OK)
		aws_error_throw(&query->error);
	return query;
}

/*
 * Note what is to be deleted at the end, as soon as it is known: a query that is
 * stopped may have written it.  The object of another query never is.
 */
void
query_note_result_object(AthenaQuery *query)
{
	MemoryContext caller;

	if (query->settings.keep_results || query->execution.reused)
		query->result_bucket = NULL;
	else if (query->result_bucket == NULL)
	{
		caller = MemoryContextSwitchTo(query->context);
		if (!s3_parse_url(query->execution.output_location, &query->result_bucket,
						  &query->result_key))
			query->result_bucket = NULL;
		MemoryContextSwitchTo(caller);
	}
}

/* Wait until query_is_over(). */
void
query_await(AthenaQuery *query)
{
	wait_for(query, false);
}

/*
 * Wait until the query has succeeded.  Throws if it is refused, fails, is
 * cancelled from elsewhere, takes longer than the server's query_timeout, or
 * scans more than it may.
 */
void
query_wait(AthenaQuery *query)
{
	query_await(query);
	if (query->error.kind != AWS_OK)
		aws_error_throw(&query->error);
	if (query->execution.state != ATHENA_SUCCEEDED)
		query_throw_failure(query);
}

/*
 * The result cannot be had.  If it is an earlier query's, it has been deleted
 * since: then this query is run once more, without using results again.  Says
 * whether it was.
 */
bool
query_run_again(AthenaQuery *query, const AwsError *error)
{
	if (!query->execution.reused || query->settings.reuse_minutes == 0 ||
		(error->kind != AWS_ERR_NOT_FOUND && strcmp(error->subcode, "RESULT_NOT_FOUND") != 0))
		return false;
	elog(DEBUG1, "athena_fdw: the reused result of query %s is gone, running it again", query->id);
	close_record(query);
	query->settings.reuse_minutes = 0;
	query->error.kind = AWS_OK;
	query->id[0] = '\0';
	query->execution.output_location = "";
	query->execution.manifest_location = "";
	submit(query);
	query_wait(query);
	return true;
}

/* ---------- the end: nothing below may throw ---------- */

/* Stop a query that may be running. */
static void
stop_quietly(AthenaQuery *query, int64 deadline)
{
	AwsCall *call;
	bool stopped = false;

	if (query->phase == QUERY_STARTING)
	{
		if (query->start_call == NULL || !aws_call_in_doubt(query->start_call))
			return;
		if (!aws_call_wait_quietly(query->start_call, deadline, false))
		{
			if (aws_call_in_doubt(query->start_call))
				ereport(WARNING, (errmsg("an Athena query may still be running"),
								  errdetail("The answer to its StartQueryExecution did not come in "
											"time, so it could not be stopped.")));
			return;
		}
		if (!athena_start_query_id(query->start_call, query->id))
			return;
	}
	call = athena_stop_query(query->settings.client, query->id);
	if (call)
		stopped = aws_call_wait_quietly(call, deadline, true);
	aws_call_free(call);
	if (!stopped)
		ereport(WARNING, (errmsg("Athena query %s could not be stopped and may still be running",
								 query->id)));
}

/* Delete the result object and its metadata, for keep_results 'off'. */
static void
delete_result_quietly(AthenaQuery *query, int64 deadline)
{
	const char *owner = query->settings.expected_bucket_owner;
	char metadata[1200];
	AwsCall *calls[2] = {NULL, NULL};
	int i;

	snprintf(metadata, sizeof(metadata), "%s.metadata", query->result_key);
	calls[0] =
		s3_delete_object(query->settings.client, query->result_bucket, query->result_key, owner);
	calls[1] = s3_delete_object(query->settings.client, query->result_bucket, metadata, owner);
	for (i = 0; i < 2; i++)
	{
		if (calls[i] == NULL || !aws_call_wait_quietly(calls[i], deadline, true))
			ereport(WARNING, (errmsg("could not delete the result object s3://%s/%s",
									 query->result_bucket, i == 0 ? query->result_key : metadata)));
		aws_call_free(calls[i]);
	}
}

static void
end_quietly(AthenaQuery *query, int64 deadline)
{
	dlist_delete(&query->node);
	poll_forget(query);
	if (query->phase != QUERY_ENDED)
		stop_quietly(query, deadline);
	close_record(query);
	unload_remove_quietly(query, deadline);
	if (query->result_bucket)
		delete_result_quietly(query, deadline);
	aws_call_free(query->start_call);
	MemoryContextDelete(query->context);
}

/* End a query in any state: stop it if it may be running, and forget it. */
void
query_end(AthenaQuery *query)
{
	end_quietly(query, http_now_ms() + query_cancel_timeout);
}

/* A resource owner goes away: end what it still owns. */
static void
query_release(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *arg)
{
	dlist_mutable_iter iter;
	int64 deadline;

	/* after the locks: others need not wait for Athena's answer */
	if (phase != RESOURCE_RELEASE_AFTER_LOCKS || dlist_is_empty(&running))
		return;
	deadline = http_now_ms() + query_cancel_timeout;
	dlist_foreach_modify (iter, &running)
	{
		AthenaQuery *query = dlist_container(AthenaQuery, node, iter.cur);

		if (query->owner == CurrentResourceOwner)
			end_quietly(query, deadline);
	}
}
