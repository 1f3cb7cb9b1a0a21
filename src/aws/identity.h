/*
 * identity.h
 *	  The keys that requests are signed with: where they come from, how long
 *	  they last, and their renewal.
 */
#ifndef ATHENA_IDENTITY_H
#define ATHENA_IDENTITY_H

#include "postgres.h"

#include <time.h>

#include "aws.h"

/* A key pair; all strings belong to one memory context. */
typedef struct AwsKeys
{
	char *access_key_id;
	char *secret_access_key;
	char *session_token; /* NULL with a permanent key */
	time_t expires; /* 0: never */
} AwsKeys;

typedef enum AwsKeySource
{
	AWS_KEYS_STATIC, /* given with the spec */
	AWS_KEYS_ENVIRONMENT, /* AWS_ACCESS_KEY_ID and its like */
	AWS_KEYS_PROFILE, /* ~/.aws/credentials and ~/.aws/config */
	AWS_KEYS_WEB_IDENTITY, /* a token file, exchanged at STS */
	AWS_KEYS_CONTAINER, /* ECS and EKS */
	AWS_KEYS_INSTANCE, /* EC2's metadata service, version 2 */
	AWS_KEYS_DEFAULT /* the first of these that is there, but the first */
} AwsKeySource;

/* Where keys come from.  NULL where something is not said. */
typedef struct AwsIdentitySpec
{
	AwsKeySource source;
	const char *access_key_id; /* AWS_KEYS_STATIC */
	const char *secret_access_key;
	const char *session_token;
	const char *profile; /* else AWS_PROFILE, else "default" */
	const char *token_file; /* else AWS_WEB_IDENTITY_TOKEN_FILE */
	const char *web_role_arn; /* else AWS_ROLE_ARN */
	bool allow_process; /* may a profile's credential_process be run? */
	const char *role_arn; /* a role to assume with the keys found */
	const char *external_id;
	const char *session_name;
	int duration_s; /* 0: STS's default, one hour */
} AwsIdentitySpec;

extern AwsIdentity *identity_get(const AwsIdentitySpec *spec, const AwsClient *client);
extern AwsIdentity *identity_of_keys(const AwsKeys *keys);
extern void identity_hold(AwsIdentity *identity);
extern void identity_make_ready(AwsIdentity *identity);
extern bool identity_renew(AwsIdentity *identity, int64 refused);
extern int64 identity_generation(const AwsIdentity *identity);
extern const AwsKeys *identity_keys(const AwsIdentity *identity);
extern const char *identity_origin(const AwsIdentity *identity);

/* key_sources.c */
extern void keys_fetch(const AwsIdentitySpec *spec, const AwsClient *client, AwsKeys *keys,
					   char **origin);
extern bool keys_from_environment(AwsKeys *keys, char **origin);
extern bool keys_from_container(AwsKeys *keys, char **origin);
extern bool keys_from_instance(AwsKeys *keys, char **origin);
extern bool keys_from_web_identity(const AwsClient *client, const char *token_file,
								   const char *role_arn, const char *session_name, AwsKeys *keys,
								   char **origin);
extern void keys_assume_role(const AwsClient *client, const AwsIdentitySpec *role, AwsKeys *keys,
							 char **origin);
extern void keys_parse(const char *text, size_t len, const char *whence, const char *token_member,
					   AwsKeys *keys);
extern char *keys_read_file(const char *path, const char *what, bool missing_ok);

/* key_profile.c */
extern bool keys_from_profile(const AwsIdentitySpec *spec, const AwsClient *client, bool must,
							  AwsKeys *keys, char **origin);

/* key_process.c */
extern char *keys_run_process(const char *command, size_t *len);

#endif /* ATHENA_IDENTITY_H */
