/*
 * functions.c
 *	  The SQL-callable functions that run statements and list the catalogue.
 *
 *	athena_query(server, sql)		 rows of a statement that reads
 *	athena_execute(server, sql)		 DDL and DML; the number of rows it changed
 *	athena_catalogs(server)			 the account's catalogues
 *	athena_databases(server)		 databases of a catalogue
 *	athena_tables(server, database)	 tables and views of one database
 *	athena_columns(server, database, table)
 *
 * Each takes the name of a server, checks USAGE on it, and acts with the keys
 * of the caller's user mapping.  Checking, describing, comparing and cleaning
 * have files of their own.
 */
#include "storage/functions.h"

#include "aws/athena.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "query/rows.h"
#include "storage/declare.h"
#include "storage/discover.h"
#include "storage/storage.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(athena_query);
PG_FUNCTION_INFO_V1(athena_execute);
PG_FUNCTION_INFO_V1(athena_catalogs);
PG_FUNCTION_INFO_V1(athena_databases);
PG_FUNCTION_INFO_V1(athena_tables);
PG_FUNCTION_INFO_V1(athena_columns);

/* The settings of a server that the caller names and may use. */
QuerySettings *
functions_settings(Name server)
{
	return storage_settings(storage_usable_server(NameStr(*server))->serverid, GetUserId());
}

/*
 * The OIDs that a query over system catalogues returns, in the current memory
 * context.  The query names its operators with their schema; $1 is the argument.
 */
List *
functions_oids(const char *sql, Oid argument)
{
	MemoryContext caller = CurrentMemoryContext;
	Oid types[1] = {OIDOID};
	Datum values[1] = {ObjectIdGetDatum(argument)};
	List *oids = NIL;
	uint64 i;

	SPI_connect();
	if (SPI_execute_with_args(sql, 1, types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read system catalogues");
	for (i = 0; i < SPI_processed; i++)
	{
		bool isnull;
		Oid oid = DatumGetObjectId(
			SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
		MemoryContext spi = MemoryContextSwitchTo(caller);

		oids = lappend_oid(oids, oid);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return oids;
}

/* The settings of a server, with the catalogue of an argument that may be NULL. */
static QuerySettings *
settings_of_catalog(FunctionCallInfo fcinfo, int argument)
{
	QuerySettings *settings;
	int i;

	for (i = 0; i < argument; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("only the catalogue may be NULL")));
	settings = functions_settings(PG_GETARG_NAME(0));
	if (!PG_ARGISNULL(argument))
		settings->catalog = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	return settings;
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
	QuerySettings *settings = functions_settings(PG_GETARG_NAME(0));
	char *sql = text_to_cstring(PG_GETARG_TEXT_PP(1));
	AthenaQuery *query;
	RowReader *rows;
	List *attrs = NIL;
	Datum *values;
	bool *nulls;
	int i;

	if (!storage_only_reads(sql))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("athena_query runs one statement that only reads"),
						errhint("It begins with SELECT, WITH, VALUES, TABLE, SHOW, DESCRIBE or "
								"EXPLAIN; for others there is athena_execute().")));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (i = 1; i <= rsinfo->setDesc->natts; i++)
		attrs = lappend_int(attrs, i);
	values = palloc0(sizeof(Datum) * (rsinfo->setDesc->natts + 1));
	nulls = palloc(sizeof(bool) * (rsinfo->setDesc->natts + 1));

	query = query_start(settings, sql);
	query_wait(query);
	rows = row_reader_open(query, rsinfo->setDesc, attrs, "the result of", "athena_query");
	while (row_reader_next(rows, values, nulls))
	{
		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	row_reader_close(rows);
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
	QuerySettings *settings = functions_settings(PG_GETARG_NAME(0));
	AthenaQuery *query = query_start(settings, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	int64 count;

	query_wait(query);
	count = result_open(query)->update_count;
	query_end(query);
	if (count < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(count);
}

/*
 * athena_catalogs(server name) returns table (name text, type text)
 */
Datum
athena_catalogs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	QuerySettings *settings = functions_settings(PG_GETARG_NAME(0));
	AwsError error;
	List *catalogs;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	if (!athena_list_catalogs(settings->client, &catalogs, &error))
		aws_error_throw(&error);
	foreach (lc, catalogs)
	{
		AthenaCatalog *catalog = lfirst(lc);
		Datum values[2];
		bool nulls[2] = {false};

		values[0] = CStringGetTextDatum(remote_from_utf8(catalog->name));
		values[1] = CStringGetTextDatum(remote_from_utf8(catalog->type));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * athena_databases(server name, catalog text) returns setof text
 */
Datum
athena_databases(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	QuerySettings *settings = settings_of_catalog(fcinfo, 1);
	AwsError error;
	List *names;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (!athena_list_databases(settings->client, remote_to_utf8(settings->catalog), &names, &error))
		aws_error_throw(&error);
	foreach (lc, names)
	{
		Datum value = CStringGetTextDatum(remote_from_utf8(lfirst(lc)));
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

	values[0] = CStringGetTextDatum(remote_from_utf8(table->name));
	values[1] = CStringGetTextDatum(remote_from_utf8(table->kind));
	values[2] = CStringGetTextDatum(table->format);
	values[3] = Int32GetDatum(list_length(table->columns));
	nulls[4] = table->comment[0] == '\0';
	values[4] = nulls[4] ? (Datum) 0 : CStringGetTextDatum(remote_from_utf8(table->comment));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * athena_tables(server name, database text, catalog text)
 *	returns table (name text, kind text, format text, columns int, comment text)
 */
Datum
athena_tables(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	QuerySettings *settings = settings_of_catalog(fcinfo, 2);

	InitMaterializedSRF(fcinfo, 0);
	discover_tables(settings, discover_name(text_to_cstring(PG_GETARG_TEXT_PP(1))), store_table,
					rsinfo);
	return (Datum) 0;
}

/*
 * athena_columns(server name, database text, table_name text, catalog text)
 *	returns table (name text, athena_type text, type text, partition boolean, comment text)
 */
Datum
athena_columns(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	QuerySettings *settings = settings_of_catalog(fcinfo, 3);
	char *database = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(2));
	DeclareStyle style = {false, false};
	GlueTable table;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	if (!discover_table(settings, discover_name(database), discover_name(name), &table))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("there is no table \"%s\" in Athena database \"%s\"", name, database),
				 errhint("SELECT * FROM athena_tables(%s, %s) lists them.",
						 quote_literal_cstr(settings->server_name), quote_literal_cstr(database))));
	foreach (lc, table.columns)
	{
		GlueColumn *column = lfirst(lc);
		Datum values[5];
		bool nulls[5] = {false};
		char *error;
		ColumnDeclaration *d = declare_column(&table, column, style, NIL, &error);

		values[0] = CStringGetTextDatum(remote_from_utf8(column->name));
		values[1] = CStringGetTextDatum(remote_from_utf8(column->type));
		nulls[2] = d == NULL;
		values[2] = d ? CStringGetTextDatum(declare_type_text(d)) : (Datum) 0;
		values[3] = BoolGetDatum(column->partition);
		nulls[4] = column->comment[0] == '\0';
		values[4] = nulls[4] ? (Datum) 0 : CStringGetTextDatum(remote_from_utf8(column->comment));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
