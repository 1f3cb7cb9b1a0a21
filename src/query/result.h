/*
 * result.h
 *	  The rows of a query that has succeeded, as text values.
 */
#ifndef ATHENA_RESULT_H
#define ATHENA_RESULT_H

#include "postgres.h"

#include "query/page_scan.h"
#include "query/query.h"

typedef struct ResultColumn
{
	char *name;
	char *type; /* as ColumnInfo spells it: varchar, timestamp with time zone */
	int precision; /* of a decimal; the length of char and varchar */
	int scale;
} ResultColumn;

/*
 * Rows are read one after the other; values[] holds the current one and is
 * overwritten by the next.  The result lives in its own child of the query's
 * memory context.
 */
typedef struct AthenaResult
{
	AthenaQuery *query;
	int ncolumns;
	ResultColumn *columns;
	PageValue *values;
	int64 update_count; /* -1 if the statement has none */
	struct PageReader *reader;
} AthenaResult;

extern AthenaResult *result_open(AthenaQuery *query);
extern bool result_next(AthenaResult *result);
extern void result_close(AthenaResult *result);

#endif /* ATHENA_RESULT_H */
