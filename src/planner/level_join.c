/*
 * level_join.c
 *	  Query levels in Athena's SQL: joins, and the conditions on them.
 *
 *	- A semi join is EXISTS or IN, an anti join NOT EXISTS, with all that its
 *	  inner side has inside of it.  An anti join that was LEFT JOIN ... IS NULL
 *	  is that again: its columns may be asked for above.
 *	- What must be computed below an outer join (a PlaceHolderVar) and what
 *	  cannot stand in its ON make of that side a derived table.
 *	- Conditions of the preserved side of an outer join go up, into WHERE; those
 *	  of the other side belong to ON.
 *	- Conditions that the planner has pushed down into a subquery are there, and
 *	  nowhere else: columns that only they need are gone above it.
 */
#include "planner/level.h"

#include "access/sysattr.h"
#include "compat.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "utils/lsyscache.h"

static bool write_semi_join(Level *level, RemoteSql *out, JoinExpr *join);

/* ---------- joins ---------- */

/* The relations below a node of the join tree; with joins, also outer joins, as sets have them since 16. */
static Relids
members_below(Node *node, bool joins)
{
	Relids relids = NULL;
	ListCell *lc;

	if (IsA(node, RangeTblRef))
		return bms_make_singleton(((RangeTblRef *) node)->rtindex);
	if (IsA(node, FromExpr))
	{
		foreach (lc, ((FromExpr *) node)->fromlist)
			relids = bms_join(relids, members_below(lfirst(lc), joins));
		return relids;
	}
	relids = bms_join(members_below(((JoinExpr *) node)->larg, joins),
					  members_below(((JoinExpr *) node)->rarg, joins));
	if (joins && ((JoinExpr *) node)->rtindex != 0)
		relids = bms_add_member(relids, ((JoinExpr *) node)->rtindex);
	return relids;
}

static Relids
relids_below(Node *node)
{
	return members_below(node, false);
}

/* Has the planner found that nothing of this is needed? */
static bool
is_removed(Level *level, Node *node)
{
	Relids relids = relids_below(node);
	int rti = -1;

	while ((rti = bms_next_member(relids, rti)) >= 0)
		if (level_rel(level, rti) != NULL ||
			rt_fetch(rti, level->root->parse->rtable)->rtekind == RTE_RESULT)
			return false;
	return !bms_is_empty(relids);
}

/* Add expressions, a List or one, to the conditions that wait for their place. */
static List *
add_conditions(List *conditions, Node *quals)
{
	ListCell *lc;
	Condition *condition;

	if (quals == NULL)
		return conditions;
	if (IsA(quals, List))
	{
		foreach (lc, (List *) quals)
			conditions = add_conditions(conditions, lfirst(lc));
		return conditions;
	}
	condition = palloc0(sizeof(Condition));
	condition->expr = (Expr *) quals;
	return lappend(conditions, condition);
}

static bool
contains_subplan(List *conditions)
{
	ListCell *lc;

	foreach (lc, conditions)
	{
		Condition *condition = lfirst(lc);

		if (condition->join || contain_subplans((Node *) condition->expr))
			return true;
	}
	return false;
}

/*
 * Does PostgreSQL compute something below the outer join of which these
 * relations, with the outer joins of them, are a nullable side, for use above it?
 */
static List *
placeholders_below(Level *level, Relids relids)
{
	List *found = NIL;
	ListCell *lc;

	foreach (lc, level->root->placeholder_list)
	{
		PlaceHolderInfo *info = lfirst_node(PlaceHolderInfo, lc);
		Relids at = info->ph_eval_at;
		ListCell *lc2;
		bool known = false;

		foreach (lc2, level->placeholders)
			known |= ((LevelPlaceholder *) lfirst(lc2))->phid == info->phid;
		if (!bms_is_empty(at) && bms_is_subset(at, relids) && !known &&
			!bms_is_subset(info->ph_needed, relids))
			found = lappend(found, info);
	}
	return found;
}

/* A derived table that is being written around a part of the join tree. */
typedef struct Derived
{
	LevelRel *rels; /* what relations become, by range table index */
	List *names; /* of its columns */
	List *placeholders; /* of LevelPlaceholder */
	List *replaced; /* of LevelPlaceholder: those that it passes on */
	List *keys; /* of LevelKey */
} Derived;

/* Name the column that has been written. */
static const char *
derive_name(Level *level, RemoteSql *out, Derived *derived, const char *wish)
{
	const char *name = level_unique_name(&derived->names, wish);

	appendStringInfo(&out->text, " AS %s", level_quoted(level->statement, name));
	return name;
}

static void
derive_separator(RemoteSql *out, Derived *derived)
{
	if (derived->names != NIL)
		appendStringInfoString(&out->text, ", ");
}

/* The column of a relation inside of a derived table; text is NULL if there is none. */
static bool
derived_column(Level *level, int rti, AttrNumber attnum, LevelColumn *column)
{
	LevelRel *from = &level->rels[rti];
	Oid type;
	int32 typmod;
	Oid collation;

	memset(column, 0, sizeof(LevelColumn));
	if (from->columns)
	{
		if (attnum <= from->ncolumns)
			*column = from->columns[attnum - 1];
		return true;
	}
	get_atttypetypmodcoll(from->relid, attnum, &type, &typmod, &collation);
	return level_relation_column(level, from, attnum, type, typmod, column);
}

/* Pass on the columns of a relation that are needed above, or in quals. */
static bool
derive_relation(Level *level, RemoteSql *out, Derived *derived, int rti, Node *quals)
{
	RelOptInfo *rel = level_rel(level, rti);
	LevelRel *to = &derived->rels[rti];
	RangeTblEntry *rte = rt_fetch(rti, level->root->parse->rtable);
	Bitmapset *in_quals = NULL;
	AttrNumber attnum;

	if (rel == NULL || rel->max_attr <= 0)
		return true;
	/* it is inside of a semi join */
	if (level->rels[rti].columns == NULL && !OidIsValid(level->rels[rti].relid))
		return true;
	pull_varattnos(quals, (Index) rti, &in_quals);
	to->ncolumns = rel->max_attr;
	to->columns = palloc0(sizeof(LevelColumn) * rel->max_attr);
	for (attnum = 1; attnum <= rel->max_attr; attnum++)
	{
		LevelColumn *column = &to->columns[attnum - 1];

		if (!level_is_needed(rel, attnum) &&
			!bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, in_quals))
			continue;
		if (!derived_column(level, rti, attnum, column))
			return false;
		if (column->text == NULL)
			continue;
		derive_separator(out, derived);
		appendStringInfoString(&out->text, column->text);
		column->text = column->type.name =
			derive_name(level, out, derived, strVal(list_nth(rte->eref->colnames, attnum - 1)));
	}
	return true;
}

/* Pass on what was computed further down, and compute what is to be computed here. */
static bool
derive_placeholders(Level *level, RemoteSql *out, Derived *derived, Relids relids,
					List *placeholders)
{
	ListCell *lc;

	foreach (lc, level->placeholders)
	{
		LevelPlaceholder *below = lfirst(lc);
		LevelPlaceholder *p;

		if (!bms_is_subset(below->relids, relids))
			continue;
		p = palloc(sizeof(LevelPlaceholder));
		*p = *below;
		derive_separator(out, derived);
		appendStringInfoString(&out->text, below->column.text);
		p->column.text = p->column.type.name = derive_name(level, out, derived, "p");
		derived->placeholders = lappend(derived->placeholders, p);
		derived->replaced = lappend(derived->replaced, below);
	}
	foreach (lc, placeholders)
	{
		PlaceHolderInfo *info = lfirst_node(PlaceHolderInfo, lc);
		LevelPlaceholder *p = palloc0(sizeof(LevelPlaceholder));

		derive_separator(out, derived);
		if (!translate_expr(level, out, info->ph_var->phexpr, &p->column.type))
			return false;
		p->phid = info->phid;
		p->relids = relids;
		p->column.text = p->column.type.name = derive_name(level, out, derived, "p");
		derived->placeholders = lappend(derived->placeholders, p);
	}
	return true;
}

static bool
derive_keys(Level *level, RemoteSql *out, Derived *derived, List *keys)
{
	ListCell *lc;

	foreach (lc, keys)
	{
		LevelKey *key = palloc0(sizeof(LevelKey));

		key->expr = lfirst(lc);
		derive_separator(out, derived);
		if (!translate_value(level, out, key->expr, &key->column.type))
			return false;
		key->column.type.relid = InvalidOid;
		key->column.text = key->column.type.name = derive_name(level, out, derived, "k");
		derived->keys = lappend(derived->keys, key);
	}
	return true;
}

/* A column of the derived table, as it is referred to from outside. */
static void
derived_is_there(Level *level, const char *alias, LevelColumn *column)
{
	if (column->text == NULL)
		return;
	column->text = level_column_text(level->statement, alias, column->text);
	column->type.bare = true;
	column->type.is_const = column->type.is_hole = false;
}

/*
 * Make a derived table of a part of the join tree that has been written:
 * (SELECT columns, placeholders, keys FROM part WHERE conditions) AS t.  quals are
 * those of the join above, whose columns the planner may know as needed by the
 * table alone.
 */
static bool
wrap(Level *level, RemoteSql *out, RemoteSql *part, Relids relids, List *conditions,
	 List *placeholders, List *keys, Node *quals)
{
	Statement *statement = level->statement;
	Derived derived = {0};
	char *alias;
	ListCell *lc;
	int rti = -1;

	derived.rels = palloc0(sizeof(LevelRel) * level->nrels);
	appendStringInfoString(&out->text, "(SELECT ");
	while ((rti = bms_next_member(relids, rti)) >= 0)
		if (!derive_relation(level, out, &derived, rti, quals))
			return false;
	if (!derive_placeholders(level, out, &derived, relids, placeholders) ||
		!derive_keys(level, out, &derived, keys))
		return false;
	if (derived.names == NIL)
		appendStringInfoString(&out->text, "1");
	if (!remote_sql_is_empty(part))
		appendStringInfoString(&out->text, " FROM ");
	remote_sql_append(out, part);
	if (!level_write_where(level, out, " WHERE ", conditions, NULL))
		return false;
	alias = level_unique_name(&statement->names, "t");
	appendStringInfo(&out->text, ") AS %s", level_quoted(statement, alias));

	/* from here on they are the derived table's */
	rti = -1;
	while ((rti = bms_next_member(relids, rti)) >= 0)
	{
		LevelRel *to = &derived.rels[rti];
		int i;

		for (i = 0; i < to->ncolumns; i++)
			derived_is_there(level, alias, &to->columns[i]);
		if (to->columns)
			level->rels[rti] = *to;
	}
	level->placeholders = list_difference_ptr(level->placeholders, derived.replaced);
	foreach (lc, derived.placeholders)
		derived_is_there(level, alias, &((LevelPlaceholder *) lfirst(lc))->column);
	level->placeholders = list_concat(level->placeholders, derived.placeholders);
	foreach (lc, derived.keys)
		derived_is_there(level, alias, &((LevelKey *) lfirst(lc))->column);
	level->keys = list_concat(level->keys, derived.keys);
	return true;
}

/* The same of all that stands in FROM, with keys of GROUP BY as columns. */
bool
level_wrap_from(Level *level, RemoteSql *out, RemoteSql *from, List *conditions, List *keys)
{
	return wrap(level, out, from, relids_below((Node *) level->root->parse->jointree), conditions,
				NIL, keys, NULL);
}

/* Is it a relation of no columns and one row? */
static bool
is_result(Level *level, Node *node)
{
	return IsA(node, RangeTblRef) &&
		   rt_fetch(((RangeTblRef *) node)->rtindex, level->root->parse->rtable)->rtekind ==
			   RTE_RESULT;
}

/* Is no join written for it? */
static bool
is_one_item(Level *level, Node *node)
{
	ListCell *lc;
	int n = 0;

	if (IsA(node, RangeTblRef))
		return true;
	if (IsA(node, JoinExpr))
	{
		JoinExpr *join = (JoinExpr *) node;

		return (join->jointype == JOIN_SEMI || join->jointype == JOIN_ANTI ||
				(join->jointype == JOIN_LEFT && is_removed(level, join->rarg))) &&
			   is_one_item(level, join->larg);
	}
	foreach (lc, ((FromExpr *) node)->fromlist)
	{
		if (is_result(level, lfirst(lc)))
			continue;
		if (++n > 1 || !is_one_item(level, lfirst(lc)))
			return false;
	}
	return true;
}

/* Take from the conditions of an outer join those that are about its nullable side alone. */
static List *
own_quals(Level *level, Node **quals, Relids relids)
{
	List *own = NIL;
	List *rest = NIL;
	ListCell *lc;

	if (*quals == NULL || !IsA(*quals, List))
		return NIL;
	foreach (lc, (List *) *quals)
	{
		Node *qual = lfirst(lc);
		Relids about = pull_varnos(level->root, qual);

		if (!bms_is_empty(about) && bms_is_subset(about, relids) && !contain_subplans(qual) &&
			!contain_volatile_functions(qual))
			own = lappend(own, qual);
		else
			rest = lappend(rest, qual);
	}
	*quals = (Node *) rest;
	return own;
}

/* One side of a join, as a derived table where it must be one. */
static bool
write_side(Level *level, RemoteSql *out, Node *node, bool nullable, bool apart, Node **quals,
		   List **conditions)
{
	RemoteSql part;
	Relids relids = relids_below(node);
	List *placeholders = nullable ? placeholders_below(level, members_below(node, true)) : NIL;
	bool empty = false;
	List *own = NIL;

	remote_sql_init(&part);
	if (!level_write_from(level, &part, node, &own, &empty))
		return false;
	if (placeholders != NIL || empty || (nullable && contains_subplan(own)) ||
		(apart && own != NIL))
	{
		/* what ON says of this side alone is better said inside */
		if (nullable && !apart)
			own = add_conditions(own, (Node *) own_quals(level, quals, relids));
		if (!wrap(level, out, &part, relids, own, placeholders, NIL, *quals))
			return false;
		return true;
	}
	if (is_one_item(level, node))
		remote_sql_append(out, &part);
	else
	{
		appendStringInfoChar(&out->text, '(');
		remote_sql_append(out, &part);
		appendStringInfoChar(&out->text, ')');
	}
	*conditions = list_concat(*conditions, own);
	return true;
}

/* Are conditions what Trino takes for a full join: equalities, not of floating point numbers? */
static bool
are_equalities(List *conditions)
{
	ListCell *lc;

	foreach (lc, conditions)
	{
		OpExpr *op = (OpExpr *) ((Condition *) lfirst(lc))->expr;
		const char *name;

		if (op == NULL || !IsA(op, OpExpr) || list_length(op->args) != 2 ||
			!shippable_builtin_operator(op->opno, &name) || strcmp(name, "=") != 0 ||
			shippable_class(exprType(linitial(op->args)), NULL) == CLASS_FLOAT)
			return false;
	}
	return conditions != NIL;
}

static bool
write_join(Level *level, RemoteSql *out, JoinExpr *join, List **conditions)
{
	static const char *const words[] = {
		[JOIN_INNER] = " JOIN ", [JOIN_LEFT] = " LEFT JOIN ", [JOIN_FULL] = " FULL JOIN "};
	JoinType type = join->jointype;
	bool full = type == JOIN_FULL;
	List *on = NIL;
	Node *quals = join->quals;
	Relids preserved = NULL;
	RemoteSql right;
	Condition *condition;

	if (type == JOIN_LEFT && is_removed(level, join->rarg))
		return level_write_from(level, out, join->larg, conditions, &(bool){false});
	if (type == JOIN_SEMI || type == JOIN_ANTI)
	{
		bool empty = false;

		if (!level_write_from(level, out, join->larg, conditions, &empty))
			return false;
		if (empty)
			return level_refuse("a semi join of nothing");
		/* it may have been LEFT JOIN ... WHERE ... IS NULL, and more said of its right side */
		if (type == JOIN_ANTI)
			level->absent = bms_add_members(level->absent, members_below(join->rarg, true));
		condition = palloc0(sizeof(Condition));
		condition->join = join;
		*conditions = lappend(*conditions, condition);
		return true;
	}
	if (type != JOIN_INNER && type != JOIN_LEFT && type != JOIN_FULL)
		return level_refuse("a kind of join");
	/* what waits on the left of an inner join may wait on, and so may what is preserved */
	if (!write_side(level, out, join->larg, full, full, &quals, full ? &on : conditions))
		return false;
	remote_sql_init(&right);
	if (!write_side(level, &right, join->rarg, type != JOIN_INNER, full, &quals, &on))
		return false;
	on = add_conditions(on, quals);
	if (type == JOIN_INNER)
	{
		if (on == NIL || contains_subplan(on))
		{
			appendStringInfoString(&out->text, " CROSS JOIN ");
			remote_sql_append(out, &right);
			*conditions = list_concat(*conditions, on);
			return true;
		}
	}
	else if (contains_subplan(on) && !level->statement->postgres)
		return level_refuse("a subquery in the condition of an outer join");
	if (full && !level->statement->postgres && !are_equalities(on))
		return level_refuse("a full join on more than equalities");
	appendStringInfoString(&out->text, words[type]);
	remote_sql_append(out, &right);
	if (type != JOIN_INNER)
		preserved = relids_below(join->larg);
	if (full)
		preserved = bms_join(preserved, relids_below(join->rarg));
	if (!level_write_where(level, out, " ON ", on, preserved))
		return false;
	if (type != JOIN_INNER)
		level->nulled = lappend(level->nulled, relids_below(join->rarg));
	if (full)
		level->nulled = lappend(level->nulled, relids_below(join->larg));
	return true;
}

/*
 * Write a part of the join tree as FROM takes it, without the conditions that
 * can wait: those are added to *conditions.  *empty: there is nothing to write.
 */
bool
level_write_from(Level *level, RemoteSql *out, Node *node, List **conditions, bool *empty)
{
	*empty = false;
	if (is_result(level, node))
	{
		*empty = true;
		return true;
	}
	if (IsA(node, RangeTblRef))
	{
		int rti = ((RangeTblRef *) node)->rtindex;
		RangeTblEntry *rte = rt_fetch(rti, level->root->parse->rtable);

		if (!level_write_rte(level, out, rti))
			return false;
		/* UNION ALL has them in its branches */
		if (rte->rtekind == RTE_SUBQUERY && !rte->inh)
			*conditions = level_relation_conditions(level, rti, *conditions);
		return true;
	}
	if (IsA(node, JoinExpr))
		return write_join(level, out, (JoinExpr *) node, conditions);
	if (IsA(node, FromExpr))
	{
		FromExpr *from = (FromExpr *) node;
		bool top = from == level->root->parse->jointree;
		bool any = false;
		ListCell *lc;

		foreach (lc, from->fromlist)
		{
			RemoteSql item;
			bool nothing;

			remote_sql_init(&item);
			if (!level_write_from(level, &item, lfirst(lc), conditions, &nothing))
				return false;
			if (nothing)
				continue;
			if (any)
				appendStringInfoString(&out->text, top ? ", " : " CROSS JOIN ");
			if (!top && any && !is_one_item(level, lfirst(lc)))
			{
				appendStringInfoChar(&out->text, '(');
				remote_sql_append(out, &item);
				appendStringInfoChar(&out->text, ')');
			}
			else
				remote_sql_append(out, &item);
			any = true;
		}
		*empty = !any;
		*conditions = add_conditions(*conditions, from->quals);
		return true;
	}
	return false;
}

/* A semi join on one equality is IN, which Trino does better than EXISTS. */
static bool
write_in(Level *level, RemoteSql *out, JoinExpr *join, List *conditions, RemoteSql *from)
{
	Relids inner = relids_below(join->rarg);
	Condition *equality = NULL;
	List *rest = NIL;
	OpExpr *op;
	ListCell *lc;
	const char *name;
	Expr *left, *right;
	RemoteType type1, type2;
	RemoteSql value1, value2;

	foreach (lc, conditions)
	{
		Condition *condition = lfirst(lc);

		if (condition->join == NULL &&
			bms_is_subset(pull_varnos(level->root, (Node *) condition->expr), inner) &&
			!contain_subplans((Node *) condition->expr))
			rest = lappend(rest, condition);
		else if (condition->join == NULL && equality == NULL && IsA(condition->expr, OpExpr))
			equality = condition;
		else
			return false;
	}
	if (equality == NULL)
		return false;
	op = (OpExpr *) equality->expr;
	if (list_length(op->args) != 2 || !shippable_builtin_operator(op->opno, &name) ||
		strcmp(name, "=") != 0)
		return false;
	left = linitial(op->args);
	right = lsecond(op->args);
	if (bms_is_subset(pull_varnos(level->root, (Node *) left), inner))
	{
		left = lsecond(op->args);
		right = linitial(op->args);
	}
	if (bms_overlap(pull_varnos(level->root, (Node *) left), inner) ||
		!bms_is_subset(pull_varnos(level->root, (Node *) right), inner) ||
		contain_subplans((Node *) op) || !contain_var_clause((Node *) right))
		return false;
	/* the comparison itself must be one that ships */
	remote_sql_init(&value1);
	if (!translate_expr(level, &value1, equality->expr, &type1))
		return false;
	remote_sql_init(&value1);
	remote_sql_init(&value2);
	if (!translate_operand(level, &value1, left, &type1) ||
		!translate_expr(level, &value2, right, &type2))
		return false;
	if (!level->statement->postgres && type1.class == CLASS_FLOAT)
		return false;
	remote_sql_append(out, &value1);
	appendStringInfoString(&out->text, " IN (SELECT ");
	remote_sql_append(out, &value2);
	appendStringInfoString(&out->text, " FROM ");
	remote_sql_append(out, from);
	if (!level_write_where(level, out, " WHERE ", rest, NULL))
		return false;
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* The relations inside of a semi or anti join. */
typedef struct Inside
{
	PlannerInfo *root;
	Relids relids;
} Inside;

/* Is there a subquery that depends on rows of other relations?  Two levels up are too many for Trino. */
static bool
depends_on_others(Node *node, Inside *inside)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan) &&
		!bms_is_subset(pull_varnos(inside->root, (Node *) ((SubPlan *) node)->args),
					   inside->relids))
		return true;
	return expression_tree_walker(node, depends_on_others, (void *) inside);
}

static bool
write_exists(Level *level, RemoteSql *out, JoinExpr *join)
{
	RemoteSql from, in;
	List *conditions = NIL;
	Relids preserved = NULL;
	Inside inner = {level->root, relids_below(join->rarg)};
	bool empty;
	ListCell *lc;

	remote_sql_init(&from);
	if (!level_write_from(level, &from, join->rarg, &conditions, &empty) || empty)
		return false;
	conditions = add_conditions(conditions, join->quals);
	foreach (lc, conditions)
	{
		Condition *condition = lfirst(lc);

		if (!level->statement->postgres && condition->join == NULL &&
			depends_on_others((Node *) condition->expr, &inner))
			return level_refuse("a subquery inside of EXISTS that depends on what is outside");
	}
	remote_sql_init(&in);
	if (join->jointype == JOIN_SEMI && write_in(level, &in, join, conditions, &from))
	{
		remote_sql_append(out, &in);
		return true;
	}
	appendStringInfoString(&out->text, join->jointype == JOIN_SEMI ? "EXISTS (SELECT 1 FROM " :
																	 "NOT EXISTS (SELECT 1 FROM ");
	remote_sql_append(out, &from);
	/* of an anti join's left side a condition drops no rows: it finds fewer to drop */
	if (join->jointype == JOIN_ANTI)
		preserved = bms_difference(level->root->all_baserels, relids_below(join->rarg));
	if (!level_write_where(level, out, " WHERE ", conditions, preserved))
		return false;
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* A semi or anti join, as a condition; what is inside of it, nobody outside can see. */
static bool
write_semi_join(Level *level, RemoteSql *out, JoinExpr *join)
{
	List *placeholders = list_copy(level->placeholders);
	Relids absent = level->absent;
	Relids inside = relids_below(join->rarg);
	int rti = -1;

	level->absent = bms_difference(absent, members_below(join->rarg, true));
	if (!write_exists(level, out, join))
		return false;
	level->absent = bms_add_members(absent, level->absent);
	level->placeholders = placeholders;
	while ((rti = bms_next_member(inside, rti)) >= 0)
		memset(&level->rels[rti], 0, sizeof(LevelRel));
	return true;
}

/*
 * Is it about the result of a window function of a subquery?  The planner does
 * not push such a condition down, but it may make of it one that ends the window
 * early, and drop it.
 */
static bool
is_about_window(Level *level, int rti, Expr *expr)
{
	PlannerInfo *subroot = level->root->simple_rel_array[rti]->subroot;
	List *vars;
	ListCell *lc;

	if (subroot == NULL || !subroot->parse->hasWindowFuncs)
		return false;
	vars = pull_var_clause((Node *) expr, PVC_RECURSE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS |
											  PVC_RECURSE_PLACEHOLDERS);
	foreach (lc, vars)
	{
		Var *var = lfirst(lc);
		TargetEntry *tle;

		if (!IsA(var, Var) || (int) var->varno != rti || var->varattno <= 0)
			continue;
		tle = get_tle_by_resno(subroot->processed_tlist, var->varattno);
		if (tle == NULL || contain_window_function((Node *) tle->expr))
			return true;
	}
	return false;
}

/*
 * Has the planner taken this condition for one of a subquery in FROM, or of
 * UNION ALL?  Then it may have pushed it down, and dropped the columns that
 * nobody else needs: what is left of it is the relation's own.
 */
static bool
is_left_to_relation(Level *level, Expr *expr, Relids preserved)
{
	Relids relids =
		bms_intersect(pull_varnos(level->root, (Node *) expr), level->root->all_baserels);
	RangeTblEntry *rte;
	ListCell *lc;
	int rti;

	if (bms_membership(relids) != BMS_SINGLETON || contain_volatile_functions((Node *) expr))
		return false;
	rti = bms_singleton_member(relids);
	rte = rt_fetch(rti, level->root->parse->rtable);
	/* in an outer join's ON, and above one, it is not about the relation's rows alone */
	if (rte->rtekind != RTE_SUBQUERY || bms_is_member(rti, preserved))
		return false;
	if (bms_is_member(rti, level->absent))
		return false;
	foreach (lc, level->nulled)
		if (bms_is_member(rti, lfirst(lc)))
			return false;
	return !is_about_window(level, rti, expr);
}

/* Is it the IS NULL of LEFT JOIN ... WHERE ... IS NULL, of which the planner has made an anti join? */
static bool
is_said_by_anti_join(Level *level, Expr *expr)
{
	NullTest *test = (NullTest *) expr;

	return IsA(expr, NullTest) && test->nulltesttype == IS_NULL &&
		   level_is_absent(level, test->arg);
}

/* Add a condition that belongs to a relation or a join of its own. */
List *
level_add_condition(List *conditions, Expr *expr)
{
	Condition *condition = palloc0(sizeof(Condition));

	condition->expr = expr;
	condition->of_relation = true;
	return lappend(conditions, condition);
}

/* Add the conditions that the planner has left to a relation. */
List *
level_relation_conditions(Level *level, int rti, List *conditions)
{
	ListCell *lc;

	foreach (lc, level_rel(level, rti)->baserestrictinfo)
	{
		Expr *clause = lfirst_node(RestrictInfo, lc)->clause;

		if (!is_about_window(level, rti, clause))
			conditions = level_add_condition(conditions, clause);
	}
	return conditions;
}

/*
 * Conditions, all of which must hold; preserved are relations of whose rows they
 * drop none.
 */
bool
level_write_where(Level *level, RemoteSql *out, const char *first, List *conditions,
				  Relids preserved)
{
	bool spares_rows = level->spares_rows;
	const char *word = first;
	ListCell *lc;

	level->spares_rows = true;
	foreach (lc, conditions)
	{
		Condition *condition = lfirst(lc);
		RemoteType type;

		if (condition->join == NULL && !condition->of_relation &&
			(is_said_by_anti_join(level, condition->expr) ||
			 is_left_to_relation(level, condition->expr, preserved)))
			continue;
		if (!level->statement->postgres && strcmp(first, " ON ") == 0 && condition->join == NULL &&
			shippable_has_correlated_subquery((Node *) condition->expr, NULL))
			return level_refuse("a correlated subquery in a join's condition");
		appendStringInfoString(&out->text, word);
		word = " AND ";
		if (condition->join ? !write_semi_join(level, out, condition->join) :
							  !translate_expr(level, out, condition->expr, &type))
			return false;
	}
	/* ON cannot do without */
	if (word == first && strcmp(first, " ON ") == 0)
		appendStringInfoString(&out->text, " ON TRUE");
	level->spares_rows = spares_rows;
	return true;
}
