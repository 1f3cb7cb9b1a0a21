/*
 * level_group.c
 *	  Query levels in Athena's SQL: GROUP BY and grouping sets.
 *
 * Trino groups by sets of columns only, and takes a subquery that is written
 * twice, in GROUP BY and in the select list, for two.  So such keys are columns
 * of a derived table that holds FROM and WHERE:
 *
 *	SELECT t.k1, count(*) FROM (SELECT coalesce(a.x, 0) AS k1 FROM a WHERE ...) AS t
 *	GROUP BY GROUPING SETS ((t.k1), ())
 *
 * and translate.c writes the column wherever it meets the key.
 */
#include "planner/level.h"

#include "compat.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"

/* ---------- keys ---------- */

/* One that no derived table has computed, nor an anti join made NULL, is written as its expression. */
static Expr *
without_placeholders(Level *level, Expr *expr)
{
	while (IsA(expr, PlaceHolderVar) && !level_is_computed(level, (PlaceHolderVar *) expr) &&
		   !level_is_absent(level, expr))
		expr = ((PlaceHolderVar *) expr)->phexpr;
	return expr;
}

/* Is it a constant that may not stand in GROUP BY or ORDER BY, where it means nothing? */
bool
level_is_constant_key(Level *level, Expr *expr)
{
	expr = without_placeholders(level, expr);
	return !contain_var_clause((Node *) expr) && !contain_subplans((Node *) expr) &&
		   !contain_agg_clause((Node *) expr) && !contain_window_function((Node *) expr) &&
		   !contain_volatile_functions((Node *) expr);
}

/* Does it hold a subquery, of which each place where it is written is another one? */
bool
level_has_subquery(Expr *expr)
{
	return contain_subplans((Node *) expr) || shippable_has_subquery_result((Node *) expr, NULL);
}

/* What a key of GROUP BY, ORDER BY and the like stands for. */
TargetEntry *
level_target(Level *level, SortGroupClause *clause)
{
	return get_sortgroupref_tle(clause->tleSortGroupRef, level->root->processed_tlist);
}

/* ---------- keys that are columns of a derived table ---------- */

/* Must a key be a column of a derived table?  The level is NULL where it is not known yet. */
static bool
is_made_column(Level *level, Query *parse, Expr *expr)
{
	bool absent = false;

	while (!(absent = level && level_is_absent(level, expr)) && IsA(expr, PlaceHolderVar))
		expr = ((PlaceHolderVar *) expr)->phexpr;
	/* a NULL is no column either */
	if (parse->groupingSets != NIL && (absent || !IsA(expr, Var)))
		return true;
	return level_has_subquery(expr);
}

/* Has the level such keys, whatever its joins are? */
bool
level_makes_columns(PlannerInfo *root)
{
	ListCell *lc;

	foreach (lc, root->parse->groupClause)
		if (is_made_column(NULL, root->parse,
						   get_sortgroupref_tle(lfirst_node(SortGroupClause, lc)->tleSortGroupRef,
												root->processed_tlist)
							   ->expr))
			return true;
	return false;
}

/*
 * Put FROM and the conditions, which have been written and are waiting, into a
 * derived table, if there are keys that must be columns of one.
 */
bool
level_make_columns(Level *level, RemoteSql *from, List **conditions)
{
	List *keys = NIL;
	RemoteSql derived;
	ListCell *lc;

	foreach (lc, level->root->parse->groupClause)
	{
		Expr *expr = level_target(level, lfirst(lc))->expr;

		if (!is_made_column(level, level->root->parse, expr))
			continue;
		expr = without_placeholders(level, expr);
		/* one that a derived table has computed is a column already */
		if ((!IsA(expr, PlaceHolderVar) || level_is_absent(level, expr)) &&
			!list_member(keys, expr))
			keys = lappend(keys, expr);
	}
	if (keys == NIL)
		return true;
	/* what is finished here would look for the subquery in the plan */
	foreach (lc, keys)
		if (level->upper == NULL && level->stage == LEVEL_GROUPED && level_has_subquery(lfirst(lc)))
			return level_refuse("groups by a subquery, with more that is done here");
	remote_sql_init(&derived);
	if (!level_wrap_from(level, &derived, from, *conditions, keys))
		return false;
	*from = derived;
	*conditions = NIL;
	return true;
}

/*
 * The planner makes a plan of each place where a subquery stands.  To tell whether
 * two are one, put the subqueries back to where their plans are, with what they
 * depend on instead of parameters.
 */
typedef struct Canonical
{
	PlannerInfo *root;
	List *ids; /* of parameters that are known */
	List *exprs; /* and what they stand for */
} Canonical;

static Node *canonical_mutator(Node *node, Canonical *context);

static Node *
canonical_subquery(SubPlan *plan, Canonical *context)
{
	SubLink *link = makeNode(SubLink);
	PlannerInfo *subroot = list_nth(context->root->glob->subroots, plan->plan_id - 1);
	Canonical inner = {subroot, list_copy(context->ids), list_copy(context->exprs)};
	ListCell *lc, *lc2;

	foreach (lc, plan->paramIds)
	{
		Param *column = makeNode(Param);

		column->paramkind = PARAM_SUBLINK;
		column->paramid = foreach_current_index(lc) + 1;
		inner.ids = lappend_int(inner.ids, lfirst_int(lc));
		inner.exprs = lappend(inner.exprs, column);
	}
	forboth(lc, plan->parParam, lc2, plan->args)
	{
		inner.ids = lappend_int(inner.ids, lfirst_int(lc));
		inner.exprs = lappend(inner.exprs, canonical_mutator(lfirst(lc2), context));
	}
	link->subLinkType = plan->subLinkType;
	link->testexpr = canonical_mutator(plan->testexpr, &inner);
	link->subselect = canonical_mutator((Node *) subroot->parse, &inner);
	return (Node *) link;
}

static Node *
canonical_mutator(Node *node, Canonical *context)
{
	PlannerInfo *owner;
	SubPlan *plan;
	ListCell *lc, *lc2;

	if (node == NULL)
		return NULL;
	if (IsA(node, SubPlan))
		return canonical_subquery((SubPlan *) node, context);
	if (IsA(node, AlternativeSubPlan))
		return canonical_mutator(linitial(((AlternativeSubPlan *) node)->subplans), context);
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, canonical_mutator, (void *) context, 0);
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
	{
		forboth(lc, context->ids, lc2, context->exprs)
		{
			if (lfirst_int(lc) == ((Param *) node)->paramid)
				return copyObject(lfirst(lc2));
		}
		plan = level_initplan(context->root, ((Param *) node)->paramid, &owner);
		if (plan)
			return canonical_subquery(plan, context);
	}
	return expression_tree_mutator(node, canonical_mutator, (void *) context);
}

static Node *
canonical_form(Level *level, Expr *expr)
{
	Canonical context = {level->root, NIL, NIL};

	return canonical_mutator((Node *) expr, &context);
}

/* Are they the same subqueries, and the same around them? */
static bool
same_subqueries(Level *level, Expr *a, Expr *b)
{
	return level_has_subquery(a) && level_has_subquery(b) &&
		   equal(canonical_form(level, a), canonical_form(level, b));
}

/* Write the column that a key has become; false if the expression is none. */
bool
level_key(Level *level, RemoteSql *out, Expr *expr, RemoteType *type)
{
	ListCell *lc;

	expr = without_placeholders(level, expr);
	foreach (lc, level->keys)
	{
		LevelKey *key = lfirst(lc);

		if (!equal(key->expr, expr) && !same_subqueries(level, key->expr, expr))
			continue;
		appendStringInfoString(&out->text, key->column.text);
		*type = key->column.type;
		return true;
	}
	return false;
}

/* ---------- GROUP BY ---------- */

static bool
write_keys(Level *level, RemoteSql *out, List *refs, const char *separator)
{
	ListCell *lc;

	foreach (lc, refs)
	{
		TargetEntry *tle =
			get_sortgroupref_tle((Index) lfirst_int(lc), level->root->processed_tlist);
		RemoteType type;

		if (lc != list_head(refs))
			appendStringInfoString(&out->text, separator);
		if (!translate_key(level, out, tle->expr, &type))
			return false;
	}
	return true;
}

static bool
write_grouping_sets(Level *level, RemoteSql *out)
{
	ListCell *lc;

	appendStringInfoString(&out->text, " GROUP BY GROUPING SETS (");
	foreach (lc, level->root->parse->groupingSets)
	{
		if (lfirst(lc) != NIL && !IsA(lfirst(lc), IntList))
			return false;
		appendStringInfoString(&out->text,
							   lc == list_head(level->root->parse->groupingSets) ? "(" : ", (");
		if (!write_keys(level, out, lfirst(lc), ", "))
			return false;
		appendStringInfoChar(&out->text, ')');
	}
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* GROUP BY; are all of its keys constants, so that there is nothing to write? */
bool
level_write_group_by(Level *level, RemoteSql *out, bool *all_constant)
{
	Query *parse = level->root->parse;
	List *refs = NIL;
	ListCell *lc;

	*all_constant = false;
	if (parse->groupingSets != NIL)
		return write_grouping_sets(level, out);
	foreach (lc, parse->groupClause)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);

		if (!level_is_constant_key(level, level_target(level, clause)->expr) ||
			level_has_subquery(level_target(level, clause)->expr))
			refs = lappend_int(refs, (int) clause->tleSortGroupRef);
	}
	*all_constant = refs == NIL && parse->groupClause != NIL;
	if (refs == NIL)
		return true;
	appendStringInfoString(&out->text, " GROUP BY ");
	return write_keys(level, out, refs, ", ");
}
