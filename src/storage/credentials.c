/*
 * credentials.c
 *	  Whose keys: what a user mapping says, and what that role may say.
 *
 * By default keys stand in the user mapping.  They may also come from what
 * belongs to the server process: its environment, its files, the metadata
 * service of its machine.  Whoever uses these acts with the machine's identity,
 * so only superusers may, and those whose mapping a superuser has given the
 * option server_credentials_allowed (as postgres_fdw's password_required
 * 'false').  That is looked at whenever keys are needed, and for the user whose
 * rights apply: for a view its owner.
 */
#include "storage/storage.h"

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "catalog/pg_user_mapping.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/syscache.h"

/* The source that a word names; assume_role is handled by the caller. */
static AwsKeySource
source_of(const char *word)
{
	static const struct
	{
		const char *word;
		AwsKeySource source;
	} known[] = {
		{"static", AWS_KEYS_STATIC},       {"environment", AWS_KEYS_ENVIRONMENT},
		{"profile", AWS_KEYS_PROFILE},     {"web_identity", AWS_KEYS_WEB_IDENTITY},
		{"container", AWS_KEYS_CONTAINER}, {"instance", AWS_KEYS_INSTANCE},
		{"default", AWS_KEYS_DEFAULT},
	};
	size_t i;

	for (i = 0; i < lengthof(known); i++)
		if (word && strcmp(word, known[i].word) == 0)
			return known[i].source;
	return AWS_KEYS_STATIC;
}

static bool
flag(List *options, const char *name)
{
	const char *value = options_get(options, name);

	return value && options_bool(value);
}

static void
read_mapping(List *options, Credentials *c)
{
	const char *word = options_get(options, "credentials");
	const char *duration = options_get(options, "role_duration");
	AwsIdentitySpec *spec = &c->spec;
	double seconds = 0;

	c->server_allowed = flag(options, "server_credentials_allowed");
	c->assume_role = word && strcmp(word, "assume_role") == 0;
	spec->source = source_of(c->assume_role ? options_get(options, "source_credentials") : word);
	spec->access_key_id = options_get(options, "access_key_id");
	spec->secret_access_key = options_get(options, "secret_access_key");
	spec->session_token = options_get(options, "session_token");
	spec->profile = options_get(options, "profile");
	spec->token_file = options_get(options, "web_identity_token_file");
	spec->allow_process = flag(options, "credential_process_allowed");
	spec->session_name = options_get(options, "role_session_name");
	if (c->assume_role)
	{
		spec->role_arn = options_get(options, "role_arn");
		spec->external_id = options_get(options, "external_id");
		if (duration)
			parse_real(duration, &seconds, GUC_UNIT_S, NULL);
		spec->duration_s = (int) seconds;
	}
	else if (spec->source == AWS_KEYS_WEB_IDENTITY)
		spec->web_role_arn = options_get(options, "role_arn");
}

/*
 * Find out where the keys of a user for a server are.  Unlike GetUserMapping()
 * this does not throw where there is no mapping: what is missing is reported as
 * a whole.
 */
void
credentials_find(ForeignServer *server, Oid userid, Credentials *c)
{
	HeapTuple tuple;
	List *options = NIL;
	Datum datum;
	bool isnull;

	memset(c, 0, sizeof(*c));
	tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(userid),
							ObjectIdGetDatum(server->serverid));
	if (!HeapTupleIsValid(tuple))
	{
		tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(InvalidOid),
								ObjectIdGetDatum(server->serverid));
		c->is_public = HeapTupleIsValid(tuple);
	}
	if (!HeapTupleIsValid(tuple))
		return;
	c->has_mapping = true;
	datum = SysCacheGetAttr(USERMAPPINGUSERSERVER, tuple, Anum_pg_user_mapping_umoptions, &isnull);
	if (!isnull)
		options = untransformRelOptions(datum);
	read_mapping(options, c);
	ReleaseSysCache(tuple);
}

/*
 * May this user have these keys?  Throws if they are the server process's and
 * nobody has allowed it.
 */
void
credentials_check(ForeignServer *server, Oid userid, const Credentials *c)
{
	if (c->spec.source == AWS_KEYS_STATIC)
		return;
	if (!superuser_arg(userid) && !c->server_allowed)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("user \"%s\" may not use the AWS credentials of the server process",
						GetUserNameFromId(userid, false)),
				 errdetail("The user mapping for server \"%s\" takes keys from the process's "
						   "environment, files or machine, and so would act with its identity.",
						   server->servername),
				 errhint("Put keys into the user mapping, or have a superuser allow it with the "
						 "mapping's option server_credentials_allowed.")));
	/* a token can be used by whoever is sent it, unlike a signature */
	if ((c->spec.source == AWS_KEYS_WEB_IDENTITY || c->spec.source == AWS_KEYS_PROFILE ||
		 c->spec.source == AWS_KEYS_DEFAULT) &&
		(options_get(server->options, "sts_endpoint") ||
		 options_get(server->options, "endpoint")) &&
		!superuser_arg(server->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("server \"%s\" may not have STS at an address of its own with these "
						"credentials",
						server->servername),
				 errdetail("A web identity token of the server process would be sent there."),
				 errhint("Have a superuser own the server, or drop its options endpoint and "
						 "sts_endpoint.")));
}

/* A key id as it may be shown: AKIA...QF4X. */
char *
credentials_masked(const char *access_key_id)
{
	size_t len = strlen(access_key_id);

	if (len < 12)
		return pstrdup("...");
	return psprintf("%.4s...%s", access_key_id, access_key_id + len - 4);
}
