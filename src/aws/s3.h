/*
 * s3.h
 *	  The actions of the S3 API that are used.
 */
#ifndef ATHENA_S3_H
#define ATHENA_S3_H

#include "postgres.h"

#include "aws.h"

extern bool s3_parse_url(const char *url, char **bucket, char **key);
extern bool s3_get_bucket_location(const AwsClient *client, const char *bucket,
								   const char *expected_owner, char **region, AwsError *error);
extern AwsCall *s3_delete_object(const AwsClient *client, const char *bucket, const char *key,
								 const char *expected_owner);

#endif /* ATHENA_S3_H */
