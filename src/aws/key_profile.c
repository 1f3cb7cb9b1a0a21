/*
 * key_profile.c
 *	  Keys of a named profile: the credentials and config files of AWS's clients.
 *
 * Called by key_sources.c.  The files are those of the operating system's user
 * that runs the server: AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE in its
 * environment, else ~/.aws/credentials and ~/.aws/config.  A profile may hold
 * keys, name a source_profile or credential_source and a role to assume, a web
 * identity token, or a credential_process, which is a command and therefore run
 * only where the spec allows it.
 */
#include "identity.h"

#include <ctype.h>

#include "utils/memutils.h"

#define MAX_CHAIN 5

/* The two files, as text; NULL where there is none. */
typedef struct ProfileFiles
{
	char *credentials;
	char *config;
} ProfileFiles;

static char *
home_file(const char *variable, const char *name)
{
	const char *given = getenv(variable);
	const char *home = getenv("HOME");

	if (given && *given)
		return keys_read_file(given, "AWS configuration file", true);
	if (home == NULL || *home == '\0')
		return NULL;
	return keys_read_file(psprintf("%s/.aws/%s", home, name), "AWS configuration file", true);
}

static char *
trimmed(const char *text, size_t len)
{
	while (len > 0 && isspace((unsigned char) *text))
	{
		text++;
		len--;
	}
	while (len > 0 && isspace((unsigned char) text[len - 1]))
		len--;
	return pnstrdup(text, len);
}

/* Is this line, without its end, the heading of a profile? */
static bool
is_heading(const char *line, size_t len, const char *profile, bool config)
{
	const char *close = memchr(line, ']', len);
	char *name;

	if (len < 2 || line[0] != '[' || close == NULL)
		return false;
	name = trimmed(line + 1, close - line - 1);
	if (config && strcmp(profile, "default") != 0)
	{
		if (strncmp(name, "profile", 7) != 0 || !isspace((unsigned char) name[7]))
			return false;
		name = trimmed(name + 7, strlen(name + 7));
	}
	return strcmp(name, profile) == 0;
}

/*
 * A setting of a profile in one file; NULL if it has none.  *found says whether
 * there is such a profile.
 */
static char *
file_setting(const char *text, const char *profile, bool config, const char *key, bool *found)
{
	const char *line;
	const char *next;
	bool inside = false;

	for (line = text; line && *line; line = next)
	{
		size_t len = strcspn(line, "\n");
		const char *equals = memchr(line, '=', len);

		next = line[len] ? line + len + 1 : NULL;
		if (*line == '[')
		{
			inside = is_heading(line, len, profile, config);
			*found |= inside;
		}
		/* indented lines belong to a nested setting */
		else if (inside && equals && *line != '#' && *line != ';' &&
				 !isspace((unsigned char) *line) &&
				 pg_strcasecmp(trimmed(line, equals - line), key) == 0)
			return trimmed(equals + 1, len - (equals + 1 - line));
	}
	return NULL;
}

/* The credentials file goes before the config file. */
static char *
setting(const ProfileFiles *files, const char *profile, const char *key, bool *found)
{
	char *value = file_setting(files->credentials, profile, false, key, found);

	if (value == NULL || *value == '\0')
		value = file_setting(files->config, profile, true, key, found);
	return value && *value ? value : NULL;
}

static _Noreturn void
fail(const char *profile, const char *what, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
					errmsg("AWS profile \"%s\" %s", profile, what), errhint("%s", hint)));
}

/* The keys that a credential_source names. */
static void
from_credential_source(const char *profile, const char *source, AwsKeys *keys, char **origin)
{
	bool found;

	if (strcmp(source, "Environment") == 0)
		found = keys_from_environment(keys, origin);
	else if (strcmp(source, "EcsContainer") == 0)
		found = keys_from_container(keys, origin);
	else if (strcmp(source, "Ec2InstanceMetadata") == 0)
		found = keys_from_instance(keys, origin);
	else
		fail(profile, psprintf("has an unknown credential_source \"%s\"", source),
			 "It is Environment, EcsContainer or Ec2InstanceMetadata.");
	if (!found)
		fail(profile, psprintf("takes its keys from %s, which has none", source),
			 "Set that source up for the server process.");
}

static void from_profile(const ProfileFiles *files, const AwsIdentitySpec *spec,
						 const AwsClient *client, const char *profile, int depth, AwsKeys *keys,
						 char **origin);

/* Keys that stand in the profile, or those of its command. */
static void
own_keys(const ProfileFiles *files, const AwsIdentitySpec *spec, const char *profile, AwsKeys *keys,
		 char **origin)
{
	bool found;
	char *id = setting(files, profile, "aws_access_key_id", &found);
	char *secret = setting(files, profile, "aws_secret_access_key", &found);
	char *process = setting(files, profile, "credential_process", &found);

	*origin = psprintf("AWS profile %s", profile);
	if (id && secret)
	{
		keys->access_key_id = id;
		keys->secret_access_key = secret;
		keys->session_token = setting(files, profile, "aws_session_token", &found);
		keys->expires = 0;
		return;
	}
	if (process)
	{
		size_t len;
		char *answer;

		if (!spec->allow_process)
			fail(profile, "gets its keys from a command, which is not run",
				 "A superuser can allow it with the user mapping's option "
				 "credential_process_allowed.");
		answer = keys_run_process(process, &len);
		keys_parse(answer, len, psprintf("the credential_process of AWS profile %s", profile),
				   "SessionToken", keys);
		explicit_bzero(answer, len);
		return;
	}
	if (setting(files, profile, "sso_session", &found) ||
		setting(files, profile, "sso_start_url", &found))
		fail(profile, "uses single sign-on, which needs somebody at a browser",
			 "Use a role or keys of their own for the database.");
	fail(profile, "holds no keys",
		 "It needs aws_access_key_id and aws_secret_access_key, or a role_arn with a "
		 "source_profile or credential_source.");
}

/* What a profile comes to: its own keys, or those of a role. */
static void
from_profile(const ProfileFiles *files, const AwsIdentitySpec *spec, const AwsClient *client,
			 const char *profile, int depth, AwsKeys *keys, char **origin)
{
	bool found = false;
	AwsIdentitySpec role = {0};
	char *source = setting(files, profile, "source_profile", &found);
	char *credential_source = setting(files, profile, "credential_source", &found);
	char *token_file = setting(files, profile, "web_identity_token_file", &found);
	char *duration = setting(files, profile, "duration_seconds", &found);

	role.role_arn = setting(files, profile, "role_arn", &found);
	role.external_id = setting(files, profile, "external_id", &found);
	role.session_name = setting(files, profile, "role_session_name", &found);
	role.duration_s = duration ? atoi(duration) : 0;
	if (!found)
		fail(profile, "does not exist",
			 "Profiles are read from ~/.aws/credentials and ~/.aws/config of the operating "
			 "system's user that runs the server, or from the files that "
			 "AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE name in its environment.");
	if (depth > MAX_CHAIN)
		fail(profile, "takes its keys from itself, by way of other profiles",
			 "Mend source_profile.");
	if (role.role_arn == NULL)
	{
		own_keys(files, spec, profile, keys, origin);
		return;
	}
	if (token_file)
	{
		keys_from_web_identity(client, token_file, role.role_arn, role.session_name, keys, origin);
		return;
	}
	if (setting(files, profile, "mfa_serial", &found))
		fail(profile, "asks for a code of a device, and nobody is there to type it",
			 "Use a role that needs none.");
	/* a profile may be its own source */
	if (source && strcmp(source, profile) == 0)
		own_keys(files, spec, profile, keys, origin);
	else if (source)
		from_profile(files, spec, client, source, depth + 1, keys, origin);
	else if (credential_source)
		from_credential_source(profile, credential_source, keys, origin);
	else
		fail(profile, "has a role_arn, but does not say with whose keys to assume it",
			 "Add source_profile or credential_source.");
	keys_assume_role(client, &role, keys, origin);
}

/*
 * Keys of the spec's profile.  Where the profile need not be there, false says
 * that it is not.
 */
bool
keys_from_profile(const AwsIdentitySpec *spec, const AwsClient *client, bool must, AwsKeys *keys,
				  char **origin)
{
	ProfileFiles files;
	const char *profile = spec->profile;
	bool found = false;

	if (profile == NULL)
		profile = getenv("AWS_PROFILE");
	if (profile == NULL || *profile == '\0')
		profile = "default";
	else
		must = true;
	files.credentials = home_file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
	files.config = home_file("AWS_CONFIG_FILE", "config");
	if (!must)
	{
		/* a default profile that only sets a region is no source of keys */
		static const char *const tells[] = {"aws_access_key_id", "role_arn", "credential_process"};
		bool any = false;
		size_t i;

		for (i = 0; i < lengthof(tells); i++)
			any |= setting(&files, profile, tells[i], &found) != NULL;
		if (!any)
			return false;
	}
	from_profile(&files, spec, client, profile, 1, keys, origin);
	return true;
}
