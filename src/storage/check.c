/*
 * check.c
 *	  athena_check(server): is the configuration right, step by step?
 *
 * Each step runs in a subtransaction of its own, so a failing one becomes a
 * row with its error and its cure, and the next steps still run.  Without
 * complete settings nothing is sent, and only the first row is returned.
 */
#include "postgres.h"

#include "access/xact.h"
#include "aws/athena.h"
#include "aws/s3.h"
#include "aws/sts.h"
#include "commands/defrem.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "query/result.h"
#include "storage/storage.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(athena_check);

/* A step returns its detail; it may set a hint; it throws if it fails. */
typedef struct CheckContext
{
	ForeignServer *server;
	Oid userid;
	QuerySettings *settings;
	char *hint;
} CheckContext;

typedef char *(*CheckStep)(CheckContext *check);

static char *
check_settings(CheckContext *check)
{
	char *prefix;
	char *bucket = storage_output_bucket(check->server, &prefix);

	check->settings = storage_settings(check->server->serverid, check->userid);
	if (bucket == NULL)
		return psprintf("region %s, no output_bucket: the workgroup's is used",
						check->settings->client->region);
	return psprintf("region %s, bucket %s%s%s", check->settings->client->region, bucket,
					*prefix ? ", prefix " : "", prefix);
}

static char *
check_credentials(CheckContext *check)
{
	const AwsClient *client = check->settings->client;
	AwsError error;
	char *arn;

	if (!sts_get_caller_identity(client, &arn, &error))
		aws_error_throw(&error);
	return psprintf("%s key %s from the user mapping, %s",
					client->session_token ? "temporary" : "static",
					credentials_masked(client->access_key_id), arn);
}

static char *
check_workgroup(CheckContext *check)
{
	const char *name = check->settings->workgroup ? check->settings->workgroup : "primary";
	AthenaWorkgroup w;
	AwsError error;

	if (!athena_get_work_group(check->settings->client, name, &w, &error))
		aws_error_throw(&error);
	if (strcmp(w.state, "DISABLED") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("workgroup %s is disabled", name),
				 errhint("Enable it in the Athena console, or name another one in the server's "
						 "option workgroup.")));
	if (w.enforced && *w.output_location)
		check->hint = psprintf("The workgroup sends all results to %s; output_bucket is not used.",
							   w.output_location);
	return psprintf("%s, enabled%s%s", name, *w.engine_version ? ", " : "", w.engine_version);
}

static char *
check_bucket(CheckContext *check)
{
	const QuerySettings *s = check->settings;
	char *prefix;
	char *bucket = storage_output_bucket(check->server, &prefix);
	char *region;
	AwsError error;

	if (bucket == NULL)
		return pstrdup("none is set");
	if (!s3_get_bucket_location(s->client, bucket, s->expected_bucket_owner, &region, &error))
	{
		if (error.kind == AWS_ERR_NOT_FOUND)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("bucket %s does not exist", bucket),
					 errhint("Create it in region %s, or correct the server's option "
							 "output_bucket.",
							 s->client->region)));
		aws_error_throw(&error);
	}
	if (strcmp(region, s->client->region) != 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("bucket %s lies in %s, the server says %s", bucket, region, s->client->region),
			 errhint("Athena writes results only to its own region: choose a bucket in %s, "
					 "or set the server's option region to %s.",
					 s->client->region, region)));
	return psprintf("%s lies in %s", bucket, region);
}

static char *
check_query(CheckContext *check)
{
	AthenaQuery *query = query_start(check->settings, "SELECT 1");
	AthenaResult *result;
	char *detail;

	query_wait(query);
	result = result_open(query);
	if (!result_next(result) || result->values[0].data == NULL ||
		strcmp(result->values[0].data, "1") != 0)
		ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("SELECT 1 did not return 1"),
						errdetail("Query Execution ID %s.", query->id)));
	if (query->execution.total_ms >= 0)
		detail = psprintf("SELECT 1 took " INT64_FORMAT " ms in Athena", query->execution.total_ms);
	else
		detail = pstrdup("SELECT 1 ran");
	query_end(query);
	return detail;
}

static char *
check_databases(CheckContext *check)
{
	List *names;
	AwsError error;
	const char *database = check->settings->database;
	ListCell *lc;

	if (!athena_list_databases(check->settings->client, check->settings->catalog, &names, &error))
		aws_error_throw(&error);
	foreach (lc, names)
		if (database && strcmp(lfirst(lc), database) == 0)
			database = NULL;
	if (database)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA),
						errmsg("there is no database %s in catalogue %s", database,
							   check->settings->catalog),
						errhint("Correct the server's option database.")));
	if (names == NIL)
		check->hint = "Create one: SELECT athena_execute(server, 'CREATE DATABASE ...').";
	return psprintf("%d in %s", list_length(names), check->settings->catalog);
}

static const struct
{
	const char *name;
	CheckStep step;
} steps[] = {
	{"settings", check_settings},   {"credentials", check_credentials},
	{"workgroup", check_workgroup}, {"bucket", check_bucket},
	{"query", check_query},         {"databases", check_databases},
};

/*
 * Run one step in a subtransaction.  Errors become ok = false; what ends the
 * whole statement (cancel, shutdown, lost client) goes on.
 */
static bool
run_step(CheckStep step, CheckContext *check, char **detail)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool ok = false;

	check->hint = NULL;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		*detail = step(check);
		ReleaseCurrentSubTransaction();
		ok = true;
	}
	PG_CATCH();
	{
		ErrorData *edata;

		MemoryContextSwitchTo(context);
		edata = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		/* what the user or the server interrupts goes on; a query_timeout does not */
		if (edata->funcname && strcmp(edata->funcname, "ProcessInterrupts") == 0)
		{
			MemoryContextSwitchTo(context);
			CurrentResourceOwner = owner;
			ReThrowError(edata);
		}
		*detail =
			edata->detail ? psprintf("%s: %s", edata->message, edata->detail) : edata->message;
		check->hint = edata->hint;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return ok;
}

/*
 * athena_check(server name)
 *	returns table (step text, ok boolean, detail text, hint text)
 */
Datum
athena_check(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CheckContext check = {0};
	size_t i;

	check.server = storage_usable_server(NameStr(*PG_GETARG_NAME(0)));
	check.userid = GetUserId();
	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < lengthof(steps); i++)
	{
		Datum values[4];
		bool nulls[4] = {false};
		char *detail = NULL;
		bool ok = run_step(steps[i].step, &check, &detail);

		values[0] = CStringGetTextDatum(steps[i].name);
		values[1] = BoolGetDatum(ok);
		values[2] = CStringGetTextDatum(detail);
		nulls[3] = check.hint == NULL;
		values[3] = nulls[3] ? (Datum) 0 : CStringGetTextDatum(check.hint);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		if (i == 0 && !ok)
			break;
	}
	return (Datum) 0;
}
