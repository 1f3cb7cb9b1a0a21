/*
 * sts.c
 *	  The STS API: who are we, and who may we become?
 *
 * GetCallerIdentity needs no permission, so it tells a wrong key from one that
 * merely may not do something.  AssumeRole needs sts:AssumeRole of the caller
 * and the role's trust; AssumeRoleWithWebIdentity is not signed.
 */
#include "sts.h"

#include "lib/stringinfo.h"
#include "sigv4.h"
#include "xml.h"

#define MAX_KEY_TEXT 512
#define MAX_TOKEN_TEXT 16384
#define DEFAULT_SESSION_NAME "athena_fdw"

static AwsCall *
run(const AwsClient *client, const char *action, const char *body, bool anonymous, AwsError *error)
{
	AwsCallSpec spec = {
		.service = AWS_STS,
		.protocol = AWS_QUERY,
		.action = action,
		.body = body,
		.anonymous = anonymous,
		.wait = HTTP_WAIT_METADATA,
	};

	return aws_run(client, &spec, error);
}

/* The text of an element of an answer, at most max long; NULL with *error. */
static char *
element(AwsCall *call, const char *tag, size_t max, AwsError *error)
{
	char *text = palloc(max + 1);
	size_t len;
	char *doc = aws_call_body(call, &len);

	if (xml_text(doc, len, tag, text, max + 1) && *text && strlen(text) < max)
		return text;
	aws_call_set_malformed(call, psprintf("the answer has no %s", tag));
	*error = *aws_call_error(call);
	return NULL;
}

/* The ARN of the identity behind the key. */
bool
sts_get_caller_identity(const AwsClient *client, char **arn, AwsError *error)
{
	AwsCall *call = run(client, "GetCallerIdentity", "Action=GetCallerIdentity&Version=2011-06-15",
						false, error);

	if (call == NULL)
		return false;
	*arn = element(call, "Arn", MAX_KEY_TEXT, error);
	return *arn != NULL;
}

static void
add_parameter(StringInfo body, const char *name, const char *value)
{
	char *encoded;

	if (value == NULL)
		return;
	encoded = sigv4_uri_encode(value, false);
	if (encoded == NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_OUT_OF_MEMORY), errmsg("out of memory")));
	appendStringInfo(body, "&%s=%s", name, encoded);
	free(encoded);
}

/* Keys out of the answer of one of the two actions. */
static bool
read_keys(AwsCall *call, AwsKeys *keys, AwsError *error)
{
	struct tm tm = {0};
	char *expires;

	memset(keys, 0, sizeof(*keys));
	if (call == NULL)
		return false;
	keys->access_key_id = element(call, "AccessKeyId", MAX_KEY_TEXT, error);
	if (keys->access_key_id)
		keys->secret_access_key = element(call, "SecretAccessKey", MAX_KEY_TEXT, error);
	if (keys->secret_access_key)
		keys->session_token = element(call, "SessionToken", MAX_TOKEN_TEXT, error);
	expires = keys->session_token ? element(call, "Expiration", MAX_KEY_TEXT, error) : NULL;
	if (expires == NULL)
		return false;
	if (strptime(expires, "%Y-%m-%dT%H:%M:%S", &tm))
		keys->expires = timegm(&tm);
	return true;
}

/* Exchange the client's keys for those of a role. */
bool
sts_assume_role(const AwsClient *client, const AwsIdentitySpec *role, AwsKeys *keys,
				AwsError *error)
{
	StringInfoData body;

	initStringInfo(&body);
	appendStringInfoString(&body, "Action=AssumeRole&Version=2011-06-15");
	add_parameter(&body, "RoleArn", role->role_arn);
	add_parameter(&body, "RoleSessionName",
				  role->session_name ? role->session_name : DEFAULT_SESSION_NAME);
	add_parameter(&body, "ExternalId", role->external_id);
	if (role->duration_s > 0)
		appendStringInfo(&body, "&DurationSeconds=%d", role->duration_s);
	return read_keys(run(client, "AssumeRole", body.data, false, error), keys, error);
}

/* Exchange a token of an identity provider for keys of a role. */
bool
sts_assume_role_with_web_identity(const AwsClient *client, const char *role_arn,
								  const char *session_name, const char *token, AwsKeys *keys,
								  AwsError *error)
{
	StringInfoData body;
	bool ok;

	initStringInfo(&body);
	appendStringInfoString(&body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
	add_parameter(&body, "RoleArn", role_arn);
	add_parameter(&body, "RoleSessionName", session_name ? session_name : DEFAULT_SESSION_NAME);
	add_parameter(&body, "WebIdentityToken", token);
	ok = read_keys(run(client, "AssumeRoleWithWebIdentity", body.data, true, error), keys, error);
	explicit_bzero(body.data, body.len);
	return ok;
}
