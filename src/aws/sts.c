/*
 * sts.c
 *	  The STS API: who are we?
 *
 * GetCallerIdentity needs no permission, so it tells a wrong key from one that
 * merely may not do something.
 */
#include "sts.h"

#include "xml.h"

/* The ARN of the identity behind the key. */
bool
sts_get_caller_identity(const AwsClient *client, char **arn, AwsError *error)
{
	AwsCallSpec spec = {
		.service = AWS_STS,
		.protocol = AWS_QUERY,
		.action = "GetCallerIdentity",
		.body = "Action=GetCallerIdentity&Version=2011-06-15",
		.wait = HTTP_WAIT_METADATA,
	};
	AwsCall *call = aws_run(client, &spec, error);
	char text[256];
	size_t len;
	char *doc;

	if (call == NULL)
		return false;
	doc = aws_call_body(call, &len);
	if (!xml_text(doc, len, "Arn", text, sizeof(text)))
	{
		aws_call_set_malformed(call, "the answer has no Arn");
		*error = *aws_call_error(call);
		return false;
	}
	*arn = pstrdup(text);
	return true;
}
