/*
 * unload.h
 *	  Queries whose rows Athena writes as files: statement, and removal.
 */
#ifndef ATHENA_UNLOAD_H
#define ATHENA_UNLOAD_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "nodes/pg_list.h"
#include "query/query.h"

/* Where all of them lie below the output location. */
#define UNLOAD_DIRECTORY "athena_fdw_unload/"

/* Setting athena_fdw.unload_size, in megabytes; -1 for never. */
extern int unload_size;

extern bool unload_is_wanted(const QuerySettings *settings, double bytes);
extern AthenaQuery *unload_begin(const QuerySettings *settings, const char *sql, TupleDesc desc,
								 List *attrs, bool native);
extern void unload_remove_quietly(AthenaQuery *query, int64 deadline);

#endif /* ATHENA_UNLOAD_H */
