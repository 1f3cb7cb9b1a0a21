/*
 * sts.h
 *	  The actions of the STS API that are used.
 */
#ifndef ATHENA_STS_H
#define ATHENA_STS_H

#include "postgres.h"

#include "aws.h"
#include "identity.h"

extern bool sts_get_caller_identity(const AwsClient *client, char **arn, AwsError *error);
extern bool sts_assume_role(const AwsClient *client, const AwsIdentitySpec *role, AwsKeys *keys,
							AwsError *error);
extern bool sts_assume_role_with_web_identity(const AwsClient *client, const char *role_arn,
											  const char *session_name, const char *token,
											  AwsKeys *keys, AwsError *error);

#endif /* ATHENA_STS_H */
