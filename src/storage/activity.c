/*
 * activity.c
 *	  What was asked of Athena, and what it left behind.
 *
 *	athena_queries()						 what this session ran
 *	athena_stats_entries()					 for the view athena_stats
 *	athena_stats_reset()
 *	athena_cancel(id)						 stops a query, whoever runs it
 *	athena_clean_results(server, older_than, dry_run)	 deletes old result objects
 */
#include "storage/functions.h"

#include "aws/s3.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_foreign_server.h"
#include "compat.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "query/cost.h"
#include "query/history.h"
#include "query/stats.h"
#include "query/unload.h"
#include "storage/check.h"
#include "storage/storage.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(athena_queries);
PG_FUNCTION_INFO_V1(athena_stats_entries);
PG_FUNCTION_INFO_V1(athena_stats_reset);
PG_FUNCTION_INFO_V1(athena_cancel);
PG_FUNCTION_INFO_V1(athena_clean_results);

/* A row that is being put together: texts and numbers that may be missing. */
typedef struct Row
{
	int n;
	Datum values[24];
	bool nulls[24];
} Row;

static void
add(Row *row, Datum value, bool isnull)
{
	row->values[row->n] = value;
	row->nulls[row->n++] = isnull;
}

static void
add_text(Row *row, const char *text)
{
	add(row, text && *text ? CStringGetTextDatum(text) : (Datum) 0, text == NULL || *text == '\0');
}

/* Negative numbers are those that are not known. */
static void
add_number(Row *row, int64 number)
{
	add(row, Int64GetDatum(number), number < 0);
}

static void
put(ReturnSetInfo *rsinfo, Row *row)
{
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row->values, row->nulls);
}

/*
 * athena_queries()
 *	returns table (query_execution_id, server, remote_sql, state, error, started, ended,
 *	queue_ms, planning_ms, engine_ms, total_ms, bytes_scanned, cost, rows, reader, reused)
 */
Datum
athena_queries(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	dlist_iter iter;

	InitMaterializedSRF(fcinfo, 0);
	dlist_foreach (iter, history_list())
	{
		QueryRecord *record = dlist_container(QueryRecord, node, iter.cur);
		Row row = {0};

		if (!has_privs_of_role(GetUserId(), record->user))
			continue;

		add_text(&row, record->id);
		add_text(&row, record->server);
		add_text(&row, record->sql);
		add_text(&row, record->state);
		add_text(&row, trouble_name(record->trouble));
		add(&row, TimestampTzGetDatum(record->started), false);
		add(&row, TimestampTzGetDatum(record->ended), record->ended == 0);
		add_number(&row, record->queue_ms);
		add_number(&row, record->planning_ms);
		add_number(&row, record->engine_ms);
		add_number(&row, record->total_ms);
		add_number(&row, record->bytes_scanned);
		add(&row, Float8GetDatum(record->cost), record->ended == 0);
		add_number(&row, record->ended == 0 ? -1 : record->rows);
		add_text(&row, record->reader);
		add(&row, BoolGetDatum(record->reused), record->ended == 0);
		put(rsinfo, &row);
	}
	return (Datum) 0;
}

static void
need_stats(void)
{
	if (!stats_available())
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("athena_fdw must be loaded via shared_preload_libraries"),
						errhint("The counters of all sessions lie in shared memory.  What this "
								"session ran is shown by athena_queries() without it.")));
}

/* athena_stats_entries(): one row an entry; others' only for who may read all statistics. */
Datum
athena_stats_entries(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool all = has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
	StatsEntry *entries;
	int n;
	int i;

	need_stats();
	InitMaterializedSRF(fcinfo, 0);
	entries = stats_read(&n);
	for (i = 0; i < n; i++)
	{
		StatsEntry *e = &entries[i];
		Row row = {0};
		int t;

		if (!all && e->user != GetUserId())
			continue;
		add(&row, ObjectIdGetDatum(e->database), false);
		add_text(&row, e->server_name);
		add(&row, ObjectIdGetDatum(e->user), false);
		add_number(&row, e->queries);
		add_number(&row, e->succeeded);
		add_number(&row, e->reused);
		for (t = TROUBLE_NONE + 1; t < TROUBLES; t++)
			add_number(&row, e->troubles[t]);
		add_number(&row, e->rows);
		add_number(&row, e->bytes_scanned);
		add(&row, Float8GetDatum(e->cost), false);
		add_number(&row, e->total_ms);
		add_number(&row, e->throttled);
		add_number(&row, e->repeated);
		add(&row, TimestampTzGetDatum(e->since), false);
		put(rsinfo, &row);
	}
	return (Datum) 0;
}

/* athena_stats_reset() returns void */
Datum
athena_stats_reset(PG_FUNCTION_ARGS)
{
	need_stats();
	stats_reset();
	PG_RETURN_VOID();
}

/* ---------- stopping a query ---------- */

/*
 * Stop a query with one server's keys.  Says whether it was running; *found
 * whether there is such a query.
 */
static bool
cancel_on(QuerySettings *settings, const char *id, bool *found)
{
	AthenaExecution x;
	AwsError error;

	*found = false;
	if (!athena_get_query_execution(settings->client, id, &x, &error))
	{
		if (error.kind == AWS_ERR_INVALID || error.kind == AWS_ERR_NOT_FOUND)
			return false;
		aws_error_throw(&error);
	}
	*found = true;
	if (x.state != ATHENA_QUEUED && x.state != ATHENA_RUNNING)
		return false;
	if (!athena_stop_query_now(settings->client, id, &error))
		aws_error_throw(&error);
	return true;
}

/* This database's Athena servers that the caller can use as they are. */
static List *
usable_servers(void)
{
	List *servers = NIL;
	ListCell *lc;

	foreach (lc, functions_oids("SELECT s.oid FROM pg_catalog.pg_foreign_server s WHERE $1 "
								"OPERATOR(pg_catalog.=) 0 ORDER BY s.srvname",
								InvalidOid))
	{
		ForeignServer *server = GetForeignServer(lfirst_oid(lc));
		char *missing;
		char *hint;

		if (storage_server_is_ours(server) &&
			athena_server_aclcheck(server->serverid, GetUserId()) == ACLCHECK_OK &&
			!storage_gaps(server, GetUserId(), &missing, &hint))
			servers = lappend_oid(servers, server->serverid);
	}
	return servers;
}

/*
 * athena_cancel(query_execution_id text, server name) returns boolean
 *
 * Was the query running, and is it being stopped?  Without a server, it is
 * looked for with each of those that the caller may use.
 */
Datum
athena_cancel(PG_FUNCTION_ARGS)
{
	char *id;
	bool found = false;
	bool was_running = false;
	ListCell *lc;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	id = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (strlen(id) >= ATHENA_ID_LEN || *id == '\0' ||
		strspn(id, "0123456789abcdefABCDEF-") != strlen(id))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" is no query execution id", id)));
	if (!PG_ARGISNULL(1))
		was_running = cancel_on(functions_settings(PG_GETARG_NAME(1)), id, &found);
	else
		foreach (lc, usable_servers())
		{
			was_running = cancel_on(storage_settings(lfirst_oid(lc), GetUserId()), id, &found);
			if (found)
				break;
		}
	if (!found)
		ereport(
			ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("there is no Athena query %s", id),
			 errhint("It was looked for with the keys of %s.",
					 PG_ARGISNULL(1) ? "every Athena server that you may use" : "that server")));
	PG_RETURN_BOOL(was_running);
}

/* ---------- result objects ---------- */

#define DELETE_TOGETHER 16

typedef struct CleanContext
{
	ReturnSetInfo *rsinfo;
	QuerySettings *settings;
	char *bucket;
	char *prefix; /* UTF-8, with a slash at its end, or "" */
	time_t before;
	bool dry_run;
	int pending;
	AwsCall *calls[DELETE_TOGETHER];
} CleanContext;

/*
 * Is this what Athena calls the objects of a result: the query's id, which is a
 * UUID, and one of its endings?  Or what athena_check() was kept from deleting?
 */
static bool
is_result_name(const char *name)
{
	static const char *const endings[] = {".csv",          ".csv.metadata", ".txt",
										  ".txt.metadata", ".metadata",     "-manifest.csv"};
	size_t i;

	if (strncmp(name, CHECK_OBJECT, strlen(CHECK_OBJECT)) == 0)
		return true;
	for (i = 0; i < 36; i++)
	{
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? name[i] != '-' : strchr("0123456789abcdef", name[i]) == NULL || name[i] == '\0')
			return false;
	}
	for (i = 0; i < lengthof(endings); i++)
		if (strcmp(name + 36, endings[i]) == 0)
			return true;
	return false;
}

static void
free_calls(void *arg)
{
	CleanContext *clean = arg;

	while (clean->pending > 0)
		aws_call_free(clean->calls[--clean->pending]);
}

/* Wait until what is being deleted is gone. */
static void
finish_deletes(CleanContext *clean)
{
	while (clean->pending > 0)
	{
		AwsCall *call = clean->calls[clean->pending - 1];

		if (!aws_call_wait(call))
		{
			AwsError error = *aws_call_error(call);

			aws_error_throw(&error);
		}
		clean->pending--;
		aws_call_free(call);
	}
}

/* Called for each object under the prefix. */
static bool
consider_object(const S3Object *object, void *arg)
{
	CleanContext *clean = arg;
	Row row = {0};

	const char *name = object->key + strlen(clean->prefix);

	if (!(is_result_name(name) || strncmp(name, UNLOAD_DIRECTORY, strlen(UNLOAD_DIRECTORY)) == 0) ||
		object->modified == 0 || object->modified >= clean->before)
		return true;
	if (!clean->dry_run)
	{
		AwsCall *call;

		if (clean->pending == DELETE_TOGETHER)
			finish_deletes(clean);
		call = s3_delete_object(clean->settings->client, clean->bucket, object->key,
								clean->settings->expected_bucket_owner);
		if (call == NULL)
			ereport(ERROR, (errcode(ERRCODE_FDW_OUT_OF_MEMORY), errmsg("out of memory")));
		clean->calls[clean->pending++] = call;
	}
	add_text(&row, psprintf("s3://%s/%s", clean->bucket, remote_from_utf8(object->key)));
	add_number(&row, object->size);
	add(&row, TimestampTzGetDatum(time_t_to_timestamptz(object->modified)), false);
	add(&row, BoolGetDatum(!clean->dry_run), false);
	put(clean->rsinfo, &row);
	return true;
}

/*
 * athena_clean_results(server name, older_than interval, dry_run boolean)
 *	returns table (object text, bytes bigint, modified timestamptz, deleted boolean)
 *
 * Result objects that lie directly under the server's output_bucket, and files
 * of an UNLOAD that could not be deleted, if they are older.  Deletes them only if
 * dry_run is false.
 */
Datum
athena_clean_results(PG_FUNCTION_ARGS)
{
	MemoryContextCallback *cb = palloc0(sizeof(MemoryContextCallback));
	CleanContext *clean = palloc0(sizeof(CleanContext));
	ForeignServer *server = storage_usable_server(NameStr(*PG_GETARG_NAME(0)));
	Datum before = DirectFunctionCall2(
		timestamptz_mi_interval, TimestampTzGetDatum(GetCurrentTimestamp()), PG_GETARG_DATUM(1));
	char *prefix;
	AwsError error;

	if (DatumGetTimestampTz(before) > GetCurrentTimestamp())
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("results of the future cannot be cleaned up"),
						errhint("older_than is an interval that is not negative.")));
	clean->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	clean->settings = storage_settings(server->serverid, GetUserId());
	clean->bucket = storage_output_bucket(server, &prefix);
	if (clean->bucket == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("server \"%s\" has no output_bucket", server->servername),
				 errdetail("Results of its workgroup lie where the workgroup says, and may be "
						   "those of others."),
				 errhint("Use a lifecycle rule on the workgroup's bucket.")));
	clean->prefix = remote_to_utf8(psprintf("%s%s", prefix, *prefix ? "/" : ""));
	clean->before = timestamptz_to_time_t(DatumGetTimestampTz(before));
	clean->dry_run = PG_GETARG_BOOL(2);
	cb->func = free_calls;
	cb->arg = clean;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, cb);
	InitMaterializedSRF(fcinfo, 0);
	if (!s3_list_objects(clean->settings->client, clean->bucket, clean->prefix, false,
						 clean->settings->expected_bucket_owner, consider_object, clean, &error) ||
		!s3_list_objects(clean->settings->client, clean->bucket,
						 psprintf("%s%s", clean->prefix, UNLOAD_DIRECTORY), true,
						 clean->settings->expected_bucket_owner, consider_object, clean, &error))
		aws_error_throw(&error);
	finish_deletes(clean);
	return (Datum) 0;
}
