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
#include "query/cost.h"
#include "query/stats.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

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
	to->acl = copy_or_null(from->acl);
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
			  record, succeeded, aws_throttled_total() - query->throttled_before,
			  aws_repeated_total() - query->repeated_before);
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
}

/* Send the statement and wait for its id. */
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
	query->throttled_before = aws_throttled_total();
	query->repeated_before = aws_repeated_total();
	start.token = new_token();
	start.catalog = settings->catalog;
	start.database = settings->database;
	start.workgroup = settings->workgroup;
	start.output_location = settings->output_location;
	start.encryption = settings->encryption;
	start.kms_key = settings->kms_key;
	start.expected_bucket_owner = settings->expected_bucket_owner;
	start.acl = settings->acl;
	start.reuse_minutes = settings->reuse_minutes;

	query->start_call = athena_start_query(settings->client, &start);
	if (!aws_call_wait(query->start_call) || !athena_start_query_id(query->start_call, query->id))
	{
		AwsError error = *aws_call_error(query->start_call);

		/* a refusal is an end; else it may be running, and has to be stopped */
		if (!aws_call_in_doubt(query->start_call))
			query->phase = QUERY_ENDED;
		query_note_error(query, &error);
		aws_error_throw(&error);
	}
	query->retries += aws_call_retries(query->start_call);
	query->phase = QUERY_RUNNING;
	strlcpy(query->record->id, query->id, sizeof(query->record->id));
	aws_call_free(query->start_call);
	query->start_call = NULL;
}

/*
 * Start a query and wait for its id.  The text is in the database's encoding.
 * Throws if Athena refuses it.  The query ends with query_end(), or with the
 * current resource owner.
 */
AthenaQuery *
query_start(const QuerySettings *settings, const char *sql)
{
	AthenaQuery *query = query_create(settings, sql);

	submit(query);
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
		{"SUBQUERY_MULTIPLE_ROWS", ERRCODE_CARDINALITY_VIOLATION},
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
		const char *action = strstr(x->reason, "to perform: ");
		size_t len = action ? strcspn(action + 12, " ,;)\"") : 0;

		if (len > 0)
			return psprintf("Attach a policy that allows %.*s to the IAM user or role of the key; "
							"doc/permissions.md says what needs which.",
							(int) len, aws_text_to_show(action + 12));
		if (strstr(x->reason, "writing output") || strstr(x->reason, "write output"))
			return "The key needs s3:PutObject, s3:AbortMultipartUpload and s3:GetBucketLocation "
				   "on "
				   "the output location; athena_check() tries them.";
		if (strstr(x->reason, "glue"))
			return "The key needs the Glue permissions that the message names; the README has the "
				   "whole policy.";
		return "The key needs s3:GetObject and s3:ListBucket on the table's location.";
	}
	if (sqlstate == ERRCODE_UNDEFINED_COLUMN || sqlstate == ERRCODE_UNDEFINED_TABLE)
		return "The table may have changed in Athena since its foreign table was made: "
			   "athena_diff() shows what did, athena_sync() mends it.";
	if (sqlstate == ERRCODE_DATATYPE_MISMATCH)
		return "If a column is declared here with another type than it has in Athena, say which it "
			   "has: ALTER FOREIGN TABLE ... ALTER COLUMN ... OPTIONS (ADD remote_type '...').";
	if (sqlstate == ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE || sqlstate == ERRCODE_FEATURE_NOT_SUPPORTED)
		return "Where Athena's engine cannot do what PostgreSQL can, SET athena_fdw.pushdown = off "
			   "does "
			   "it here.";
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

	query->trouble =
		sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE ? TROUBLE_PERMISSION : TROUBLE_STATEMENT;
	if (x->state == ATHENA_CANCELLED)
		query->trouble = TROUBLE_CANCELLED;
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

/*
 * Note what is to be deleted at the end, as soon as it is known: a query that is
 * stopped may have written it.  The object of another query never is.
 */
static void
note_result_object(AthenaQuery *query)
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

/* Ask for the state once; the answer's strings go to the query's context. */
static void
poll_state(AthenaQuery *query, MemoryContext scratch)
{
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	AthenaExecution x;
	AwsError error;
	bool ended;

	if (!athena_get_query_execution(query->settings.client, query->id, &x, &error))
	{
		query_note_error(query, &error);
		aws_error_throw(&error);
	}
	ended = x.state != ATHENA_QUEUED && x.state != ATHENA_RUNNING;
	MemoryContextSwitchTo(query->context);
	/* known from the first poll on, and the last one says it again */
	x.output_location = *query->execution.output_location && !ended ?
							query->execution.output_location :
							pstrdup(x.output_location);
	x.reason = ended ? pstrdup(x.reason) : "";
	query->execution = x;
	if (ended)
		query->phase = QUERY_ENDED;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(scratch);
	note_result_object(query);
}

/* Throw if the query has taken too long. */
static void
check_time(AthenaQuery *query, int64 age)
{
	int timeout = query->settings.query_timeout_ms;

	if (timeout == 0 || age < timeout)
		return;
	query->trouble = TROUBLE_LIMIT;
	ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
					errmsg("Athena query was stopped after %d s", timeout / 1000),
					errdetail("Query Execution ID %s.", query->id),
					errhint("Option query_timeout of server \"%s\" sets this limit.",
							query->settings.server_name)));
}

/*
 * Throw if a running query has scanned too much.  One that has ended has been
 * paid for, and its rows are delivered.
 */
static void
check_bytes(AthenaQuery *query)
{
	const char *whence;
	int64 limit = cost_limit(&query->settings, &whence);
	int64 scanned = query->execution.bytes_scanned;

	if (limit == 0 || scanned <= limit)
		return;
	if (query->phase == QUERY_RUNNING)
	{
		query->trouble = TROUBLE_LIMIT;
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("Athena query was stopped after scanning %s", cost_bytes_text(scanned)),
				 errdetail("%s is %s.  Query Execution ID %s.", whence, cost_bytes_text(limit),
						   query->id),
				 errhint("Restrict the partitions, ask for fewer columns, or raise the limit.")));
	}
	ereport(
		WARNING,
		(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		 errmsg("Athena query had scanned %s before it could be stopped", cost_bytes_text(scanned)),
		 errdetail("%s is %s.  Query Execution ID %s.", whence, cost_bytes_text(limit), query->id),
		 errhint("A workgroup's limit of data scanned per query is enforced by Athena itself.")));
}

/*
 * Wait until the query has succeeded.  Throws if it fails, is cancelled from
 * elsewhere, takes longer than the server's query_timeout, or scans more than
 * it may.
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

		check_time(query, age);
		if (timeout > 0)
			delay = (int) Min(delay, timeout - age);
		http_pause(delay, HTTP_WAIT_QUERY);
		poll_state(query, scratch);
		check_bytes(query);
	}
	MemoryContextDelete(scratch);
	/* others ask, too: when throttled, ask less often from now on, and forget it slowly */
	if (aws_throttled_total() > throttled)
		poll_first_ms = Min(poll_first_ms * 2, POLL_MAX_MS);
	else
		poll_first_ms = Max(poll_first_ms * 3 / 4, POLL_FIRST_MS);
	if (query->execution.state != ATHENA_SUCCEEDED)
		throw_failure(query);
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
	query->phase = QUERY_STARTING;
	query->id[0] = '\0';
	query->execution.output_location = "";
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
	if (query->phase != QUERY_ENDED)
		stop_quietly(query, deadline);
	close_record(query);
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
