/*
 * s3.h
 *	  The actions of the S3 API that are used.
 */
#ifndef ATHENA_S3_H
#define ATHENA_S3_H

#include "postgres.h"

#include <time.h>

#include "aws.h"

/* One object of a listing. */
typedef struct S3Object
{
	char *key;
	int64 size; /* bytes */
	time_t modified;
} S3Object;

/* Called for each object; false ends the listing. */
typedef bool (*S3ObjectCallback)(const S3Object *object, void *arg);

extern bool s3_parse_url(const char *url, char **bucket, char **key);
extern bool s3_get_bucket_location(const AwsClient *client, const char *bucket,
								   const char *expected_owner, char **region, AwsError *error);
extern bool s3_put_object(const AwsClient *client, const char *bucket, const char *key,
						  const char *body, const char *expected_owner, AwsError *error);
extern char *s3_get_object(const AwsClient *client, const char *bucket, const char *key,
						   const char *expected_owner, size_t max, size_t *len, AwsError *error);
extern AwsCall *s3_begin_get_object(const AwsClient *client, const char *bucket, const char *key,
									const char *expected_owner, size_t max);
extern AwsCall *s3_get_object_part(const AwsClient *client, const char *bucket, const char *key,
								   const char *expected_owner, HttpSink *sink);
extern AwsCall *s3_delete_object(const AwsClient *client, const char *bucket, const char *key,
								 const char *expected_owner);
extern bool s3_list_objects(const AwsClient *client, const char *bucket, const char *prefix,
							bool deep, const char *expected_owner, S3ObjectCallback callback,
							void *arg, AwsError *error);
extern bool s3_list_quietly(const AwsClient *client, const char *bucket, const char *prefix,
							const char *expected_owner, int64 deadline_ms,
							S3ObjectCallback callback, void *arg);
extern bool s3_create_multipart_upload(const AwsClient *client, const char *bucket, const char *key,
									   const char *expected_owner, char **upload, AwsError *error);
extern bool s3_list_parts(const AwsClient *client, const char *bucket, const char *key,
						  const char *upload, const char *expected_owner, AwsError *error);
extern bool s3_abort_multipart_upload(const AwsClient *client, const char *bucket, const char *key,
									  const char *upload, const char *expected_owner,
									  AwsError *error);
extern bool s3_list_multipart_uploads(const AwsClient *client, const char *bucket,
									  const char *expected_owner, AwsError *error);

#endif /* ATHENA_S3_H */
