/*
 * error.c
 *	  What an AWS error means in PostgreSQL's terms: SQLSTATE, words, a cure.
 *
 * Used by every layer above that has a failed call in its hands: it throws the
 * error, or (athena_check) shows summary and hint as a row.  The README
 * lists the SQLSTATEs.
 */
#include "aws.h"

#include "common/string.h"
#include "mb/pg_wchar.h"

/* IAM's name of the action: athena:StartQueryExecution. */
static char *
iam_action(const AwsError *e)
{
	return psprintf("%s:%s", endpoint_service_name(e->service), e->action);
}

static const char *
service_title(AwsService service)
{
	static const char *const titles[AWS_SERVICES] = {
		[AWS_ATHENA] = "Amazon Athena",
		[AWS_GLUE] = "AWS Glue",
		[AWS_S3] = "Amazon S3",
		[AWS_STS] = "AWS STS",
	};

	return titles[service];
}

/*
 * AWS's UTF-8 text as it can be shown: in the database's encoding, with '?'
 * for what is no text or has no certain place there.  An error must not fail
 * on its own words.
 */
char *
aws_text_to_show(const char *text)
{
	int len = (int) strlen(text);

	if (!pg_verify_mbstr(PG_UTF8, text, len, true) ||
		(GetDatabaseEncoding() != PG_UTF8 && !pg_is_ascii(text)))
	{
		char *copy = pstrdup(text);
		char *p;

		for (p = copy; *p; p++)
			if (IS_HIGHBIT_SET(*p))
				*p = '?';
		return copy;
	}
	return pstrdup(text);
}

/* What Athena finds wrong with a request. */
static int
invalid_sqlstate(const AwsError *e)
{
	if (strstr(e->message, "WorkGroup is not found") || strstr(e->message, "was not found") ||
		strstr(e->message, "does not exist"))
		return ERRCODE_UNDEFINED_OBJECT;
	if (strstr(e->message, "is disabled") || strstr(e->message, "managed query results") ||
		strstr(e->message, "No output location"))
		return ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
	if (strstr(e->message, "verify/create output bucket"))
		return ERRCODE_INSUFFICIENT_PRIVILEGE;
	return ERRCODE_FDW_ERROR;
}

int
aws_error_sqlstate(const AwsError *e)
{
	switch (e->kind)
	{
		case AWS_OK:
			return ERRCODE_INTERNAL_ERROR;
		case AWS_ERR_TRANSPORT:
			return ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION;
		case AWS_ERR_MALFORMED:
			return ERRCODE_PROTOCOL_VIOLATION;
		case AWS_ERR_ACCESS_DENIED:
			return ERRCODE_INSUFFICIENT_PRIVILEGE;
		case AWS_ERR_BAD_SIGNATURE:
			return ERRCODE_INVALID_PASSWORD;
		case AWS_ERR_BAD_KEY:
		case AWS_ERR_EXPIRED:
		case AWS_ERR_CLOCK:
			return ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION;
		case AWS_ERR_THROTTLED:
			return ERRCODE_CONFIGURATION_LIMIT_EXCEEDED;
		case AWS_ERR_NOT_FOUND:
			return ERRCODE_UNDEFINED_OBJECT;
		case AWS_ERR_SYNTAX:
			return ERRCODE_SYNTAX_ERROR;
		case AWS_ERR_INVALID:
			return invalid_sqlstate(e);
		case AWS_ERR_SERVER:
		case AWS_ERR_OTHER:
			break;
	}
	return ERRCODE_FDW_ERROR;
}

/* One sentence that says what happened, in the database's encoding. */
char *
aws_error_summary(const AwsError *e)
{
	char *message = aws_text_to_show(e->message);
	char *action = iam_action(e);

	switch (e->kind)
	{
		case AWS_ERR_TRANSPORT:
			return psprintf("could not get an answer from %s at %s: %s", service_title(e->service),
							e->host, message);
		case AWS_ERR_MALFORMED:
			return psprintf("%s gave an answer to %s that cannot be read: %s",
							service_title(e->service), action, message);
		case AWS_ERR_ACCESS_DENIED:
			return psprintf("AWS denies access to %s", action);
		case AWS_ERR_BAD_SIGNATURE:
			return psprintf("AWS rejects the signature of %s", action);
		case AWS_ERR_BAD_KEY:
			return psprintf("AWS does not accept the access key: %s", *message ? message : e->code);
		case AWS_ERR_EXPIRED:
			return psprintf("the AWS session token has expired or is not valid: %s",
							*message ? message : e->code);
		case AWS_ERR_CLOCK:
			return pstrdup("AWS rejects the request because of its time");
		case AWS_ERR_THROTTLED:
			return psprintf("%s keeps throttling %s", service_title(e->service), action);
		case AWS_ERR_SYNTAX:
			return psprintf("Athena refuses the statement: %s", message);
		default:
			return psprintf("%s failed: %s", action, *message ? message : e->code);
	}
}

/* Do the keys stand in the user mapping? */
static bool
keys_of_mapping(const AwsError *e)
{
	return e->origin[0] == '\0' || strcmp(e->origin, "the user mapping") == 0;
}

/* What to do about keys that are not accepted. */
static const char *
keys_hint(const AwsError *e)
{
	if (e->service == AWS_STS && strcmp(e->action, "AssumeRoleWithWebIdentity") == 0)
		return "The token file may be out of date, or the role may not trust its issuer and "
			   "audience.";
	if (!keys_of_mapping(e))
		return psprintf("The keys come from %s: mend them there.", aws_text_to_show(e->origin));
	switch (e->kind)
	{
		case AWS_ERR_BAD_SIGNATURE:
			return "The user mapping's option secret_access_key does not belong to its "
				   "access_key_id.";
		case AWS_ERR_BAD_KEY:
			return "Check the user mapping's option access_key_id: the key may be mistyped, "
				   "deleted or inactive, belong to another partition than the server's region, or "
				   "be a temporary one whose session_token is missing.";
		default:
			return "Set new temporary keys: ALTER USER MAPPING ... OPTIONS (SET access_key_id ..., "
				   "SET secret_access_key ..., SET session_token ...).";
	}
}

/* What to do about a denied action. */
static const char *
denied_hint(const AwsError *e)
{
	if (e->service == AWS_STS && strncmp(e->action, "AssumeRole", 10) == 0)
		return psprintf("The role must exist and trust whoever assumes it%s; whoever does so needs "
						"sts:AssumeRole on it.",
						strcmp(e->action, "AssumeRole") == 0 ?
							", under the external id that its trust policy asks for" :
							"");
	if (e->service == AWS_S3 && e->http_status == 403)
		return psprintf(
			"Attach a policy that allows %s on the bucket to %s; the bucket's own policy "
			"and the option expected_bucket_owner can also deny it.",
			iam_action(e), keys_of_mapping(e) ? "the IAM user of the access key" : "the role");
	return psprintf("Attach a policy that allows %s to %s; the README has the whole policy.",
					iam_action(e),
					keys_of_mapping(e) ? "the IAM user of the access key" : "the role");
}

/* What to do about it; NULL where we know nothing better than the message. */
const char *
aws_error_hint(const AwsError *e)
{
	switch (e->kind)
	{
		case AWS_ERR_TRANSPORT:
			return "Check the server's options region, endpoint and proxy, and that this machine "
				   "may reach that host.";
		case AWS_ERR_ACCESS_DENIED:
			return denied_hint(e);
		case AWS_ERR_BAD_SIGNATURE:
		case AWS_ERR_BAD_KEY:
		case AWS_ERR_EXPIRED:
			return keys_hint(e);
		case AWS_ERR_NOT_FOUND:
			if (strcmp(e->code, "NoSuchBucket") == 0)
				return "Create the bucket, or correct the server's option output_bucket.";
			return NULL;
		case AWS_ERR_CLOCK:
			return "Set the clock of the database server's machine.";
		case AWS_ERR_THROTTLED:
			return "Fewer queries at once, a higher service quota, or a higher max_retries of the "
				   "server would help.";
		case AWS_ERR_INVALID:
			if (strstr(e->message, "WorkGroup is not found"))
				return "Check the server's option workgroup: a workgroup belongs to one region.";
			if (strstr(e->message, "managed query results"))
				return "The workgroup keeps results itself: ALTER SERVER ... OPTIONS (DROP "
					   "output_bucket).";
			if (strstr(e->message, "is disabled") || strstr(e->message, "is not enabled"))
				return "Enable the workgroup in the Athena console, or name another one in the "
					   "server's option workgroup.";
			if (strstr(e->message, "No output location") || strstr(e->message, "outputLocation"))
				return "Set the server's option output_bucket.";
			if (strstr(e->message, "verify/create output bucket"))
				return "The output bucket must exist, and the key needs s3:GetBucketLocation and "
					   "s3:ListBucket on it.";
			return NULL;
		default:
			return NULL;
	}
}

/* Throw it as a PostgreSQL error. */
void
aws_error_throw(const AwsError *e)
{
	const char *hint = aws_error_hint(e);
	char *message = aws_text_to_show(e->message);
	bool said = e->kind == AWS_ERR_TRANSPORT || e->kind == AWS_ERR_MALFORMED ||
				e->kind == AWS_ERR_SYNTAX || message[0] == '\0';

	ereport(ERROR, (errcode(aws_error_sqlstate(e)), errmsg("%s", aws_error_summary(e)),
					e->http_status == 0 ?
						0 :
						errdetail("%s%sHTTP status %d%s%s%s%s.", said ? "" : message,
								  said ? "" : "  ", e->http_status, e->code[0] ? ", " : "", e->code,
								  e->request_id[0] ? ", request id " : "", e->request_id),
					hint ? errhint("%s", hint) : 0));
	pg_unreachable();
}
