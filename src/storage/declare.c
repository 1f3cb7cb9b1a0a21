/*
 * declare.c
 *	  Tables and columns of Athena's as PostgreSQL declares them.
 *
 * Used by IMPORT FOREIGN SCHEMA, athena_create_table() and athena_sync(), so
 * that all three declare the same.  Nothing is guessed: a type that cannot be
 * mapped is the caller's to warn about.
 *
 * Columns carry no NOT NULL: Athena does not enforce it, and the planner would
 * trust it.
 */
#include "storage/declare.h"

#include "access/xact.h"
#include "catalog/heap.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "query/types.h"
#include "storage/storage.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"

/* Is this the name of a system column, which a column may not have? */
static bool
is_system_name(const char *name)
{
	return SystemAttributeByName(name) != NULL;
}

/*
 * A name for PostgreSQL: cut to its length, and unlike those in use (a List of
 * strings).  A name that had to be changed is kept in an option.
 */
char *
declare_name(const char *remote, List *used)
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

/*
 * How a column is declared.  NULL, with *error, if its type is not known.
 */
ColumnDeclaration *
declare_column(const GlueTable *table, const GlueColumn *column, DeclareStyle style, List *used,
			   char **error)
{
	ColumnDeclaration *d = palloc0(sizeof(ColumnDeclaration));
	AthenaType *type = athena_type_parse(column->type, error);

	if (type == NULL)
		return NULL;
	d->remote_name = remote_from_utf8(column->name);
	d->remote_type = remote_from_utf8(column->type);
	d->name = declare_name(d->remote_name, used);
	d->comment = remote_from_utf8(column->comment);
	if (table && strcmp(table->format, "iceberg") == 0 && type->kind == AT_TIMESTAMP &&
		type->precision < 0)
		type->precision = 6;
	athena_type_to_pg(type, style.arrays, &d->pgtype, &d->typmod);
	/* what is read is not what is compared there, if digits are lost on the way */
	d->keep_type = athena_type_is_nested(type) || athena_type_loses_digits(type);
	d->collate_c = style.collate_c && (d->pgtype == TEXTOID || d->pgtype == VARCHAROID ||
									   d->pgtype == BPCHAROID || d->pgtype == TEXTARRAYOID);
	return d;
}

/* The type of a column, with its collation. */
char *
declare_type_text(const ColumnDeclaration *d)
{
	return psprintf("%s%s", format_type_with_typemod(d->pgtype, d->typmod),
					d->collate_c ? " COLLATE pg_catalog.\"C\"" : "");
}

/* Append one option to an OPTIONS clause that the caller closes. */
void
declare_append_option(StringInfo out, bool *first, const char *name, const char *value)
{
	appendStringInfo(out, "%s%s %s", *first ? " OPTIONS (" : ", ", quote_identifier(name),
					 quote_literal_cstr(value));
	*first = false;
}

/* A column as CREATE FOREIGN TABLE and ADD COLUMN take it. */
void
declare_append_column(StringInfo out, const ColumnDeclaration *d)
{
	bool first = true;

	appendStringInfo(out, "%s %s", quote_identifier(d->name),
					 format_type_with_typemod(d->pgtype, d->typmod));
	if (d->keep_type)
		declare_append_option(out, &first, "remote_type", d->remote_type);
	if (strcmp(d->name, d->remote_name) != 0)
		declare_append_option(out, &first, "column_name", d->remote_name);
	if (!first)
		appendStringInfoChar(out, ')');
	if (d->collate_c)
		appendStringInfoString(out, " COLLATE pg_catalog.\"C\"");
}

/*
 * The declarations of all columns of a table, as a List.  NIL, with the column
 * and the error, if one cannot be declared.
 */
List *
declare_columns(const GlueTable *table, DeclareStyle style, char **column, char **error)
{
	List *declarations = NIL;
	List *names = NIL;
	ListCell *lc;

	foreach (lc, table->columns)
	{
		GlueColumn *c = lfirst(lc);
		ColumnDeclaration *d = declare_column(table, c, style, names, error);

		if (d == NULL)
		{
			*column = remote_from_utf8(c->name);
			*error = psprintf("%s: %s", remote_from_utf8(c->type), *error);
			return NIL;
		}
		names = lappend(names, d->name);
		declarations = lappend(declarations, d);
	}
	return declarations;
}

/*
 * CREATE FOREIGN TABLE; options are pairs of name and value, ended by NULL, of
 * which those with a NULL value are left out.
 */
char *
declare_table(const char *qualified, const char *server, List *columns, const char *const *options)
{
	StringInfoData sql;
	bool first = true;
	ListCell *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE FOREIGN TABLE %s (", qualified);
	foreach (lc, columns)
	{
		appendStringInfoString(&sql, lc == list_head(columns) ? "\n  " : ",\n  ");
		declare_append_column(&sql, lfirst(lc));
	}
	appendStringInfo(&sql, "\n) SERVER %s", quote_identifier(server));
	for (; options[0]; options += 2)
		if (options[1])
			declare_append_option(&sql, &first, options[0], options[1]);
	if (!first)
		appendStringInfoChar(&sql, ')');
	return sql.data;
}

static void
append_comment(StringInfo out, const char *kind, const char *name, const char *comment)
{
	if (*comment)
		appendStringInfo(out, "COMMENT ON %s %s IS %s;\n", kind, name, quote_literal_cstr(comment));
}

/* The COMMENTs of a table and its columns; "" if there are none. */
char *
declare_comments(const char *qualified, const char *comment, List *columns)
{
	StringInfoData sql;
	ListCell *lc;

	initStringInfo(&sql);
	append_comment(&sql, "FOREIGN TABLE", qualified, comment);
	foreach (lc, columns)
	{
		ColumnDeclaration *d = lfirst(lc);

		append_comment(&sql, "COLUMN", psprintf("%s.%s", qualified, quote_identifier(d->name)),
					   d->comment);
	}
	return sql.data;
}

/*
 * Run commands: as PROCESS_UTILITY_SUBCOMMAND inside an IMPORT, as the core
 * runs its commands; else as PROCESS_UTILITY_QUERY, so that event triggers see
 * them.
 */
void
declare_run(const char *sql, ProcessUtilityContext context)
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
		ProcessUtility(planned, sql, false, context, NULL, NULL, None_Receiver, NULL);
		CommandCounterIncrement();
	}
}
