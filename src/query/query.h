/*
 * query.h
 *	  The life of one Athena query: started, awaited, ended.
 */
#ifndef ATHENA_QUERY_H
#define ATHENA_QUERY_H

#include "postgres.h"

#include "aws/athena.h"
#include "lib/ilist.h"
#include "query/history.h"
#include "utils/resowner.h"

/* How results are read: option fetch_mode. */
typedef enum FetchMode
{
	FETCH_AUTO, /* from the object in S3, else by pages */
	FETCH_PAGES,
	FETCH_S3, /* or not at all */
	FETCH_UNLOAD /* from files that an UNLOAD writes, where the order does not matter */
} FetchMode;

#define QUERY_NOTE_LEN 200

/*
 * Everything about the storage that running a query needs.  Made by
 * storage/settings.c; copied into the query, so that ending it looks nothing up.
 */
typedef struct QuerySettings
{
	const char *server_name;
	Oid server_id;
	Oid user_id; /* whose rights and keys */
	AwsClient *client;
	const char *catalog; /* never NULL */
	const char *database; /* NULL for none */
	const char *workgroup; /* NULL for the account's primary one */
	const char *output_location; /* s3://bucket/prefix/; NULL: the workgroup's */
	const char *encryption; /* NULL: the bucket's own */
	const char *kms_key;
	const char *expected_bucket_owner;
	const char *acl;
	int64 max_bytes_scanned; /* the server's limit; 0 for none */
	bool for_analyze; /* the limit is that of ANALYZE */
	int query_timeout_ms; /* 0 for none */
	FetchMode fetch_mode;
	int fetch_size; /* rows a page */
	int reuse_minutes; /* 0 for no reuse */
	bool keep_results;
} QuerySettings;

typedef enum QueryPhase
{
	QUERY_STARTING, /* StartQueryExecution may be under way */
	QUERY_RUNNING, /* it has an id, and costs money until it ends */
	QUERY_ENDED /* SUCCEEDED, FAILED or CANCELLED */
} QueryPhase;

/*
 * One query.  Lives in its own memory context and belongs to the resource
 * owner that was current at its start: whatever ends that owner ends the
 * query at Athena as well.
 */
typedef struct AthenaQuery
{
	dlist_node node; /* in the list of this backend's queries */
	MemoryContext context;
	ResourceOwner owner;
	QuerySettings settings;
	char *sql; /* in the database's encoding, for messages */
	QueryPhase phase;
	AwsCall *start_call;
	char id[ATHENA_ID_LEN];
	AthenaExecution execution; /* as last seen */
	char *result_bucket; /* what to delete at the end; NULL for nothing */
	char *result_key;
	QueryRecord *record; /* in the session's history; NULL once it is closed */
	struct AthenaResult *prepared; /* of result.c: asked for, and not yet opened */
	QueryTrouble trouble;
	AwsError error; /* of a call, with which it ended for us; kind AWS_OK for none */

	/* of unload.c; NULL and 0 unless it is one */
	char *unload_bucket;
	char *unload_prefix; /* the directory of its files */
	int unload_columns;
	bool unload_native; /* are some of them no texts? */
	char **unload_files; /* keys; NULL before the manifest was read */
	int unload_nfiles;
	char *unload_manifest; /* key of what is to be deleted as well */

	/* of poll.c; times by http_now_ms() */
	int64 started_ms; /* when StartQueryExecution was sent */
	int64 next_poll_ms;
	struct Poll *poll; /* that is under way; NULL for none */
	bool poll_alone; /* not together with others */
	bool limits_due; /* its state is new: has it exceeded a limit? */

	/* what EXPLAIN shows */
	const char *reader; /* "pages" or "s3"; NULL before a result was opened */
	char no_object[QUERY_NOTE_LEN]; /* why the object in S3 is not read, or "" */
	int64 pages;
	int parts; /* of the object, or of all files */
	int files; /* of an UNLOAD */
	int64 rows;
	int64 bytes_fetched;
	int retries;
} AthenaQuery;

/* Setting athena_fdw.cancel_timeout, in milliseconds. */
extern int query_cancel_timeout;

extern AthenaQuery *query_begin(const QuerySettings *settings, const char *sql);
extern AthenaQuery *query_start(const QuerySettings *settings, const char *sql);
extern int64 query_progress(void);
extern bool query_is_over(const AthenaQuery *query);
extern int query_count_running(void);
extern void query_await(AthenaQuery *query);
extern void query_wait(AthenaQuery *query);
extern void query_end(AthenaQuery *query);
extern bool query_run_again(AthenaQuery *query, const AwsError *error);
extern void query_note_error(AthenaQuery *query, const AwsError *error);
extern void query_note_result_object(AthenaQuery *query);

extern char *query_new_token(void);

/* failure.c */
extern _Noreturn void query_throw_failure(AthenaQuery *query);
extern bool query_was_refused(const AthenaQuery *query);

#endif /* ATHENA_QUERY_H */
