/*
 * describe.c
 *	  Statements of Athena's: what they return, what they read, and tables over
 *	  them.
 *
 *	athena_describe(server, sql)			 the columns that a SELECT returns
 *	athena_create_table(server, name, sql)	 declares a foreign table over one
 *	athena_explain_io(server, sql)			 EXPLAIN (TYPE IO), for athena_explain()
 *
 * None of them reads data: Athena analyzes the statement, and bills nothing.
 */
#include "storage/functions.h"

#include "catalog/namespace.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "query/result.h"
#include "storage/declare.h"
#include "storage/discover.h"
#include "storage/storage.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"
#include "utils/varlena.h"

PG_FUNCTION_INFO_V1(athena_describe);
PG_FUNCTION_INFO_V1(athena_create_table);
PG_FUNCTION_INFO_V1(athena_explain_io);

/* One statement that returns rows, without its semicolon. */
static char *
select_of(const text *argument)
{
	const char *error;
	char *sql = storage_strip_query(text_to_cstring(argument), &error);

	if (sql == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("this is not one SELECT"),
						errhint("%s", error)));
	return sql;
}

/*
 * athena_describe(server name, sql text)
 *	returns table (name text, athena_type text, type text)
 */
Datum
athena_describe(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	QuerySettings *settings = functions_settings(PG_GETARG_NAME(0));
	List *columns = discover_query(settings, select_of(PG_GETARG_TEXT_PP(1)));
	DeclareStyle style = {false, false};
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach (lc, columns)
	{
		GlueColumn *column = lfirst(lc);
		Datum values[3];
		bool nulls[3] = {false};
		char *error;
		ColumnDeclaration *d = declare_column(NULL, column, style, NIL, &error);

		values[0] = CStringGetTextDatum(remote_from_utf8(column->name));
		values[1] = CStringGetTextDatum(remote_from_utf8(column->type));
		nulls[2] = d == NULL;
		values[2] = d ? CStringGetTextDatum(declare_type_text(d)) : (Datum) 0;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* Each column of a table over a SELECT must be named, and by itself. */
static void
check_names(List *columns)
{
	ListCell *lc;
	ListCell *lc2;

	foreach (lc, columns)
	{
		GlueColumn *column = lfirst(lc);
		int number = foreach_current_index(lc) + 1;

		if (strncmp(column->name, "_col", 4) == 0 &&
			strspn(column->name + 4, "0123456789") == strlen(column->name + 4))
			ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_DEFINITION),
							errmsg("column %d of the statement has no name", number),
							errhint("Give it one with AS.")));
		foreach (lc2, columns)
			if (lc2 != lc && pg_strcasecmp(((GlueColumn *) lfirst(lc2))->name, column->name) == 0)
				ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
								errmsg("the statement has more than one column \"%s\"",
									   remote_from_utf8(column->name)),
								errhint("Give them different names with AS.")));
	}
}

/*
 * athena_create_table(server name, name text, sql text) returns regclass
 *
 * Declares a foreign table over a SELECT.  The name may have a schema.
 */
Datum
athena_create_table(PG_FUNCTION_ARGS)
{
	QuerySettings *settings = functions_settings(PG_GETARG_NAME(0));
	RangeVar *name = makeRangeVarFromNameList(textToQualifiedNameList(PG_GETARG_TEXT_PP(1)));
	char *sql = select_of(PG_GETARG_TEXT_PP(2));
	Oid namespace = RangeVarGetCreationNamespace(name);
	const char *qualified =
		quote_qualified_identifier(get_namespace_name(namespace), name->relname);
	const char *const options[] = {"query", sql, NULL, NULL};
	DeclareStyle style = {false, true};
	GlueTable table = {0};
	List *columns;
	char *column;
	char *error;

	table.columns = discover_query(settings, sql);
	table.format = "query";
	check_names(table.columns);
	columns = declare_columns(&table, style, &column, &error);
	if (columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
				 errmsg("the type of column \"%s\" cannot be mapped", column),
				 errdetail("%s.", error), errhint("CAST it to another type in the statement.")));
	declare_run(declare_table(qualified, settings->server_name, columns, options),
				PROCESS_UTILITY_QUERY);
	PG_RETURN_OID(get_relname_relid(name->relname, namespace));
}

/*
 * athena_explain_io(server name, sql text) returns jsonb
 *
 * EXPLAIN (TYPE IO) of a statement: it comes as rows, one a line.
 */
Datum
athena_explain_io(PG_FUNCTION_ARGS)
{
	QuerySettings *settings = functions_settings(PG_GETARG_NAME(0));
	AthenaQuery *query = query_start(settings, psprintf("EXPLAIN (TYPE IO, FORMAT JSON)\n%s",
														select_of(PG_GETARG_TEXT_PP(1))));
	AthenaResult *result;
	StringInfoData json;
	Datum value;

	initStringInfo(&json);
	query_wait(query);
	result = result_open(query);
	while (result_next(result))
		if (result->ncolumns > 0 && result->values[0].data)
			appendStringInfo(&json, "%s\n", text_value_string(&result->values[0]));
	query_end(query);
	value = DirectFunctionCall1(jsonb_in, CStringGetDatum(remote_from_utf8(json.data)));
	PG_RETURN_DATUM(value);
}
