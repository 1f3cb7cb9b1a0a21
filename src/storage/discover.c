/*
 * discover.c
 *	  What lies in a catalogue.
 *
 * Used by IMPORT, the listing functions and the comparison with what is
 * declared here.  Tables of Glue's catalogue are read from Glue, which is free
 * and knows comments and partitions.  Other catalogues (federated ones, S3
 * Tables') are read through their information_schema by a query, which is all
 * that the documented policy allows.  What a statement returns is found out by
 * running it with LIMIT 0, which scans nothing.
 *
 * Names and types are UTF-8, as they came; callers convert what they show.
 */
#include "storage/discover.h"

#include "mb/pg_wchar.h"
#include "query/literal.h"
#include "query/result.h"
#include "query/types.h"
#include "storage/storage.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/memutils.h"

/* Is this the catalogue that Glue's API lists? */
bool
discover_is_glue(const char *catalog)
{
	return pg_strcasecmp(catalog, DEFAULT_CATALOG) == 0;
}

/* Athena and Glue keep names in lower case. */
char *
discover_name(const char *name)
{
	return asc_tolower(name, strlen(name));
}

/* A value of the current row, "" for NULL, until the next row. */
static const char *
peek(const AthenaResult *result, int i)
{
	const char *text = text_value_string(&result->values[i]);

	return text ? text : "";
}

/* The same, in the current memory context. */
static char *
value(const AthenaResult *result, int i)
{
	return pstrdup(peek(result, i));
}

/* ---------- by information_schema ---------- */

static char *
schema_query(const QuerySettings *settings, const char *database, const char *table)
{
	const char *catalog = remote_identifier(settings->catalog);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT c.table_name, t.table_type, c.column_name, c.data_type "
					 "FROM %s.information_schema.columns c "
					 "JOIN %s.information_schema.tables t "
					 "ON t.table_schema = c.table_schema AND t.table_name = c.table_name "
					 "WHERE c.table_schema = ",
					 catalog, catalog);
	literal_append_string(&sql, database);
	if (table)
	{
		appendStringInfoString(&sql, " AND c.table_name = ");
		literal_append_string(&sql, table);
	}
	appendStringInfoString(&sql, " ORDER BY c.table_name, c.ordinal_position");
	return sql.data;
}

/* Call back for each table that information_schema lists; all, or one. */
static void
by_information_schema(const QuerySettings *settings, const char *database, const char *name,
					  GlueTableCallback callback, void *arg)
{
	AthenaQuery *query = query_start(settings, schema_query(settings, database, name));
	AthenaResult *result;
	GlueTable table = {0};
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "Athena table", ALLOCSET_DEFAULT_SIZES);
	bool more;

	query_wait(query);
	result = result_open(query);
	if (result->ncolumns != 4)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("Athena's information_schema has %d columns, not 4", result->ncolumns)));
	do
	{
		GlueColumn *column;
		const char *name_here;

		more = result_next(result);
		name_here = more ? peek(result, 0) : "";
		if (table.name && (!more || strcmp(table.name, name_here) != 0))
		{
			MemoryContextSwitchTo(caller);
			callback(&table, arg);
			MemoryContextReset(context);
			memset(&table, 0, sizeof(table));
		}
		if (!more)
			break;
		MemoryContextSwitchTo(context);
		if (table.name == NULL)
		{
			table.name = value(result, 0);
			table.kind = value(result, 1);
			table.is_view = strcmp(table.kind, "VIEW") == 0;
			table.format = pstrdup(table.is_view ? "view" : "federated");
			table.comment = table.location = pstrdup("");
			table.rows = table.bytes = -1;
		}
		column = palloc0(sizeof(GlueColumn));
		column->name = value(result, 2);
		column->type = value(result, 3);
		column->comment = pstrdup("");
		table.columns = lappend(table.columns, column);
	} while (true);
	MemoryContextSwitchTo(caller);
	query_end(query);
	MemoryContextDelete(context);
}

/* ---------- all tables, one table ---------- */

/* A link may show no columns in Glue; Athena knows those of its target. */
typedef struct LinkContext
{
	const QuerySettings *settings;
	const char *database;
	GlueTableCallback callback;
	void *arg;
} LinkContext;

static void
take_columns(const GlueTable *found, void *arg)
{
	GlueTable *table = arg;
	ListCell *lc;

	foreach (lc, found->columns)
	{
		GlueColumn *column = palloc(sizeof(GlueColumn));

		*column = *(GlueColumn *) lfirst(lc);
		column->name = pstrdup(column->name);
		column->type = pstrdup(column->type);
		column->comment = pstrdup(column->comment);
		table->columns = lappend(table->columns, column);
	}
}

static void
resolve_link(const GlueTable *table, void *arg)
{
	LinkContext *context = arg;
	GlueTable copy = *table;

	if (copy.is_link && copy.columns == NIL)
		by_information_schema(context->settings, remote_from_utf8(context->database),
							  remote_from_utf8(copy.name), take_columns, &copy);
	context->callback(&copy, context->arg);
}

/*
 * Call back for each table and view of a database of the settings' catalogue;
 * what it gets is gone afterwards.
 * Throws if there is no such database.
 */
void
discover_tables(const QuerySettings *settings, const char *database, GlueTableCallback callback,
				void *arg)
{
	LinkContext context = {settings, remote_to_utf8(database), callback, arg};
	AwsError error;

	if (!discover_is_glue(settings->catalog))
	{
		by_information_schema(settings, database, NULL, callback, arg);
		return;
	}
	if (glue_get_tables(settings->client, context.database, resolve_link, &context, &error))
		return;
	if (error.kind == AWS_ERR_NOT_FOUND)
		ereport(ERROR, (errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
						errmsg("there is no database \"%s\" in %s", database, settings->catalog),
						errdetail("Request id %s.", error.request_id),
						errhint("SELECT * FROM athena_databases(%s) lists them.",
								quote_literal_cstr(settings->server_name))));
	aws_error_throw(&error);
}

static void
take_table(const GlueTable *found, void *arg)
{
	GlueTable *table = arg;

	*table = *found;
	table->name = pstrdup(found->name);
	table->kind = pstrdup(found->kind);
	table->format = pstrdup(found->format);
	table->comment = table->location = pstrdup("");
	table->columns = NIL;
	take_columns(found, table);
}

/* One table, in the current memory context; false if there is none. */
bool
discover_table(const QuerySettings *settings, const char *database, const char *name,
			   GlueTable *table)
{
	AwsError error;

	memset(table, 0, sizeof(*table));
	if (!discover_is_glue(settings->catalog))
	{
		by_information_schema(settings, database, name, take_table, table);
		return table->name != NULL;
	}
	if (!glue_get_table(settings->client, remote_to_utf8(database), remote_to_utf8(name), table,
						&error))
	{
		if (error.kind != AWS_ERR_NOT_FOUND)
			aws_error_throw(&error);
		return false;
	}
	if (table->is_link && table->columns == NIL)
		by_information_schema(settings, database, name, take_columns, table);
	return true;
}

/* ---------- what a statement returns ---------- */

/* The names and simple types of a statement's columns: LIMIT 0 scans nothing. */
static List *
columns_of(const QuerySettings *settings, const char *sql, bool *nested)
{
	AthenaQuery *query =
		query_start(settings, psprintf("SELECT * FROM (\n%s\n) AS q LIMIT 0", sql));
	AthenaResult *result;
	List *columns = NIL;
	int i;

	query_wait(query);
	result = result_open(query);
	*nested = false;
	for (i = 0; i < result->ncolumns; i++)
	{
		ResultColumn *c = &result->columns[i];
		GlueColumn *column = palloc0(sizeof(GlueColumn));

		column->name = pstrdup(c->name);
		column->comment = pstrdup("");
		if (strcmp(c->type, "decimal") == 0)
			column->type = psprintf("decimal(%d,%d)", c->precision, c->scale);
		else if ((strcmp(c->type, "char") == 0 || strcmp(c->type, "varchar") == 0) &&
				 c->precision > 0 && c->precision < 65536)
			column->type = psprintf("%s(%d)", c->type, c->precision);
		else
			column->type = pstrdup(c->type);
		/* ColumnInfo tells neither what is inside, nor the digits of a second */
		*nested |= strcmp(c->type, "array") == 0 || strcmp(c->type, "map") == 0 ||
				   strcmp(c->type, "row") == 0 || strncmp(c->type, "time", 4) == 0;
		columns = lappend(columns, column);
	}
	query_end(query);
	return columns;
}

/*
 * The exact types: typeof() is known without reading a row, and an outer join
 * with nothing makes sure that none is read.
 */
static void
exact_types(const QuerySettings *settings, const char *sql, List *columns)
{
	StringInfoData names;
	StringInfoData types;
	AthenaQuery *query;
	AthenaResult *result;
	ListCell *lc;

	initStringInfo(&names);
	initStringInfo(&types);
	foreach (lc, columns)
	{
		int i = foreach_current_index(lc) + 1;

		appendStringInfo(&names, "%sc%d", i > 1 ? ", " : "", i);
		appendStringInfo(&types, "%stypeof(c%d)", i > 1 ? ", " : "", i);
	}
	query =
		query_start(settings, psprintf("SELECT %s FROM (VALUES 1) AS one (n) LEFT JOIN (\n%s\n) "
									   "AS q (%s) ON false",
									   types.data, sql, names.data));
	query_wait(query);
	result = result_open(query);
	if (result->ncolumns == list_length(columns) && result_next(result))
		foreach (lc, columns)
			((GlueColumn *) lfirst(lc))->type = value(result, foreach_current_index(lc));
	query_end(query);
}

/*
 * The columns that a SELECT returns, as a List of GlueColumn with types in
 * Athena's spelling.  Scans nothing.
 */
List *
discover_query(const QuerySettings *settings, const char *sql)
{
	bool nested;
	List *columns = columns_of(settings, sql, &nested);

	if (nested)
		exact_types(settings, sql, columns);
	return columns;
}
