/*
 * s3.c
 *	  The S3 API, one function per action.
 */
#include "s3.h"

#include "xml.h"

/* Split s3://bucket/key; false if the text is no such address. */
bool
s3_parse_url(const char *url, char **bucket, char **key)
{
	const char *slash;

	if (strncmp(url, "s3://", 5) != 0)
		return false;
	url += 5;
	slash = strchr(url, '/');
	if (slash == NULL || slash == url || slash[1] == '\0')
		return false;
	*bucket = pnstrdup(url, slash - url);
	*key = pstrdup(slash + 1);
	return true;
}

/* The region in which a bucket lies. */
bool
s3_get_bucket_location(const AwsClient *client, const char *bucket, const char *expected_owner,
					   char **region, AwsError *error)
{
	AwsCallSpec spec = {
		.service = AWS_S3,
		.protocol = AWS_REST,
		.action = "GetBucketLocation",
		.method = "GET",
		.bucket = bucket,
		.key = "",
		.query = "location=",
		.expected_bucket_owner = expected_owner,
		.wait = HTTP_WAIT_METADATA,
	};
	AwsCall *call = aws_run(client, &spec, error);
	char text[64];
	size_t len;
	char *doc;

	if (call == NULL)
	{
		/* another region's host refuses, but names the right one */
		if (error->bucket_region[0] == '\0' ||
			(error->http_status != 301 && error->http_status != 400))
			return false;
		*region = pstrdup(error->bucket_region);
		return true;
	}
	doc = aws_call_body(call, &len);
	if (!xml_text(doc, len, "LocationConstraint", text, sizeof(text)))
	{
		aws_call_set_malformed(call, "the answer has no LocationConstraint");
		*error = *aws_call_error(call);
		return false;
	}
	/* the oldest region has no name here, the second oldest a nickname */
	if (*text == '\0')
		*region = pstrdup("us-east-1");
	else
		*region = pstrdup(strcmp(text, "EU") == 0 ? "eu-west-1" : text);
	return true;
}

/* Begin DeleteObject.  Throws nothing; NULL without memory. */
AwsCall *
s3_delete_object(const AwsClient *client, const char *bucket, const char *key,
				 const char *expected_owner)
{
	AwsCallSpec spec = {
		.service = AWS_S3,
		.protocol = AWS_REST,
		.action = "DeleteObject",
		.method = "DELETE",
		.bucket = bucket,
		.key = key,
		.query = "",
		.expected_bucket_owner = expected_owner,
		.wait = HTTP_WAIT_METADATA,
	};

	return aws_call_start(client, &spec);
}
