/*
 * query.c
 *	  The life of one Athena query: start, wait, and above all its end.
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
#include "utils/memutils.h"

/*
 * Small queries end in 240 to 400 ms on the live service.  The delay between
 * polls grows with the age of the query, so that polling adds at most about a
 * quarter to its time, and a long query is not asked after all the time.
 */
#define POLL_FIRST_MS 100
#define POLL_MAX_MS 2000

int query_cancel_timeout = 2000;

static dlist_head running = DLIST_STATIC_INIT(running);
static bool registered = false;

static void query_release(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *arg);

/* A fresh random ClientRequestToken, in the form of a UUID. */
static char *
new_token(void)
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
}

/* The least delay between two polls of this backend. */
static int poll_first_ms = POLL_FIRST_MS;

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
	query->execution.bytes_scanned = -1;
	MemoryContextSwitchTo(caller);
	return query;
}

/*
 * Start a query and wait for its id.  The text is in the database's encoding.
 * Throws if Athena refuses it.  The query ends with query_end(), or with the
 * current resource owner.
 */
AthenaQuery *
query_start(const QuerySettings *settings, const char *sql)
{
	AthenaStart start = {0};
	AthenaQuery *query;

	start.sql = pg_server_to_any(sql, strlen(sql), PG_UTF8);
	if (strlen(start.sql) > ATHENA_MAX_STATEMENT)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("statement for Athena is too long: %zu bytes", strlen(start.sql)),
				 errdetail("Athena takes statements of at most %d bytes.", ATHENA_MAX_STATEMENT)));
	query = query_create(settings, sql);
	start.token = new_token();
	start.catalog = settings->catalog;
	start.database = settings->database;
	start.workgroup = settings->workgroup;
	start.output_location = settings->output_location;
	start.encryption = settings->encryption;
	start.kms_key = settings->kms_key;
	start.expected_bucket_owner = settings->expected_bucket_owner;
	start.reuse_minutes = settings->reuse_minutes;

	query->start_call = athena_start_query(query->settings.client, &start);
	if (!aws_call_wait(query->start_call) || !athena_start_query_id(query->start_call, query->id))
	{
		AwsError error = *aws_call_error(query->start_call);

		/* a refusal is an end; else it may be running, and has to be stopped */
		if (!aws_call_in_doubt(query->start_call))
			query->phase = QUERY_ENDED;
		aws_error_throw(&error);
	}
	query->retries += aws_call_retries(query->start_call);
	query->phase = QUERY_RUNNING;
	aws_call_free(query->start_call);
	query->start_call = NULL;
	return query;
}

/* SQLSTATE for the name of an engine error, with which its reason begins. */
static int
failure_sqlstate(const AthenaExecution *x)
{
	static const struct
	{
		const char *name;
		int sqlstate;
	} known[] = {
		{"TABLE_NOT_FOUND", ERRCODE_UNDEFINED_TABLE},
		{"SCHEMA_NOT_FOUND", ERRCODE_UNDEFINED_SCHEMA},
		{"CATALOG_NOT_FOUND", ERRCODE_UNDEFINED_DATABASE},
		{"COLUMN_NOT_FOUND", ERRCODE_UNDEFINED_COLUMN},
		{"FUNCTION_NOT_FOUND", ERRCODE_UNDEFINED_FUNCTION},
		{"NOT_FOUND", ERRCODE_UNDEFINED_OBJECT},
		{"TABLE_ALREADY_EXISTS", ERRCODE_DUPLICATE_TABLE},
		{"ALREADY_EXISTS", ERRCODE_DUPLICATE_OBJECT},
		{"SYNTAX_ERROR", ERRCODE_SYNTAX_ERROR},
		{"TYPE_MISMATCH", ERRCODE_DATATYPE_MISMATCH},
		{"DIVISION_BY_ZERO", ERRCODE_DIVISION_BY_ZERO},
		{"NUMERIC_VALUE_OUT_OF_RANGE", ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE},
		{"INVALID_CAST_ARGUMENT", ERRCODE_INVALID_TEXT_REPRESENTATION},
		{"INVALID_FUNCTION_ARGUMENT", ERRCODE_INVALID_PARAMETER_VALUE},
		{"NOT_SUPPORTED", ERRCODE_FEATURE_NOT_SUPPORTED},
		{"PERMISSION_DENIED", ERRCODE_INSUFFICIENT_PRIVILEGE},
		{"ACCESS_DENIED", ERRCODE_INSUFFICIENT_PRIVILEGE},
		{"HIVE_BAD_DATA", ERRCODE_DATA_EXCEPTION},
		{"HIVE_PARTITION_SCHEMA_MISMATCH", ERRCODE_DATATYPE_MISMATCH},
		{"EXCEEDED_MEMORY_LIMIT", ERRCODE_INSUFFICIENT_RESOURCES},
		{"EXCEEDED_LOCAL_MEMORY_LIMIT", ERRCODE_INSUFFICIENT_RESOURCES},
		{"EXCEEDED_TIME_LIMIT", ERRCODE_QUERY_CANCELED},
	};
	size_t i;

	for (i = 0; i < lengthof(known); i++)
	{
		size_t len = strlen(known[i].name);

		if (strncmp(x->reason, known[i].name, len) == 0 && x->reason[len] == ':')
			return known[i].sqlstate;
	}
	if (x->error_type == 1500 || strstr(x->reason, "AccessDenied") ||
		strstr(x->reason, "Access Denied"))
		return ERRCODE_INSUFFICIENT_PRIVILEGE;
	if (x->error_type == 1301)
		return ERRCODE_UNDEFINED_TABLE;
	return ERRCODE_FDW_ERROR;
}

static const char *
failure_hint(int sqlstate, const AthenaExecution *x)
{
	if (sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE)
	{
		if (strstr(x->reason, "glue"))
			return "The key needs the Glue permissions that the message names; the README has the "
				   "whole policy.";
		return "The key needs s3:GetObject and s3:ListBucket on the table's location.";
	}
	if (sqlstate == ERRCODE_UNDEFINED_COLUMN || sqlstate == ERRCODE_UNDEFINED_TABLE)
		return "The table may have changed in Athena since its foreign table was made: compare the "
			   "two, or import it again.";
	if (sqlstate == ERRCODE_DATATYPE_MISMATCH)
		return "If a column is declared here with another type than it has in Athena, say which it "
			   "has: ALTER FOREIGN TABLE ... ALTER COLUMN ... OPTIONS (ADD remote_type '...').";
	return NULL;
}

/* Throw what a query ended with that did not succeed. */
static void
throw_failure(AthenaQuery *query)
{
	static const char *const categories[] = {"", " (system)", " (user)", " (other)"};
	AthenaExecution *x = &query->execution;
	int sqlstate = failure_sqlstate(x);
	const char *hint = failure_hint(sqlstate, x);
	char *reason = aws_text_to_show(x->reason);
	char *details = psprintf("Query Execution ID %s", query->id);

	if (x->state == ATHENA_CANCELLED)
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("Athena query was cancelled: %s", *reason ? reason : "no reason was given"),
				 errdetail("%s.", details)));
	if (x->error_category > 0)
		details = psprintf(
			"%s, error category %d%s, type %d", details, x->error_category,
			x->error_category < (int) lengthof(categories) ? categories[x->error_category] : "",
			x->error_type);
	ereport(ERROR, (errcode(sqlstate),
					errmsg("Athena query failed: %s", *reason ? reason : "no reason was given"),
					errdetail("%s.  Remote SQL: %s", details, query->sql),
					hint ? errhint("%s", hint) : 0));
}

/* Ask for the state once; the answer's strings go to the query's context. */
static void
poll_state(AthenaQuery *query, MemoryContext scratch)
{
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	AthenaExecution x;
	AwsError error;

	if (!athena_get_query_execution(query->settings.client, query->id, &x, &error))
		aws_error_throw(&error);
	MemoryContextSwitchTo(query->context);
	query->execution = x;
	if (x.state == ATHENA_QUEUED || x.state == ATHENA_RUNNING)
	{
		query->execution.reason = "";
		query->execution.output_location = "";
	}
	else
	{
		query->execution.reason = pstrdup(x.reason);
		query->execution.output_location = pstrdup(x.output_location);
		query->phase = QUERY_ENDED;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(scratch);
}

/* Note what is to be deleted at the end; another query's object never is. */
static void
note_result_object(AthenaQuery *query)
{
	MemoryContext caller;

	if (query->settings.keep_results || query->execution.reused)
		return;
	caller = MemoryContextSwitchTo(query->context);
	if (!s3_parse_url(query->execution.output_location, &query->result_bucket, &query->result_key))
		query->result_bucket = NULL;
	MemoryContextSwitchTo(caller);
}

/*
 * Wait until the query has succeeded.  Throws if it fails, is cancelled from
 * elsewhere, or takes longer than the server's query_timeout.
 */
void
query_wait(AthenaQuery *query)
{
	MemoryContext scratch =
		AllocSetContextCreate(CurrentMemoryContext, "Athena poll", ALLOCSET_SMALL_SIZES);
	int64 began = http_now_ms();
	int timeout = query->settings.query_timeout_ms;
	int64 throttled = aws_throttled_total();

	while (query->phase == QUERY_RUNNING)
	{
		int64 age = http_now_ms() - began;
		int delay = (int) Min(Max(age / 4, poll_first_ms), POLL_MAX_MS);

		if (timeout > 0 && age >= timeout)
			ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
							errmsg("Athena query was stopped after %d s", timeout / 1000),
							errdetail("Query Execution ID %s.", query->id),
							errhint("Option query_timeout of server \"%s\" sets this limit.",
									query->settings.server_name)));
		if (timeout > 0)
			delay = (int) Min(delay, timeout - age);
		http_pause(delay, HTTP_WAIT_QUERY);
		poll_state(query, scratch);
	}
	MemoryContextDelete(scratch);
	/* others ask, too: when throttled, ask less often from now on, and forget it slowly */
	if (aws_throttled_total() > throttled)
		poll_first_ms = Min(poll_first_ms * 2, POLL_MAX_MS);
	else
		poll_first_ms = Max(poll_first_ms * 3 / 4, POLL_FIRST_MS);
	if (query->execution.state != ATHENA_SUCCEEDED)
		throw_failure(query);
	note_result_object(query);
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
	if (query->phase != QUERY_ENDED)
		stop_quietly(query, deadline);
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
