/*
 * s3.c
 *	  The S3 API, one function per action.
 */
#include "s3.h"

#include "lib/stringinfo.h"
#include "sigv4.h"
#include "utils/memutils.h"
#include "xml.h"

#define MAX_NAME 1100 /* bytes of a key, and some */

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

/* What all calls have in common. */
static AwsCallSpec
make_spec(const char *action, const char *method, const char *bucket, const char *key,
		  const char *query, const char *expected_owner)
{
	AwsCallSpec spec = {
		.service = AWS_S3,
		.protocol = AWS_REST,
		.action = action,
		.method = method,
		.bucket = bucket,
		.key = key,
		.query = query,
		.expected_bucket_owner = expected_owner,
		.wait = HTTP_WAIT_METADATA,
	};

	return spec;
}

/* A text as it stands in a query string. */
static char *
encoded(const char *text)
{
	char *raw = sigv4_uri_encode(text, false);
	char *copy;

	if (raw == NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_OUT_OF_MEMORY), errmsg("out of memory")));
	copy = pstrdup(raw);
	free(raw);
	return copy;
}

/* The region in which a bucket lies. */
bool
s3_get_bucket_location(const AwsClient *client, const char *bucket, const char *expected_owner,
					   char **region, AwsError *error)
{
	AwsCallSpec spec =
		make_spec("GetBucketLocation", "GET", bucket, "", "location=", expected_owner);
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
	AwsCallSpec spec = make_spec("DeleteObject", "DELETE", bucket, key, "", expected_owner);

	return aws_call_start(client, &spec);
}

/* Write an object; the body is text. */
bool
s3_put_object(const AwsClient *client, const char *bucket, const char *key, const char *body,
			  const char *expected_owner, AwsError *error)
{
	AwsCallSpec spec = make_spec("PutObject", "PUT", bucket, key, "", expected_owner);

	spec.body = body;
	return aws_run(client, &spec, error) != NULL;
}

/*
 * Read an object of at most max bytes.  What it holds lives as long as the
 * current memory context.
 */
char *
s3_get_object(const AwsClient *client, const char *bucket, const char *key,
			  const char *expected_owner, size_t max, size_t *len, AwsError *error)
{
	AwsCallSpec spec = make_spec("GetObject", "GET", bucket, key, "", expected_owner);
	AwsCall *call;

	spec.max_body = max;
	call = aws_run(client, &spec, error);
	return call ? aws_call_body(call, len) : NULL;
}

/*
 * The same begun only: the caller waits for the call and owns it.  The strings
 * and the client must outlive it.
 */
AwsCall *
s3_begin_get_object(const AwsClient *client, const char *bucket, const char *key,
					const char *expected_owner, size_t max)
{
	AwsCallSpec spec = make_spec("GetObject", "GET", bucket, key, "", expected_owner);

	spec.max_body = max;
	spec.wait = HTTP_WAIT_FETCH;
	return aws_call_begin(client, &spec);
}

/*
 * Begin to read a part of an object, which goes to the sink.  May throw.  The
 * caller frees the call before the sink.
 */
AwsCall *
s3_get_object_part(const AwsClient *client, const char *bucket, const char *key,
				   const char *expected_owner, HttpSink *sink)
{
	AwsCallSpec spec = make_spec("GetObject", "GET", bucket, key, "", expected_owner);

	spec.sink = sink;
	spec.wait = HTTP_WAIT_FETCH;
	return aws_call_begin(client, &spec);
}

/* 2026-11-23T12:34:56.000Z; 0 if it is not there. */
static time_t
read_time(const char *text)
{
	struct tm tm = {0};

	return strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) ? timegm(&tm) : 0;
}

/* Call back for the objects of one page; false if the callback has had enough. */
static bool
each_object(const char *doc, size_t len, S3ObjectCallback callback, void *arg)
{
	const char *p = doc;
	const char *inner;
	size_t inner_len;

	while (xml_next(&p, doc + len, "Contents", &inner, &inner_len))
	{
		char key[MAX_NAME];
		char text[64];
		S3Object object = {0};

		if (!xml_text(inner, inner_len, "Key", key, sizeof(key)))
			continue;
		object.key = key;
		if (xml_text(inner, inner_len, "Size", text, sizeof(text)))
			object.size = strtoll(text, NULL, 10);
		if (xml_text(inner, inner_len, "LastModified", text, sizeof(text)))
			object.modified = read_time(text);
		if (!callback(&object, arg))
			return false;
	}
	return true;
}

/*
 * Call back for each object whose key begins with prefix; without deep, only
 * those without a slash behind it.  One page is in memory at a time.
 */
bool
s3_list_objects(const AwsClient *client, const char *bucket, const char *prefix, bool deep,
				const char *expected_owner, S3ObjectCallback callback, void *arg, AwsError *error)
{
	char *token = NULL;
	MemoryContext page =
		AllocSetContextCreate(CurrentMemoryContext, "S3 objects", ALLOCSET_DEFAULT_SIZES);
	bool ok;

	do
	{
		MemoryContext caller = MemoryContextSwitchTo(page);
		StringInfoData query;
		AwsCallSpec spec;
		AwsCall *call;
		char next[MAX_NAME * 4];
		bool more = false;
		char *doc;
		size_t len;

		initStringInfo(&query);
		if (token)
			appendStringInfo(&query, "continuation-token=%s&", encoded(token));
		appendStringInfo(&query, "%slist-type=2&prefix=%s", deep ? "" : "delimiter=%2F&",
						 encoded(prefix));
		spec = make_spec("ListBucket", "GET", bucket, "", query.data, expected_owner);
		call = aws_run(client, &spec, error);
		ok = call != NULL;
		if (ok)
		{
			doc = aws_call_body(call, &len);
			more = each_object(doc, len, callback, arg) &&
				   xml_text(doc, len, "NextContinuationToken", next, sizeof(next)) && *next;
		}
		MemoryContextSwitchTo(caller);
		MemoryContextReset(page);
		if (token)
			pfree(token);
		token = more ? pstrdup(next) : NULL;
	} while (token);
	MemoryContextDelete(page);
	return ok;
}

/*
 * Call back for the objects whose key begins with prefix, the first thousand.
 * Throws nothing, if the callback does not; false if they could not be listed.
 */
bool
s3_list_quietly(const AwsClient *client, const char *bucket, const char *prefix,
				const char *expected_owner, int64 deadline_ms, S3ObjectCallback callback, void *arg)
{
	char *raw = sigv4_uri_encode(prefix, false);
	char query[MAX_NAME * 3 + 32];
	AwsCallSpec spec;
	AwsCall *call;
	bool ok;

	if (raw == NULL)
		return false;
	snprintf(query, sizeof(query), "list-type=2&prefix=%s", raw);
	free(raw);
	spec = make_spec("ListBucket", "GET", bucket, "", query, expected_owner);
	call = aws_call_start(client, &spec);
	ok = call != NULL && aws_call_wait_quietly(call, deadline_ms, true);
	if (ok)
	{
		size_t len;
		char *doc = aws_call_body(call, &len);

		each_object(doc, len, callback, arg);
	}
	aws_call_free(call);
	return ok;
}

/* Begin a multipart upload, which costs storage until it is ended; gives its id. */
bool
s3_create_multipart_upload(const AwsClient *client, const char *bucket, const char *key,
						   const char *expected_owner, char **upload, AwsError *error)
{
	AwsCallSpec spec = make_spec("PutObject", "POST", bucket, key, "uploads=", expected_owner);
	AwsCall *call = aws_run(client, &spec, error);
	char id[MAX_NAME];
	char *doc;
	size_t len;

	if (call == NULL)
		return false;
	doc = aws_call_body(call, &len);
	if (!xml_text(doc, len, "UploadId", id, sizeof(id)) || *id == '\0')
	{
		aws_call_set_malformed(call, "the answer has no UploadId");
		*error = *aws_call_error(call);
		return false;
	}
	*upload = pstrdup(id);
	return true;
}

/* May the parts of an upload be listed? */
bool
s3_list_parts(const AwsClient *client, const char *bucket, const char *key, const char *upload,
			  const char *expected_owner, AwsError *error)
{
	AwsCallSpec spec = make_spec("ListMultipartUploadParts", "GET", bucket, key,
								 psprintf("uploadId=%s", encoded(upload)), expected_owner);

	return aws_run(client, &spec, error) != NULL;
}

bool
s3_abort_multipart_upload(const AwsClient *client, const char *bucket, const char *key,
						  const char *upload, const char *expected_owner, AwsError *error)
{
	AwsCallSpec spec = make_spec("AbortMultipartUpload", "DELETE", bucket, key,
								 psprintf("uploadId=%s", encoded(upload)), expected_owner);

	return aws_run(client, &spec, error) != NULL;
}

/* May a bucket's uploads under way be listed? */
bool
s3_list_multipart_uploads(const AwsClient *client, const char *bucket, const char *expected_owner,
						  AwsError *error)
{
	AwsCallSpec spec = make_spec("ListBucketMultipartUploads", "GET", bucket, "",
								 "max-uploads=1&uploads=", expected_owner);

	return aws_run(client, &spec, error) != NULL;
}
