/*
 * s3_read.h
 *	  Reading an object from S3 from its start to its end, in parts.
 */
#ifndef ATHENA_S3_READ_H
#define ATHENA_S3_READ_H

#include "postgres.h"

#include "aws.h"

/* Bytes behind the end that may be looked at, so that vectors may be loaded. */
#define S3_READ_SLACK 64

/* How an object is read. */
typedef struct S3ReadPlan
{
	int parts; /* how many are under way at most */
	size_t part_size; /* of the largest part, in bytes */
} S3ReadPlan;

typedef struct S3Reader S3Reader;

typedef enum S3ReadState
{
	S3_READ_MORE, /* there are more bytes than before */
	S3_READ_END, /* there are no more */
	S3_READ_FAILED /* s3_read_error() says why */
} S3ReadState;

extern S3Reader *s3_read_open(const AwsClient *client, const char *bucket, const char *key,
							  const char *expected_owner, const S3ReadPlan *plan);
extern S3ReadState s3_read_first(S3Reader *reader, int64 deadline_ms);
extern bool s3_read_has_answer(const S3Reader *reader);
extern S3ReadState s3_read_more(S3Reader *reader, char **pos, char **end);
extern S3ReadState s3_read_enough(S3Reader *reader, char **pos, char **end);
extern void s3_read_close(S3Reader *reader);

extern const AwsError *s3_read_error(const S3Reader *reader);
extern int64 s3_read_bytes(const S3Reader *reader);
extern int s3_read_parts(const S3Reader *reader);
extern int s3_read_retries(const S3Reader *reader);

#endif /* ATHENA_S3_READ_H */
