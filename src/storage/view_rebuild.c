/*
 * view_rebuild.c
 *	  Drops and makes again the views that use a column whose type changes.
 *
 * Called by athena_sync() around ALTER FOREIGN TABLE.  A view is made again with
 * its options, owner, privileges, comments, defaults, rules and triggers.  What
 * is not a plain view (a materialized view, a rule of a table) or what else
 * depends on such a view makes PostgreSQL refuse the DROP, and with it the whole
 * statement: nothing is lost.
 */
#include "storage/view_rebuild.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "storage/declare.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"

/* Relations whose rules use columns $2 of relation $1, and those that use them. */
#define DEPENDENTS                                                                               \
	"WITH RECURSIVE dependent (view, depth) AS ("                                                \
	" SELECT r.ev_class, 1 FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid"                \
	" WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass"          \
	" AND d.refobjid = $1 AND d.refobjsubid = ANY ($2) AND d.deptype = 'n' AND r.ev_class <> $1" \
	" UNION"                                                                                     \
	" SELECT r.ev_class, x.depth + 1 FROM dependent x"                                           \
	" JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = x.view"           \
	" AND d.classid = 'pg_rewrite'::regclass AND d.deptype = 'n'"                                \
	" JOIN pg_rewrite r ON r.oid = d.objid WHERE r.ev_class <> x.view),"                         \
	" ordered AS (SELECT view, max(depth) AS depth FROM dependent GROUP BY view) "

/*
 * For each, shallowest first: its name, its kind, and the commands that make
 * it again.
 */
#define COMMANDS                                                                                  \
	DEPENDENTS                                                                                    \
	"SELECT n, c.relkind::text, array_cat(ARRAY["                                                 \
	"  'CREATE VIEW ' || n || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', " \
	"'')"                                                                                         \
	"  || ' AS ' || pg_get_viewdef(c.oid),"                                                       \
	"  'ALTER VIEW ' || n || ' OWNER TO ' || quote_ident(pg_get_userbyid(c.relowner))],"          \
	" (SELECT coalesce(array_agg(command ORDER BY place), '{}') FROM ("                           \
	"  SELECT 1 AS place, format('REVOKE ALL ON %s FROM PUBLIC, %I', n,"                          \
	"    pg_get_userbyid(c.relowner)) AS command WHERE c.relacl IS NOT NULL"                      \
	"  UNION ALL"                                                                                 \
	"  SELECT 2, format('GRANT %s ON %s TO %s%s', a.privilege_type, n,"                           \
	"    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,"   \
	"    CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM "                   \
	"aclexplode(c.relacl) a"                                                                      \
	"  UNION ALL"                                                                                 \
	"  SELECT 3, format('GRANT %s (%I) ON %s TO %s%s', a.privilege_type, t.attname, n,"           \
	"    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,"   \
	"    CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)"                         \
	"    FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = c.oid"                    \
	"  UNION ALL"                                                                                 \
	"  SELECT 4, format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', n, t.attname,"            \
	"    pg_get_expr(f.adbin, f.adrelid)) FROM pg_attrdef f JOIN pg_attribute t"                  \
	"    ON t.attrelid = f.adrelid AND t.attnum = f.adnum WHERE f.adrelid = c.oid"                \
	"  UNION ALL"                                                                                 \
	"  SELECT 5, format('COMMENT ON VIEW %s IS %L', n, d.description) FROM pg_description d"      \
	"    WHERE d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0"         \
	"  UNION ALL"                                                                                 \
	"  SELECT 6, format('COMMENT ON COLUMN %s.%I IS %L', n, t.attname, d.description)"            \
	"    FROM pg_description d JOIN pg_attribute t ON t.attrelid = d.objoid AND t.attnum = "      \
	"d.objsubid"                                                                                  \
	"    WHERE d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid > 0"         \
	"  UNION ALL"                                                                                 \
	"  SELECT 7, pg_get_ruledef(r.oid) FROM pg_rewrite r"                                         \
	"    WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'"                                    \
	"  UNION ALL"                                                                                 \
	"  SELECT 8, pg_get_triggerdef(g.oid) FROM pg_trigger g"                                      \
	"    WHERE g.tgrelid = c.oid AND NOT g.tgisinternal) x)) "                                    \
	"FROM ordered o JOIN pg_class c ON c.oid = o.view"                                            \
	" JOIN pg_namespace s ON s.oid = c.relnamespace,"                                             \
	" LATERAL (SELECT format('%I.%I', s.nspname, c.relname)) q (n) "                              \
	"ORDER BY o.depth"

static ArrayType *
attnum_array(List *attnums)
{
	Datum *values = palloc(sizeof(Datum) * (list_length(attnums) + 1));
	ListCell *lc;

	foreach (lc, attnums)
		values[foreach_current_index(lc)] = Int32GetDatum(lfirst_int(lc));
	return construct_array(values, list_length(attnums), INT4OID, sizeof(int32), true,
						   TYPALIGN_INT);
}

/* A search_path that nobody else controls, until AtEOXact_GUC() of the level. */
static int
safe_search_path(void)
{
	int level = NewGUCNestLevel();

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/* Run one of the queries above. */
static void
run(const char *sql, Oid relid, List *attnums)
{
	Oid types[2] = {OIDOID, INT4ARRAYOID};
	Datum values[2] = {ObjectIdGetDatum(relid), PointerGetDatum(attnum_array(attnums))};
	int level = safe_search_path();

	if (SPI_execute_with_args(sql, 2, types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not look for dependent views");
	AtEOXact_GUC(true, level);
}

/* Does a view or rule use this column?  Gives the name of one. */
bool
view_rebuild_dependent(Oid relid, int attnum, char **view)
{
	MemoryContext caller = CurrentMemoryContext;
	bool found;

	SPI_connect();
	run(DEPENDENTS "SELECT view::regclass::text FROM ordered ORDER BY depth LIMIT 1", relid,
		list_make1_int(attnum));
	found = SPI_processed > 0;
	if (found)
		*view = MemoryContextStrdup(caller,
									SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	return found;
}

/* The texts of an array, in the given context. */
static List *
texts_of(Datum array, MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	List *texts = NIL;
	Datum *values;
	int n;
	int i;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &values, NULL,
					  &n);
	for (i = 0; i < n; i++)
		texts = lappend(texts, TextDatumGetCString(values[i]));
	MemoryContextSwitchTo(caller);
	return texts;
}

/*
 * Drop the views that use any of these columns.  Returns the commands that
 * make them again, in the current memory context.
 */
List *
view_rebuild_drop(Oid relid, List *attnums)
{
	MemoryContext caller = CurrentMemoryContext;
	List *commands = NIL;
	List *names = NIL;
	ListCell *lc;
	uint64 i;

	SPI_connect();
	run(COMMANDS, relid, attnums);
	for (i = 0; i < SPI_processed; i++)
	{
		HeapTuple tuple = SPI_tuptable->vals[i];
		char *name = SPI_getvalue(tuple, SPI_tuptable->tupdesc, 1);
		char *kind = SPI_getvalue(tuple, SPI_tuptable->tupdesc, 2);
		bool isnull;
		Datum array = SPI_getbinval(tuple, SPI_tuptable->tupdesc, 3, &isnull);
		MemoryContext spi;

		if (strcmp(kind, "v") != 0)
			ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
							errmsg("the type of a column cannot be changed: %s uses it", name),
							errdetail("It is no plain view, and would have to be filled again."),
							errhint("Drop it, call athena_sync() again, and make it again.")));
		spi = MemoryContextSwitchTo(caller);
		names = lcons(pstrdup(name), names); /* deepest first */
		commands = list_concat(commands, texts_of(array, caller));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	foreach (lc, names)
		declare_run(psprintf("DROP VIEW %s", (char *) lfirst(lc)), PROCESS_UTILITY_QUERY);
	return commands;
}

/* Make them again; all names in the commands are qualified. */
void
view_rebuild_create(List *commands)
{
	int level = safe_search_path();
	ListCell *lc;

	foreach (lc, commands)
		declare_run(lfirst(lc), PROCESS_UTILITY_QUERY);
	AtEOXact_GUC(true, level);
}
