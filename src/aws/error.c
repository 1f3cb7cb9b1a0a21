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
			return strstr(e->message, "WorkGroup is not found") ? ERRCODE_UNDEFINED_OBJECT :
																  ERRCODE_FDW_ERROR;
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
			return psprintf("Attach a policy that allows %s to the IAM user of the access key; the "
							"README has the whole policy.",
							iam_action(e));
		case AWS_ERR_BAD_SIGNATURE:
			return "The user mapping's option secret_access_key does not belong to its "
				   "access_key_id.";
		case AWS_ERR_BAD_KEY:
			return "Check the user mapping's option access_key_id: the key may be mistyped, "
				   "deleted "
				   "or inactive, belong to another partition than the server's region, or be a "
				   "temporary one whose session_token is missing.";
		case AWS_ERR_EXPIRED:
			return "Set new temporary keys: ALTER USER MAPPING ... OPTIONS (SET access_key_id ..., "
				   "SET secret_access_key ..., SET session_token ...).";
		case AWS_ERR_CLOCK:
			return "Set the clock of the database server's machine.";
		case AWS_ERR_THROTTLED:
			return "Fewer queries at once, a higher service quota, or a higher max_retries of the "
				   "server would help.";
		case AWS_ERR_INVALID:
			if (strstr(e->message, "WorkGroup is not found"))
				return "Check the server's option workgroup: a workgroup belongs to one region.";
			if (strstr(e->message, "No output location") || strstr(e->message, "outputLocation"))
				return "Set the server's option output_bucket.";
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
