/*
 * http.h
 *	  HTTP requests that a backend can wait for without blocking its latch.
 *
 * The only file besides http.c that knows of transfers; nobody else sees
 * libcurl.  Requests run together on one multi handle per backend, whose
 * connections stay open between statements.
 */
#ifndef ATHENA_HTTP_H
#define ATHENA_HTTP_H

#include "postgres.h"

typedef struct HttpRequest HttpRequest;

#define HTTP_ETAG_LEN 80

/*
 * Where the bytes of a part of an object go as they arrive, instead of a body.
 * The caller owns it and its buffer, which must live as long as the request.
 * An answer that is not the part that is still missing (another range, another
 * total or entity tag than was seen before) brings no byte.
 */
typedef struct HttpSink
{
	char *data;
	size_t size; /* of the part */
	size_t len; /* bytes that are there */
	int64 offset; /* of the part in the object */
	int64 total; /* bytes of the object; -1 until it is known */
	char etag[HTTP_ETAG_LEN]; /* of the object; "" until it is known */
	bool mismatch; /* an answer was for another range or object */
} HttpSink;

/* What to send.  Everything is copied. */
typedef struct HttpSpec
{
	const char *method;
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated */
	const char *body; /* NULL for none */
	size_t body_len;
	const char *proxy; /* NULL for none; the environment's is never used */
	const char *ca_file; /* NULL for the system's */
	int connect_timeout_ms;
	int request_timeout_ms;
	size_t max_body; /* a longer answer is an error */
	HttpSink *sink; /* not copied; NULL: all goes to the body */
} HttpSpec;

/* Wait events, one per thing that a backend waits for. */
typedef enum HttpWait
{
	HTTP_WAIT_START, /* for StartQueryExecution */
	HTTP_WAIT_QUERY, /* for Athena to run the query */
	HTTP_WAIT_FETCH, /* for rows */
	HTTP_WAIT_METADATA, /* for Glue, S3, STS, workgroups */
	HTTP_WAITS
} HttpWait;

extern void http_init(void);
extern HttpRequest *http_start(const HttpSpec *spec);
extern HttpRequest *http_run(const HttpSpec *spec, HttpWait event);
extern void http_wait(HttpRequest *request, HttpWait event);
extern void http_wait_more(HttpRequest *request, size_t seen, int64 deadline_ms, HttpWait event);
extern bool http_wait_quietly(HttpRequest *request, int64 deadline_ms);
extern void http_pause(int ms, HttpWait event);
extern void http_wait_some(int64 until_ms, HttpWait event);
extern bool http_can_wait_elsewhere(void);
extern int http_wait_fd(int64 until_ms);
extern void http_progress(void);
extern void http_free(HttpRequest *request);
extern int64 http_now_ms(void);

extern bool http_is_done(const HttpRequest *request);
extern bool http_was_sent(const HttpRequest *request);
extern const char *http_error(const HttpRequest *request);
extern int http_status(const HttpRequest *request);
extern const char *http_header(const HttpRequest *request, const char *name);
extern char *http_body(HttpRequest *request, size_t *len);
extern int64 http_bytes_received(const HttpRequest *request);

#endif /* ATHENA_HTTP_H */
