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
 * What a column of a result is to a column of the descriptor: itself, or a part
 * of which the last one makes the value.
 */
enum RowPart
{
	ROWS_VALUE,
	ROWS_AVERAGE, /* a count, which divides the sum before */
	ROWS_SUM, /* after a sum of squares */
	ROWS_VAR_POP, /* a count, after both */
	ROWS_VAR_SAMP,
	ROWS_STDDEV_POP,
	ROWS_STDDEV_SAMP,
	/* of a state with which PostgreSQL goes on (partial_state.c): */
	ROWS_STATE_SQUARES,
	ROWS_STATE_SUM,
	ROWS_STATE_NUMERIC_AVG, /* the rest are a count, after a sum: numeric_avg_serialize() */
	ROWS_STATE_INT8_AVG, /* int8_avg_serialize() */
	ROWS_STATE_NUMERIC, /* after squares too: numeric_serialize() */
	ROWS_STATE_POLY, /* likewise: numeric_poly_serialize() */
	ROWS_STATE_INT8S, /* bigint[]: count and sum */
	ROWS_STATE_FLOAT8S /* double precision[]: count, sum and more */
};

/* Is it one of a state, with squares? */
#define ROWS_IS_STATE(part) ((part) >= ROWS_STATE_SQUARES)
#define ROWS_HAS_SQUARES(part)                                                                 \
	(((part) >= ROWS_VAR_POP && (part) <= ROWS_STDDEV_SAMP) || (part) == ROWS_STATE_NUMERIC || \
	 (part) == ROWS_STATE_POLY)

/* A part of a column, as one number. */
#define ROWS_COLUMN(part, attnum) ((part) *10000 + (attnum))
#define ROWS_PART(column) ((column) / 10000)
#define ROWS_ATTNUM(column) ((column) % 10000)

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
	int *attnums; /* where each goes in the descriptor */
	enum RowPart *parts; /* as what */
	bool has_parts; /* are there others than ROWS_VALUE? */
	Converter *converters;
	int current; /* the one being converted; -1 for none */
	MemoryContext context; /* of the reader itself */
	MemoryContext row_context;
} RowReader;

extern List *rows_add_columns(List *attrs, int attnum, int finish);
extern Oid rows_column_type(TupleDesc desc, int column, int32 *typmod);
extern RowReader *row_reader_open(AthenaQuery *query, TupleDesc desc, List *attrs, const char *what,
								  const char *name);
extern bool row_reader_next(RowReader *reader, Datum *values, bool *nulls);
extern void row_reader_close(RowReader *reader);

/* partial_state.c */
extern Datum partial_state(enum RowPart part, Datum squares, Datum sum, int64 count);

#endif /* ATHENA_ROWS_H */
