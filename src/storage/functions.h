/*
 * functions.h
 *	  What the SQL-callable functions share.
 */
#ifndef ATHENA_FUNCTIONS_H
#define ATHENA_FUNCTIONS_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "query/query.h"

/* functions.c */
extern QuerySettings *functions_settings(Name server);
extern List *functions_oids(const char *sql, Oid argument);

/* import.c */
extern List *athena_import_foreign_schema(ImportForeignSchemaStmt *stmt, Oid serverid);

/* drift.c */
extern int drift_count(Oid relid, char **what);

#endif /* ATHENA_FUNCTIONS_H */
