/*
 * discover.h
 *	  What lies in a catalogue: its databases, tables and columns.
 */
#ifndef ATHENA_DISCOVER_H
#define ATHENA_DISCOVER_H

#include "postgres.h"

#include "aws/glue.h"
#include "query/query.h"

extern bool discover_is_glue(const char *catalog);
extern char *discover_name(const char *name);
extern void discover_tables(const QuerySettings *settings, const char *database,
							GlueTableCallback callback, void *arg);
extern bool discover_table(const QuerySettings *settings, const char *database, const char *name,
						   GlueTable *table);
extern List *discover_query(const QuerySettings *settings, const char *sql);

#endif /* ATHENA_DISCOVER_H */
