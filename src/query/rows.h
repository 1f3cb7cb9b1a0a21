/*
 * rows.h
 *	  The rows of a result as Datums of given types.
 */
#ifndef ATHENA_ROWS_H
#define ATHENA_ROWS_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "nodes/pg_list.h"
#include "query/convert.h"
#include "query/result.h"

/*
 * Reads a result into columns of a tuple descriptor.  Values live in
 * row_context, which is reset before each row.  While it works, errors say
 * which column of what they are about.
 */
typedef struct RowReader
{
	AthenaResult *result;
	TupleDesc desc;
	const char *what; /* "foreign table" and the like */
	const char *name;
	int n; /* columns read */
	AttrNumber *attrs; /* where each goes in the descriptor; -n: what is there is divided by it */
	Converter *converters;
	int current; /* the one being converted; -1 for none */
	MemoryContext context; /* of the reader itself */
	MemoryContext row_context;
} RowReader;

extern RowReader *row_reader_open(AthenaQuery *query, TupleDesc desc, List *attrs, const char *what,
								  const char *name);
extern bool row_reader_next(RowReader *reader, Datum *values, bool *nulls);
extern void row_reader_close(RowReader *reader);

#endif /* ATHENA_ROWS_H */
