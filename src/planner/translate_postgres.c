/*
 * translate_postgres.c
 *	  Expressions in PostgreSQL's own words, for tests.
 *
 * With athena_fdw.debug_dialect = 'postgresql' a statement that is shipped is
 * written for PostgreSQL, so that what level.c makes of the planner's tree can be
 * run over local tables and compared: whatever the expressions, in milliseconds
 * a query.  The server's own deparser writes them; what only level.c knows
 * (columns, subqueries, windows) stands in for parameters with large numbers.
 */
#include "planner/translate.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

/* Numbers from here on are ours. */
#define FIRST_STAND_IN 100000000

typedef struct StandIns
{
	Level *level;
	List *texts; /* of String */
	bool failed;
} StandIns;

static Node *
stand_in(StandIns *context, Node *node, const char *text)
{
	Param *param = makeNode(Param);

	param->paramkind = PARAM_EXTERN;
	param->paramid = FIRST_STAND_IN + list_length(context->texts);
	param->paramtype = exprType(node);
	param->paramtypmod = exprTypmod(node);
	param->paramcollid = exprCollation(node);
	param->location = -1;
	context->texts = lappend(context->texts, makeString(pstrdup(text)));
	return (Node *) param;
}

/* A window function: its call, and what stands after OVER. */
static bool
write_window(Level *level, RemoteSql *out, WindowFunc *func)
{
	WindowFunc *call = (WindowFunc *) func;
	ListCell *lc;
	RemoteType type;

	appendStringInfo(&out->text, "%s(%s", get_func_name(call->winfnoid), call->winstar ? "*" : "");
	foreach (lc, call->args)
	{
		if (lc != list_head(call->args))
			appendStringInfoString(&out->text, ", ");
		if (!translate_expr(level, out, lfirst(lc), &type))
			return false;
	}
	appendStringInfoChar(&out->text, ')');
	if (call->aggfilter)
	{
		appendStringInfoString(&out->text, " FILTER (WHERE ");
		if (!translate_expr(level, out, call->aggfilter, &type))
			return false;
		appendStringInfoChar(&out->text, ')');
	}
	foreach (lc, level->root->parse->windowClause)
		if (lfirst_node(WindowClause, lc)->winref == func->winref)
		{
			appendStringInfoString(&out->text, " OVER (");
			if (!level_window_spec(level, out, lfirst(lc), true))
				return false;
			appendStringInfoChar(&out->text, ')');
			return true;
		}
	return false;
}

static Node *
stand_in_mutator(Node *node, StandIns *context)
{
	RemoteSql sql;
	RemoteType type;
	bool ok;

	if (node == NULL || context->failed)
		return NULL;
	remote_sql_init(&sql);
	/* neither is an expression, and PostgreSQL's walkers know no WHEN by itself */
	if (context->level->keys != NIL && !IsA(node, CaseWhen) && !IsA(node, List) &&
		level_key(context->level, &sql, (Expr *) node, &type))
		return stand_in(context, node, sql.text.data);
	switch (nodeTag(node))
	{
		case T_Var:
			ok = level_column(context->level, &sql, (Var *) node, &type);
			break;
		case T_PlaceHolderVar:
			ok = level_placeholder(context->level, &sql, (PlaceHolderVar *) node, &type);
			break;
		case T_Param:
			ok = ((Param *) node)->paramkind == PARAM_EXEC &&
				 level_param(context->level, &sql, (Param *) node, &type);
			break;
		case T_SubPlan:
			ok = level_subplan(context->level, &sql, (SubPlan *) node, &type);
			break;
		case T_AlternativeSubPlan:
			return stand_in_mutator(linitial(((AlternativeSubPlan *) node)->subplans), context);
		case T_WindowFunc:
			ok = write_window(context->level, &sql, (WindowFunc *) node);
			break;
		case T_GroupingFunc:
			ok = translate_grouping(context->level, &sql, (GroupingFunc *) node, &type);
			break;
		default:
			return expression_tree_mutator(node, stand_in_mutator, (void *) context);
	}
	if (!ok || sql.pieces != NIL)
	{
		context->failed = true;
		return node;
	}
	return stand_in(context, node, psprintf("(%s)", sql.text.data));
}

/* Write an expression as PostgreSQL would. */
bool
translate_postgres(Level *level, RemoteSql *out, Expr *expr, RemoteType *type)
{
	StandIns context = {level, NIL, false};
	Node *node = stand_in_mutator((Node *) expr, &context);
	char *text;
	char *p;

	if (context.failed)
		return false;
	translate_type_init(type, exprType((Node *) expr), exprTypmod((Node *) expr));
	text = deparse_expression(node, NIL, false, false);
	while ((p = strstr(text, "$1")) != NULL)
	{
		char *end;
		long number = strtol(p + 1, &end, 10) - FIRST_STAND_IN;

		appendBinaryStringInfo(&out->text, text, (int) (p - text));
		if (number >= 0 && number < list_length(context.texts))
			appendStringInfoString(&out->text, strVal(list_nth(context.texts, (int) number)));
		else
			appendBinaryStringInfo(&out->text, p, (int) (end - p));
		text = end;
	}
	appendStringInfoString(&out->text, text);
	return true;
}
