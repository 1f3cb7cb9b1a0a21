/*
 * import.c
 *	  IMPORT FOREIGN SCHEMA "database" FROM SERVER s INTO schema.
 *
 * Reads the tables of a database from Glue and declares a foreign table for
 * each.  A table that cannot be mapped is skipped with a warning that says
 * why; nothing is guessed.
 *
 * The core takes only CREATE FOREIGN TABLE from this callback, and comments
 * are to be imported too.  So the commands are run here, in the way in which
 * the core would run them, and an empty list is returned.
 *
 * Imported columns carry no NOT NULL: Athena does not enforce it, and the
 * planner would trust it.
 */
#include "storage/functions.h"

#include "access/sysattr.h"
#include "access/xact.h"
#include "aws/glue.h"
#include "catalog/heap.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "foreign/fdwapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "query/types.h"
#include "storage/storage.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/memutils.h"

typedef struct ImportContext
{
	ImportForeignSchemaStmt *stmt;
	ForeignServer *server;
	char *database; /* in Athena, in the database's encoding */
	bool views;
	bool comments;
	bool arrays; /* import_nested 'arrays' */
	bool collate_c;
	int imported;
	MemoryContext table_context; /* reset for each table */
} ImportContext;

static void
read_options(ImportContext *import)
{
	ListCell *lc;

	import->views = true;
	import->comments = true;
	import->collate_c = true;
	foreach (lc, import->stmt->options)
	{
		DefElem *def = lfirst_node(DefElem, lc);

		if (strcmp(def->defname, "import_views") == 0)
			import->views = defGetBoolean(def);
		else if (strcmp(def->defname, "import_comments") == 0)
			import->comments = defGetBoolean(def);
		else if (strcmp(def->defname, "collate_c") == 0)
			import->collate_c = defGetBoolean(def);
		else if (strcmp(def->defname, "import_nested") == 0)
		{
			const char *value = defGetString(def);

			if (strcmp(value, "arrays") != 0 && strcmp(value, "jsonb") != 0)
				ereport(ERROR,
						(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
						 errmsg("invalid value for option \"%s\": \"%s\"", def->defname, value),
						 errhint("The value is jsonb or arrays.")));
			import->arrays = strcmp(value, "arrays") == 0;
		}
		else
			ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
							errmsg("invalid option \"%s\"", def->defname),
							errhint("Valid options of IMPORT FOREIGN SCHEMA are: import_views, "
									"import_comments, import_nested, collate_c.")));
	}
}

/* Glue keeps names in lower case. */
static char *
glue_name(const char *name)
{
	return asc_tolower(name, strlen(name));
}

/* Is this the name of a system column, which a column may not have? */
static bool
is_system_name(const char *name)
{
	return SystemAttributeByName(name) != NULL;
}

/*
 * A name for PostgreSQL: cut to its length, and unlike those in use.  A name
 * that had to be changed is kept in an option.
 */
static char *
local_name(const char *remote, List *used)
{
	char *name = pnstrdup(remote, pg_mbcliplen(remote, (int) strlen(remote), NAMEDATALEN - 1));
	char *candidate = name;
	int n = 1;
	ListCell *lc;
	bool taken;

	do
	{
		taken = is_system_name(candidate);
		foreach (lc, used)
			if (strcmp(lfirst(lc), candidate) == 0)
				taken = true;
		if (taken)
		{
			char *suffix = psprintf("_%d", n++);
			int room = NAMEDATALEN - 1 - (int) strlen(suffix);

			candidate =
				psprintf("%.*s%s", pg_mbcliplen(name, (int) strlen(name), room), name, suffix);
		}
	} while (taken);
	return candidate;
}

static void
append_option(StringInfo out, bool *first, const char *name, const char *value)
{
	appendStringInfo(out, "%s%s %s", *first ? " OPTIONS (" : ", ", quote_identifier(name),
					 quote_literal_cstr(value));
	*first = false;
}

/* One column's definition.  False, with a warning, if its type is not known. */
static bool
append_column(ImportContext *import, StringInfo out, const GlueTable *table, GlueColumn *column,
			  const char *local)
{
	const char *remote = remote_from_utf8(column->name);
	char *error;
	AthenaType *type = athena_type_parse(column->type, &error);
	Oid pgtype;
	int32 typmod;
	bool first = true;

	if (type == NULL)
	{
		ereport(WARNING, (errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
						  errmsg("table \"%s\" is skipped: the type of its column \"%s\" cannot be "
								 "mapped",
								 remote_from_utf8(table->name), remote),
						  errdetail("%s: %s.", remote_from_utf8(column->type), error)));
		return false;
	}
	if (strcmp(table->format, "iceberg") == 0 && type->kind == AT_TIMESTAMP && type->precision < 0)
		type->precision = 6;
	athena_type_to_pg(type, import->arrays, &pgtype, &typmod);
	appendStringInfo(out, "\n  %s %s", quote_identifier(local),
					 format_type_with_typemod(pgtype, typmod));
	if (athena_type_is_nested(type))
		append_option(out, &first, "remote_type", remote_from_utf8(column->type));
	if (strcmp(local, remote) != 0)
		append_option(out, &first, "column_name", remote);
	if (!first)
		appendStringInfoChar(out, ')');
	if (import->collate_c && (pgtype == TEXTOID || pgtype == VARCHAROID || pgtype == BPCHAROID ||
							  pgtype == TEXTARRAYOID))
		appendStringInfoString(out, " COLLATE pg_catalog.\"C\"");
	return true;
}

/* Run one command as the core runs those of an IMPORT. */
static void
run_command(const char *sql)
{
	ListCell *lc;

	foreach (lc, pg_parse_query(sql))
	{
		RawStmt *raw = lfirst_node(RawStmt, lc);
		PlannedStmt *planned = makeNode(PlannedStmt);

		planned->commandType = CMD_UTILITY;
		planned->canSetTag = false;
		planned->utilityStmt = raw->stmt;
		planned->stmt_location = raw->stmt_location;
		planned->stmt_len = raw->stmt_len;
		ProcessUtility(planned, sql, false, PROCESS_UTILITY_SUBCOMMAND, NULL, NULL, None_Receiver,
					   NULL);
		CommandCounterIncrement();
	}
}

static void
append_comment(StringInfo out, const char *kind, const char *name, const char *comment)
{
	if (*comment)
		appendStringInfo(out, "COMMENT ON %s %s IS %s;\n", kind, name,
						 quote_literal_cstr(remote_from_utf8(comment)));
}

static void
import_table(ImportContext *import, const GlueTable *table)
{
	const char *remote = remote_from_utf8(table->name);
	char *name = local_name(remote, NIL);
	const char *qualified = quote_qualified_identifier(import->stmt->local_schema, name);
	StringInfoData create;
	StringInfoData comments;
	List *names = NIL;
	ListCell *lc;
	bool first = true;

	initStringInfo(&create);
	initStringInfo(&comments);
	if (table->columns == NIL)
	{
		ereport(WARNING,
				(errmsg("table \"%s\" is skipped: it has no columns in the catalogue", remote)));
		return;
	}
	appendStringInfo(&create, "CREATE FOREIGN TABLE %s (", qualified);
	append_comment(&comments, "FOREIGN TABLE", qualified, table->comment);
	foreach (lc, table->columns)
	{
		GlueColumn *column = lfirst(lc);
		char *local = local_name(remote_from_utf8(column->name), names);

		names = lappend(names, local);
		if (lc != list_head(table->columns))
			appendStringInfoChar(&create, ',');
		if (!append_column(import, &create, table, column, local))
			return;
		append_comment(&comments, "COLUMN", psprintf("%s.%s", qualified, quote_identifier(local)),
					   column->comment);
	}
	appendStringInfo(&create, "\n) SERVER %s", quote_identifier(import->server->servername));
	append_option(&create, &first, "database", import->database);
	append_option(&create, &first, "table", remote);
	if (table->rows >= 0)
		append_option(&create, &first, "rows", psprintf("%.0f", table->rows));
	appendStringInfoChar(&create, ')');

	run_command(create.data);
	if (import->comments && comments.len > 0)
		run_command(comments.data);
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
import_listed(ImportContext *import, const AwsClient *client)
{
	ListCell *lc;

	foreach (lc, import->stmt->table_list)
	{
		RangeVar *wanted = lfirst_node(RangeVar, lc);
		GlueTable table;
		AwsError error;
		char *name = remote_to_utf8(glue_name(wanted->relname));

		if (glue_get_table(client, remote_to_utf8(import->database), name, &table, &error))
			consider_table(&table, import);
		else if (error.kind == AWS_ERR_NOT_FOUND)
			ereport(WARNING, (errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
							  errmsg("there is no table \"%s\" in Athena database \"%s\"",
									 wanted->relname, import->database)));
		else
			aws_error_throw(&error);
	}
}

/* Callback of IMPORT FOREIGN SCHEMA. */
List *
athena_import_foreign_schema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	ImportContext import = {0};
	QuerySettings *settings = storage_settings(serverid, GetUserId());
	AwsError error;

	import.stmt = stmt;
	import.server = GetForeignServer(serverid);
	import.database = glue_name(stmt->remote_schema);
	import.table_context =
		AllocSetContextCreate(CurrentMemoryContext, "Athena import", ALLOCSET_DEFAULT_SIZES);
	read_options(&import);
	if (pg_strcasecmp(settings->catalog, DEFAULT_CATALOG) != 0)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("only the catalogue %s can be imported", DEFAULT_CATALOG),
						errdetail("Server \"%s\" uses catalogue %s.", import.server->servername,
								  settings->catalog),
						errhint("Declare its tables with CREATE FOREIGN TABLE.")));

	if (stmt->list_type == FDW_IMPORT_SCHEMA_LIMIT_TO)
		import_listed(&import, settings->client);
	else if (!glue_get_tables(settings->client, remote_to_utf8(import.database), consider_table,
							  &import, &error))
	{
		if (error.kind == AWS_ERR_NOT_FOUND)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
					 errmsg("there is no database \"%s\" in %s", import.database, DEFAULT_CATALOG),
					 errhint("SELECT * FROM athena_databases(%s) lists them.",
							 quote_literal_cstr(import.server->servername))));
		aws_error_throw(&error);
	}
	if (import.imported == 0 && stmt->list_type != FDW_IMPORT_SCHEMA_LIMIT_TO)
		ereport(NOTICE,
				(errmsg("no table of Athena database \"%s\" was imported", import.database)));
	return NIL;
}
