/*
 * import.c
 *	  IMPORT FOREIGN SCHEMA "database" FROM SERVER s INTO schema.
 *
 * Reads the tables of a database from its catalogue and declares a foreign
 * table for each.  A table that cannot be mapped is skipped with a warning that
 * says why; nothing is guessed.
 *
 * The core takes only CREATE FOREIGN TABLE from this callback, and comments
 * are to be imported too.  So the commands are run here, in the way in which
 * the core would run them, and an empty list is returned.
 */
#include "storage/functions.h"

#include "commands/defrem.h"
#include "foreign/fdwapi.h"
#include "miscadmin.h"
#include "storage/declare.h"
#include "storage/discover.h"
#include "storage/storage.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

typedef struct ImportContext
{
	ImportForeignSchemaStmt *stmt;
	ForeignServer *server;
	char *database; /* in Athena, in the database's encoding */
	bool views;
	bool comments;
	const char *catalog; /* NULL: the server's */
	DeclareStyle style;
	int imported;
	MemoryContext table_context; /* reset for each table */
} ImportContext;

static void
read_options(ImportContext *import)
{
	ListCell *lc;

	import->views = true;
	import->comments = true;
	import->style.collate_c = true;
	foreach (lc, import->stmt->options)
	{
		DefElem *def = lfirst_node(DefElem, lc);

		if (strcmp(def->defname, "import_views") == 0)
			import->views = defGetBoolean(def);
		else if (strcmp(def->defname, "import_comments") == 0)
			import->comments = defGetBoolean(def);
		else if (strcmp(def->defname, "catalog") == 0)
			import->catalog = defGetString(def);
		else if (strcmp(def->defname, "collate_c") == 0)
			import->style.collate_c = defGetBoolean(def);
		else if (strcmp(def->defname, "import_nested") == 0)
		{
			const char *value = defGetString(def);

			if (strcmp(value, "arrays") != 0 && strcmp(value, "jsonb") != 0)
				ereport(ERROR,
						(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
						 errmsg("invalid value for option \"%s\": \"%s\"", def->defname, value),
						 errhint("The value is jsonb or arrays.")));
			import->style.arrays = strcmp(value, "arrays") == 0;
		}
		else
			ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
							errmsg("invalid option \"%s\"", def->defname),
							errhint("Valid options of IMPORT FOREIGN SCHEMA are: import_views, "
									"import_comments, import_nested, collate_c, catalog.")));
	}
}

static void
import_table(ImportContext *import, const GlueTable *table)
{
	const char *remote = remote_from_utf8(table->name);
	const char *qualified =
		quote_qualified_identifier(import->stmt->local_schema, declare_name(remote, NIL));
	const char *const options[] = {
		"catalog",  import->catalog,
		"database", import->database,
		"table",    remote,
		"rows",     table->rows >= 0 ? psprintf("%.0f", table->rows) : NULL,
		NULL,       NULL,
	};
	List *columns;
	char *column;
	char *error;

	if (table->columns == NIL)
	{
		ereport(WARNING,
				(errmsg("table \"%s\" is skipped: it has no columns in the catalogue", remote)));
		return;
	}
	columns = declare_columns(table, import->style, &column, &error);
	if (columns == NIL)
	{
		ereport(WARNING, (errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
						  errmsg("table \"%s\" is skipped: the type of its column \"%s\" cannot be "
								 "mapped",
								 remote, column),
						  errdetail("%s.", error)));
		return;
	}
	declare_run(declare_table(qualified, import->server->servername, columns, options),
				PROCESS_UTILITY_SUBCOMMAND);
	if (import->comments)
		declare_run(declare_comments(qualified, remote_from_utf8(table->comment), columns),
					PROCESS_UTILITY_SUBCOMMAND);
	import->imported++;
}

static bool
is_listed(ImportContext *import, const char *name)
{
	ListCell *lc;

	foreach (lc, import->stmt->table_list)
		if (strcmp(lfirst_node(RangeVar, lc)->relname, name) == 0)
			return true;
	return false;
}

/* Called for each table that Glue lists. */
static void
consider_table(const GlueTable *table, void *arg)
{
	ImportContext *import = arg;
	MemoryContext caller = MemoryContextSwitchTo(import->table_context);

	if ((import->views || !table->is_view) &&
		!(import->stmt->list_type == FDW_IMPORT_SCHEMA_EXCEPT &&
		  is_listed(import, remote_from_utf8(table->name))))
		import_table(import, table);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(import->table_context);
}

/* LIMIT TO asks for each table alone: a database may have thousands. */
static void
import_listed(ImportContext *import, const QuerySettings *settings)
{
	ListCell *lc;

	foreach (lc, import->stmt->table_list)
	{
		RangeVar *wanted = lfirst_node(RangeVar, lc);
		GlueTable table;

		if (discover_table(settings, import->database, discover_name(wanted->relname), &table))
			consider_table(&table, import);
		else
			ereport(WARNING, (errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
							  errmsg("there is no table \"%s\" in Athena database \"%s\"",
									 wanted->relname, import->database)));
	}
}

/* Callback of IMPORT FOREIGN SCHEMA. */
List *
athena_import_foreign_schema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	ImportContext import = {0};
	QuerySettings *settings = storage_settings(serverid, GetUserId());

	import.stmt = stmt;
	import.server = GetForeignServer(serverid);
	import.database = discover_name(stmt->remote_schema);
	import.table_context =
		AllocSetContextCreate(CurrentMemoryContext, "Athena import", ALLOCSET_DEFAULT_SIZES);
	read_options(&import);
	if (import.catalog)
		settings->catalog = import.catalog;

	if (stmt->list_type == FDW_IMPORT_SCHEMA_LIMIT_TO)
		import_listed(&import, settings);
	else
		discover_tables(settings, import.database, consider_table, &import);
	if (import.imported == 0 && stmt->list_type != FDW_IMPORT_SCHEMA_LIMIT_TO)
		ereport(NOTICE,
				(errmsg("no table of Athena database \"%s\" was imported", import.database)));
	return NIL;
}
