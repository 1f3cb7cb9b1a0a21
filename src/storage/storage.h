/*
 * storage.h
 *	  One Athena storage: a server and a user mapping, and what they say.
 */
#ifndef ATHENA_STORAGE_H
#define ATHENA_STORAGE_H

#include "postgres.h"

#include "aws/identity.h"
#include "foreign/foreign.h"
#include "nodes/pg_list.h"
#include "query/query.h"

/* The catalogue of a server that names none: Glue's. */
#define DEFAULT_CATALOG "AwsDataCatalog"

/* What a user mapping says about keys. */
typedef struct Credentials
{
	bool has_mapping; /* is there a user mapping at all? */
	bool is_public; /* is it the one of PUBLIC? */
	bool server_allowed; /* server_credentials_allowed */
	bool assume_role; /* credentials is 'assume_role' */
	AwsIdentitySpec spec;
} Credentials;

/* How ANALYZE finds out about a table. */
typedef enum AnalyzeMethod
{
	ANALYZE_SAMPLE, /* a random sample, which is read and billed */
	ANALYZE_CATALOG, /* what the catalogue knows, which is free */
	ANALYZE_OFF
} AnalyzeMethod;

/* What a foreign table's options say; see storage_table(). */
typedef struct TableOptions
{
	const char *catalog; /* NULL: the server's */
	const char *database; /* NULL: none is set anywhere */
	const char *table; /* the foreign table's own name by default */
	const char *query; /* NULL unless the table stands for a statement */
	double rows; /* estimate; -1 if there is none */
	AnalyzeMethod analyze_method;
	int64 analyze_max_bytes; /* that a sample may scan */
	FetchMode fetch_mode; /* how results are read */
	bool remote_estimate; /* ask Athena while planning */
} TableOptions;

/* What a column's options say. */
typedef struct ColumnOptions
{
	const char *name; /* in Athena */
	const char *remote_type; /* NULL if it is not said */
} ColumnOptions;

/* options.c */
extern void options_validate(List *options, Oid catalog);
extern const char *options_get(List *options, const char *name);
extern bool options_bool(const char *value);
extern int64 options_bytes(const char *value);
extern FetchMode options_fetch_mode(const char *value);
extern TableOptions *storage_table(Oid relid);
extern ColumnOptions storage_column(Oid relid, AttrNumber attnum);
extern char *storage_strip_query(const char *sql, const char **error);
extern bool storage_only_reads(const char *sql);
extern char *storage_output_bucket(ForeignServer *server, char **prefix);

/* remote.c */
extern char *remote_from_utf8(const char *text);
extern char *remote_to_utf8(const char *text);
extern const char *remote_identifier(const char *name);
extern char *remote_relation(Oid relid);
extern char *remote_column_to_read(Oid relid, AttrNumber attnum, const char *text);
extern char *remote_select(Oid relid, List *attrs, const char *what);

/* settings.c */
extern QuerySettings *storage_settings(Oid serverid, Oid userid);
extern QuerySettings *storage_settings_for_table(Oid relid, Oid userid);
extern bool storage_gaps(ForeignServer *server, Oid userid, char **missing, char **hint);
extern ForeignServer *storage_usable_server(const char *name);
extern bool storage_is_ours(Oid relid);
extern bool storage_server_is_ours(const ForeignServer *server);

/* credentials.c */
extern void credentials_find(ForeignServer *server, Oid userid, Credentials *credentials);
extern void credentials_check(ForeignServer *server, Oid userid, const Credentials *credentials);
extern char *credentials_masked(const char *access_key_id);

#endif /* ATHENA_STORAGE_H */
