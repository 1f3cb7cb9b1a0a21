/*
 * functions.c
 *	  The SQL-callable functions that run statements and list the catalogue.
 *
 *	athena_query(server, sql)		 rows of a statement that reads
 *	athena_execute(server, sql)		 DDL and DML; the number of rows it changed
 *	athena_databases(server)		 databases of the server's catalogue
 *	athena_tables(server, database)	 tables and views of one database
 *
 * Each takes the name of a server, checks USAGE on it, and acts with the keys
 * of the caller's user mapping.  athena_check() has its own file.
 */
#include "storage/functions.h"

#include "aws/athena.h"
#include "aws/glue.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "query/convert.h"
#include "query/result.h"
#include "storage/storage.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(athena_query);
PG_FUNCTION_INFO_V1(athena_execute);
PG_FUNCTION_INFO_V1(athena_databases);
PG_FUNCTION_INFO_V1(athena_tables);

static QuerySettings *
settings_of(Name server)
{
	return storage_settings(storage_usable_server(NameStr(*server))->serverid, GetUserId());
}

/* Which column is being converted, for errors. */
typedef struct ColumnContext
{
	const char *name;
} ColumnContext;

static void
column_error_context(void *arg)
{
	ColumnContext *context = arg;

	if (context->name)
		errcontext("column \"%s\" of the result of athena_query", context->name);
}

/* The rows of a result into the function's tuplestore. */
static void
store_rows(AthenaResult *result, ReturnSetInfo *rsinfo)
{
	TupleDesc desc = rsinfo->setDesc;
	Converter *converters = palloc(sizeof(Converter) * (desc->natts + 1));
	Datum *values = palloc0(sizeof(Datum) * (desc->natts + 1));
	bool *nulls = palloc(sizeof(bool) * (desc->natts + 1));
	MemoryContext row =
		AllocSetContextCreate(CurrentMemoryContext, "Athena row", ALLOCSET_DEFAULT_SIZES);
	ColumnContext column = {NULL};
	ErrorContextCallback context;
	int i;

	context.callback = column_error_context;
	context.arg = &column;
	context.previous = error_context_stack;
	error_context_stack = &context;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);

		column.name = NameStr(attr->attname);
		converter_init(&converters[i], attr->atttypid, attr->atttypmod);
		converter_check_remote(&converters[i], result->columns[i].type);
	}
	column.name = NULL;
	while (result_next(result))
	{
		MemoryContext caller;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(row);
		caller = MemoryContextSwitchTo(row);
		for (i = 0; i < desc->natts; i++)
		{
			column.name = NameStr(TupleDescAttr(desc, i)->attname);
			nulls[i] = result->values[i].data == NULL;
			if (!nulls[i])
				values[i] = convert_value(&converters[i], &result->values[i]);
		}
		column.name = NULL;
		MemoryContextSwitchTo(caller);
		tuplestore_putvalues(rsinfo->setResult, desc, values, nulls);
	}
	error_context_stack = context.previous;
	MemoryContextDelete(row);
}

/*
 * athena_query(server name, sql text) returns setof record
 *
 * Runs a statement that only reads (SELECT, SHOW, DESCRIBE, EXPLAIN) and
 * returns its rows; the caller names the columns.  What may write is for
 * athena_execute(), which not everybody may call.
 */
Datum
athena_query(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	QuerySettings *settings = settings_of(PG_GETARG_NAME(0));
	char *sql = text_to_cstring(PG_GETARG_TEXT_PP(1));
	AthenaQuery *query;
	AthenaResult *result;

	if (!storage_only_reads(sql))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("athena_query runs one statement that only reads"),
						errhint("It begins with SELECT, WITH, VALUES, TABLE, SHOW, DESCRIBE or "
								"EXPLAIN; for others there is athena_execute().")));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	query = query_start(settings, sql);
	query_wait(query);
	result = result_open(query);
	if (result->ncolumns != rsinfo->setDesc->natts)
	{
		StringInfoData names;
		int i;

		initStringInfo(&names);
		for (i = 0; i < result->ncolumns; i++)
			appendStringInfo(&names, "%s%s %s", i ? ", " : "", result->columns[i].name,
							 result->columns[i].type);
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("the statement returns %d columns, but %d are declared",
							   result->ncolumns, rsinfo->setDesc->natts),
						errdetail("It returns (%s).", names.data)));
	}
	store_rows(result, rsinfo);
	query_end(query);
	return (Datum) 0;
}

/*
 * athena_execute(server name, sql text) returns bigint
 *
 * Runs DDL or DML and waits for its end.  Returns the number of rows changed,
 * NULL for statements that have none.
 */
Datum
athena_execute(PG_FUNCTION_ARGS)
{
	QuerySettings *settings = settings_of(PG_GETARG_NAME(0));
	AthenaQuery *query = query_start(settings, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	int64 count;

	query_wait(query);
	count = result_open(query)->update_count;
	query_end(query);
	if (count < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(count);
}

static char *
from_utf8(const char *text)
{
	return pg_any_to_server(text, (int) strlen(text), PG_UTF8);
}

/*
 * athena_databases(server name) returns setof text
 */
Datum
athena_databases(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	QuerySettings *settings = settings_of(PG_GETARG_NAME(0));
	AwsError error;
	List *names;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (!athena_list_databases(settings->client, settings->catalog, &names, &error))
		aws_error_throw(&error);
	foreach (lc, names)
	{
		Datum value = CStringGetTextDatum(from_utf8(lfirst(lc)));
		bool isnull = false;

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}

static void
store_table(const GlueTable *table, void *arg)
{
	ReturnSetInfo *rsinfo = arg;
	Datum values[5];
	bool nulls[5] = {false};

	values[0] = CStringGetTextDatum(from_utf8(table->name));
	values[1] = CStringGetTextDatum(from_utf8(table->kind));
	values[2] = CStringGetTextDatum(table->format);
	values[3] = Int32GetDatum(list_length(table->columns));
	nulls[4] = table->comment[0] == '\0';
	values[4] = nulls[4] ? (Datum) 0 : CStringGetTextDatum(from_utf8(table->comment));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * athena_tables(server name, database text)
 *	returns table (name text, kind text, format text, columns int, comment text)
 */
Datum
athena_tables(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	QuerySettings *settings = settings_of(PG_GETARG_NAME(0));
	char *database = text_to_cstring(PG_GETARG_TEXT_PP(1));
	AwsError error;

	InitMaterializedSRF(fcinfo, 0);
	if (!glue_get_tables(settings->client,
						 pg_server_to_any(database, (int) strlen(database), PG_UTF8), store_table,
						 rsinfo, &error))
		aws_error_throw(&error);
	return (Datum) 0;
}
