/*
 * settings.c
 *	  From a server and a user mapping to what running a query needs.
 *
 * Called at the start of every scan and function, always from the catalogues
 * and never cached: so an ALTER SERVER or ALTER USER MAPPING holds from the
 * next query on in every session, and a ROLLBACK takes it back.
 */
#include "storage/storage.h"

#include "aws/endpoint.h"
#include "catalog/pg_class.h"
#include "catalog/pg_foreign_server.h"
#include "compat.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#define DEFAULT_CONNECT_TIMEOUT 10
#define DEFAULT_REQUEST_TIMEOUT 60
#define DEFAULT_MAX_RETRIES 5
#define DEFAULT_FETCH_SIZE 1000

/* An option in seconds as milliseconds. */
static int
milliseconds(ForeignServer *server, const char *name, double otherwise)
{
	const char *value = options_get(server->options, name);

	if (value)
		parse_real(value, &otherwise, GUC_UNIT_S, NULL);
	return (int) (otherwise * 1000);
}

static int
integer(ForeignServer *server, const char *name, int otherwise)
{
	const char *value = options_get(server->options, name);

	if (value)
		parse_int(value, &otherwise, 0, NULL);
	return otherwise;
}

static bool
boolean(ForeignServer *server, const char *name, bool otherwise)
{
	const char *value = options_get(server->options, name);

	return value ? options_bool(value) : otherwise;
}

/*
 * Without TLS everybody on the way reads and changes everything, and a signed
 * request can be made to go anywhere: only a superuser's server may do that.
 */
static void
check_plain_http(ForeignServer *server, const char *endpoint)
{
	if (strncmp(endpoint, "http://", 7) == 0 && !endpoint_is_loopback(endpoint) &&
		!superuser_arg(server->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("server \"%s\" may not use the endpoint %s without TLS", server->servername,
						endpoint),
				 errdetail("Plain http is allowed to this machine itself, and on servers that a "
						   "superuser owns."),
				 errhint("Use https, or have a superuser own the server.")));
}

/* The address of a service: its own option, the common one, or the region's. */
static const char *
endpoint_of(ForeignServer *server, AwsService service, const char *region, bool *custom)
{
	const char *value =
		options_get(server->options, psprintf("%s_endpoint", endpoint_service_name(service)));
	char derived[ENDPOINT_MAX];
	char *copy;
	size_t len;

	if (value == NULL)
		value = options_get(server->options, "endpoint");
	*custom = value != NULL;
	if (value == NULL)
	{
		if (!endpoint_derive(service, region, boolean(server, "fips", false),
							 boolean(server, "dualstack", false), derived))
			elog(ERROR, "no endpoint for region \"%s\"", region);
		return pstrdup(derived);
	}
	check_plain_http(server, value);
	copy = pstrdup(value);
	len = strlen(copy);
	if (copy[len - 1] == '/')
		copy[len - 1] = '\0';
	return copy;
}

static void
add_gap(StringInfo missing, StringInfo adds, const char *name, const char *verb,
		const char *example)
{
	appendStringInfo(missing, "%s%s", missing->len ? ", " : "", name);
	appendStringInfo(adds, "%s%s%s '%s'", adds->len ? ", " : "", verb, name, example);
}

/*
 * Is anything not set that every query needs?  Names all of it, and the
 * commands that set it.
 */
bool
storage_gaps(ForeignServer *server, Oid userid, char **missing, char **hint)
{
	Credentials c;
	StringInfoData names, in_server, in_mapping, commands;
	const char *user;

	initStringInfo(&names);
	initStringInfo(&in_server);
	initStringInfo(&in_mapping);
	initStringInfo(&commands);
	credentials_find(server, userid, &c);

	if (options_get(server->options, "region") == NULL)
		add_gap(&names, &in_server, "region", "ADD ", "us-east-1");
	/* a workgroup may bring its own output location */
	if (options_get(server->options, "output_bucket") == NULL &&
		options_get(server->options, "workgroup") == NULL)
		add_gap(&names, &in_server, "output_bucket", "ADD ", "my-query-results");
	if (c.spec.source == AWS_KEYS_STATIC && c.spec.access_key_id == NULL)
		add_gap(&names, &in_mapping, "access_key_id", c.has_mapping ? "ADD " : "", "...");
	if (c.spec.source == AWS_KEYS_STATIC && c.spec.secret_access_key == NULL)
		add_gap(&names, &in_mapping, "secret_access_key", c.has_mapping ? "ADD " : "", "...");
	if (c.assume_role && c.spec.role_arn == NULL)
		add_gap(&names, &in_mapping, "role_arn", "ADD ", "arn:aws:iam::123456789012:role/name");
	if (names.len == 0)
		return false;

	user = c.is_public ? "PUBLIC" : quote_identifier(GetUserNameFromId(userid, false));
	if (in_server.len)
		appendStringInfo(&commands, "ALTER SERVER %s OPTIONS (%s);",
						 quote_identifier(server->servername), in_server.data);
	if (in_mapping.len)
		appendStringInfo(&commands, "%s%s USER MAPPING FOR %s SERVER %s OPTIONS (%s);",
						 commands.len ? " " : "", c.has_mapping ? "ALTER" : "CREATE", user,
						 quote_identifier(server->servername), in_mapping.data);
	*missing = names.data;
	*hint = commands.data;
	return true;
}

/* Everything about keys, hosts and times of the HTTP requests. */
static AwsClient *
make_client(ForeignServer *server, Oid userid)
{
	AwsClient *client = palloc0(sizeof(AwsClient));
	Credentials c;
	bool custom = false;
	char *prefix;
	char *bucket;
	int i;

	credentials_find(server, userid, &c);
	credentials_check(server, userid, &c);
	client->region = pstrdup(options_get(server->options, "region"));
	for (i = 0; i < AWS_SERVICES; i++)
	{
		bool is_custom;

		client->endpoint[i] = endpoint_of(server, (AwsService) i, client->region, &is_custom);
		if (i == AWS_S3)
			custom = is_custom;
	}
	/* a bucket with dots fits no certificate of *.s3.REGION.amazonaws.com */
	bucket = storage_output_bucket(server, &prefix);
	client->s3_path_style =
		boolean(server, "s3_path_style", custom || (bucket && strchr(bucket, '.') != NULL));
	client->s3_requester_pays = boolean(server, "requester_pays", false);
	client->proxy = options_get(server->options, "proxy");
	client->ca_file = options_get(server->options, "ca_file");
	client->connect_timeout_ms = milliseconds(server, "connect_timeout", DEFAULT_CONNECT_TIMEOUT);
	client->request_timeout_ms = milliseconds(server, "request_timeout", DEFAULT_REQUEST_TIMEOUT);
	client->max_retries = integer(server, "max_retries", DEFAULT_MAX_RETRIES);
	client->identity = identity_get(&c.spec, client);
	return client;
}

/*
 * The settings with which a user runs queries on a server, in the current
 * memory context.  Throws, without any network call, if they are incomplete.
 */
QuerySettings *
storage_settings(Oid serverid, Oid userid)
{
	ForeignServer *server = GetForeignServer(serverid);
	QuerySettings *s = palloc0(sizeof(QuerySettings));
	const char *value;
	char *missing;
	char *hint;
	char *bucket;
	char *prefix;

	if (storage_gaps(server, userid, &missing, &hint))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("server \"%s\" is not completely configured for user \"%s\"",
							   server->servername, GetUserNameFromId(userid, false)),
						errdetail("Not set: %s.", missing), errhint("%s", hint)));
	s->server_name = pstrdup(server->servername);
	s->client = make_client(server, userid);
	s->catalog = options_get(server->options, "catalog");
	if (s->catalog == NULL)
		s->catalog = DEFAULT_CATALOG;
	s->database = options_get(server->options, "database");
	s->workgroup = options_get(server->options, "workgroup");
	bucket = storage_output_bucket(server, &prefix);
	if (bucket)
		s->output_location = psprintf("s3://%s/%s%s", bucket, prefix, *prefix ? "/" : "");
	s->encryption = options_get(server->options, "encryption");
	s->kms_key = options_get(server->options, "kms_key");
	s->expected_bucket_owner = options_get(server->options, "expected_bucket_owner");
	s->acl = options_get(server->options, "acl");
	value = options_get(server->options, "max_bytes_scanned");
	s->max_bytes_scanned = value ? options_bytes(value) : 0;
	s->server_id = serverid;
	s->user_id = userid;
	s->query_timeout_ms = milliseconds(server, "query_timeout", 0);
	s->fetch_mode = options_fetch_mode(options_get(server->options, "fetch_mode"));
	s->fetch_size = integer(server, "fetch_size", DEFAULT_FETCH_SIZE);
	s->reuse_minutes = integer(server, "result_reuse_minutes", 0);
	s->keep_results = boolean(server, "keep_results", true);
	return s;
}

/*
 * The same for a query over one foreign table, with its own catalogue and
 * database.
 */
QuerySettings *
storage_settings_for_table(Oid relid, Oid userid)
{
	TableOptions *table = storage_table(relid);
	QuerySettings *settings = storage_settings(GetForeignTable(relid)->serverid, userid);

	if (table->query == NULL && table->database == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("foreign table \"%s\" does not say in which Athena database it lies",
						get_rel_name(relid)),
				 errhint("ALTER FOREIGN TABLE %s OPTIONS (ADD database '...'); or set the option "
						 "of the server.",
						 quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
													get_rel_name(relid)))));
	if (table->catalog)
		settings->catalog = table->catalog;
	if (table->database)
		settings->database = table->database;
	settings->fetch_mode = table->fetch_mode;
	return settings;
}

/* Does a server belong to this wrapper, whatever that is called? */
bool
storage_server_is_ours(const ForeignServer *server)
{
	ForeignDataWrapper *wrapper = GetForeignDataWrapper(server->fdwid);

	return OidIsValid(wrapper->fdwhandler) &&
		   strcmp(get_func_name(wrapper->fdwhandler), "athena_fdw_handler") == 0;
}

/* Is a relation a foreign table of this wrapper's? */
bool
storage_is_ours(Oid relid)
{
	return get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE &&
		   storage_server_is_ours(GetForeignServer(GetForeignTable(relid)->serverid));
}

/*
 * A server by name, for the SQL functions: it must be one of ours, and the
 * caller must have USAGE on it.
 */
ForeignServer *
storage_usable_server(const char *name)
{
	ForeignServer *server = GetForeignServerByName(name, false);
	AclResult acl;

	acl = athena_server_aclcheck(server->serverid, GetUserId());
	if (acl != ACLCHECK_OK)
		aclcheck_error(acl, OBJECT_FOREIGN_SERVER, server->servername);
	if (!storage_server_is_ours(server))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("server \"%s\" belongs to the foreign-data wrapper \"%s\", not to "
							   "athena_fdw",
							   server->servername, GetForeignDataWrapper(server->fdwid)->fdwname)));
	return server;
}
