/*
 * options.c
 *	  Every option of every object, in one table: name, place, form.
 *
 * Called by the validator when objects are created and altered, and by
 * settings.c and the planner to read them.  The README's reference lists the
 * same options; test/unit compares the two.
 *
 * An object may be created before its options are complete: what is missing
 * is found when it is used (settings.c).  What is given must be right.
 */
#include "storage/storage.h"

#include <ctype.h>
#include <math.h>

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "query/types.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#define DEFAULT_ANALYZE_MAX_BYTES "1GB"

typedef struct Option Option;

/* Checks a value; throws if it is bad. */
typedef void (*OptionCheck)(const Option *option, const char *value);

struct Option
{
	const char *name;
	Oid catalog; /* of the kind of object it belongs to */
	OptionCheck check;
	double min; /* for numbers */
	double max;
	bool superuser; /* only a superuser may set it */
};

static void check_text(const Option *option, const char *value);
static void check_bool(const Option *option, const char *value);
static void check_integer(const Option *option, const char *value);
static void check_seconds(const Option *option, const char *value);
static void check_rows(const Option *option, const char *value);
static void check_region(const Option *option, const char *value);
static void check_output_bucket(const Option *option, const char *value);
static void check_endpoint(const Option *option, const char *value);
static void check_encryption(const Option *option, const char *value);
static void check_account(const Option *option, const char *value);
static void check_workgroup(const Option *option, const char *value);
static void check_key(const Option *option, const char *value);
static void check_query(const Option *option, const char *value);
static void check_type(const Option *option, const char *value);
static void check_bytes(const Option *option, const char *value);
static void check_acl(const Option *option, const char *value);
static void check_analyze(const Option *option, const char *value);
static void check_fetch_mode(const Option *option, const char *value);
static void check_credentials(const Option *option, const char *value);
static void check_role(const Option *option, const char *value);
static void check_session_name(const Option *option, const char *value);

#define SERVER ForeignServerRelationId
#define MAPPING UserMappingRelationId
#define TABLE ForeignTableRelationId
#define COLUMN AttributeRelationId

static const Option known_options[] = {
	{"region", SERVER, check_region, 0, 0, false},
	{"output_bucket", SERVER, check_output_bucket, 0, 0, false},
	{"workgroup", SERVER, check_workgroup, 0, 0, false},
	{"catalog", SERVER, check_text, 0, 0, false},
	{"database", SERVER, check_text, 0, 0, false},
	{"endpoint", SERVER, check_endpoint, 0, 0, false},
	{"athena_endpoint", SERVER, check_endpoint, 0, 0, false},
	{"glue_endpoint", SERVER, check_endpoint, 0, 0, false},
	{"s3_endpoint", SERVER, check_endpoint, 0, 0, false},
	{"sts_endpoint", SERVER, check_endpoint, 0, 0, false},
	{"s3_path_style", SERVER, check_bool, 0, 0, false},
	{"fips", SERVER, check_bool, 0, 0, false},
	{"dualstack", SERVER, check_bool, 0, 0, false},
	{"connect_timeout", SERVER, check_seconds, 0.1, 3600, false},
	{"request_timeout", SERVER, check_seconds, 0.1, 86400, false},
	{"query_timeout", SERVER, check_seconds, 0, 86400, false},
	{"max_retries", SERVER, check_integer, 0, 20, false},
	{"fetch_mode", SERVER, check_fetch_mode, 0, 0, false},
	{"fetch_size", SERVER, check_integer, 1, 1000, false},
	{"result_reuse_minutes", SERVER, check_integer, 0, 10080, false},
	{"encryption", SERVER, check_encryption, 0, 0, false},
	{"kms_key", SERVER, check_text, 0, 0, false},
	{"expected_bucket_owner", SERVER, check_account, 0, 0, false},
	{"acl", SERVER, check_acl, 0, 0, false},
	{"requester_pays", SERVER, check_bool, 0, 0, false},
	{"keep_results", SERVER, check_bool, 0, 0, false},
	{"max_bytes_scanned", SERVER, check_bytes, 10, 0, false},
	{"analyze_method", SERVER, check_analyze, 0, 0, false},
	{"analyze_max_bytes", SERVER, check_bytes, 10, 0, false},
	{"use_remote_estimate", SERVER, check_bool, 0, 0, false},
	{"proxy", SERVER, check_endpoint, 0, 0, false},
	{"ca_file", SERVER, check_text, 0, 0, true},
	{"credentials", MAPPING, check_credentials, 0, 0, false},
	{"access_key_id", MAPPING, check_key, 0, 0, false},
	{"secret_access_key", MAPPING, check_key, 0, 0, false},
	{"session_token", MAPPING, check_key, 0, 0, false},
	{"profile", MAPPING, check_text, 0, 0, false},
	{"credential_process_allowed", MAPPING, check_bool, 0, 0, true},
	{"web_identity_token_file", MAPPING, check_text, 0, 0, true},
	{"role_arn", MAPPING, check_role, 0, 0, false},
	{"external_id", MAPPING, check_key, 0, 0, false},
	{"role_session_name", MAPPING, check_session_name, 0, 0, false},
	{"role_duration", MAPPING, check_seconds, 900, 43200, false},
	{"source_credentials", MAPPING, check_credentials, 0, 0, false},
	{"server_credentials_allowed", MAPPING, check_bool, 0, 0, true},
	{"catalog", TABLE, check_text, 0, 0, false},
	{"database", TABLE, check_text, 0, 0, false},
	{"table", TABLE, check_text, 0, 0, false},
	{"query", TABLE, check_query, 0, 0, false},
	{"rows", TABLE, check_rows, 0, 1e18, false},
	{"fetch_mode", TABLE, check_fetch_mode, 0, 0, false},
	{"analyze_method", TABLE, check_analyze, 0, 0, false},
	{"analyze_max_bytes", TABLE, check_bytes, 10, 0, false},
	{"use_remote_estimate", TABLE, check_bool, 0, 0, false},
	{"column_name", COLUMN, check_text, 0, 0, false},
	{"remote_type", COLUMN, check_type, 0, 0, false},
};

/* ---------- the checks ---------- */

static void
bad_value(const Option *option, const char *value, const char *hint)
{
	/* neither the value nor, in the server's log, the statement that holds it */
	if (option->catalog == MAPPING)
		ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
						errmsg("invalid value for option \"%s\"", option->name),
						errhint("%s", hint), errhidestmt(true)));
	ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
					errmsg("invalid value for option \"%s\": \"%s\"", option->name, value),
					errhint("%s", hint)));
}

static void
check_text(const Option *option, const char *value)
{
	const char *p;

	if (*value == '\0')
		bad_value(option, value, "The value may not be empty; DROP the option to unset it.");
	for (p = value; *p; p++)
		if (iscntrl((unsigned char) *p))
			bad_value(option, value, "The value may not hold control characters.");
}

static void
check_bool(const Option *option, const char *value)
{
	bool result;

	if (!parse_bool(value, &result))
		bad_value(option, value, "The value is a boolean: on or off.");
}

static void
check_integer(const Option *option, const char *value)
{
	int result;

	if (!parse_int(value, &result, 0, NULL) || result < option->min || result > option->max)
		bad_value(option, value,
				  psprintf("The value is a whole number from %.0f to %.0f.", option->min,
						   option->max));
}

static void
check_seconds(const Option *option, const char *value)
{
	double result;

	if (!parse_real(value, &result, GUC_UNIT_S, NULL) || !(result >= option->min) ||
		result > option->max)
		bad_value(option, value,
				  psprintf("The value is a time from %g to %.0f seconds; units are ms, s, min, h.",
						   option->min, option->max));
}

static void
check_rows(const Option *option, const char *value)
{
	double result;

	if (!parse_real(value, &result, 0, NULL) || !(result >= option->min) || result > option->max)
		bad_value(option, value, "The value is an estimate of the number of rows.");
}

static void
check_region(const Option *option, const char *value)
{
	if (!endpoint_region_valid(value))
		bad_value(option, value,
				  "The value is the code of an AWS region, such as us-east-1 or eu-central-1.");
}

/*
 * Split [s3://]bucket[/prefix][/] into its parts; NULL with *why if the
 * bucket's name breaks S3's rules.
 */
static char *
split_bucket(const char *value, char **prefix, const char **why)
{
	char *bucket;
	const char *slash;
	size_t len;
	size_t i;

	if (strncmp(value, "s3://", 5) == 0)
		value += 5;
	slash = strchr(value, '/');
	bucket = slash ? pnstrdup(value, slash - value) : pstrdup(value);
	*prefix = pstrdup("");
	while (slash && *slash == '/')
		slash++;
	if (slash && *slash)
	{
		*prefix = pstrdup(slash);
		for (len = strlen(*prefix); len > 0 && (*prefix)[len - 1] == '/';)
			(*prefix)[--len] = '\0';
	}
	*why = NULL;
	len = strlen(bucket);
	if (len < 3 || len > 63)
		*why = "A bucket's name has 3 to 63 characters.";
	for (i = 0; i < len && *why == NULL; i++)
	{
		unsigned char c = (unsigned char) bucket[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-')
			*why = "A bucket's name has only lower-case letters, digits, dots and hyphens; write "
				   "bucket or bucket/prefix.";
		else if ((i == 0 || i == len - 1) && (c == '.' || c == '-'))
			*why = "A bucket's name begins and ends with a letter or digit.";
		else if (c == '.' && bucket[i + 1] == '.')
			*why = "A bucket's name has no two dots in a row.";
	}
	if (*why == NULL && strspn(bucket, "0123456789.") == len)
		*why = "A bucket's name is no IP address.";
	for (i = 0; (*prefix)[i]; i++)
		if (iscntrl((unsigned char) (*prefix)[i]))
			*why = "The prefix may not hold control characters.";
	return *why ? NULL : bucket;
}

static void
check_output_bucket(const Option *option, const char *value)
{
	char *prefix;
	const char *why;

	if (split_bucket(value, &prefix, &why) == NULL)
		bad_value(option, value, why);
}

/* http[s]://host[:port][/]: no user, no path, no query. */
static void
check_endpoint(const Option *option, const char *value)
{
	static const char *const hint =
		"The value is http://host[:port] or https://host[:port], without user, path or query.";
	const char *p;
	const char *colon;
	size_t len;

	if (strncmp(value, "http://", 7) == 0)
		p = value + 7;
	else if (strncmp(value, "https://", 8) == 0)
		p = value + 8;
	else
		bad_value(option, value, hint);
	len = strlen(p);
	if (len > 0 && p[len - 1] == '/')
		len--;
	if (*p == '[')
	{
		const char *close = memchr(p, ']', len);

		if (close == NULL || strspn(p + 1, "0123456789abcdefABCDEF:.") != (size_t) (close - p - 1))
			bad_value(option, value, hint);
		len -= close + 1 - p;
		p = close + 1;
	}
	else
	{
		size_t host =
			strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

		if (host == 0 || host > len || host > 200)
			bad_value(option, value, hint);
		len -= host;
		p += host;
	}
	colon = p;
	if (len > 0 && (*colon != ':' || len < 2 || len > 6 || strspn(p + 1, "0123456789") != len - 1))
		bad_value(option, value, hint);
}

static void
check_encryption(const Option *option, const char *value)
{
	if (strcmp(value, "SSE_S3") != 0 && strcmp(value, "SSE_KMS") != 0 &&
		strcmp(value, "CSE_KMS") != 0)
		bad_value(option, value, "The value is SSE_S3, SSE_KMS or CSE_KMS.");
}

static void
check_account(const Option *option, const char *value)
{
	if (strlen(value) != 12 || strspn(value, "0123456789") != 12)
		bad_value(option, value, "The value is the 12 digits of an AWS account's id.");
}

static void
check_workgroup(const Option *option, const char *value)
{
	size_t len = strlen(value);

	if (len < 1 || len > 128 ||
		strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != len)
		bad_value(
			option, value,
			"A workgroup's name has 1 to 128 letters, digits, dots, hyphens and underscores.");
}

/* Keys are copied and pasted; a blank or line end that comes along is the usual mistake. */
static void
check_key(const Option *option, const char *value)
{
	const unsigned char *p;

	if (*value == '\0')
		bad_value(option, value, "The value may not be empty.");
	for (p = (const unsigned char *) value; *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			bad_value(
				option, value,
				"The value may hold neither blanks nor line ends nor characters outside ASCII.");
}

static void
check_query(const Option *option, const char *value)
{
	const char *error;

	if (storage_strip_query(value, &error) == NULL)
		bad_value(option, value, error);
}

static void
check_type(const Option *option, const char *value)
{
	char *error;

	if (athena_type_parse(value, &error) == NULL)
		bad_value(option, value,
				  psprintf("The value is the name of a type in Athena, such as bigint or "
						   "array<struct<a:int,b:string>>: %s.",
						   error));
}

/* A size; at least min MB, since Athena bills no less. */
static void
check_bytes(const Option *option, const char *value)
{
	int mb;

	if (!parse_int(value, &mb, GUC_UNIT_MB, NULL) || mb < option->min)
		bad_value(option, value,
				  psprintf("The value is a size of at least %.0f MB; units are MB, GB, TB.",
						   option->min));
}

static void
check_acl(const Option *option, const char *value)
{
	if (strcmp(value, "BUCKET_OWNER_FULL_CONTROL") != 0)
		bad_value(option, value, "The value is BUCKET_OWNER_FULL_CONTROL.");
}

static void
check_analyze(const Option *option, const char *value)
{
	if (strcmp(value, "sample") != 0 && strcmp(value, "catalog") != 0 && strcmp(value, "off") != 0)
		bad_value(option, value, "The value is sample, catalog or off.");
}

static const struct
{
	const char *word;
	FetchMode mode;
} fetch_modes[] = {
	{"auto", FETCH_AUTO}, {"pages", FETCH_PAGES}, {"s3", FETCH_S3}, {"unload", FETCH_UNLOAD}};

static void
check_fetch_mode(const Option *option, const char *value)
{
	size_t i;

	for (i = 0; i < lengthof(fetch_modes); i++)
		if (strcmp(value, fetch_modes[i].word) == 0)
			return;
	bad_value(option, value, "The value is auto, pages, s3 or unload.");
}

/* How the option says that results are read; NULL is the default. */
FetchMode
options_fetch_mode(const char *value)
{
	size_t i;

	for (i = 0; value && i < lengthof(fetch_modes); i++)
		if (strcmp(value, fetch_modes[i].word) == 0)
			return fetch_modes[i].mode;
	return FETCH_AUTO;
}

static void
check_credentials(const Option *option, const char *value)
{
	static const char *const words[] = {"static",    "environment", "profile", "web_identity",
										"container", "instance",    "default"};
	bool source = strcmp(option->name, "source_credentials") == 0;
	size_t i;

	for (i = 0; i < lengthof(words); i++)
		if (strcmp(value, words[i]) == 0)
			return;
	if (source || strcmp(value, "assume_role") != 0)
		bad_value(option, value,
				  source ? "The value is static, environment, profile, web_identity, container, "
						   "instance or default." :
						   "The value is static, environment, profile, web_identity, container, "
						   "instance, assume_role or default.");
}

static void
check_role(const Option *option, const char *value)
{
	const char *role = strstr(value, ":role/");

	if (strncmp(value, "arn:aws", 7) != 0 || strstr(value, ":iam::") == NULL || role == NULL ||
		role[6] == '\0' || strlen(value) > 2048 || strpbrk(value, " \t\r\n"))
		bad_value(option, value,
				  "The value is the ARN of a role: arn:aws:iam::123456789012:role/name.");
}

static void
check_session_name(const Option *option, const char *value)
{
	size_t len = strlen(value);

	if (len < 2 || len > 64 ||
		strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+=,.@_-") !=
			len)
		bad_value(option, value, "The value has 2 to 64 letters, digits and characters of +=,.@_-");
}

/* ---------- the validator ---------- */

static const Option *
find_option(const char *name, Oid catalog)
{
	size_t i;

	for (i = 0; i < lengthof(known_options); i++)
		if (known_options[i].catalog == catalog && strcmp(known_options[i].name, name) == 0)
			return &known_options[i];
	return NULL;
}

static const char *
place_name(Oid catalog)
{
	switch (catalog)
	{
		case SERVER:
			return "server";
		case MAPPING:
			return "user mapping";
		case TABLE:
			return "foreign table";
		case COLUMN:
			return "column";
	}
	return "foreign-data wrapper";
}

/* Throw for a name that is no option here; say what is meant, if we can guess. */
static void
unknown_option(const char *name, Oid catalog)
{
	StringInfoData valid;
	const char *closest = NULL;
	int distance = 4; /* further apart is no misspelling */
	size_t i;

	initStringInfo(&valid);
	for (i = 0; i < lengthof(known_options); i++)
	{
		const Option *o = &known_options[i];
		int d;

		if (strcmp(o->name, name) == 0)
			ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
							errmsg("option \"%s\" belongs to a %s, not to a %s", name,
								   place_name(o->catalog), place_name(catalog)),
							errhidestmt(catalog == MAPPING || o->catalog == MAPPING)));
		if (o->catalog != catalog)
			continue;
		appendStringInfo(&valid, "%s%s", valid.len ? ", " : "", o->name);
		if (strlen(name) > 60)
			continue;
		d = varstr_levenshtein_less_equal(name, (int) strlen(name), o->name, (int) strlen(o->name),
										  1, 1, 1, distance, true);
		if (d < distance && d <= (int) strlen(name) / 2)
		{
			distance = d;
			closest = o->name;
		}
	}
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
			 errmsg("invalid option \"%s\" for a %s", name, place_name(catalog)),
			 closest ? errhint("Perhaps you meant the option \"%s\".  Valid options here are: %s.",
							   closest, valid.data) :
			 valid.len ? errhint("Valid options here are: %s.", valid.data) :
						 errhint("There are no options here."),
			 errhidestmt(catalog == MAPPING)));
}

static void
conflict(const char *message, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE), errmsg("%s", message),
					errhint("%s", hint)));
}

/* Does a mapping say only what will be used? */
static void
check_credentials_together(List *options)
{
	static const struct
	{
		const char *option;
		const char *source; /* of which it is */
		const char *source2;
		bool of_role; /* or of a role */
	} uses[] = {
		{"access_key_id", "static", "static", false},
		{"secret_access_key", "static", "static", false},
		{"session_token", "static", "static", false},
		{"profile", "profile", "default", false},
		{"credential_process_allowed", "profile", "default", false},
		{"web_identity_token_file", "web_identity", "web_identity", false},
		{"role_arn", "web_identity", "web_identity", true},
		{"external_id", NULL, NULL, true},
		{"role_session_name", "web_identity", "web_identity", true},
		{"role_duration", NULL, NULL, true},
		{"source_credentials", NULL, NULL, true},
	};
	const char *word = options_get(options, "credentials");
	const char *source = options_get(options, "source_credentials");
	bool role = word && strcmp(word, "assume_role") == 0;
	size_t i;

	if (!role)
		source = word;
	if (source == NULL)
		source = "static";
	for (i = 0; i < lengthof(uses); i++)
		if (options_get(options, uses[i].option) && !(role && uses[i].of_role) &&
			!(uses[i].source && strcmp(source, uses[i].source) == 0) &&
			!(uses[i].source2 && strcmp(source, uses[i].source2) == 0))
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
					 errmsg("option \"%s\" would not be used with credentials '%s'", uses[i].option,
							role ? "assume_role" : source),
					 uses[i].of_role || role ?
						 errhint("It belongs to %s.",
								 uses[i].source == NULL ?
									 "credentials 'assume_role'" :
									 psprintf("credentials '%s'%s", uses[i].source,
											  uses[i].of_role ? " and 'assume_role'" : "")) :
						 errhint("It belongs to credentials '%s'; DROP it, or change the option "
								 "credentials.",
								 uses[i].source),
					 errhidestmt(true)));
}

/* What is right for itself may be wrong together. */
static void
check_together(List *options, Oid catalog)
{
	const char *encryption = options_get(options, "encryption");
	const char *keep = options_get(options, "keep_results");
	const char *reuse = options_get(options, "result_reuse_minutes");
	bool kms = encryption && strcmp(encryption, "SSE_S3") != 0;

	if (catalog == TABLE && options_get(options, "query") && options_get(options, "table"))
		conflict("options \"query\" and \"table\" exclude each other",
				 "A foreign table stands for a table or view of Athena's, or for a query.");
	if (catalog == MAPPING)
		check_credentials_together(options);
	if (catalog != SERVER)
		return;
	if (kms && options_get(options, "kms_key") == NULL)
		conflict(psprintf("option \"encryption\" of %s needs the option \"kms_key\"", encryption),
				 "Its value is the key's ARN or id.");
	if (!kms && options_get(options, "kms_key"))
		conflict("option \"kms_key\" needs the option \"encryption\" of SSE_KMS or CSE_KMS",
				 "Without it the key would not be used.");
	if (keep && !options_bool(keep) && reuse && strtol(reuse, NULL, 10) > 0)
		conflict("options \"keep_results\" off and \"result_reuse_minutes\" exclude each other",
				 "A result that is deleted when it was read cannot be used again.");
}

/* Check the options of one object; throws for the first that is wrong. */
void
options_validate(List *options, Oid catalog)
{
	ListCell *lc;

	foreach (lc, options)
	{
		DefElem *def = lfirst_node(DefElem, lc);
		const Option *option = find_option(def->defname, catalog);

		if (option == NULL)
			unknown_option(def->defname, catalog);
		if (option->superuser && !superuser())
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("only superusers can set the option \"%s\"", option->name),
					 errdetail("It lets the server process use files, commands or keys of its "
							   "own.")));
		option->check(option, defGetString(def));
	}
	check_together(options, catalog);
}

/* ---------- reading ---------- */

/* The value of an option, NULL if it is not set. */
const char *
options_get(List *options, const char *name)
{
	ListCell *lc;

	foreach (lc, options)
	{
		DefElem *def = lfirst_node(DefElem, lc);

		if (strcmp(def->defname, name) == 0)
			return defGetString(def);
	}
	return NULL;
}

bool
options_bool(const char *value)
{
	bool result = false;

	parse_bool(value, &result);
	return result;
}

/* A size in bytes. */
int64
options_bytes(const char *value)
{
	int mb = 0;

	parse_int(value, &mb, GUC_UNIT_MB, NULL);
	return (int64) mb * 1024 * 1024;
}

/* The output bucket without its prefix (which has no outer slashes); NULL if not set. */
char *
storage_output_bucket(ForeignServer *server, char **prefix)
{
	const char *value = options_get(server->options, "output_bucket");
	const char *why;

	return value ? split_bucket(value, prefix, &why) : NULL;
}

/* Where a token of a statement ends that begins at p: quoted text, comments. */
static const char *
skip_token(const char *p)
{
	if (*p == '\'' || *p == '"' || *p == '`')
	{
		char quote = *p++;

		while (*p && *p != quote)
			p++;
		return *p ? p + 1 : p;
	}
	if (p[0] == '-' && p[1] == '-')
		return p + strcspn(p, "\n");
	if (p[0] == '/' && p[1] == '*')
	{
		const char *close = strstr(p + 2, "*/");

		return close ? close + 2 : p + strlen(p);
	}
	return p + 1;
}

static bool
is_comment(const char *p)
{
	return (p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*');
}

/*
 * One statement without its semicolon and what follows that; *first is its
 * first token that is neither comment nor parenthesis.  NULL if there is none,
 * or a second statement.
 */
static char *
strip_statement(const char *sql, const char **first)
{
	const char *p = sql;
	const char *end = NULL; /* of the last token that counts */
	bool ended = false;

	*first = NULL;
	while (*p)
	{
		const char *next = skip_token(p);

		if (isspace((unsigned char) *p) || is_comment(p))
			;
		else if (*p == ';')
			ended = true;
		else if (ended)
			return NULL;
		else
		{
			if (*first == NULL && *p != '(')
				*first = p;
			end = next;
		}
		p = next;
	}
	return *first ? pnstrdup(sql, end - sql) : NULL;
}

/* Does a text begin with this word, in any letter case? */
static bool
begins_with(const char *text, const char *word)
{
	size_t len = strlen(word);

	return pg_strncasecmp(text, word, len) == 0 && !isalnum((unsigned char) text[len]) &&
		   text[len] != '_';
}

static bool
begins_with_one_of(const char *text, const char *const *words, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (begins_with(text, words[i]))
			return true;
	return false;
}

static const char *const query_words[] = {"select", "with", "values", "table"};

/*
 * The statement of a table over a query, without a semicolon at its end and
 * what follows that.  NULL with *error if it is not one SELECT.
 */
char *
storage_strip_query(const char *sql, const char **error)
{
	const char *first;
	char *statement = strip_statement(sql, &first);

	if (statement && begins_with_one_of(first, query_words, lengthof(query_words)))
		return statement;
	*error = "The value is one statement that returns rows: SELECT, WITH, VALUES or TABLE.";
	return NULL;
}

/*
 * Can this statement change nothing?  Athena decides what it does; this looks
 * at its first word.  EXPLAIN ANALYZE runs what it explains.
 */
bool
storage_only_reads(const char *sql)
{
	static const char *const reading[] = {"show", "describe", "desc"};
	const char *p;

	if (strip_statement(sql, &p) == NULL)
		return false;
	if (begins_with(p, "explain"))
	{
		const char *rest = p + strlen("explain");
		bool analyze = false;

		while (*rest)
		{
			if (isspace((unsigned char) *rest) || is_comment(rest) || *rest == '(' ||
				*rest == ')' || *rest == ',')
				rest = skip_token(rest);
			else if (begins_with(rest, "analyze") || begins_with(rest, "verbose"))
			{
				analyze = true;
				rest += strlen("analyze");
			}
			else
				break;
		}
		return !analyze || begins_with_one_of(rest, query_words, lengthof(query_words));
	}
	return begins_with_one_of(p, query_words, lengthof(query_words)) ||
		   begins_with_one_of(p, reading, lengthof(reading));
}

/* An option of the table, else of its server. */
static const char *
own_or_servers(const ForeignTable *table, const ForeignServer *server, const char *name)
{
	const char *value = options_get(table->options, name);

	return value ? value : options_get(server->options, name);
}

static AnalyzeMethod
analyze_method(const char *word)
{
	if (word && strcmp(word, "catalog") == 0)
		return ANALYZE_CATALOG;
	return word && strcmp(word, "off") == 0 ? ANALYZE_OFF : ANALYZE_SAMPLE;
}

/* What a foreign table stands for, in the current memory context. */
TableOptions *
storage_table(Oid relid)
{
	TableOptions *t = palloc0(sizeof(TableOptions));
	ForeignTable *table = GetForeignTable(relid);
	ForeignServer *server = GetForeignServer(table->serverid);
	const char *rows = options_get(table->options, "rows");
	const char *query = options_get(table->options, "query");
	const char *max_bytes = own_or_servers(table, server, "analyze_max_bytes");
	const char *remote_estimate = own_or_servers(table, server, "use_remote_estimate");
	const char *error;

	t->catalog = options_get(table->options, "catalog");
	t->database = options_get(table->options, "database");
	if (t->database == NULL)
		t->database = options_get(server->options, "database");
	t->table = options_get(table->options, "table");
	if (t->table == NULL)
		t->table = get_rel_name(relid);
	if (query)
		t->query = storage_strip_query(query, &error);
	t->rows = rows ? strtod(rows, NULL) : -1;
	t->analyze_method = analyze_method(own_or_servers(table, server, "analyze_method"));
	t->analyze_max_bytes = options_bytes(max_bytes ? max_bytes : DEFAULT_ANALYZE_MAX_BYTES);
	t->fetch_mode = options_fetch_mode(own_or_servers(table, server, "fetch_mode"));
	t->remote_estimate = remote_estimate && options_bool(remote_estimate);
	return t;
}

/* What a column of a foreign table stands for. */
ColumnOptions
storage_column(Oid relid, AttrNumber attnum)
{
	List *options = GetForeignColumnOptions(relid, attnum);
	ColumnOptions c;

	c.name = options_get(options, "column_name");
	if (c.name == NULL)
		c.name = get_attname(relid, attnum, false);
	c.remote_type = options_get(options, "remote_type");
	return c;
}
