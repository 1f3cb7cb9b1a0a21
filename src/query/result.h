/*
 * result.h
 *	  The rows of a query that has succeeded, as text values (text_value.h).
 */
#ifndef ATHENA_RESULT_H
#define ATHENA_RESULT_H

#include "postgres.h"

#include "query/query.h"
#include "query/text_value.h"

typedef struct ResultColumn
{
	char *name;
	char *type; /* as ColumnInfo spells it: varchar, timestamp with time zone */
	int precision; /* of a decimal; the length of char and varchar */
	int scale;
	ValueForm form; /* of its values */
} ResultColumn;

/*
 * Rows are read one after the other; values[] holds the current one and is
 * overwritten by the next.  The result lives in its own child of the query's
 * memory context.
 */
typedef struct AthenaResult
{
	AthenaQuery *query;
	MemoryContext context;
	int ncolumns;
	ResultColumn *columns;
	TextValue *values;
	int64 update_count; /* -1 if the statement has none */
	bool plain; /* is it known that the row is ASCII without NUL? */
	bool has_numbers; /* are values of some columns no texts? */
	/* of the reader: wait for what was asked for, false if it cannot be read; and so on */
	bool (*open)(struct AthenaResult *result);
	bool (*has_answer)(const struct AthenaResult *result);
	bool (*next)(struct AthenaResult *result);
	void *reader;
} AthenaResult;

/* Settings athena_fdw.fetch_parts and athena_fdw.fetch_part_size (kilobytes). */
extern int result_fetch_parts;
extern int result_fetch_part_size;

extern void result_prepare(AthenaQuery *query);
extern bool result_is_near(const AthenaQuery *query);
extern AthenaResult *result_open(AthenaQuery *query);
extern bool result_next(AthenaResult *result);
extern void result_close(AthenaResult *result);

/* ---------- for the readers ---------- */

extern void result_set_columns(AthenaResult *result, int ncolumns);
extern bool result_has_header(const AthenaQuery *query);
extern void result_pages_begin(AthenaResult *result);
extern void result_unload_begin(AthenaResult *result);
extern bool result_csv_begin(AthenaResult *result);

#endif /* ATHENA_RESULT_H */
