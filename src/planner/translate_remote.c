/*
 * translate_remote.c
 *	  Functions of schema athena, which Athena alone has: shipped by their names.
 *
 * They are declared by the extension so that a query can name them.  What they
 * give is Athena's; PostgreSQL has nothing to compare it with.  Where they
 * cannot be shipped, remote_only.c says so.
 */
#include "planner/translate.h"

#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

/* Is it one of those? */
bool
translate_is_remote_only(Oid function)
{
	return function >= FirstNormalObjectId &&
		   get_func_namespace(function) == get_namespace_oid("athena", true) &&
		   getExtensionOfObject(ProcedureRelationId, function) ==
			   get_extension_oid("athena_fdw", true);
}

/* name(arguments; types are what PostgreSQL has made of them. */
static bool
write_name(Level *level, RemoteSql *out, Oid function, List *args, bool distinct, Oid result,
		   RemoteType *type)
{
	RemoteType first = {0};
	ListCell *lc;

	appendStringInfo(&out->text, "%s(%s", get_func_name(function), distinct ? "DISTINCT " : "");
	foreach (lc, args)
	{
		RemoteType arg;

		if (lc != list_head(args))
			appendStringInfoString(&out->text, ", ");
		if (!translate_value(level, out, lfirst(lc), &arg) || IS_LIMITED_TEXT(arg.class) ||
			arg.class == CLASS_MIDNIGHT)
			return false;
		if (lc == list_head(args))
			first = arg;
	}
	appendStringInfoChar(&out->text, ')');
	translate_type_init(type, result, -1);
	/* of the type of its first argument, if it is declared so */
	if (type->class == CLASS_NUMERIC)
	{
		type->whole = first.whole;
		type->fraction = first.fraction;
		type->computed = first.computed;
	}
	type->bare = true;
	return type->class != CLASS_NONE && !level->statement->postgres;
}

bool
translate_remote_function(Level *level, RemoteSql *out, FuncExpr *func, RemoteType *type)
{
	return translate_is_remote_only(func->funcid) &&
		   write_name(level, out, func->funcid, func->args, false, func->funcresulttype, type);
}

bool
translate_remote_aggregate(Level *level, RemoteSql *out, Aggref *agg, RemoteType *type)
{
	List *args = NIL;
	ListCell *lc;

	if (!translate_is_remote_only(agg->aggfnoid) || agg->aggsplit != AGGSPLIT_SIMPLE ||
		agg->agglevelsup != 0 || agg->aggorder != NIL)
		return false;
	foreach (lc, agg->args)
		if (!lfirst_node(TargetEntry, lc)->resjunk)
			args = lappend(args, lfirst_node(TargetEntry, lc)->expr);
	return write_name(level, out, agg->aggfnoid, args, agg->aggdistinct != NIL, agg->aggtype,
					  type) &&
		   translate_filter(level, out, agg->aggfilter);
}
