/*
 * sts.h
 *	  The actions of the STS API that are used.
 */
#ifndef ATHENA_STS_H
#define ATHENA_STS_H

#include "postgres.h"

#include "aws.h"

extern bool sts_get_caller_identity(const AwsClient *client, char **arn, AwsError *error);

#endif /* ATHENA_STS_H */
