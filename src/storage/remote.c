/*
 * remote.c
 *	  A foreign table in Athena's words: its name, its columns, its SELECT.
 *
 * Used by the deparser and by ANALYZE.  Columns are asked for in the form that
 * can be read back whole: nested ones as JSON, binary ones as hex digits,
 * zoned ones in UTC.
 */
#include "storage/storage.h"

#include "catalog/pg_type.h"
#include "common/keywords.h"
#include "mb/pg_wchar.h"
#include "query/types.h"
#include "utils/lsyscache.h"

/* Athena's text, which is UTF-8, in the database's encoding. */
char *
remote_from_utf8(const char *text)
{
	return pg_any_to_server(text, (int) strlen(text), PG_UTF8);
}

/* The other way. */
char *
remote_to_utf8(const char *text)
{
	return pg_server_to_any(text, (int) strlen(text), PG_UTF8);
}

/*
 * Words that are reserved in Athena, but at most unreserved key words in
 * PostgreSQL; what is more than that there is quoted as well.
 */
static const char *const reserved[] = {
	"alter",      "by",         "constraint",  "cube",        "date",       "deallocate",
	"delete",     "describe",   "drop",        "escape",      "execute",    "first",
	"insert",     "json_array", "json_exists", "json_object", "json_query", "json_table",
	"json_value", "last",       "listagg",     "prepare",     "recursive",  "rollup",
	"skip",       "uescape",    "unnest",
};

static bool
needs_quotes(const char *name)
{
	const char *p;
	int keyword;
	size_t i;

	if (!((*name >= 'a' && *name <= 'z') || *name == '_'))
		return true;
	for (p = name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_'))
			return true;
	keyword = ScanKeywordLookup(name, &ScanKeywords);
	if (keyword >= 0 && ScanKeywordCategories[keyword] != UNRESERVED_KEYWORD)
		return true;
	for (i = 0; i < lengthof(reserved); i++)
		if (strcmp(name, reserved[i]) == 0)
			return true;
	return false;
}

/* A name as SELECT takes it: in double quotes unless it needs none. */
const char *
remote_identifier(const char *name)
{
	StringInfoData out;

	if (!needs_quotes(name))
		return name;
	initStringInfo(&out);
	athena_quote_name(&out, name);
	return out.data;
}

/*
 * A column in the form that can be read back whole; text is how it is referred
 * to.  Without remote_type the column is taken to have the type that is
 * imported as the declared one.
 */
char *
remote_column_to_read(Oid relid, AttrNumber attnum, const char *text)
{
	ColumnOptions column = storage_column(relid, attnum);
	Oid pgtype = get_atttype(relid, attnum);
	AthenaType *type = NULL;
	char *error;

	if (column.remote_type)
		type = athena_type_parse(column.remote_type, &error);
	if (type ? athena_type_is_nested(type) : OidIsValid(get_element_type(pgtype)))
	{
		StringInfoData out;

		initStringInfo(&out);
		athena_type_json_expr(&out, type, text);
		return out.data;
	}
	if (pgtype == BYTEAOID && (type == NULL || type->kind == AT_VARBINARY))
		return psprintf("to_hex(%s)", text);
	if (pgtype == TIMESTAMPTZOID &&
		(type == NULL || type->kind == AT_TIMESTAMPTZ || type->kind == AT_TIMESTAMP))
		return psprintf("%s AT TIME ZONE 'UTC'", text);
	return pstrdup(text);
}

/* The same in a select list, under its name. */
static void
append_column(StringInfo out, Oid relid, AttrNumber attnum)
{
	const char *name = remote_identifier(storage_column(relid, attnum).name);
	char *text = remote_column_to_read(relid, attnum, name);

	appendStringInfoString(out, text);
	if (strcmp(text, name) != 0)
		appendStringInfo(out, " AS %s", name);
}

static void
append_relation(StringInfo out, const TableOptions *table)
{
	if (table->query)
	{
		/* a comment may end the text, so the parenthesis gets its own line */
		appendStringInfo(out, "(\n%s\n) AS q", table->query);
		return;
	}
	if (table->database)
		appendStringInfo(out, "%s.", remote_identifier(table->database));
	appendStringInfoString(out, remote_identifier(table->table));
}

/* The table of relid as FROM takes it. */
char *
remote_relation(Oid relid)
{
	StringInfoData out;

	initStringInfo(&out);
	append_relation(&out, storage_table(relid));
	return out.data;
}

/*
 * SELECT attrs FROM the table of relid.  Without attrs, the words of what, or
 * 1 if that is NULL.
 */
char *
remote_select(Oid relid, List *attrs, const char *what)
{
	StringInfoData out;
	ListCell *lc;

	initStringInfo(&out);
	appendStringInfoString(&out, "SELECT ");
	foreach (lc, attrs)
	{
		if (lc != list_head(attrs))
			appendStringInfoString(&out, ", ");
		append_column(&out, relid, (AttrNumber) lfirst_int(lc));
	}
	if (attrs == NIL)
		appendStringInfoString(&out, what ? what : "1");
	appendStringInfoString(&out, " FROM ");
	append_relation(&out, storage_table(relid));
	return out.data;
}
