/*
 * aws.h
 *	  A signed call of an AWS API: sending, waiting, retrying, errors.
 *
 * athena.c, glue.c, s3.c and sts.c are written on top of this, one function
 * per API action.
 */
#ifndef ATHENA_AWS_H
#define ATHENA_AWS_H

#include "postgres.h"

#include "endpoint.h"
#include "http.h"

/* Whose keys: see identity.h. */
typedef struct AwsIdentity AwsIdentity;

/*
 * Whom to call, and as whom.  All strings belong to one memory context; see
 * aws_client_copy().
 */
typedef struct AwsClient
{
	const char *region;
	const char *endpoint[AWS_SERVICES]; /* https://host[:port], no trailing slash */
	bool s3_path_style;
	bool s3_requester_pays; /* say to S3 that we pay for what we read */
	AwsIdentity *identity; /* who signs; held by whoever made or copied the client */
	const char *proxy; /* NULL for none */
	const char *ca_file; /* NULL for the system's */
	int connect_timeout_ms;
	int request_timeout_ms;
	int max_retries;
} AwsClient;

/* What an error means for the one who has to mend it. */
typedef enum AwsErrorKind
{
	AWS_OK,
	AWS_ERR_TRANSPORT, /* no answer, or one that is not HTTP as it should be */
	AWS_ERR_MALFORMED, /* an answer that cannot be understood */
	AWS_ERR_ACCESS_DENIED,
	AWS_ERR_BAD_SIGNATURE, /* the secret is wrong */
	AWS_ERR_BAD_KEY, /* the access key id is unknown */
	AWS_ERR_EXPIRED, /* the session token has expired or is invalid */
	AWS_ERR_CLOCK, /* our clock is too far from AWS's */
	AWS_ERR_THROTTLED,
	AWS_ERR_NOT_FOUND,
	AWS_ERR_SYNTAX, /* Athena refuses the statement's text */
	AWS_ERR_INVALID, /* Athena refuses another part of the request */
	AWS_ERR_SERVER, /* 5xx */
	AWS_ERR_OTHER
} AwsErrorKind;

/* A failure, in fixed space so that recording one cannot fail. */
typedef struct AwsError
{
	AwsErrorKind kind;
	AwsService service;
	int http_status; /* 0 if no answer came */
	char action[48]; /* IAM's name without the service: GetTables */
	char code[80]; /* the service's: AccessDeniedException */
	char subcode[80]; /* AthenaErrorCode or Reason, or "" */
	char message[1024]; /* the service's; never that of a signature error */
	char request_id[80];
	char bucket_region[40]; /* where S3 says that the bucket lies, or "" */
	char origin[160]; /* where the keys came from, in words */
	char host[ENDPOINT_MAX];
} AwsError;

/* One call, from its first attempt to its last. */
typedef struct AwsCall AwsCall;

/* Which of the three wire protocols a call speaks. */
typedef enum AwsProtocol
{
	AWS_JSON, /* athena, glue: JSON 1.1 */
	AWS_REST, /* s3: the path names the object */
	AWS_QUERY /* sts: a form */
} AwsProtocol;

/* What to call.  Strings are copied into the call. */
typedef struct AwsCallSpec
{
	AwsService service;
	AwsProtocol protocol;
	const char *action; /* the API's name; for errors, and for the JSON target */
	bool anonymous; /* not signed */
	const char *method; /* AWS_REST: GET, PUT, POST, DELETE */
	const char *bucket; /* AWS_REST */
	const char *key; /* AWS_REST: not encoded; "" for the bucket itself */
	const char *query; /* AWS_REST: encoded; "" for none */
	const char *expected_bucket_owner; /* AWS_REST: NULL for any */
	const char *body; /* text of the request; "" for none */
	HttpWait wait; /* what the backend waits for meanwhile */
	size_t max_body; /* 0: 64 MiB */
	HttpSink *sink; /* AWS_REST: where a part of an object goes; the caller's, NULL for none */
} AwsCallSpec;

#define AWS_MAX_PAGE ((size_t) 1 << 30)

extern AwsClient *aws_client_copy(const AwsClient *client);

extern AwsCall *aws_run(const AwsClient *client, const AwsCallSpec *spec, AwsError *error);
extern AwsCall *aws_call_begin(const AwsClient *client, const AwsCallSpec *spec);
extern AwsCall *aws_call_start(const AwsClient *client, const AwsCallSpec *spec);
extern bool aws_call_advance(AwsCall *call, int64 *wake);
extern bool aws_call_has_answer(const AwsCall *call);
extern bool aws_call_wait(AwsCall *call);
extern bool aws_call_wait_more(AwsCall *call, size_t seen, int64 deadline_ms);
extern bool aws_call_wait_quietly(AwsCall *call, int64 deadline_ms, bool insist);
extern void aws_call_free(AwsCall *call);
extern bool aws_call_in_doubt(AwsCall *call);
extern const AwsError *aws_call_error(const AwsCall *call);
extern char *aws_call_body(AwsCall *call, size_t *len);
extern int64 aws_call_bytes(const AwsCall *call);
extern int aws_call_retries(const AwsCall *call);
extern int64 aws_throttled_total(void);
extern int64 aws_repeated_total(void);
extern bool aws_clock_difference(int64 *seconds);
extern bool aws_reach(const AwsClient *client, AwsService service, AwsError *error);
extern void aws_call_set_malformed(AwsCall *call, const char *what);

extern _Noreturn void aws_error_throw(const AwsError *error);
extern char *aws_text_to_show(const char *text);
extern int aws_error_sqlstate(const AwsError *error);
extern char *aws_error_summary(const AwsError *error);
extern const char *aws_error_hint(const AwsError *error);

#endif /* ATHENA_AWS_H */
