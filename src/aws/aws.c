/*
 * aws.c
 *	  One signed call of an AWS API, with retries.
 *
 * Between http.c, which moves bytes, and athena.c, glue.c, s3.c, sts.c, which
 * know actions.  An AwsCall is malloc'd and freed by aws_call_free(); whoever
 * makes one ties it to a memory context or to a running query at once.
 *
 * Retried, with exponential backoff and full jitter: lost connections, answers
 * that are cut or garbled, 5xx, and, more often than these, throttling.  Never:
 * validation and permission errors.  A signature error whose Date header shows
 * that our clock is wrong is repeated once with the clock corrected.
 *
 * The text of a signature error holds the canonical request and with it the
 * session token, so it is dropped here and seen by nobody.
 */
#include "aws.h"

#include <ctype.h>
#include <math.h>
#include <time.h>

#include "common/pg_prng.h"
#include "identity.h"
#include "json.h"
#include "mb/pg_wchar.h"
#include "sigv4.h"
#include "utils/memutils.h"
#include "xml.h"

#define DEFAULT_MAX_BODY ((size_t) 64 << 20)
#define BACKOFF_BASE_MS 100
#define BACKOFF_THROTTLED_MS 500
#define BACKOFF_CAP_MS 20000
#define BACKOFF_THROTTLED_CAP_MS 5000
/* many share one quota: each may be refused often before its turn comes */
#define THROTTLED_TIMES 4
#define CLOCK_TOLERANCE_S 60
#define MAX_HEADERS 12

struct AwsCall
{
	AwsClient client; /* strings borrowed from the caller's, see aws_call_start */
	AwsService service;
	AwsProtocol protocol;
	HttpWait wait;
	size_t max_body;
	const char *method;
	char *host;
	char *path;
	char *query;
	char *body;
	char *bucket_owner;
	HttpRequest *http;
	int attempts;
	int throttled; /* attempts that were throttled */
	int forgiven; /* failed attempts before the last one that brought bytes of a part */
	HttpSink *sink;
	size_t sink_before; /* bytes of the part before the last attempt */
	bool anonymous;
	bool clock_corrected;
	bool keys_renewed;
	int64 generation; /* of the keys that signed the last attempt */
	bool in_doubt; /* may an earlier attempt have done it, unheard? */
	bool judged; /* the last attempt, by aws_call_advance() */
	int64 retry_at; /* when the next attempt is due; 0 if none is */
	AwsError error;
};

/* AWS's clock less ours, in seconds; learnt from a signature error. */
static int64 clock_offset = 0;

/* The same as every answer tells it. */
static int64 last_difference = 0;
static bool difference_known = false;

/* attempts of this backend that were throttled, and those that repeated another */
static int64 throttled_total = 0;
static int64 repeated_total = 0;

/* A deep copy in the current memory context. */
AwsClient *
aws_client_copy(const AwsClient *client)
{
	AwsClient *copy = palloc(sizeof(AwsClient));
	int i;

#define COPY(field) copy->field = client->field ? pstrdup(client->field) : NULL
	*copy = *client;
	COPY(region);
	for (i = 0; i < AWS_SERVICES; i++)
		COPY(endpoint[i]);
	COPY(proxy);
	COPY(ca_file);
#undef COPY
	if (copy->identity)
		identity_hold(copy->identity);
	return copy;
}

/* ---------- building and sending ---------- */

/* Three texts in one malloc'd string; NULL without memory. */
static char *
join(const char *a, const char *b, const char *c)
{
	size_t len = strlen(a) + strlen(b) + strlen(c) + 1;
	char *text = malloc(len);

	if (text)
		snprintf(text, len, "%s%s%s", a, b, c);
	return text;
}

/* Host and path of an S3 request: the bucket is in one or the other. */
static bool
s3_address(AwsCall *call, const char *hostport, const AwsCallSpec *spec)
{
	char *key = sigv4_uri_encode(spec->key, true);
	char *object;

	if (key == NULL)
		return false;
	object = join("/", key, "");
	if (object && call->client.s3_path_style)
	{
		call->host = strdup(hostport);
		call->path = join("/", spec->bucket, *key ? object : "");
		free(object);
	}
	else
	{
		call->host = join(spec->bucket, ".", hostport);
		call->path = object;
	}
	free(key);
	return call->host != NULL && call->path != NULL;
}

/* What the Host header must say, which is signed: the port if it is unusual. */
static const char *
host_of(const char *endpoint)
{
	const char *host = strstr(endpoint, "://");

	return host ? host + 3 : endpoint;
}

/*
 * The headers of a call that are signed; returns how many.  scratch holds the
 * text of one of them.  Of a part of an object, what is still missing is asked for.
 */
static int
signed_headers(const AwsCall *call, SigV4Header *headers, const char *date, const char *digest,
			   char *scratch, size_t scratch_len)
{
	int n = 0;

	headers[n++] = (SigV4Header){"host", call->host};
	headers[n++] = (SigV4Header){"x-amz-date", date};
	if (call->protocol == AWS_JSON)
	{
		snprintf(scratch, scratch_len, "%s.%s",
				 call->service == AWS_GLUE ? "AWSGlue" : "AmazonAthena", call->error.action);
		headers[n++] = (SigV4Header){"x-amz-target", scratch};
		headers[n++] = (SigV4Header){"content-type", "application/x-amz-json-1.1"};
	}
	else if (call->protocol == AWS_QUERY)
		headers[n++] =
			(SigV4Header){"content-type", "application/x-www-form-urlencoded; charset=utf-8"};
	else
	{
		headers[n++] = (SigV4Header){"x-amz-content-sha256", digest};
		if (call->bucket_owner)
			headers[n++] = (SigV4Header){"x-amz-expected-bucket-owner", call->bucket_owner};
		if (*call->body)
			headers[n++] = (SigV4Header){"content-type", "application/octet-stream"};
		if (call->client.s3_requester_pays)
			headers[n++] = (SigV4Header){"x-amz-request-payer", "requester"};
		if (call->sink)
		{
			const HttpSink *sink = call->sink;

			snprintf(scratch, scratch_len, "bytes=" INT64_FORMAT "-" INT64_FORMAT,
					 sink->offset + (int64) sink->len, sink->offset + (int64) sink->size - 1);
			headers[n++] = (SigV4Header){"range", scratch};
			if (sink->etag[0])
				headers[n++] = (SigV4Header){"if-match", sink->etag};
		}
	}
	if (!call->anonymous && identity_keys(call->client.identity)->session_token)
		headers[n++] = (SigV4Header){"x-amz-security-token",
									 identity_keys(call->client.identity)->session_token};
	return n;
}

/* Sign a call whose headers are given.  False without memory. */
static bool
sign(AwsCall *call, const SigV4Header *headers, int n, const char *date, const char *digest,
	 SigV4Result *signature)
{
	const AwsKeys *keys = identity_keys(call->client.identity);
	SigV4Request request = {0};

	request.method = call->method;
	request.path = call->path;
	request.query = call->query;
	request.headers = headers;
	request.nheaders = n;
	request.payload_sha256 = digest;
	request.service = endpoint_service_name(call->service);
	request.region = call->client.region;
	request.access_key_id = keys->access_key_id;
	request.secret_access_key = keys->secret_access_key;
	request.datetime = date;
	return sigv4_sign(&request, signature);
}

/* Sign with the time of now, and send.  False only without memory. */
static bool
send_request(AwsCall *call)
{
	const AwsClient *client = &call->client;
	char date[SIGV4_DATETIME_LEN + 1];
	char digest[SIGV4_SHA256_HEX_LEN + 1];
	char scratch[96];
	SigV4Header headers[MAX_HEADERS];
	int n;
	SigV4Result signature = {0};
	HttpSpec http = {0};
	char *lines[MAX_HEADERS + 3] = {0};
	char *url = NULL;
	bool ok = false;
	size_t body_len = strlen(call->body);
	int i;

	http_free(call->http);
	call->http = NULL;
	sigv4_datetime(time(NULL) + clock_offset, date);
	sigv4_sha256_hex(call->body, body_len, digest);
	n = signed_headers(call, headers, date, digest, scratch, sizeof(scratch));

	if (!call->anonymous)
		call->generation = identity_generation(call->client.identity);
	if (!call->anonymous && !sign(call, headers, n, date, digest, &signature))
		return false;

	/* Host as well: curl would leave out a port that it finds superfluous */
	for (i = 0; i < n; i++)
		lines[i] = join(headers[i].name, ": ", headers[i].value);
	lines[n++] = join("Expect", ":", ""); /* no 100-continue */
	if (!call->anonymous)
		lines[n++] = join("authorization", ": ", signature.authorization);
	for (i = 0; i < n; i++)
		if (lines[i] == NULL)
			goto done;
	if (asprintf(&url, "%.*s://%s%s%s%s", (int) strcspn(client->endpoint[call->service], ":"),
				 client->endpoint[call->service], call->host, call->path, *call->query ? "?" : "",
				 call->query) < 0)
	{
		url = NULL;
		goto done;
	}

	http.method = call->method;
	http.url = url;
	http.headers = (const char *const *) lines;
	http.body =
		strcmp(call->method, "GET") == 0 || strcmp(call->method, "DELETE") == 0 ? NULL : call->body;
	http.body_len = body_len;
	http.proxy = client->proxy;
	http.ca_file = client->ca_file;
	http.connect_timeout_ms = client->connect_timeout_ms;
	http.request_timeout_ms = client->request_timeout_ms;
	http.max_body = call->max_body;
	http.sink = call->sink;
	if (call->sink)
	{
		call->sink->mismatch = false;
		call->sink_before = call->sink->len;
	}
	call->http = http_start(&http);
	call->attempts++;
	ok = call->http != NULL;

done:
	sigv4_result_free(&signature);
	for (i = 0; i < (int) lengthof(lines); i++)
		if (lines[i])
		{
			explicit_bzero(lines[i], strlen(lines[i]));
			free(lines[i]);
		}
	free(url);
	return ok;
}

/*
 * Make a call and send its first attempt.  Never throws; returns NULL without
 * memory.  http_init() must have run.  The client must outlive the call.
 */
AwsCall *
aws_call_start(const AwsClient *client, const AwsCallSpec *spec)
{
	AwsCall *call = calloc(1, sizeof(AwsCall));
	const char *hostport = host_of(client->endpoint[spec->service]);
	bool ok;

	if (call == NULL)
		return NULL;
	call->client = *client;
	call->anonymous = spec->anonymous;
	call->service = spec->service;
	call->protocol = spec->protocol;
	call->wait = spec->wait;
	call->max_body = spec->max_body ? spec->max_body : DEFAULT_MAX_BODY;
	call->sink = spec->sink;
	call->method = spec->protocol == AWS_REST ? spec->method : "POST";
	call->error.service = spec->service;
	strlcpy(call->error.action, spec->action, sizeof(call->error.action));
	if (!spec->anonymous)
		strlcpy(call->error.origin, identity_origin(client->identity), sizeof(call->error.origin));
	call->body = strdup(spec->body ? spec->body : "");
	call->query = strdup(spec->query ? spec->query : "");
	ok = call->body != NULL && call->query != NULL;
	if (ok && spec->expected_bucket_owner)
		ok = (call->bucket_owner = strdup(spec->expected_bucket_owner)) != NULL;
	if (ok && spec->protocol == AWS_REST)
		ok = s3_address(call, hostport, spec);
	else if (ok)
		ok = (call->host = strdup(hostport)) != NULL && (call->path = strdup("/")) != NULL;
	if (ok)
	{
		strlcpy(call->error.host, call->host, sizeof(call->error.host));
		ok = send_request(call);
	}
	if (!ok)
	{
		aws_call_free(call);
		return NULL;
	}
	return call;
}

/* Free a call in any state; a transfer in flight is dropped.  Never throws. */
void
aws_call_free(AwsCall *call)
{
	if (call == NULL)
		return;
	http_free(call->http);
	free(call->host);
	free(call->path);
	free(call->query);
	free(call->body);
	free(call->bucket_owner);
	free(call);
}

/* The same for callers that may throw: makes ready what is needed, keys too. */
AwsCall *
aws_call_begin(const AwsClient *client, const AwsCallSpec *spec)
{
	AwsCall *call;

	http_init();
	if (!spec->anonymous)
		identity_make_ready(client->identity);
	call = aws_call_start(client, spec);
	if (call == NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_OUT_OF_MEMORY), errmsg("out of memory")));
	return call;
}

static void
free_call(void *arg)
{
	aws_call_free((AwsCall *) arg);
}

/*
 * Make a call and wait for its end.  Returns it, to live as long as the
 * current memory context, or NULL with *error set.
 */
AwsCall *
aws_run(const AwsClient *client, const AwsCallSpec *spec, AwsError *error)
{
	MemoryContextCallback *cb = palloc0(sizeof(MemoryContextCallback));
	AwsCall *call = aws_call_begin(client, spec);
	bool ok;

	cb->func = free_call;
	cb->arg = call;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, cb);
	ok = aws_call_wait(call);
	*error = call->error;
	return ok ? call : NULL;
}

/* ---------- understanding the answer ---------- */

static bool
one_of(const char *code, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(code, *names) == 0)
			return true;
	return false;
}

/* What kind of failure is this code?  Spellings of JSON services, S3 and STS. */
static AwsErrorKind
classify(const AwsError *e)
{
	static const char *const denied[] = {"AccessDeniedException", "AccessDenied",
										 "AllAccessDisabled", "UnauthorizedException", NULL};
	static const char *const signature[] = {"InvalidSignatureException", "SignatureDoesNotMatch",
											"IncompleteSignature", "IncompleteSignatureException",
											NULL};
	static const char *const key[] = {"UnrecognizedClientException",
									  "InvalidAccessKeyId",
									  "InvalidClientTokenId",
									  "MissingAuthenticationToken",
									  "MissingAuthenticationTokenException",
									  "OptInRequired",
									  NULL};
	static const char *const expired[] = {"ExpiredTokenException",
										  "ExpiredToken",
										  "RequestExpired",
										  "InvalidToken",
										  "TokenRefreshRequired",
										  "ExpiredIdentityToken",
										  "ExpiredIdentityTokenException",
										  "InvalidIdentityToken",
										  NULL};
	static const char *const clock[] = {"RequestTimeTooSkewed", NULL};
	static const char *const throttled[] = {
		"ThrottlingException",  "TooManyRequestsException",
		"Throttling",           "SlowDown",
		"RequestLimitExceeded", "ProvisionedThroughputExceededException",
		"ThrottledException",   NULL};
	static const char *const missing[] = {"EntityNotFoundException",
										  "ResourceNotFoundException",
										  "NoSuchBucket",
										  "NoSuchKey",
										  "NotFound",
										  NULL};

	if (one_of(e->code, denied))
		return AWS_ERR_ACCESS_DENIED;
	if (one_of(e->code, signature))
		return AWS_ERR_BAD_SIGNATURE;
	if (one_of(e->code, key))
		return AWS_ERR_BAD_KEY;
	if (one_of(e->code, expired))
		return AWS_ERR_EXPIRED;
	if (one_of(e->code, clock))
		return AWS_ERR_CLOCK;
	if (one_of(e->code, throttled) || e->http_status == 429)
		return AWS_ERR_THROTTLED;
	if (strcmp(e->code, "MetadataException") == 0 &&
		strstr(e->message, "Error Code: ThrottlingException"))
		return AWS_ERR_THROTTLED;
	if (one_of(e->code, missing) || strstr(e->message, "Error Code: EntityNotFoundException"))
		return AWS_ERR_NOT_FOUND;
	if (strcmp(e->subcode, "MALFORMED_QUERY") == 0)
		return AWS_ERR_SYNTAX;
	if (e->http_status >= 500)
		return AWS_ERR_SERVER;
	if (strcmp(e->code, "InvalidRequestException") == 0)
		return AWS_ERR_INVALID;
	return AWS_ERR_OTHER;
}

/*
 * Cut a text to what fits, at a character, and make control characters blanks:
 * it is going to be shown.
 */
static void
copy_text(char *out, size_t outlen, const char *text)
{
	int len = (int) Min(strlen(text), outlen - 1);

	len = pg_encoding_mbcliplen(PG_UTF8, text, (int) strlen(text), len);
	memcpy(out, text, len);
	out[len] = '\0';
	for (; *out; out++)
		if (iscntrl((unsigned char) *out))
			*out = ' ';
}

/* Read an error document, JSON or XML, into the call's error. */
static void
read_error(AwsCall *call)
{
	AwsError *e = &call->error;
	size_t len;
	char *text = http_body(call->http, &len);
	json_object *root = json_object_quiet(text, len);

	if (root)
	{
		const char *code = json_string(root, "__type");
		const char *hash = strrchr(code, '#');
		const char *message = json_string(root, "Message");

		copy_text(e->code, sizeof(e->code), hash ? hash + 1 : code);
		copy_text(e->message, sizeof(e->message),
				  *message ? message : json_string(root, "message"));
		copy_text(e->subcode, sizeof(e->subcode),
				  *json_string(root, "AthenaErrorCode") ? json_string(root, "AthenaErrorCode") :
														  json_string(root, "Reason"));
		json_object_put(root);
	}
	else if (len > 0 && *text == '<')
	{
		char value[sizeof(e->message)];

		if (xml_text(text, len, "Code", value, sizeof(value)))
			copy_text(e->code, sizeof(e->code), value);
		if (xml_text(text, len, "Message", value, sizeof(value)))
			copy_text(e->message, sizeof(e->message), value);
	}
	e->kind = classify(e);
	if (e->kind == AWS_ERR_BAD_SIGNATURE)
	{
		/* "Signature expired: ..." and "... not yet current" mean the clock */
		bool clock =
			strstr(e->message, "Signature expired") || strstr(e->message, "not yet current");

		e->message[0] = '\0';
		if (clock)
			e->kind = AWS_ERR_CLOCK;
	}
	if (e->code[0] == '\0')
		snprintf(e->code, sizeof(e->code), "HTTP %d", e->http_status);
}

/*
 * Does a JSON answer end as it begins?  Looks at its ends only: whoever reads it
 * will find what else is wrong, but then it is too late to repeat the call.
 */
static bool
looks_whole(AwsCall *call)
{
	size_t len;
	const char *text = http_body(call->http, &len);

	while (len > 0 && isspace((unsigned char) text[len - 1]))
		len--;
	while (len > 0 && isspace((unsigned char) *text))
	{
		text++;
		len--;
	}
	return len >= 2 && text[0] == '{' && text[len - 1] == '}';
}

/* AWS's time less ours, from the Date header; false if there is none. */
static bool
date_difference(const HttpRequest *http, int64 *seconds)
{
	struct tm tm = {0};

	if (strptime(http_header(http, "date"), "%a, %d %b %Y %H:%M:%S", &tm) == NULL)
		return false;
	*seconds = (int64) timegm(&tm) - (int64) time(NULL);
	return true;
}

/* Judge the finished attempt: fills error, AWS_OK if it is a good answer. */
static void
judge(AwsCall *call)
{
	AwsError *e = &call->error;
	const char *why = http_error(call->http);
	const char *id;

	e->http_status = http_status(call->http);
	e->code[0] = e->subcode[0] = e->message[0] = '\0';
	if (date_difference(call->http, &last_difference))
		difference_known = true;
	id = http_header(call->http, "x-amzn-requestid");
	if (*id == '\0')
		id = http_header(call->http, "x-amz-request-id");
	copy_text(e->request_id, sizeof(e->request_id), id);
	copy_text(e->bucket_region, sizeof(e->bucket_region),
			  http_header(call->http, "x-amz-bucket-region"));
	if (call->sink && call->sink->mismatch)
	{
		e->kind = AWS_ERR_MALFORMED;
		strlcpy(e->message, "it is not the part of the object that was asked for",
				sizeof(e->message));
	}
	else if (why)
	{
		e->kind = AWS_ERR_TRANSPORT;
		copy_text(e->message, sizeof(e->message), why);
	}
	else if (e->http_status < 200 || e->http_status >= 300)
		read_error(call);
	else if (call->sink && call->sink->len < call->sink->size)
	{
		e->kind = AWS_ERR_TRANSPORT;
		strlcpy(e->message, "the answer ended early", sizeof(e->message));
	}
	else if (call->protocol == AWS_JSON && !looks_whole(call))
		aws_call_set_malformed(call, "it is cut, or no JSON");
	else
		e->kind = AWS_OK;
}

static bool
is_passing(AwsErrorKind kind)
{
	return kind == AWS_ERR_TRANSPORT || kind == AWS_ERR_SERVER || kind == AWS_ERR_THROTTLED ||
		   kind == AWS_ERR_MALFORMED;
}

/* Correct our clock from the Date header, if it is far enough off. */
static bool
correct_clock(AwsCall *call)
{
	int64 offset;

	if (call->clock_corrected ||
		(call->error.kind != AWS_ERR_CLOCK && call->error.kind != AWS_ERR_BAD_SIGNATURE))
		return false;
	if (!date_difference(call->http, &offset))
		return false;
	if (llabs(offset - clock_offset) < CLOCK_TOLERANCE_S)
		return false;
	clock_offset = offset;
	call->clock_corrected = true;
	return true;
}

/*
 * The keys may have expired on the way, or have been replaced where they come
 * from: once, others are tried.  May wait for them, and throw.
 */
static bool
renew_keys(AwsCall *call)
{
	AwsErrorKind kind = call->error.kind;

	if (call->anonymous || call->keys_renewed ||
		(kind != AWS_ERR_EXPIRED && kind != AWS_ERR_BAD_KEY && kind != AWS_ERR_BAD_SIGNATURE))
		return false;
	call->keys_renewed = true;
	return identity_renew(call->client.identity, call->generation);
}

/* Is another attempt sensible?  Says after how long. */
static bool
should_retry(AwsCall *call, int *delay_ms)
{
	AwsErrorKind kind = call->error.kind;
	double ceiling;

	*delay_ms = 0;
	if (correct_clock(call))
		return true;
	if (!is_passing(kind))
		return false;
	if (kind == AWS_ERR_THROTTLED)
	{
		throttled_total++;
		if (++call->throttled > call->client.max_retries * THROTTLED_TIMES)
			return false;
		ceiling = Min(BACKOFF_THROTTLED_MS * pow(2, Min(call->throttled - 1, 16)),
					  BACKOFF_THROTTLED_CAP_MS);
	}
	else
	{
		int failed;

		/* as long as bytes come, it is worth to go on */
		if (call->sink && call->sink->len > call->sink_before)
			call->forgiven = call->attempts - call->throttled - 1;
		failed = call->attempts - call->throttled - call->forgiven;
		if (failed > call->client.max_retries)
			return false;
		ceiling = Min(BACKOFF_BASE_MS * pow(2, Min(failed - 1, 16)), BACKOFF_CAP_MS);
	}
	*delay_ms = (int) (pg_prng_double(&pg_global_prng_state) * ceiling);
	return true;
}

/* After a failed attempt: is another one due, and when?  May wait for keys. */
static bool
plan_retry(AwsCall *call)
{
	int delay;

	if (!should_retry(call, &delay) && !renew_keys(call))
		return false;
	repeated_total++;
	elog(DEBUG1, "athena_fdw: %s failed (%s), attempt %d, repeating it in %d ms",
		 call->error.action, call->error.code[0] ? call->error.code : "no answer", call->attempts,
		 delay);
	call->in_doubt = aws_call_in_doubt(call);
	call->retry_at = http_now_ms() + delay;
	return true;
}

/* Send the attempt that is due. */
static bool
retry_now(AwsCall *call)
{
	call->retry_at = 0;
	if (!call->anonymous)
		identity_make_ready(call->client.identity);
	if (!send_request(call))
	{
		call->error.kind = AWS_ERR_TRANSPORT;
		strlcpy(call->error.message, "out of memory", sizeof(call->error.message));
		return false;
	}
	return true;
}

/*
 * After a failed attempt: send the call again, if that is sensible.  False if
 * not, with aws_call_error() set.
 */
static bool
try_again(AwsCall *call)
{
	if (!plan_retry(call))
		return false;
	http_pause((int) Max(call->retry_at - http_now_ms(), 0), call->wait);
	return retry_now(call);
}

/*
 * Go on with a call without waiting for its answer, repeating it as
 * aws_call_wait() does.  True when it has ended, well or with aws_call_error()
 * set; else *wake is lowered to when there is something to do even if nothing
 * arrives.  Throws only where keys that expired cannot be renewed.
 */
bool
aws_call_advance(AwsCall *call, int64 *wake)
{
	if (call->judged)
		return true;
	if (call->retry_at == 0 && http_is_done(call->http))
	{
		judge(call);
		if (call->error.kind == AWS_OK || !plan_retry(call))
			call->judged = true;
	}
	if (call->retry_at > 0 && http_now_ms() >= call->retry_at && !retry_now(call))
		call->judged = true;
	if (call->retry_at > 0)
		*wake = Min(*wake, call->retry_at);
	return call->judged;
}

/* Has an answer begun to come, or the attempt failed?  Waits for nothing. */
bool
aws_call_has_answer(const AwsCall *call)
{
	return http_is_done(call->http) || (call->sink && call->sink->len > 0);
}

/*
 * Wait for the answer, repeating the call as long as that is sensible.
 * Returns true with a good answer, false with aws_call_error() set.  Throws
 * on interrupts, and where keys that expired cannot be renewed; the call stays
 * its owner's.
 */
bool
aws_call_wait(AwsCall *call)
{
	do
	{
		http_wait(call->http, call->wait);
		judge(call);
		if (call->error.kind == AWS_OK)
			return true;
	} while (try_again(call));
	return false;
}

/*
 * The same for a part of an object, until more than seen bytes of it are there,
 * all of it, or the deadline (0 for none) has come.  What breaks off goes on
 * from the byte where it did.
 */
bool
aws_call_wait_more(AwsCall *call, size_t seen, int64 deadline_ms)
{
	do
	{
		http_wait_more(call->http, seen, deadline_ms, call->wait);
		if (call->sink->len > seen || !http_is_done(call->http))
			return true;
		judge(call);
		if (call->error.kind == AWS_OK)
			return true;
	} while (try_again(call));
	return false;
}

/*
 * The same while a transaction is aborted: throws nothing, looks at no
 * interrupt, ends at the deadline.  Repeats at once what may be repeated, but
 * a call that was only refused so far just if the caller insists on it.
 */
bool
aws_call_wait_quietly(AwsCall *call, int64 deadline_ms, bool insist)
{
	int tries = 0;

	for (;;)
	{
		if (call->http == NULL || !http_wait_quietly(call->http, deadline_ms))
			return false;
		judge(call);
		if (call->error.kind == AWS_OK)
			return true;
		if (tries++ == 3 || (!correct_clock(call) && !is_passing(call->error.kind)))
			return false;
		call->in_doubt = aws_call_in_doubt(call);
		if (!insist && !call->in_doubt)
			return false;
		if (!send_request(call))
			return false;
	}
}

/*
 * May the server have done what was asked, or be about to?  Not if nothing was
 * sent, nor if every attempt was answered with a refusal.  Throws nothing.
 */
bool
aws_call_in_doubt(AwsCall *call)
{
	if (call->in_doubt)
		return true;
	if (call->http == NULL || !http_was_sent(call->http))
		return false;
	if (!http_is_done(call->http))
		return true;
	judge(call);
	return call->error.kind == AWS_OK ||
		   (is_passing(call->error.kind) && call->error.kind != AWS_ERR_THROTTLED);
}

const AwsError *
aws_call_error(const AwsCall *call)
{
	return &call->error;
}

/* The body of the answer, owned by the call and writable. */
char *
aws_call_body(AwsCall *call, size_t *len)
{
	return http_body(call->http, len);
}

int64
aws_call_bytes(const AwsCall *call)
{
	return http_bytes_received(call->http);
}

/* How many attempts beyond the first there were. */
int
aws_call_retries(const AwsCall *call)
{
	return call->attempts - 1;
}

/* How many attempts of all calls of this backend were throttled. */
int64
aws_throttled_total(void)
{
	return throttled_total;
}

/* How many attempts of all calls of this backend repeated an earlier one. */
int64
aws_repeated_total(void)
{
	return repeated_total;
}

/*
 * How far is AWS's clock before ours?  False if no answer has told it yet.
 */
bool
aws_clock_difference(int64 *seconds)
{
	*seconds = last_difference;
	return difference_known;
}

/*
 * Does a service's host answer at all?  Any answer will do; nothing is signed.
 */
bool
aws_reach(const AwsClient *client, AwsService service, AwsError *error)
{
	static const char *const headers[] = {"Accept: */*", NULL};
	char *url = psprintf("%s/", client->endpoint[service]);
	HttpSpec spec = {
		.method = "GET",
		.url = url,
		.headers = headers,
		.proxy = client->proxy,
		.ca_file = client->ca_file,
		.connect_timeout_ms = client->connect_timeout_ms,
		.request_timeout_ms = client->connect_timeout_ms,
		.max_body = DEFAULT_MAX_BODY,
	};
	HttpRequest *request = http_run(&spec, HTTP_WAIT_METADATA);
	const char *why;

	why = http_error(request);
	memset(error, 0, sizeof(*error));
	if (why == NULL)
	{
		if (date_difference(request, &last_difference))
			difference_known = true;
		return true;
	}
	error->kind = AWS_ERR_TRANSPORT;
	error->service = service;
	strlcpy(error->host, host_of(client->endpoint[service]), sizeof(error->host));
	copy_text(error->message, sizeof(error->message), why);
	return false;
}

/* Turn a good answer into an error: it is not what the action should answer. */
void
aws_call_set_malformed(AwsCall *call, const char *what)
{
	call->error.kind = AWS_ERR_MALFORMED;
	strlcpy(call->error.message, what, sizeof(call->error.message));
}
