/*
 * sigv4.h
 *	  AWS Signature Version 4.
 *
 * Plain C over OpenSSL, without PostgreSQL: it is called while a transaction
 * is being aborted, where nothing may throw, and by test/unit/sigv4_cli.c,
 * which is compared with botocore's signer.
 */
#ifndef ATHENA_SIGV4_H
#define ATHENA_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define SIGV4_SHA256_HEX_LEN 64
#define SIGV4_DATETIME_LEN 16 /* 20260102T030405Z */

/* The hash of an empty payload, needed by every S3 GET and DELETE. */
#define SIGV4_EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

typedef struct SigV4Header
{
	const char *name; /* any letter case */
	const char *value;
} SigV4Header;

/*
 * One request to be signed.  path and query are what goes over the wire,
 * already percent-encoded: S3 signs the path as it stands, and for the JSON
 * services it is always "/".
 */
typedef struct SigV4Request
{
	const char *method;
	const char *path;
	const char *query; /* without '?'; "" if there is none */
	const SigV4Header *headers; /* those to be signed, in any order */
	int nheaders;
	const char *payload_sha256; /* 64 hex digits */
	const char *service;
	const char *region;
	const char *access_key_id;
	const char *secret_access_key;
	const char *datetime; /* as sigv4_datetime() writes it */
} SigV4Request;

/* What signing gives; the strings are malloc'd, see sigv4_result_free(). */
typedef struct SigV4Result
{
	char *canonical_request;
	char *string_to_sign;
	char *authorization; /* value of the Authorization header */
} SigV4Result;

extern bool sigv4_sign(const SigV4Request *request, SigV4Result *result);
extern void sigv4_result_free(SigV4Result *result);
extern void sigv4_sha256_hex(const void *data, size_t len, char out[SIGV4_SHA256_HEX_LEN + 1]);
extern void sigv4_datetime(time_t when, char out[SIGV4_DATETIME_LEN + 1]);
extern char *sigv4_uri_encode(const char *text, bool keep_slash);

#endif /* ATHENA_SIGV4_H */
