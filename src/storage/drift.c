/*
 * drift.c
 *	  Foreign tables against what they stand for: what has changed since?
 *
 *	athena_diff(table or schema)	a row a column: connected, type changed, gone, new
 *	athena_sync(table or schema)	applies what athena_diff() says
 *
 * A column is recognized by its name in Athena, so what is renamed here stays
 * connected.  A declared type that holds every value of Athena's, or that the
 * option remote_type says to be meant, is no difference.
 *
 * What is found is a list of Differences, each with the command that mends it.
 * Views that stand in the way of a command are view_rebuild.c's.
 */
#include "storage/functions.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "query/types.h"
#include "storage/declare.h"
#include "storage/discover.h"
#include "storage/storage.h"
#include "storage/view_rebuild.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"
#include "utils/varlena.h"

PG_FUNCTION_INFO_V1(athena_diff_text);
PG_FUNCTION_INFO_V1(athena_diff_table);
PG_FUNCTION_INFO_V1(athena_diff_schema);
PG_FUNCTION_INFO_V1(athena_sync_text);
PG_FUNCTION_INFO_V1(athena_sync_table);
PG_FUNCTION_INFO_V1(athena_sync_schema);

typedef enum DifferenceState
{
	CONNECTED,
	TYPE_CHANGED,
	GONE,
	NEW
} DifferenceState;

static const char *const state_names[] = {
	[CONNECTED] = "connected",
	[TYPE_CHANGED] = "type changed",
	[GONE] = "gone",
	[NEW] = "new",
};

typedef struct Difference
{
	Oid relid; /* invalid for a table that is not declared */
	char *table; /* qualified and quoted */
	AttrNumber attnum; /* 0: a new column, or the table */
	char *column; /* NULL for the table itself */
	DifferenceState state;
	char *type; /* here; NULL for what is new */
	char *athena_type; /* NULL for what is gone */
	char *statement; /* that mends it; NULL if none is needed or known */
	bool alters_type; /* it changes the type of a column */
} Difference;

/* A database of which all tables have been read. */
typedef struct Listing
{
	Oid server;
	const char *catalog;
	const char *database;
	List *tables; /* of GlueTable */
	QuerySettings *settings;
} Listing;

static char *
qualified_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
}

/* ---------- one column ---------- */

/* Does every value of the wanted type fit into the declared one as it is? */
static bool
holds(Oid declared, int32 typmod, Oid wanted, int32 wanted_typmod)
{
	if (declared == wanted)
		return typmod == wanted_typmod || typmod < 0;
	if (declared == TEXTOID)
		return wanted == VARCHAROID;
	if (declared == INT8OID)
		return wanted == INT2OID || wanted == INT4OID;
	return declared == INT4OID && wanted == INT2OID;
}

static bool
same_type(const char *a, const char *b)
{
	char *error;
	AthenaType *x = athena_type_parse(a, &error);
	AthenaType *y = athena_type_parse(b, &error);

	return x && y && athena_type_same(x, y);
}

/* How a column is declared over a type, the rest being as it is now. */
static ColumnDeclaration *
redeclared(const GlueTable *table, const char *athena_type, Form_pg_attribute attr)
{
	GlueColumn column = {NameStr(attr->attname), remote_to_utf8(athena_type), "", false};
	DeclareStyle style = {type_is_array(attr->atttypid), true};
	char *error;

	return declare_column(table, &column, style, NIL, &error);
}

/* The commands for a column whose type has changed in Athena. */
static void
mend_type(Difference *d, const GlueTable *table, Form_pg_attribute attr, const char *said)
{
	ColumnDeclaration *now = redeclared(table, d->athena_type, attr);
	ColumnDeclaration *before = said ? redeclared(table, said, attr) : NULL;
	const char *column = quote_identifier(NameStr(attr->attname));
	StringInfoData sql;

	if (now == NULL)
		return;
	initStringInfo(&sql);
	appendStringInfo(&sql, "ALTER FOREIGN TABLE %s", d->table);
	/* another type than Athena's was declared on purpose: it stays */
	if (said == NULL ||
		(before && before->pgtype == attr->atttypid && before->typmod == attr->atttypmod))
	{
		d->alters_type = now->pgtype != attr->atttypid || now->typmod != attr->atttypmod;
		if (d->alters_type)
			appendStringInfo(&sql, " ALTER COLUMN %s TYPE %s", column, declare_type_text(now));
	}
	if (said || now->keep_type)
		appendStringInfo(&sql, "%s ALTER COLUMN %s OPTIONS (%s remote_type %s)",
						 d->alters_type ? "," : "", column, said ? "SET" : "ADD",
						 quote_literal_cstr(d->athena_type));
	d->statement = sql.data;
}

/* Compare one declared column with the remote one of its name, if there is one. */
static Difference *
compare_column(const GlueTable *table, Oid relid, Form_pg_attribute attr, const GlueColumn *remote)
{
	Difference *d = palloc0(sizeof(Difference));
	ColumnOptions options = storage_column(relid, attr->attnum);
	ColumnDeclaration *wanted;

	d->relid = relid;
	d->table = qualified_name(relid);
	d->attnum = attr->attnum;
	d->column = pstrdup(NameStr(attr->attname));
	d->type = format_type_with_typemod(attr->atttypid, attr->atttypmod);
	if (remote == NULL)
	{
		d->state = GONE;
		d->statement = psprintf("ALTER FOREIGN TABLE %s DROP COLUMN %s", d->table,
								quote_identifier(d->column));
		return d;
	}
	d->athena_type = remote_from_utf8(remote->type);
	d->state = CONNECTED;
	if (options.remote_type)
	{
		if (same_type(options.remote_type, d->athena_type))
			return d;
	}
	else
	{
		wanted = redeclared(table, d->athena_type, attr);
		if (wanted && !wanted->keep_type &&
			holds(attr->atttypid, attr->atttypmod, wanted->pgtype, wanted->typmod))
			return d;
	}
	d->state = TYPE_CHANGED;
	mend_type(d, table, attr, options.remote_type);
	return d;
}

/* A column that Athena has and the foreign table has not. */
static Difference *
new_column(const GlueTable *table, Oid relid, const GlueColumn *remote, List *names)
{
	Difference *d = palloc0(sizeof(Difference));
	DeclareStyle style = {false, true};
	char *error;
	ColumnDeclaration *column = declare_column(table, remote, style, names, &error);

	d->relid = relid;
	d->table = qualified_name(relid);
	d->state = NEW;
	d->column = column ? column->name : remote_from_utf8(remote->name);
	d->athena_type = remote_from_utf8(remote->type);
	if (column)
	{
		StringInfoData sql;

		initStringInfo(&sql);
		appendStringInfo(&sql, "ALTER FOREIGN TABLE %s ADD COLUMN ", d->table);
		declare_append_column(&sql, column);
		d->statement = sql.data;
	}
	return d;
}

/* ---------- one table ---------- */

/* The remote column of a local one, NULL if there is none. */
static GlueColumn *
find_remote(const GlueTable *table, const char *name)
{
	char *utf8 = remote_to_utf8(name);
	ListCell *lc;

	foreach (lc, table->columns)
		if (pg_strcasecmp(((GlueColumn *) lfirst(lc))->name, utf8) == 0)
			return lfirst(lc);
	return NULL;
}

/* Append the differences of one table, connected columns too. */
static List *
compare_table(List *found, Oid relid, const GlueTable *table)
{
	Relation rel = table_open(relid, AccessShareLock);
	TupleDesc desc = RelationGetDescr(rel);
	List *names = NIL;
	List *used = NIL;
	ListCell *lc;
	int i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);
		GlueColumn *remote;

		if (attr->attisdropped)
			continue;
		remote = find_remote(table, storage_column(relid, attr->attnum).name);
		used = lappend(used, remote);
		names = lappend(names, pstrdup(NameStr(attr->attname)));
		found = lappend(found, compare_column(table, relid, attr, remote));
	}
	foreach (lc, table->columns)
		if (!list_member_ptr(used, lfirst(lc)))
		{
			Difference *d = new_column(table, relid, lfirst(lc), names);

			names = lappend(names, d->column);
			found = lappend(found, d);
		}
	table_close(rel, NoLock);
	return found;
}

/* A foreign table whose Athena table is gone. */
static Difference *
gone_table(Oid relid)
{
	Difference *d = palloc0(sizeof(Difference));

	d->relid = relid;
	d->table = qualified_name(relid);
	d->state = GONE;
	d->statement = psprintf("DROP FOREIGN TABLE %s", d->table);
	return d;
}

/* The table of a foreign table, as it is now; false if it is gone. */
static bool
current_table(Oid relid, GlueTable *table)
{
	QuerySettings *settings = storage_settings_for_table(relid, GetUserId());
	TableOptions *options = storage_table(relid);

	if (options->query == NULL)
		return discover_table(settings, discover_name(settings->database),
							  discover_name(options->table), table);
	memset(table, 0, sizeof(*table));
	table->format = "query";
	table->columns = discover_query(settings, options->query);
	return true;
}

static List *
diff_table(Oid relid)
{
	GlueTable table;

	if (!storage_is_ours(relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a foreign table of athena_fdw", get_rel_name(relid))));
	if (current_table(relid, &table))
		return compare_table(NIL, relid, &table);
	return list_make1(gone_table(relid));
}

/* ---------- a schema ---------- */

static void
keep_table(const GlueTable *table, void *arg)
{
	Listing *listing = arg;
	GlueTable *copy = palloc(sizeof(GlueTable));
	ListCell *lc;

	*copy = *table;
	copy->name = pstrdup(table->name);
	copy->format = pstrdup(table->format);
	copy->columns = NIL;
	foreach (lc, table->columns)
	{
		GlueColumn *column = palloc(sizeof(GlueColumn));

		*column = *(GlueColumn *) lfirst(lc);
		column->name = pstrdup(column->name);
		column->type = pstrdup(column->type);
		column->comment = "";
		copy->columns = lappend(copy->columns, column);
	}
	listing->tables = lappend(listing->tables, copy);
}

/* All tables of a foreign table's database, read once. */
static Listing *
listing_of(List **listings, Oid relid)
{
	QuerySettings *settings = storage_settings_for_table(relid, GetUserId());
	const char *database = discover_name(settings->database);
	Listing *listing;
	ListCell *lc;

	foreach (lc, *listings)
	{
		listing = lfirst(lc);
		if (listing->server == settings->server_id &&
			strcmp(listing->catalog, settings->catalog) == 0 &&
			strcmp(listing->database, database) == 0)
			return listing;
	}
	listing = palloc0(sizeof(Listing));
	listing->server = settings->server_id;
	listing->catalog = settings->catalog;
	listing->database = database;
	listing->settings = settings;
	discover_tables(settings, database, keep_table, listing);
	*listings = lappend(*listings, listing);
	return listing;
}

/* A table of the database that is not declared in the schema. */
static Difference *
new_table(const Listing *listing, const GlueTable *table, const char *schema)
{
	Difference *d = palloc0(sizeof(Difference));
	char *name = remote_from_utf8(table->name);

	d->table = pstrdup(quote_qualified_identifier(schema, declare_name(name, NIL)));
	d->state = NEW;
	d->statement =
		psprintf("IMPORT FOREIGN SCHEMA %s LIMIT TO (%s) FROM SERVER %s INTO %s%s",
				 quote_identifier(listing->database), quote_identifier(name),
				 quote_identifier(listing->settings->server_name), quote_identifier(schema),
				 discover_is_glue(listing->catalog) ?
					 "" :
					 psprintf(" OPTIONS (catalog %s)", quote_literal_cstr(listing->catalog)));
	return d;
}

/* The foreign tables of ours in a schema, by name. */
static List *
tables_of_schema(Oid namespace)
{
	List *relids = NIL;
	ListCell *lc;

	foreach (lc, functions_oids("SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind "
								"OPERATOR(pg_catalog.=) 'f' AND c.relnamespace "
								"OPERATOR(pg_catalog.=) $1 ORDER BY c.relname",
								namespace))
		if (storage_is_ours(lfirst_oid(lc)))
			relids = lappend_oid(relids, lfirst_oid(lc));
	return relids;
}

static List *
diff_schema(Oid namespace)
{
	List *relids = tables_of_schema(namespace);
	List *listings = NIL;
	List *found = NIL;
	List *seen = NIL;
	ListCell *lc;
	ListCell *lc2;

	foreach (lc, relids)
	{
		Oid relid = lfirst_oid(lc);
		TableOptions *options = storage_table(relid);
		const GlueTable *table = NULL;
		char *name;

		if (options->query)
		{
			found = list_concat(found, diff_table(relid));
			continue;
		}
		name = remote_to_utf8(discover_name(options->table));
		foreach (lc2, listing_of(&listings, relid)->tables)
			if (strcmp(((GlueTable *) lfirst(lc2))->name, name) == 0)
				table = lfirst(lc2);
		seen = lappend(seen, (void *) table);
		if (table)
			found = compare_table(found, relid, table);
		else
			found = lappend(found, gone_table(relid));
	}
	foreach (lc, listings)
		foreach (lc2, ((Listing *) lfirst(lc))->tables)
			if (!list_member_ptr(seen, lfirst(lc2)))
				found = lappend(found,
								new_table(lfirst(lc), lfirst(lc2), get_namespace_name(namespace)));
	return found;
}

/* A text names a table or, if there is no such table, a schema. */
static List *
diff_text(text *target)
{
	List *names = textToQualifiedNameList(target);
	Oid relid = list_length(names) <= 2 ?
					RangeVarGetRelid(makeRangeVarFromNameList(names), NoLock, true) :
					InvalidOid;
	Oid namespace;

	if (OidIsValid(relid))
		return diff_table(relid);
	namespace =
		list_length(names) == 1 ? get_namespace_oid(strVal(linitial(names)), true) : InvalidOid;
	if (!OidIsValid(namespace))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("there is no table or schema %s", text_to_cstring(target))));
	return diff_schema(namespace);
}

/*
 * How many columns of a table differ?  Says which in *what.  For
 * athena_check().
 */
int
drift_count(Oid relid, char **what)
{
	StringInfoData text;
	ListCell *lc;
	int n = 0;

	initStringInfo(&text);
	foreach (lc, diff_table(relid))
	{
		Difference *d = lfirst(lc);

		if (d->state == CONNECTED)
			continue;
		appendStringInfo(&text, "%s%s (%s)", n++ > 0 ? ", " : "", d->column ? d->column : d->table,
						 state_names[d->state]);
	}
	*what = text.data;
	return n;
}

/* ---------- the functions ---------- */

static void
put_difference(ReturnSetInfo *rsinfo, const Difference *d)
{
	const char *texts[] = {d->table, d->column,      state_names[d->state],
						   d->type,  d->athena_type, d->statement};
	Datum values[6];
	bool nulls[6];
	int i;

	for (i = 0; i < 6; i++)
	{
		nulls[i] = texts[i] == NULL;
		values[i] = texts[i] ? CStringGetTextDatum(texts[i]) : (Datum) 0;
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static Datum
show(FunctionCallInfo fcinfo, List *differences)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach (lc, differences)
		put_difference(rsinfo, lfirst(lc));
	return (Datum) 0;
}

/*
 * athena_diff(text | regclass | regnamespace)
 *	returns table (table_name, column_name, state, type, athena_type, statement)
 */
Datum
athena_diff_text(PG_FUNCTION_ARGS)
{
	return show(fcinfo, diff_text(PG_GETARG_TEXT_PP(0)));
}

Datum
athena_diff_table(PG_FUNCTION_ARGS)
{
	return show(fcinfo, diff_table(PG_GETARG_OID(0)));
}

Datum
athena_diff_schema(PG_FUNCTION_ARGS)
{
	return show(fcinfo, diff_schema(PG_GETARG_OID(0)));
}

/* Is this difference to be mended without being asked about each? */
static bool
to_apply(const Difference *d, bool import_new)
{
	char *view;

	if (d->state == CONNECTED)
		return false;
	if (d->statement == NULL)
	{
		ereport(WARNING,
				(errmsg("column \"%s\" of %s is left as it is: its type %s cannot be mapped",
						d->column, d->table, d->athena_type)));
		return false;
	}
	if (d->column == NULL && d->state == GONE)
	{
		ereport(WARNING,
				(errmsg("foreign table %s is left as it is: its table in Athena is gone", d->table),
				 errhint("%s;", d->statement)));
		return false;
	}
	if (d->column == NULL)
		return import_new;
	if (d->state == GONE && view_rebuild_dependent(d->relid, d->attnum, &view))
	{
		ereport(WARNING,
				(errmsg("column \"%s\" of %s is left as it is: it is gone in Athena, but %s "
						"uses it",
						d->column, d->table, view)));
		return false;
	}
	return true;
}

/* Apply the differences of one table, which are neighbours in the list. */
static void
apply_to_table(List *differences, ReturnSetInfo *rsinfo)
{
	Difference *first = linitial(differences);
	List *attnums = NIL;
	List *views = NIL;
	ListCell *lc;

	foreach (lc, differences)
	{
		Difference *d = lfirst(lc);

		if (d->alters_type)
			attnums = lappend_int(attnums, d->attnum);
	}
	if (attnums != NIL)
		views = view_rebuild_drop(first->relid, attnums);
	foreach (lc, differences)
	{
		Difference *d = lfirst(lc);

		declare_run(d->statement, PROCESS_UTILITY_QUERY);
		put_difference(rsinfo, d);
	}
	view_rebuild_create(views);
}

static Datum
apply(FunctionCallInfo fcinfo, List *differences, bool import_new)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	List *of_table = NIL;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach (lc, differences)
	{
		Difference *d = lfirst(lc);

		if (of_table != NIL && ((Difference *) linitial(of_table))->relid != d->relid)
		{
			apply_to_table(of_table, rsinfo);
			of_table = NIL;
		}
		if (to_apply(d, import_new))
			of_table = lappend(of_table, d);
	}
	if (of_table != NIL)
		apply_to_table(of_table, rsinfo);
	return (Datum) 0;
}

/*
 * athena_sync(text | regclass | regnamespace, import_new boolean)
 *	returns what was applied, as athena_diff() does
 */
Datum
athena_sync_text(PG_FUNCTION_ARGS)
{
	return apply(fcinfo, diff_text(PG_GETARG_TEXT_PP(0)), PG_GETARG_BOOL(1));
}

Datum
athena_sync_table(PG_FUNCTION_ARGS)
{
	return apply(fcinfo, diff_table(PG_GETARG_OID(0)), false);
}

Datum
athena_sync_schema(PG_FUNCTION_ARGS)
{
	return apply(fcinfo, diff_schema(PG_GETARG_OID(0)), PG_GETARG_BOOL(1));
}
