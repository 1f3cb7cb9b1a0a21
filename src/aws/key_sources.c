/*
 * key_sources.c
 *	  The places from which AWS's own clients take keys, one function each.
 *
 * Called by identity.c.  Each source says in *origin, in words, where the keys
 * come from.  The functions that return bool say with false that this source is
 * not set up here; a source that is set up and fails is an error.
 *
 * The metadata services of EC2 and of containers are asked over plain HTTP at
 * addresses of the machine itself, as AWS's clients do, and get one second: where
 * there is no such service nothing answers at all.  The role's name and the keys
 * in these answers come from whoever answers there; nothing of them is shown.
 */
#include "identity.h"

#include <ctype.h>
#include <sys/stat.h>

#include "json.h"
#include "storage/fd.h"
#include "sts.h"

#define METADATA_TIMEOUT_MS 1000
#define MAX_METADATA ((size_t) 64 << 10)
#define MAX_KEY_FILE (1 << 20)
#define INSTANCE_ENDPOINT "http://169.254.169.254"
#define INSTANCE_ENDPOINT_IPV6 "http://[fd00:ec2::254]"
#define CONTAINER_ENDPOINT "http://169.254.170.2"
#define CREDENTIALS_PATH "/latest/meta-data/iam/security-credentials/"

static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static _Noreturn void
fail(const char *message, const char *detail, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION), errmsg("%s", message),
					detail ? errdetail("%s", detail) : 0, hint ? errhint("%s", hint) : 0));
}

/* ---------- documents and files ---------- */

/* 2026-11-23T12:34:56[.789]Z or with +00:00; 0 if it cannot be read. */
static time_t
parse_time(const char *text)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (rest == NULL)
		return 0;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	return strcmp(rest, "Z") == 0 || strcmp(rest, "+00:00") == 0 ? timegm(&tm) : 0;
}

/*
 * Keys out of a JSON document, whose member for the session token is called
 * differently by different sources.  The text is never shown.
 */
void
keys_parse(const char *text, size_t len, const char *whence, const char *token_member,
		   AwsKeys *keys)
{
	json_object *root = json_object_quiet(text, len);
	const char *id = json_string(root, "AccessKeyId");
	const char *secret = json_string(root, "SecretAccessKey");
	const char *token = json_string(root, token_member);
	const char *expires = json_string(root, "Expiration");
	char *code = aws_text_to_show(json_string(root, "Code"));
	bool ok = *id && *secret && (*expires == '\0' || parse_time(expires) != 0);

	if (ok)
	{
		keys->access_key_id = pstrdup(id);
		keys->secret_access_key = pstrdup(secret);
		keys->session_token = *token ? pstrdup(token) : NULL;
		keys->expires = *expires ? parse_time(expires) : 0;
	}
	json_object_put(root);
	if (!ok)
		fail(psprintf("%s gave no AWS keys", whence),
			 *code && strcmp(code, "Success") != 0 ? psprintf("It answered \"%.80s\".", code) :
													 "Its answer is not of the form that is "
													 "expected.",
			 NULL);
	if (keys->expires != 0 && keys->expires <= time(NULL))
		fail(psprintf("the AWS keys from %s have expired", whence), NULL,
			 "Whatever renews them there does not do it, or the clock of this machine is wrong.");
}

/*
 * A small file as text; what says what it is.  NULL if there is none and that
 * is no error.
 */
char *
keys_read_file(const char *path, const char *what, bool missing_ok)
{
	FILE *file = AllocateFile(path, "r");
	struct stat st;
	char *text;
	size_t len;

	if (file == NULL)
	{
		if (missing_ok && (errno == ENOENT || errno == EACCES || errno == ENOTDIR))
			return NULL;
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not open the %s \"%s\": %m", what, path),
				 errhint("The operating system's user of the server process must be able "
						 "to read it.")));
	}
	if (fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > MAX_KEY_FILE)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("the %s \"%s\" is not a file of less than 1 MB", what, path)));
	text = palloc(st.st_size + 1);
	len = fread(text, 1, st.st_size, file);
	text[len] = '\0';
	FreeFile(file);
	return text;
}

/* ---------- the environment ---------- */

bool
keys_from_environment(AwsKeys *keys, char **origin)
{
	const char *id = environment("AWS_ACCESS_KEY_ID");
	const char *secret = environment("AWS_SECRET_ACCESS_KEY");
	const char *token = environment("AWS_SESSION_TOKEN");

	if (id == NULL && secret == NULL)
		return false;
	if (id == NULL || secret == NULL)
		fail(psprintf("the environment of the server process has no %s",
					  id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"),
			 NULL, "Set both, and AWS_SESSION_TOKEN for temporary keys, and restart the server.");
	keys->access_key_id = pstrdup(id);
	keys->secret_access_key = pstrdup(secret);
	keys->session_token = token ? pstrdup(token) : NULL;
	*origin = pstrdup("the environment of the server process");
	return true;
}

/* ---------- metadata services ---------- */

/*
 * One request to a metadata service.  Returns its body, which lives as long as
 * the current memory context, or NULL with *why if no answer came.
 */
static char *
metadata_request(const char *method, const char *url, const char *header, const char *value,
				 int *status, size_t *len, const char **why)
{
	char *line = header ? psprintf("%s: %s", header, value) : NULL;
	const char *const headers[] = {"Accept: */*", line, NULL};
	HttpSpec spec = {
		.method = method,
		.url = url,
		.headers = headers,
		.body = strcmp(method, "PUT") == 0 ? "" : NULL,
		.connect_timeout_ms = METADATA_TIMEOUT_MS,
		.request_timeout_ms = METADATA_TIMEOUT_MS,
		.max_body = MAX_METADATA,
	};
	HttpRequest *request;

	request = http_run(&spec, HTTP_WAIT_METADATA);
	if (line)
		explicit_bzero(line, strlen(line));
	*why = http_error(request);
	*status = http_status(request);
	return *why ? NULL : http_body(request, len);
}

/* May a token be sent there in the clear? */
static bool
is_container_host(const char *url)
{
	static const char *const hosts[] = {"http://169.254.170.2", "http://169.254.170.23",
										"http://[fd00:ec2::23]"};
	size_t i;

	for (i = 0; i < lengthof(hosts); i++)
	{
		size_t len = strlen(hosts[i]);

		if (strncmp(url, hosts[i], len) == 0 && strchr(":/", url[len]) != NULL)
			return true;
	}
	return endpoint_is_loopback(url);
}

/* ECS, EKS Pod Identity and their like. */
bool
keys_from_container(AwsKeys *keys, char **origin)
{
	const char *relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	const char *file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	const char *why;
	const char *url;
	char *body;
	size_t len;
	int status;

	if (relative == NULL && full == NULL)
		return false;
	url = relative ? psprintf("%s%s", CONTAINER_ENDPOINT, relative) : full;
	if (strncmp(url, "https://", 8) != 0 && !is_container_host(url))
		fail(
			"the container's credentials would be asked for over plain http", NULL,
			"AWS_CONTAINER_CREDENTIALS_FULL_URI must be an https address, or one of this machine.");
	if (file)
	{
		char *text = keys_read_file(file, "container's authorization token", false);

		text[strcspn(text, "\r\n")] = '\0';
		token = text;
	}
	if (token && strpbrk(token, "\r\n"))
		fail("the container's authorization token holds a line end", NULL, NULL);
	body = metadata_request("GET", url, token ? "Authorization" : NULL, token, &status, &len, &why);
	if (body == NULL)
		fail("the container's credentials service does not answer", psprintf("%s.", why),
			 "Check AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI in the environment of the "
			 "server process.");
	if (status != 200)
		fail(
			"the container's credentials service refuses to give keys",
			psprintf("HTTP status %d.", status),
			status == 401 || status == 403 ?
				"Check the authorization token of the container (AWS_CONTAINER_AUTHORIZATION_TOKEN "
				"or _TOKEN_FILE), and that the task or pod has a role." :
				"Check that the task or pod has a role.");
	keys_parse(body, len, "the container's credentials service", "Token", keys);
	*origin = pstrdup("the container's credentials service");
	return true;
}

static const char *
instance_endpoint(void)
{
	const char *given = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

	if (given == NULL)
		return mode && pg_strcasecmp(mode, "ipv6") == 0 ? INSTANCE_ENDPOINT_IPV6 :
														  INSTANCE_ENDPOINT;
	return pnstrdup(given, strlen(given) - (given[strlen(given) - 1] == '/' ? 1 : 0));
}

/*
 * One answer of the instance's metadata service, with a session token (version
 * 2; version 1, which needs none, is not spoken).
 */
static char *
instance_get(const char *endpoint, const char *token, const char *path, int *status, size_t *len)
{
	const char *why;
	char *body = metadata_request("GET", psprintf("%s%s", endpoint, path),
								  "X-aws-ec2-metadata-token", token, status, len, &why);

	if (body == NULL)
		fail("the instance's metadata service stopped answering", psprintf("%s.", why), NULL);
	return body;
}

/* EC2's instance profile. */
bool
keys_from_instance(AwsKeys *keys, char **origin)
{
	const char *disabled = environment("AWS_EC2_METADATA_DISABLED");
	const char *endpoint = instance_endpoint();
	const char *why;
	char *token;
	char *role;
	char *body;
	size_t len;
	int status;

	if (disabled && pg_strcasecmp(disabled, "true") == 0)
		return false;
	token = metadata_request("PUT", psprintf("%s/latest/api/token", endpoint),
							 "X-aws-ec2-metadata-token-ttl-seconds", "21600", &status, &len, &why);
	if (token == NULL)
		fail(
			"the instance's metadata service does not answer", psprintf("%s.", why),
			"This machine may be no EC2 instance, or have its metadata service off; in a container "
			"on one, raise the instance's metadata hop limit to 2 "
			"(HttpPutResponseHopLimit).");
	if (status != 200 || len == 0 || strpbrk(token, "\r\n"))
		fail("the instance's metadata service gives no session token",
			 psprintf("HTTP status %d.", status),
			 "Its version 2 (IMDSv2) must be enabled; version 1 is not used.");

	role = instance_get(endpoint, token, CREDENTIALS_PATH, &status, &len);
	role[strcspn(role, "\r\n")] = '\0';
	if (status == 404 || (status == 200 && *role == '\0'))
		fail("the instance has no role", NULL, "Attach an instance profile to it.");
	if (status != 200 || strpbrk(role, "/?# ") != NULL)
		fail("the instance's metadata service does not tell its role",
			 psprintf("HTTP status %d.", status), NULL);

	body = instance_get(endpoint, token, psprintf("%s%s", CREDENTIALS_PATH, role), &status, &len);
	if (status != 200)
		fail("the instance's metadata service gives no keys", psprintf("HTTP status %d.", status),
			 NULL);
	keys_parse(body, len, "the instance's metadata service", "Token", keys);
	*origin = psprintf("the instance's role %s", aws_text_to_show(role));
	return true;
}

/* ---------- STS ---------- */

/* A token file, as Kubernetes mounts it, exchanged for keys of a role. */
bool
keys_from_web_identity(const AwsClient *client, const char *token_file, const char *role_arn,
					   const char *session_name, AwsKeys *keys, char **origin)
{
	AwsError error;
	char *token;

	if (token_file == NULL)
		token_file = environment("AWS_WEB_IDENTITY_TOKEN_FILE");
	if (token_file == NULL)
		return false;
	if (role_arn == NULL)
		role_arn = environment("AWS_ROLE_ARN");
	if (session_name == NULL)
		session_name = environment("AWS_ROLE_SESSION_NAME");
	if (role_arn == NULL)
		fail("there is a web identity token, but no role to exchange it for", NULL,
			 "Set the user mapping's option role_arn, or AWS_ROLE_ARN in the environment of the "
			 "server process.");
	token = keys_read_file(token_file, "web identity token", false);
	token[strcspn(token, "\r\n")] = '\0';
	if (!sts_assume_role_with_web_identity(client, role_arn, session_name, token, keys, &error))
		aws_error_throw(&error);
	*origin = psprintf("a web identity as role %s", role_arn);
	return true;
}

/* Exchange keys for those of a role. */
void
keys_assume_role(const AwsClient *client, const AwsIdentitySpec *role, AwsKeys *keys, char **origin)
{
	AwsClient as_source = *client;
	AwsError error;

	as_source.identity = identity_of_keys(keys);
	if (!sts_assume_role(&as_source, role, keys, &error))
		aws_error_throw(&error);
	*origin = psprintf("role %s, assumed with keys from %s", role->role_arn, *origin);
}

/* ---------- all together ---------- */

/* AWS's usual order: the first source that is set up. */
static void
keys_from_default(const AwsIdentitySpec *spec, const AwsClient *client, AwsKeys *keys,
				  char **origin)
{
	if (keys_from_environment(keys, origin) ||
		keys_from_web_identity(client, NULL, NULL, NULL, keys, origin) ||
		keys_from_profile(spec, client, false, keys, origin) || keys_from_container(keys, origin) ||
		keys_from_instance(keys, origin))
		return;
	fail("no AWS keys were found",
		 "Looked in the environment of the server process, at its web identity, in its credentials "
		 "and config files, at its container's and its instance's metadata service.",
		 "Set up one of these, or put keys into the user mapping.");
}

/*
 * The keys that a spec describes, and where they come from in words, in the
 * current memory context.  Throws if there are none.
 */
void
keys_fetch(const AwsIdentitySpec *spec, const AwsClient *client, AwsKeys *keys, char **origin)
{
	bool found = true;

	memset(keys, 0, sizeof(*keys));
	*origin = pstrdup("the user mapping");
	switch (spec->source)
	{
		case AWS_KEYS_STATIC:
			keys->access_key_id = pstrdup(spec->access_key_id);
			keys->secret_access_key = pstrdup(spec->secret_access_key);
			keys->session_token = spec->session_token ? pstrdup(spec->session_token) : NULL;
			break;
		case AWS_KEYS_ENVIRONMENT:
			if (!keys_from_environment(keys, origin))
				fail("the environment of the server process holds no AWS keys", NULL,
					 "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for it and restart it, or "
					 "choose another source with the user mapping's option credentials.");
			break;
		case AWS_KEYS_PROFILE:
			keys_from_profile(spec, client, true, keys, origin);
			break;
		case AWS_KEYS_WEB_IDENTITY:
			found = keys_from_web_identity(client, spec->token_file, spec->web_role_arn,
										   spec->session_name, keys, origin);
			if (!found)
				fail("there is no web identity token", NULL,
					 "Set the user mapping's option web_identity_token_file, or "
					 "AWS_WEB_IDENTITY_TOKEN_FILE in the environment of the server process.");
			break;
		case AWS_KEYS_CONTAINER:
			if (!keys_from_container(keys, origin))
				fail("the server process does not run in a container that has AWS credentials",
					 NULL,
					 "The container's agent sets AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or "
					 "_FULL_URI in its environment.");
			break;
		case AWS_KEYS_INSTANCE:
			if (!keys_from_instance(keys, origin))
				fail("the instance's metadata service is not to be used", NULL,
					 "AWS_EC2_METADATA_DISABLED is set in the environment of the server process.");
			break;
		case AWS_KEYS_DEFAULT:
			keys_from_default(spec, client, keys, origin);
			break;
	}
	if (spec->role_arn)
		keys_assume_role(client, spec, keys, origin);
}
