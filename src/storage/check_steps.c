/*
 * check_steps.c
 *	  The steps of athena_check().
 *
 * Each tries one thing, or a few that belong to one right or setting, and
 * throws an error that says what is to be mended.  Where a step needs what an
 * earlier one did not find, it says so and counts as not tried.  What a step
 * writes, it or a later one removes.
 *
 * Together the steps use every action of the documented policy that only reads,
 * and those that write to the output bucket.
 */
#include "storage/check.h"

#include "access/xact.h"
#include "aws/athena.h"
#include "aws/s3.h"
#include "aws/sts.h"
#include "query/cost.h"
#include "query/result.h"
#include "storage/declare.h"
#include "storage/discover.h"
#include "storage/functions.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* AWS refuses signatures that are further off; we correct ours, others may not. */
#define CLOCK_TOLERANCE_S 300
#define CLOCK_REMARK_S 60
#define MAX_SMALL_OBJECT 65536
/* in search of a table */
#define MAX_DATABASES_TRIED 5

static char *
skip(CheckContext *check, const char *why)
{
	check->skipped = true;
	return psprintf("not tried: %s", why);
}

/* ---------- settings and keys ---------- */

static char *
step_settings(CheckContext *check)
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
step_hosts(CheckContext *check)
{
	const AwsClient *client = check->settings->client;
	StringInfoData hosts;
	AwsError error;
	int i;

	initStringInfo(&hosts);
	for (i = 0; i < AWS_SERVICES; i++)
	{
		if (i > 0 && strcmp(client->endpoint[i], client->endpoint[i - 1]) == 0)
			continue;
		if (!aws_reach(client, (AwsService) i, &error))
			aws_error_throw(&error);
		appendStringInfo(&hosts, "%s%s", hosts.len ? ", " : "",
						 strstr(client->endpoint[i], "://") + 3);
	}
	return psprintf("%s answer%s", hosts.data, strchr(hosts.data, ',') ? "" : "s");
}

static char *
step_credentials(CheckContext *check)
{
	const AwsClient *client = check->settings->client;
	const AwsKeys *keys;
	AwsError error;
	char *arn;

	if (!sts_get_caller_identity(client, &arn, &error))
		aws_error_throw(&error);
	keys = identity_keys(client->identity);
	return psprintf("%s key %s from %s, %s", keys->session_token ? "temporary" : "static",
					credentials_masked(keys->access_key_id), identity_origin(client->identity),
					arn);
}

static char *
step_clock(CheckContext *check)
{
	int64 seconds;
	char *text;

	if (!aws_clock_difference(&seconds))
		return skip(check, "nobody has told AWS's time");
	text = psprintf("this machine's is " INT64_FORMAT " s %s AWS's", Max(seconds, -seconds),
					seconds > 0 ? "behind" : "before");
	if (Max(seconds, -seconds) > CLOCK_TOLERANCE_S)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION), errmsg("%s", text),
				 errhint("Set the clock of the database server's machine, by NTP.  Requests are "
						 "signed with the corrected time meanwhile, at the cost of a repeated "
						 "one.")));
	if (Max(seconds, -seconds) > CLOCK_REMARK_S)
		check->hint = "Set the clock of the database server's machine, by NTP.";
	else
		text = pstrdup("right");
	return text;
}

/* ---------- workgroup and bucket ---------- */

/* Where do results go, by the workgroup and by the server? */
static void
find_output(CheckContext *check, const AthenaWorkgroup *w)
{
	char *prefix;
	char *bucket = storage_output_bucket(check->server, &prefix);

	if (w && *w->output_location && (w->enforced || bucket == NULL))
	{
		const char *p = w->output_location;
		const char *slash;

		p += strncmp(p, "s3://", 5) == 0 ? 5 : 0;
		slash = strchr(p, '/');
		bucket = slash ? pnstrdup(p, slash - p) : pstrdup(p);
		prefix = slash ? pstrdup(slash + 1) : pstrdup("");
	}
	if (bucket == NULL)
		return;
	while (*prefix && prefix[strlen(prefix) - 1] == '/')
		prefix[strlen(prefix) - 1] = '\0';
	check->bucket = bucket;
	check->prefix = psprintf("%s%s", prefix, *prefix ? "/" : "");
}

/* What its owner should know about the workgroup's settings. */
static void
remark_on_workgroup(CheckContext *check, const AthenaWorkgroup *w)
{
	bool has_bucket = options_get(check->server->options, "output_bucket") != NULL;

	if (w->enforced && *w->output_location && has_bucket)
		check->hint = psprintf("The workgroup sends all results to %s; output_bucket is not used.",
							   w->output_location);
	else if (w->requester_pays && !check->settings->client->s3_requester_pays)
		check->hint = "The workgroup lets queries read requester-pays buckets; for results in such "
					  "a bucket, set the server's option requester_pays.";
}

static char *
step_workgroup(CheckContext *check)
{
	const char *name = check->settings->workgroup ? check->settings->workgroup : "primary";
	bool has_bucket = options_get(check->server->options, "output_bucket") != NULL;
	StringInfoData text;
	AthenaWorkgroup w;
	AwsError error;

	find_output(check, NULL);
	if (!athena_get_work_group(check->settings->client, name, &w, &error))
		aws_error_throw(&error);
	if (strcmp(w.state, "DISABLED") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("workgroup %s is disabled", name),
				 errhint("Enable it in the Athena console, or name another one in the server's "
						 "option workgroup.")));
	if (w.managed && has_bucket)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("workgroup %s keeps results itself, and takes no output_bucket", name),
				 errhint("ALTER SERVER %s OPTIONS (DROP output_bucket);",
						 quote_identifier(check->server->servername))));
	if (!w.managed && !has_bucket && *w.output_location == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("workgroup %s has no output location, and the server has no output_bucket",
						name),
				 errhint("ALTER SERVER %s OPTIONS (ADD output_bucket 'my-query-results');",
						 quote_identifier(check->server->servername))));
	check->managed = w.managed;
	if (!w.managed)
		find_output(check, &w);
	else
		check->bucket = NULL;
	remark_on_workgroup(check, &w);

	initStringInfo(&text);
	appendStringInfo(&text, "%s, enabled%s%s", name, *w.engine_version ? ", " : "",
					 w.engine_version);
	if (w.managed)
		appendStringInfoString(&text, ", keeps results itself");
	else if (*w.output_location)
		appendStringInfo(&text, ", %s %s", w.enforced ? "enforces" : "suggests", w.output_location);
	if (*w.encryption)
		appendStringInfo(&text, ", results encrypted by %s", w.encryption);
	if (w.cutoff >= 0)
		appendStringInfo(&text, ", stops queries at %s", cost_bytes_text(w.cutoff));
	return text.data;
}

static char *
step_bucket(CheckContext *check)
{
	const QuerySettings *s = check->settings;
	char *region;
	AwsError error;

	if (check->managed)
		return pstrdup("none is used: the workgroup keeps results itself");
	if (check->bucket == NULL)
		return skip(check, "there is no output location");
	if (!s3_get_bucket_location(s->client, check->bucket, s->expected_bucket_owner, &region,
								&error))
	{
		if (error.kind == AWS_ERR_NOT_FOUND)
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
							errmsg("bucket %s does not exist", check->bucket),
							errhint("Create it in region %s, or correct the server's option "
									"output_bucket.",
									s->client->region)));
		aws_error_throw(&error);
	}
	if (strcmp(region, s->client->region) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("bucket %s lies in %s, the server says %s", check->bucket, region,
						s->client->region),
				 errhint("Athena writes results only to its own region: choose a bucket in %s, "
						 "or set the server's option region to %s.",
						 s->client->region, region)));
	return psprintf("%s lies in %s", check->bucket, region);
}

/* ---------- the output prefix ---------- */

static char *
step_write(CheckContext *check)
{
	const QuerySettings *s = check->settings;
	uint32 random;
	char *key;
	AwsError error;

	if (check->bucket == NULL)
		return skip(check, "there is no bucket");
	if (!pg_strong_random(&random, sizeof(random)))
		random = (uint32) GetCurrentTransactionStopTimestamp();
	key = psprintf("%s%s%08x", check->prefix, CHECK_OBJECT, random);
	if (!s3_put_object(s->client, check->bucket, key, "athena_fdw", s->expected_bucket_owner,
					   &error))
		aws_error_throw(&error);
	check->written = key;
	return psprintf("s3://%s/%s", check->bucket, key);
}

static char *
step_read(CheckContext *check)
{
	const QuerySettings *s = check->settings;
	AwsError error;
	size_t len;
	char *text;

	if (check->written == NULL)
		return skip(check, "nothing was written");
	text = s3_get_object(s->client, check->bucket, check->written, s->expected_bucket_owner,
						 MAX_SMALL_OBJECT, &len, &error);
	if (text == NULL)
		aws_error_throw(&error);
	if (len != strlen("athena_fdw") || memcmp(text, "athena_fdw", len) != 0)
		ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
						errmsg("what is read there is not what was written"),
						errhint("Something between this machine and S3 changes objects.")));
	return pstrdup("what was written");
}

static bool
count_object(const S3Object *object, void *arg)
{
	++*(int *) arg;
	return false; /* one is enough */
}

static char *
step_list(CheckContext *check)
{
	const QuerySettings *s = check->settings;
	AwsError error;
	int n = 0;

	if (check->bucket == NULL)
		return skip(check, "there is no bucket");
	if (!s3_list_objects(s->client, check->bucket, check->prefix, false, s->expected_bucket_owner,
						 count_object, &n, &error))
		aws_error_throw(&error);
	return psprintf("s3://%s/%s", check->bucket, check->prefix);
}

static char *
step_delete(CheckContext *check)
{
	const QuerySettings *s = check->settings;
	AwsCall *call;
	AwsError error;
	bool ok;

	if (check->written == NULL)
		return skip(check, "nothing was written");
	call = s3_delete_object(s->client, check->bucket, check->written, s->expected_bucket_owner);
	if (call == NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_OUT_OF_MEMORY), errmsg("out of memory")));
	ok = aws_call_wait(call);
	error = *aws_call_error(call);
	aws_call_free(call);
	if (!ok)
		aws_error_throw(&error);
	return pstrdup("what was written");
}

/* Large results come in parts, which cost storage if they cannot be aborted. */
static char *
step_multipart(CheckContext *check)
{
	const QuerySettings *s = check->settings;
	const char *owner = s->expected_bucket_owner;
	char *key;
	char *upload;
	AwsError error = {0};
	AwsError abort_error = {0};
	bool ok;

	if (check->bucket == NULL)
		return skip(check, "there is no bucket");
	key = psprintf("%s%smultipart", check->prefix, CHECK_OBJECT);
	if (!s3_create_multipart_upload(s->client, check->bucket, key, owner, &upload, &error))
		aws_error_throw(&error);
	ok = s3_list_parts(s->client, check->bucket, key, upload, owner, &error) &&
		 s3_list_multipart_uploads(s->client, check->bucket, owner, &error);
	if (!s3_abort_multipart_upload(s->client, check->bucket, key, upload, owner, &abort_error))
		aws_error_throw(&abort_error);
	if (!ok)
		aws_error_throw(&error);
	return pstrdup("begun and aborted");
}

/* ---------- a query ---------- */

static char *
step_query(CheckContext *check)
{
	AthenaQuery *query = query_start(check->settings, "SELECT 1");

	query_wait(query);
	query->owner = check->owner; /* later steps use it */
	check->query = query;
	if (query->execution.total_ms < 0)
		return pstrdup("SELECT 1 ran");
	return psprintf("SELECT 1 took " INT64_FORMAT " ms in Athena", query->execution.total_ms);
}

/* StopQueryExecution of a query that has ended does nothing. */
static char *
step_stop(CheckContext *check)
{
	const AwsClient *client = check->settings->client;
	AwsError error;

	if (check->query == NULL)
		return skip(check, "no query ran");
	if (!athena_stop_query_now(client, check->query->id, &error) ||
		!athena_batch_get(client, check->query->id, &error))
		aws_error_throw(&error);
	return pstrdup("queries can be stopped, and watched together");
}

static char *
step_pages(CheckContext *check)
{
	AthenaResult *result;

	if (check->query == NULL)
		return skip(check, "no query ran");
	check->query->settings.fetch_mode = FETCH_PAGES;
	result = result_open(check->query);
	if (!result_next(result) || result->values[0].data == NULL ||
		strcmp(text_value_string(&result->values[0]), "1") != 0)
		ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("SELECT 1 did not return 1"),
						errdetail("Query Execution ID %s.", check->query->id)));
	result_close(result);
	return pstrdup("the result was read by GetQueryResults");
}

/* The object that a result leaves, which is the same as the pages. */
static char *
step_object(CheckContext *check)
{
	const QuerySettings *s = check->settings;
	const char *location;
	char *bucket;
	char *key;
	char *text;
	size_t len;
	AwsError error;

	if (check->query == NULL)
		return skip(check, "no query ran");
	location = check->query->execution.output_location;
	if (check->managed || !s3_parse_url(location, &bucket, &key))
		return skip(check, "the workgroup keeps results itself");
	text = s3_get_object(s->client, bucket, key, s->expected_bucket_owner, MAX_SMALL_OBJECT, &len,
						 &error);
	if (text == NULL && error.kind == AWS_ERR_NOT_FOUND)
		return skip(check, "this endpoint leaves no result objects");
	if (text == NULL)
		aws_error_throw(&error);
	if (len < 4 || memcmp(text + len - 4, "\"1\"\n", 4) != 0)
		ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
						errmsg("the result object of SELECT 1 does not end with 1"),
						errhint("With encryption CSE_KMS results are read by pages only.")));
	return psprintf("the result object was read from s3://%s", bucket);
}

/* ---------- the catalogue ---------- */

static char *
step_catalog(CheckContext *check)
{
	const QuerySettings *s = check->settings;
	char *name = remote_to_utf8(s->catalog);
	AthenaCatalog catalog;
	List *catalogs;
	ListCell *lc;
	AwsError error;

	if (!athena_list_catalogs(s->client, &catalogs, &error))
		aws_error_throw(&error);
	if (!athena_get_catalog(s->client, name, &catalog, &error))
	{
		StringInfoData names;

		if (error.kind == AWS_ERR_ACCESS_DENIED || error.kind == AWS_ERR_TRANSPORT)
			aws_error_throw(&error);
		initStringInfo(&names);
		foreach (lc, catalogs)
			appendStringInfo(&names, "%s%s", names.len ? ", " : "",
							 remote_from_utf8(((AthenaCatalog *) lfirst(lc))->name));
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("there is no catalogue %s", s->catalog),
				 errdetail("There are: %s.", names.data),
				 errhint("Correct the server's option catalog.")));
	}
	return psprintf("%s (%s), one of %d", s->catalog, catalog.type, list_length(catalogs));
}

static char *
step_databases(CheckContext *check)
{
	const QuerySettings *s = check->settings;
	char *catalog = remote_to_utf8(s->catalog);
	const char *database = s->database;
	List *names;
	ListCell *lc;
	AwsError error;

	if (!athena_list_databases(s->client, catalog, &names, &error))
		aws_error_throw(&error);
	if (names == NIL)
	{
		check->hint = "Create one: SELECT athena_execute(server, 'CREATE DATABASE ...').";
		return psprintf("none in %s", s->catalog);
	}
	foreach (lc, names)
		if (database && strcmp(lfirst(lc), discover_name(remote_to_utf8(database))) == 0)
			database = NULL;
	if (database)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA),
						errmsg("there is no database %s in catalogue %s", database, s->catalog),
						errhint("Correct the server's option database.")));
	if (s->database)
		names = lcons(discover_name(remote_to_utf8(s->database)), names);
	if (!athena_get_database(s->client, catalog, linitial(names), &error))
		aws_error_throw(&error);
	check->databases = names;
	return psprintf("%d in %s", list_length(names), s->catalog);
}

typedef struct FirstTable
{
	char *name;
	int n;
} FirstTable;

static void
count_table(const GlueTable *table, void *arg)
{
	FirstTable *first = arg;

	if (first->n++ == 0)
		first->name = pstrdup(table->name);
}

/* Glue itself: the tables of a database, and one of them alone. */
static char *
step_tables(CheckContext *check)
{
	const QuerySettings *s = check->settings;
	FirstTable first = {0};
	GlueTable table;
	AwsError error;
	const char *database = NULL;
	ListCell *lc;

	if (check->databases == NIL)
		return skip(check, "there is no database");
	if (!discover_is_glue(s->catalog))
		return skip(check, "the catalogue is not Glue's");
	foreach (lc, check->databases)
	{
		if (first.n > 0 || foreach_current_index(lc) == MAX_DATABASES_TRIED)
			break;
		database = lfirst(lc);
		if (!glue_get_tables(s->client, database, count_table, &first, &error))
			aws_error_throw(&error);
	}
	if (first.name && !glue_get_table(s->client, database, first.name, &table, &error))
		aws_error_throw(&error);
	return psprintf("%d in %s", first.n, remote_from_utf8(database));
}

const CheckStepEntry check_steps[] = {
	{"settings", step_settings}, {"hosts", step_hosts},         {"credentials", step_credentials},
	{"clock", step_clock},       {"workgroup", step_workgroup}, {"bucket", step_bucket},
	{"write", step_write},       {"read", step_read},           {"list", step_list},
	{"delete", step_delete},     {"multipart", step_multipart}, {"query", step_query},
	{"stop", step_stop},         {"pages", step_pages},         {"object", step_object},
	{"catalog", step_catalog},   {"databases", step_databases}, {"tables", step_tables},
};
const int check_nsteps = lengthof(check_steps);

/* ---------- one table ---------- */

static char *
step_table(CheckContext *check)
{
	GlueTable table;

	if (!discover_table(check->settings, discover_name(check->database),
						discover_name(check->table), &table))
		ereport(ERROR, (errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
						errmsg("there is no table \"%s\" in Athena database \"%s\"", check->table,
							   check->database),
						errhint("SELECT * FROM athena_tables(%s, %s) lists them.",
								quote_literal_cstr(check->server->servername),
								quote_literal_cstr(check->database))));
	check->table_found = true;
	return psprintf("%s, %d columns", table.format, list_length(table.columns));
}

/* The foreign tables of this server that stand for the table. */
static List *
declared_tables(CheckContext *check)
{
	List *relids = NIL;
	ListCell *lc;

	foreach (lc, functions_oids("SELECT t.ftrelid FROM pg_catalog.pg_foreign_table t WHERE "
								"t.ftserver OPERATOR(pg_catalog.=) $1 ORDER BY t.ftrelid",
								check->server->serverid))
	{
		TableOptions *t = storage_table(lfirst_oid(lc));

		if (t->query == NULL && t->database && pg_strcasecmp(t->table, check->table) == 0 &&
			pg_strcasecmp(t->database, check->database) == 0)
			relids = lappend_oid(relids, lfirst_oid(lc));
	}
	return relids;
}

static char *
step_columns(CheckContext *check)
{
	List *relids = check->table_found ? declared_tables(check) : NIL;
	ListCell *lc;

	if (!check->table_found)
		return skip(check, "there is no such table");
	if (relids == NIL)
		return skip(check, "no foreign table of this server stands for it");
	foreach (lc, relids)
	{
		char *what;
		char *name = get_rel_name(lfirst_oid(lc));

		if (drift_count(lfirst_oid(lc), &what) > 0)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INCONSISTENT_DESCRIPTOR_INFORMATION),
					 errmsg("foreign table \"%s\" differs: %s", name, what),
					 errhint("SELECT * FROM athena_sync(%s) mends it.",
							 quote_literal_cstr(quote_qualified_identifier(
								 get_namespace_name(get_rel_namespace(lfirst_oid(lc))), name)))));
	}
	return psprintf("%d foreign table%s agree%s with it", list_length(relids),
					list_length(relids) == 1 ? "" : "s", list_length(relids) == 1 ? "s" : "");
}

static char *
step_rows(CheckContext *check)
{
	QuerySettings *s = check->settings;
	AthenaQuery *query;
	AthenaResult *result;
	char *detail;

	if (!check->table_found)
		return skip(check, "there is no such table");
	query = query_start(s, psprintf("SELECT * FROM %s.%s LIMIT 1",
									remote_identifier(discover_name(check->database)),
									remote_identifier(discover_name(check->table))));
	query_wait(query);
	result = result_open(query);
	detail = psprintf("%s; %s scanned", result_next(result) ? "a row was read" : "it has no rows",
					  cost_bytes_text(Max(query->execution.bytes_scanned, 0)));
	query_end(query);
	return detail;
}

const CheckStepEntry check_table_steps[] = {
	{"table", step_table},
	{"columns", step_columns},
	{"rows", step_rows},
};
const int check_ntable_steps = lengthof(check_table_steps);
