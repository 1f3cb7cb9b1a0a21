/*
 * rows.c
 *	  The rows of a result as Datums of given types.
 *
 * Joins result.h, which gives texts, and convert.h, which reads them.  Used by
 * scans, by ANALYZE and by athena_query().
 */
#include "query/rows.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

static void
row_error_context(void *arg)
{
	RowReader *reader = arg;

	if (reader->current >= 0)
		errcontext(
			"column \"%s\" of %s \"%s\"",
			NameStr(TupleDescAttr(reader->desc, reader->attnums[reader->current] - 1)->attname),
			reader->what, reader->name);
}

/* The result must have as many columns as are asked for, in readable types. */
static void
check_columns(RowReader *reader)
{
	AthenaResult *result = reader->result;
	int expected = Max(reader->n, 1); /* no column is asked for as 1 */
	StringInfoData names;
	int i;

	if (result->ncolumns == expected)
	{
		for (i = 0; i < reader->n; i++)
		{
			reader->current = i;
			converter_check_remote(&reader->converters[i], result->columns[i].type);
		}
		reader->current = -1;
		return;
	}
	initStringInfo(&names);
	for (i = 0; i < result->ncolumns; i++)
		appendStringInfo(&names, "%s%s %s", i ? ", " : "", result->columns[i].name,
						 result->columns[i].type);
	ereport(ERROR, (errcode(ERRCODE_FDW_INCONSISTENT_DESCRIPTOR_INFORMATION),
					errmsg("Athena's result has %d columns, not %d", result->ncolumns, expected),
					errdetail("It has (%s).  Query Execution ID %s.", aws_text_to_show(names.data),
							  result->query->id)));
}

/* What is an average: a sum, divided by a count as PostgreSQL's own avg() does. */
static Datum
divide(Datum sum, Datum count)
{
	return DirectFunctionCall2(numeric_div, sum, count);
}

static bool
is_positive(Datum number)
{
	return DatumGetBool(DirectFunctionCall2(numeric_gt, number,
											DirectFunctionCall1(int4_numeric, Int32GetDatum(0))));
}

/*
 * A variance or a standard deviation from sums, as numeric.c computes it
 * (numeric_stddev_internal): (n * squares - sum^2) / (n * (n - 1)), and the root
 * of that with as many digits.  False for NULL.
 */
static bool
deviation(enum RowPart part, Datum squares, Datum sum, Datum count, Datum *result)
{
	bool sample = part == ROWS_VAR_SAMP || part == ROWS_STDDEV_SAMP;
	Datum one = DirectFunctionCall1(int4_numeric, Int32GetDatum(1));
	Datum others = sample ? DirectFunctionCall2(numeric_sub, count, one) : count;
	Datum above = DirectFunctionCall2(numeric_sub, DirectFunctionCall2(numeric_mul, count, squares),
									  DirectFunctionCall2(numeric_mul, sum, sum));
	Datum scale;

	if (!is_positive(others))
		return false;
	if (!is_positive(above))
	{
		*result = DirectFunctionCall1(int4_numeric, Int32GetDatum(0));
		return true;
	}
	*result = divide(above, DirectFunctionCall2(numeric_mul, count, others));
	if (part == ROWS_VAR_POP || part == ROWS_VAR_SAMP)
		return true;
	/* numeric_sqrt() takes its digits from its argument; with many more it rounds as the other */
	scale = DirectFunctionCall1(numeric_scale, *result);
	*result = DirectFunctionCall2(numeric_round, *result, Int32GetDatum(DatumGetInt32(scale) + 30));
	*result = DirectFunctionCall1(numeric_sqrt, *result);
	*result = DirectFunctionCall2(numeric_round, *result, scale);
	return true;
}

/* Add the columns of a result that make a column of the descriptor; finish is 0 for one alone. */
List *
rows_add_columns(List *attrs, int attnum, int finish)
{
	if (finish == ROWS_VALUE)
		return lappend_int(attrs, attnum);
	if (ROWS_IS_STATE(finish))
	{
		if (ROWS_HAS_SQUARES(finish))
			attrs = lappend_int(attrs, ROWS_COLUMN(ROWS_STATE_SQUARES, attnum));
		attrs = lappend_int(attrs, ROWS_COLUMN(ROWS_STATE_SUM, attnum));
	}
	else
	{
		/* the sum of an average, or the squares of a deviation */
		attrs = lappend_int(attrs, attnum);
		if (ROWS_HAS_SQUARES(finish))
			attrs = lappend_int(attrs, ROWS_COLUMN(ROWS_SUM, attnum));
	}
	return lappend_int(attrs, ROWS_COLUMN(finish, attnum));
}

/* As what type is a column of a result read?  One that makes a state has another than that. */
Oid
rows_column_type(TupleDesc desc, int column, int32 *typmod)
{
	Form_pg_attribute attr = TupleDescAttr(desc, ROWS_ATTNUM(column) - 1);
	enum RowPart part = ROWS_PART(column);

	*typmod = ROWS_IS_STATE(part) ? -1 : attr->atttypmod;
	if (!ROWS_IS_STATE(part))
		return attr->atttypid;
	if (part == ROWS_STATE_SQUARES || part == ROWS_STATE_SUM)
		return attr->atttypid == FLOAT8ARRAYOID ? FLOAT8OID : NUMERICOID;
	return INT8OID;
}

/*
 * Begin to read the rows of a query that has succeeded.  attrs are the
 * attribute numbers of desc that its columns are, in their order, or parts of
 * them (ROWS_COLUMN).  The reader lives in a child of the current memory context, the result in the query's.
 */
RowReader *
row_reader_open(AthenaQuery *query, TupleDesc desc, List *attrs, const char *what, const char *name)
{
	MemoryContext own =
		AllocSetContextCreate(CurrentMemoryContext, "Athena rows", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(own);
	RowReader *reader = palloc0(sizeof(RowReader));
	ErrorContextCallback context;
	ListCell *lc;

	reader->context = own;
	reader->desc = desc;
	reader->what = what;
	reader->name = name;
	reader->n = list_length(attrs);
	reader->attnums = palloc(sizeof(int) * (reader->n + 1));
	reader->parts = palloc(sizeof(enum RowPart) * (reader->n + 1));
	reader->converters = palloc(sizeof(Converter) * (reader->n + 1));
	reader->current = -1;
	reader->row_context = AllocSetContextCreate(own, "Athena row", ALLOCSET_DEFAULT_SIZES);
	foreach (lc, attrs)
	{
		int i = foreach_current_index(lc);
		int32 typmod;
		Oid type = rows_column_type(desc, lfirst_int(lc), &typmod);

		reader->attnums[i] = ROWS_ATTNUM(lfirst_int(lc));
		reader->parts[i] = ROWS_PART(lfirst_int(lc));
		reader->has_parts |= reader->parts[i] != ROWS_VALUE;
		converter_init(&reader->converters[i], type, typmod);
		reader->converters[i].in_place = true;
	}
	reader->result = result_open(query);

	context.callback = row_error_context;
	context.arg = reader;
	context.previous = error_context_stack;
	error_context_stack = &context;
	check_columns(reader);
	error_context_stack = context.previous;
	MemoryContextSwitchTo(caller);
	return reader;
}

/* The values of a row that are texts, each a column of the descriptor: nearly all rows are such. */
static void
read_texts(RowReader *reader, Datum *values, bool *nulls)
{
	const TextValue *value = reader->result->values;
	const int *attnum = reader->attnums;
	Converter *converter = reader->converters;
	bool plain = reader->result->plain;
	int i;

	for (i = 0; i < reader->n; i++, value++, attnum++, converter++)
	{
		if (value->data == NULL)
			continue;
		nulls[*attnum - 1] = false;
		if (plain && convert_short_text(converter, value, &values[*attnum - 1]))
			continue;
		reader->current = i;
		values[*attnum - 1] = convert_value(converter, value);
	}
}

/* The same where values are numbers, or several make a column of the descriptor. */
static void
read_values(RowReader *reader, Datum *values, bool *nulls)
{
	const ResultColumn *columns = reader->result->columns;
	Datum squares = (Datum) 0;
	Datum sum = (Datum) 0;
	bool has_sum = false;
	int i;

	for (i = 0; i < reader->n; i++)
	{
		TextValue *value = &reader->result->values[i];
		enum RowPart part = reader->parts[i];
		int at = reader->attnums[i] - 1;
		Datum datum;

		has_sum &= part != ROWS_STATE_SUM;
		if (value->data == NULL || (part != ROWS_VALUE && !ROWS_IS_STATE(part) && nulls[at]))
			continue;
		reader->current = i;
		datum = columns[i].form == VALUE_TEXT ? convert_value(&reader->converters[i], value) :
												convert_native(&reader->converters[i], value,
															   columns[i].form, columns[i].scale);
		if (part == ROWS_VALUE)
		{
			values[at] = datum;
			nulls[at] = false;
			continue;
		}
		switch (part)
		{
			case ROWS_AVERAGE:
				values[at] = divide(values[at], datum);
				break;
			case ROWS_SUM:
				sum = datum;
				break;
			case ROWS_STATE_SQUARES:
				squares = datum;
				break;
			case ROWS_STATE_SUM:
				sum = datum;
				has_sum = true;
				break;
			case ROWS_STATE_NUMERIC_AVG:
			case ROWS_STATE_INT8_AVG:
			case ROWS_STATE_NUMERIC:
			case ROWS_STATE_POLY:
			case ROWS_STATE_INT8S:
			case ROWS_STATE_FLOAT8S:
				/* of no rows there is no state */
				if (has_sum)
					values[at] = partial_state(part, squares, sum, DatumGetInt64(datum));
				nulls[at] = !has_sum;
				break;
			default:
				nulls[at] = !deviation(part, values[at], sum, datum, &values[at]);
				break;
		}
	}
}

/*
 * Read the next row into arrays as wide as the descriptor; columns that are
 * not read are NULL.  False after the last row.  Values stay until the next one.
 */
bool
row_reader_next(RowReader *reader, Datum *values, bool *nulls)
{
	ErrorContextCallback context;
	MemoryContext caller;

	if (!result_next(reader->result))
		return false;

	context.callback = row_error_context;
	context.arg = reader;
	context.previous = error_context_stack;
	error_context_stack = &context;

	MemoryContextReset(reader->row_context);
	caller = MemoryContextSwitchTo(reader->row_context);
	memset(nulls, true, sizeof(bool) * reader->desc->natts);
	if (reader->has_parts || reader->result->has_numbers)
		read_values(reader, values, nulls);
	else
		read_texts(reader, values, nulls);
	reader->current = -1;
	MemoryContextSwitchTo(caller);
	error_context_stack = context.previous;
	return true;
}

/* Forget the result; the query goes on being its owner's. */
void
row_reader_close(RowReader *reader)
{
	result_close(reader->result);
	MemoryContextDelete(reader->context);
}
