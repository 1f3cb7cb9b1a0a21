/*
 * functions.h
 *	  What the SQL-callable functions share.
 */
#ifndef ATHENA_FUNCTIONS_H
#define ATHENA_FUNCTIONS_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/parsenodes.h"

/* import.c */
extern List *athena_import_foreign_schema(ImportForeignSchemaStmt *stmt, Oid serverid);

#endif /* ATHENA_FUNCTIONS_H */
