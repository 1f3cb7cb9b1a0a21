/*
 * athena.h
 *	  The actions of the Athena API that are used, one function each.
 *
 * Functions that return bool leave their error in *error and throw only on
 * interrupts.  Strings they return are palloc'd.
 */
#ifndef ATHENA_ATHENA_H
#define ATHENA_ATHENA_H

#include "postgres.h"

#include "aws.h"
#include "nodes/pg_list.h"

#define ATHENA_ID_LEN 64
#define ATHENA_MAX_STATEMENT 262144 /* bytes of UTF-8 */

/* StartQueryExecution's parameters; NULL or 0 leaves one out. */
typedef struct AthenaStart
{
	const char *sql; /* UTF-8 */
	const char *token; /* ClientRequestToken */
	const char *catalog;
	const char *database;
	const char *workgroup;
	const char *output_location; /* s3://bucket/prefix/ */
	const char *encryption; /* SSE_S3, SSE_KMS, CSE_KMS */
	const char *kms_key;
	const char *expected_bucket_owner;
	const char *acl; /* BUCKET_OWNER_FULL_CONTROL */
	int reuse_minutes;
} AthenaStart;

typedef enum AthenaState
{
	ATHENA_QUEUED,
	ATHENA_RUNNING,
	ATHENA_SUCCEEDED,
	ATHENA_FAILED,
	ATHENA_CANCELLED
} AthenaState;

#define ATHENA_MAX_BATCH 50 /* ids of a BatchGetQueryExecution */

/* What GetQueryExecution tells; -1 where it does not. */
typedef struct AthenaExecution
{
	char id[ATHENA_ID_LEN];
	AthenaState state;
	bool is_dml; /* StatementType is DML */
	char substatement[40];
	char *reason; /* StateChangeReason, else the error's own text; never NULL */
	int error_category;
	int error_type;
	int64 bytes_scanned;
	int64 queue_ms;
	int64 planning_ms;
	int64 engine_ms;
	int64 total_ms;
	bool reused;
	char *output_location; /* of the result object; "" if there is none */
	char *manifest_location; /* of the list of files that were written; likewise */
} AthenaExecution;

typedef struct AthenaWorkgroup
{
	char *state;
	char *engine_version;
	char *output_location; /* "" if there is none */
	char *encryption; /* "" if it does not say */
	bool enforced; /* its own settings go before those of a query */
	bool managed; /* keeps results itself: no bucket, pages only */
	bool requester_pays;
	int64 cutoff; /* bytes that a query may scan; -1 for no limit */
} AthenaWorkgroup;

typedef struct AthenaCatalog
{
	char *name;
	char *type; /* GLUE, LAMBDA, HIVE, FEDERATED */
} AthenaCatalog;

extern AwsCall *athena_start_query(const AwsClient *client, const AthenaStart *start);
extern bool athena_start_query_id(AwsCall *call, char id[ATHENA_ID_LEN]);
extern AwsCall *athena_stop_query(const AwsClient *client, const char *id);
extern bool athena_stop_query_now(const AwsClient *client, const char *id, AwsError *error);
extern bool athena_get_query_execution(const AwsClient *client, const char *id,
									   AthenaExecution *execution, AwsError *error);
extern AwsCall *athena_get_query_executions(const AwsClient *client, const char *const *ids, int n);
extern bool athena_read_executions(AwsCall *call, List **executions);
extern AwsCall *athena_get_query_results(const AwsClient *client, const char *id, int max_results,
										 const char *next_token);
extern bool athena_get_work_group(const AwsClient *client, const char *name,
								  AthenaWorkgroup *workgroup, AwsError *error);
extern bool athena_list_catalogs(const AwsClient *client, List **catalogs, AwsError *error);
extern bool athena_get_catalog(const AwsClient *client, const char *name, AthenaCatalog *catalog,
							   AwsError *error);
extern bool athena_get_database(const AwsClient *client, const char *catalog, const char *name,
								AwsError *error);
extern bool athena_batch_get(const AwsClient *client, const char *id, AwsError *error);
extern bool athena_list_databases(const AwsClient *client, const char *catalog, List **names,
								  AwsError *error);

#endif /* ATHENA_ATHENA_H */
