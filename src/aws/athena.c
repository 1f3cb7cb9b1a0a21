/*
 * athena.c
 *	  The Athena API, one function per action.
 *
 * Called by query.c and result_pages.c, which know the order of the calls, and
 * by storage/check.c and functions.c.  How the live service answers is
 * described, fact by fact, in the project's reference notes and replayed from
 * recordings in the tests.
 */
#include "athena.h"

#include "json.h"

#define LIST_PAGE 50

/* A call of a JSON action; throws only without memory. */
static AwsCall *
start(const AwsClient *client, const char *action, const char *body, HttpWait wait, size_t max_body)
{
	AwsCallSpec spec = {
		.service = AWS_ATHENA,
		.protocol = AWS_JSON,
		.action = action,
		.body = body,
		.wait = wait,
		.max_body = max_body,
	};

	return aws_call_begin(client, &spec);
}

/*
 * Run a call to its end and parse the answer, which then lives as long as the
 * current memory context.  NULL with *error on failure.
 */
static json_object *
run(const AwsClient *client, const char *action, const char *body, HttpWait wait, AwsError *error)
{
	AwsCallSpec spec = {
		.service = AWS_ATHENA,
		.protocol = AWS_JSON,
		.action = action,
		.body = body,
		.wait = wait,
	};

	return json_run(client, &spec, error);
}

/* Begin StartQueryExecution; the caller waits for the call and owns it. */
AwsCall *
athena_start_query(const AwsClient *client, const AthenaStart *s)
{
	StringInfoData body;

	initStringInfo(&body);
	json_open(&body, NULL);
	json_add_string(&body, "QueryString", s->sql);
	json_add_string(&body, "ClientRequestToken", s->token);
	if (s->catalog || s->database)
	{
		json_open(&body, "QueryExecutionContext");
		json_add_string(&body, "Database", s->database);
		json_add_string(&body, "Catalog", s->catalog);
		json_close(&body);
	}
	if (s->output_location || s->encryption || s->expected_bucket_owner || s->acl)
	{
		json_open(&body, "ResultConfiguration");
		json_add_string(&body, "OutputLocation", s->output_location);
		if (s->encryption)
		{
			json_open(&body, "EncryptionConfiguration");
			json_add_string(&body, "EncryptionOption", s->encryption);
			json_add_string(&body, "KmsKey", s->kms_key);
			json_close(&body);
		}
		json_add_string(&body, "ExpectedBucketOwner", s->expected_bucket_owner);
		if (s->acl)
		{
			json_open(&body, "AclConfiguration");
			json_add_string(&body, "S3AclOption", s->acl);
			json_close(&body);
		}
		json_close(&body);
	}
	json_add_string(&body, "WorkGroup", s->workgroup);
	if (s->reuse_minutes > 0)
	{
		json_open(&body, "ResultReuseConfiguration");
		json_open(&body, "ResultReuseByAgeConfiguration");
		appendStringInfoString(&body, "\"Enabled\":true");
		json_add_int(&body, "MaxAgeInMinutes", s->reuse_minutes);
		json_close(&body);
		json_close(&body);
	}
	json_close(&body);
	return start(client, "StartQueryExecution", body.data, HTTP_WAIT_START, 0);
}

/* The id in the answer to StartQueryExecution.  Throws nothing. */
bool
athena_start_query_id(AwsCall *call, char id[ATHENA_ID_LEN])
{
	size_t len;
	char *text = aws_call_body(call, &len);
	json_object *root = json_object_quiet(text, len);
	const char *value = json_string(root, "QueryExecutionId");
	bool ok = *value != '\0' && strlen(value) < ATHENA_ID_LEN &&
			  strspn(value, "0123456789abcdefABCDEFghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ_-") ==
				  strlen(value);

	if (ok)
		strlcpy(id, value, ATHENA_ID_LEN);
	else
		aws_call_set_malformed(call, "the answer has no QueryExecutionId");
	json_object_put(root);
	return ok;
}

/* Begin StopQueryExecution.  Throws nothing; NULL without memory. */
AwsCall *
athena_stop_query(const AwsClient *client, const char *id)
{
	char body[ATHENA_ID_LEN + 32];
	AwsCallSpec spec = {
		.service = AWS_ATHENA,
		.protocol = AWS_JSON,
		.action = "StopQueryExecution",
		.body = body,
		.wait = HTTP_WAIT_QUERY,
	};

	snprintf(body, sizeof(body), "{\"QueryExecutionId\":\"%s\"}", id);
	return aws_call_start(client, &spec);
}

/* The same where it is no clean-up: waits, and may throw on interrupts. */
bool
athena_stop_query_now(const AwsClient *client, const char *id, AwsError *error)
{
	return run(client, "StopQueryExecution", psprintf("{\"QueryExecutionId\":\"%s\"}", id),
			   HTTP_WAIT_QUERY, error) != NULL;
}

static bool
parse_state(const char *text, AthenaState *state)
{
	static const char *const names[] = {
		[ATHENA_QUEUED] = "QUEUED",       [ATHENA_RUNNING] = "RUNNING",
		[ATHENA_SUCCEEDED] = "SUCCEEDED", [ATHENA_FAILED] = "FAILED",
		[ATHENA_CANCELLED] = "CANCELLED",
	};
	int i;

	for (i = 0; i < (int) lengthof(names); i++)
		if (strcmp(text, names[i]) == 0)
		{
			*state = (AthenaState) i;
			return true;
		}
	return false;
}

/* A QueryExecution; NULL if it is none. */
static AthenaExecution *
read_execution(json_object *query)
{
	json_object *status = json_member(query, "Status");
	json_object *stats = json_member(query, "Statistics");
	json_object *failure = json_member(status, "AthenaError");
	AthenaExecution *x = palloc0(sizeof(AthenaExecution));

	if (!parse_state(json_string(status, "State"), &x->state))
		return NULL;
	strlcpy(x->id, json_string(query, "QueryExecutionId"), sizeof(x->id));
	x->is_dml = strcmp(json_string(query, "StatementType"), "DML") == 0;
	strlcpy(x->substatement, json_string(query, "SubstatementType"), sizeof(x->substatement));
	/* the reason says more than the error's own text, which may be empty */
	x->reason = pstrdup(json_string(status, "StateChangeReason"));
	if (*x->reason == '\0')
		x->reason = pstrdup(json_string(failure, "ErrorMessage"));
	x->error_category = (int) json_int(failure, "ErrorCategory", -1);
	x->error_type = (int) json_int(failure, "ErrorType", -1);
	x->bytes_scanned = json_int(stats, "DataScannedInBytes", -1);
	x->queue_ms = json_int(stats, "QueryQueueTimeInMillis", -1);
	x->planning_ms = json_int(stats, "QueryPlanningTimeInMillis", -1);
	x->engine_ms = json_int(stats, "EngineExecutionTimeInMillis", -1);
	x->total_ms = json_int(stats, "TotalExecutionTimeInMillis", -1);
	x->reused = json_flag(json_member(stats, "ResultReuseInformation"), "ReusedPreviousResult");
	x->output_location =
		pstrdup(json_string(json_member(query, "ResultConfiguration"), "OutputLocation"));
	x->manifest_location = pstrdup(json_string(stats, "DataManifestLocation"));
	return x;
}

/*
 * Begin GetQueryExecution, or BatchGetQueryExecution for several ids (at most
 * ATHENA_MAX_BATCH); the caller waits for the call and owns it.
 */
AwsCall *
athena_get_query_executions(const AwsClient *client, const char *const *ids, int n)
{
	StringInfoData body;
	int i;

	if (n == 1)
		return start(client, "GetQueryExecution", psprintf("{\"QueryExecutionId\":\"%s\"}", ids[0]),
					 HTTP_WAIT_QUERY, 0);
	initStringInfo(&body);
	appendStringInfoString(&body, "{\"QueryExecutionIds\":[");
	for (i = 0; i < n; i++)
		appendStringInfo(&body, "%s\"%s\"", i ? "," : "", ids[i]);
	appendStringInfoString(&body, "]}");
	return start(client, "BatchGetQueryExecution", body.data, HTTP_WAIT_QUERY, 0);
}

/*
 * What the answer to that says, as a List of AthenaExecution; a query of which
 * it says nothing is not among them.  False with aws_call_error() set if it
 * cannot be read.
 */
bool
athena_read_executions(AwsCall *call, List **executions)
{
	json_object *root = json_of_call(call);
	json_object *one = json_member(root, "QueryExecution");
	json_object *list = json_member(root, "QueryExecutions");
	int n = json_object_is_type(list, json_type_array) ? (int) json_object_array_length(list) : 0;
	int i;

	*executions = NIL;
	if (root == NULL)
		return false;
	for (i = one ? -1 : 0; i < n; i++)
	{
		AthenaExecution *x =
			read_execution(i < 0 ? one : json_object_array_get_idx(list, (size_t) i));

		if (x == NULL)
		{
			aws_call_set_malformed(call, "the state of the query is missing");
			return false;
		}
		*executions = lappend(*executions, x);
	}
	return true;
}

/* GetQueryExecution to its end. */
bool
athena_get_query_execution(const AwsClient *client, const char *id, AthenaExecution *x,
						   AwsError *error)
{
	json_object *root = run(client, "GetQueryExecution",
							psprintf("{\"QueryExecutionId\":\"%s\"}", id), HTTP_WAIT_QUERY, error);
	AthenaExecution *read = root ? read_execution(json_member(root, "QueryExecution")) : NULL;

	if (root && read == NULL)
	{
		error->kind = AWS_ERR_MALFORMED;
		strlcpy(error->message, "the state of the query is missing", sizeof(error->message));
	}
	if (read)
		*x = *read;
	return read != NULL;
}

/* Begin GetQueryResults; the caller waits for the call and owns it. */
AwsCall *
athena_get_query_results(const AwsClient *client, const char *id, int max_results,
						 const char *next_token)
{
	StringInfoData body;

	initStringInfo(&body);
	json_open(&body, NULL);
	json_add_string(&body, "QueryExecutionId", id);
	json_add_int(&body, "MaxResults", max_results);
	json_add_string(&body, "NextToken", next_token);
	json_close(&body);
	return start(client, "GetQueryResults", body.data, HTTP_WAIT_FETCH, AWS_MAX_PAGE);
}

bool
athena_get_work_group(const AwsClient *client, const char *name, AthenaWorkgroup *w,
					  AwsError *error)
{
	StringInfoData body;
	json_object *root, *group, *config;

	initStringInfo(&body);
	json_open(&body, NULL);
	json_add_string(&body, "WorkGroup", name);
	json_close(&body);
	root = run(client, "GetWorkGroup", body.data, HTTP_WAIT_METADATA, error);
	if (root == NULL)
		return false;
	group = json_member(root, "WorkGroup");
	config = json_member(group, "Configuration");
	w->state = pstrdup(json_string(group, "State"));
	w->engine_version =
		pstrdup(json_string(json_member(config, "EngineVersion"), "EffectiveEngineVersion"));
	w->output_location =
		pstrdup(json_string(json_member(config, "ResultConfiguration"), "OutputLocation"));
	w->encryption = pstrdup(json_string(json_member(json_member(config, "ResultConfiguration"),
													"EncryptionConfiguration"),
										"EncryptionOption"));
	w->enforced = json_flag(config, "EnforceWorkGroupConfiguration");
	w->managed = json_flag(json_member(config, "ManagedQueryResultsConfiguration"), "Enabled");
	w->requester_pays = json_flag(config, "RequesterPaysEnabled");
	w->cutoff = json_int(config, "BytesScannedCutoffPerQuery", -1);
	return true;
}

/* A body of one or two string members. */
static char *
make_body(const char *name, const char *value, const char *name2, const char *value2)
{
	StringInfoData body;

	initStringInfo(&body);
	json_open(&body, NULL);
	json_add_string(&body, name, value);
	if (name2)
		json_add_string(&body, name2, value2);
	json_close(&body);
	return body.data;
}

static AthenaCatalog *
read_catalog(json_object *item, const char *name_member)
{
	AthenaCatalog *catalog = palloc(sizeof(AthenaCatalog));

	catalog->name = pstrdup(json_string(item, name_member));
	catalog->type = pstrdup(json_string(item, "Type"));
	return catalog;
}

/*
 * One page of a listing: the array that the member of the answer is, NULL if it
 * has none.  *token is moved on, and "" after the last page.  False on failure.
 */
static bool
list_page(const AwsClient *client, const char *action, const char *catalog, const char *member,
		  const char **token, json_object **list, AwsError *error)
{
	StringInfoData body;
	json_object *root;

	initStringInfo(&body);
	json_open(&body, NULL);
	json_add_string(&body, "CatalogName", catalog);
	json_add_int(&body, "MaxResults", LIST_PAGE);
	json_add_string(&body, "NextToken", *token);
	json_close(&body);
	root = run(client, action, body.data, HTTP_WAIT_METADATA, error);
	if (root == NULL)
		return false;
	*list = json_member(root, member);
	if (!json_object_is_type(*list, json_type_array))
		*list = NULL;
	*token = json_string(root, "NextToken");
	return true;
}

/* The account's catalogues, as a List of AthenaCatalog. */
bool
athena_list_catalogs(const AwsClient *client, List **catalogs, AwsError *error)
{
	const char *token = NULL;
	json_object *list;
	size_t i;

	*catalogs = NIL;
	do
	{
		if (!list_page(client, "ListDataCatalogs", NULL, "DataCatalogsSummary", &token, &list,
					   error))
			return false;
		for (i = 0; list && i < json_object_array_length(list); i++)
			*catalogs =
				lappend(*catalogs, read_catalog(json_object_array_get_idx(list, i), "CatalogName"));
	} while (*token);
	return true;
}

bool
athena_get_catalog(const AwsClient *client, const char *name, AthenaCatalog *catalog,
				   AwsError *error)
{
	json_object *root = run(client, "GetDataCatalog", make_body("Name", name, NULL, NULL),
							HTTP_WAIT_METADATA, error);

	if (root == NULL)
		return false;
	*catalog = *read_catalog(json_member(root, "DataCatalog"), "Name");
	return true;
}

/* Is there such a database, and may it be seen? */
bool
athena_get_database(const AwsClient *client, const char *catalog, const char *name, AwsError *error)
{
	return run(client, "GetDatabase", make_body("CatalogName", catalog, "DatabaseName", name),
			   HTTP_WAIT_METADATA, error) != NULL;
}

/* May the states of several queries be asked for together? */
bool
athena_batch_get(const AwsClient *client, const char *id, AwsError *error)
{
	return run(client, "BatchGetQueryExecution", psprintf("{\"QueryExecutionIds\":[\"%s\"]}", id),
			   HTTP_WAIT_QUERY, error) != NULL;
}

/* The names of a catalogue's databases, as a List of C strings. */
bool
athena_list_databases(const AwsClient *client, const char *catalog, List **names, AwsError *error)
{
	const char *token = NULL;
	json_object *list;
	size_t i;

	*names = NIL;
	do
	{
		if (!list_page(client, "ListDatabases", catalog, "DatabaseList", &token, &list, error))
			return false;
		for (i = 0; list && i < json_object_array_length(list); i++)
			*names =
				lappend(*names, pstrdup(json_string(json_object_array_get_idx(list, i), "Name")));
	} while (*token);
	return true;
}
