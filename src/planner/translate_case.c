/*
 * translate_case.c
 *	  CASE and its like in Athena's SQL: expressions that are one of several values.
 *
 * The values must be of one kind, and numerics must fit into one decimal.  NULLs,
 * which greatest() and least() skip here, make NULL there.
 */
#include "planner/translate.h"

#include "nodes/nodeFuncs.h"

/* One of several values of which the expression may be any. */
static bool
add_branch(Level *level, RemoteType *type, const RemoteType *branch, bool first)
{
	if (branch->class != type->class || branch->class == CLASS_NONE || branch->class == CLASS_CHAR)
		return false;
	if (!first && type->class == CLASS_NUMERIC && !translate_fit_both(level, type, branch))
		return false;
	type->computed |= branch->computed;
	if (first)
	{
		type->whole = branch->whole;
		type->fraction = branch->fraction;
		return true;
	}
	if (type->whole < 0 || branch->whole < 0)
		type->whole = type->fraction = -1;
	else
	{
		type->whole = Max(type->whole, branch->whole);
		type->fraction = Max(type->fraction, branch->fraction);
	}
	return type->class != CLASS_NUMERIC || translate_fit(level, type, 0);
}

bool
translate_case(Level *level, RemoteSql *out, CaseExpr *expr, RemoteType *type)
{
	RemoteType part;
	ListCell *lc;
	bool ok = true;

	translate_type_init(type, expr->casetype, -1);
	appendStringInfoString(&out->text, "CASE");
	if (expr->arg)
		level->case_values = lappend(level->case_values, expr->arg);
	/* a branch is evaluated for its rows alone, here as there */
	foreach (lc, expr->args)
	{
		CaseWhen *when = lfirst_node(CaseWhen, lc);

		appendStringInfoString(&out->text, " WHEN ");
		if (!(ok = translate_value(level, out, when->expr, &part)))
			break;
		appendStringInfoString(&out->text, " THEN ");
		if (!(ok = translate_value(level, out, when->result, &part) &&
				   add_branch(level, type, &part, lc == list_head(expr->args))))
			break;
	}
	if (expr->arg)
		level->case_values = list_truncate(level->case_values, list_length(level->case_values) - 1);
	if (ok && expr->defresult &&
		!(IsA(expr->defresult, Const) && ((Const *) expr->defresult)->constisnull))
	{
		appendStringInfoString(&out->text, " ELSE ");
		ok = translate_value(level, out, expr->defresult, &part) &&
			 add_branch(level, type, &part, false);
	}
	appendStringInfoString(&out->text, " END");
	type->bare = true;
	return ok;
}

bool
translate_coalesce(Level *level, RemoteSql *out, const char *name, List *args, Oid pgtype,
				   RemoteType *type)
{
	RemoteType part;
	ListCell *lc;

	translate_type_init(type, pgtype, -1);
	appendStringInfo(&out->text, "%s(", name);
	foreach (lc, args)
	{
		if (lc != list_head(args))
			appendStringInfoString(&out->text, ", ");
		if (!translate_value(level, out, lfirst(lc), &part) ||
			!add_branch(level, type, &part, lc == list_head(args)))
			return false;
	}
	appendStringInfoChar(&out->text, ')');
	type->bare = true;
	return true;
}

/* greatest and least: NULLs are skipped here. */
bool
translate_minmax(Level *level, RemoteSql *out, MinMaxExpr *expr, RemoteType *type)
{
	bool greatest = expr->op == IS_GREATEST;
	bool ordered = false;
	RemoteType part;
	ListCell *lc;

	translate_type_init(type, expr->minmaxtype, -1);
	shippable_class(expr->minmaxtype, &ordered);
	if (!ordered || type->class == CLASS_FLOAT ||
		(type->class == CLASS_TEXT && !shippable_collation(expr->inputcollid, true)))
		return false;
	appendStringInfo(&out->text, "%s(filter(ARRAY[", greatest ? "array_max" : "array_min");
	foreach (lc, expr->args)
	{
		if (lc != list_head(expr->args))
			appendStringInfoString(&out->text, ", ");
		if (!translate_value(level, out, lfirst(lc), &part) ||
			!add_branch(level, type, &part, lc == list_head(expr->args)))
			return false;
	}
	appendStringInfoString(&out->text, "], e -> e IS NOT NULL))");
	type->bare = true;
	return true;
}
