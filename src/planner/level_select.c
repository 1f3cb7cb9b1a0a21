/*
 * level_select.c
 *	  Query levels in Athena's SQL: SELECT, ORDER BY, LIMIT, set operations, and
 *	  the level that is shipped.
 *
 * What stands in FROM and WHERE is level.c's, GROUP BY level_group.c's, OVER
 * level_window.c's.
 */
#include "planner/level.h"

#include "catalog/pg_type.h"
#include "compat.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Deeper than anybody nests queries. */
#define MAX_LEVELS 64

/* ---------- ORDER BY and LIMIT ---------- */

/* Is the order of a sort clause the usual one, and which way does it go? */
bool
level_order_of(SortGroupClause *clause, bool *descending)
{
	Oid opfamily, type;

	return athena_ordering_op(clause->sortop, &opfamily, &type, descending) &&
		   planner_is_default_order(opfamily, type);
}

/* ORDER BY one key, given as it is to be written. */
void
level_write_order_key(Level *level, RemoteSql *out, const RemoteSql *key, bool is_float,
					  bool descending, bool nulls_first)
{
	/* NaN comes out of order with NULLS FIRST there */
	if (is_float && nulls_first && !level->statement->postgres)
	{
		remote_sql_append(out, key);
		appendStringInfoString(&out->text, " IS NULL DESC, ");
		nulls_first = false;
	}
	remote_sql_append(out, key);
	appendStringInfo(&out->text, "%s NULLS %s", descending ? " DESC" : "",
					 nulls_first ? "FIRST" : "LAST");
}

static bool
write_order_by(Level *level, RemoteSql *out, List *clauses, List *tlist, List *ordinals)
{
	Query *parse = level->root->parse;
	ListCell *lc;
	bool any = false;

	foreach (lc, clauses)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);
		TargetEntry *tle = get_sortgroupref_tle(clause->tleSortGroupRef, tlist);
		bool descending;
		RemoteSql key;
		RemoteType type;
		int ordinal = 0;

		if (level_is_constant_key(level, tle->expr) && ordinals == NIL)
			continue;
		if (!level_order_of(clause, &descending))
			return false;
		/* DISTINCT takes nothing but what is selected, and a subquery written twice is two */
		if (parse->distinctClause != NIL && level_has_subquery(tle->expr))
			return level_refuse("DISTINCT in the order of a subquery");
		remote_sql_init(&key);
		if (ordinals != NIL)
		{
			/* of a set operation: by the number of the column */
			SelectColumn *column;

			ordinal = tle->resno;
			column = list_nth(ordinals, ordinal - 1);
			type = column->type;
			if (!level->statement->postgres &&
				(type.class == CLASS_NONE || type.class == CLASS_FLOAT ||
				 type.class == CLASS_CHAR || type.class == CLASS_BOOL ||
				 !shippable_collation(exprCollation((Node *) tle->expr), true)))
				return false;
			appendStringInfo(&key.text, "%d", ordinal);
		}
		else if (!translate_order(level, &key, tle->expr, exprCollation((Node *) tle->expr), &type))
			return false;
		/* which is written by a key more, and DISTINCT does not take that */
		if (type.class == CLASS_FLOAT && clause->nulls_first && !level->statement->postgres &&
			clauses == parse->sortClause && parse->distinctClause != NIL && !parse->hasDistinctOn)
			return level_refuse("DISTINCT in the order of a number that may be NaN, NULLS FIRST");
		appendStringInfoString(&out->text, any ? ", " : " ORDER BY ");
		any = true;
		level_write_order_key(level, out, &key, type.class == CLASS_FLOAT, descending,
							  clause->nulls_first);
	}
	return true;
}

/* ORDER BY inside of an aggregate or a window. */
bool
level_order_by(Level *level, RemoteSql *out, List *clauses, List *tlist)
{
	return write_order_by(level, out, clauses, tlist, NIL);
}

/*
 * The number that LIMIT or OFFSET says: -1 for none; one that is not known yet is
 * an expression that is evaluated here, NULL being none as well.
 */
static bool
limit_value(Level *level, Node *node, int64 none, int64 *value, Expr **hole)
{
	CoalesceExpr *coalesce;

	*value = -1;
	*hole = NULL;
	if (node == NULL)
		return true;
	if (IsA(node, Const))
	{
		if (!((Const *) node)->constisnull)
			*value = DatumGetInt64(((Const *) node)->constvalue);
		return ((Const *) node)->constisnull || *value >= 0;
	}
	if (!shippable_is_hole(level, (Expr *) node) || shippable_has_subquery_result(node, NULL))
		return false;
	coalesce = makeNode(CoalesceExpr);
	coalesce->coalescetype = INT8OID;
	coalesce->args = list_make2(node, makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
												Int64GetDatum(none), false, true));
	coalesce->location = -1;
	*hole = (Expr *) coalesce;
	return true;
}

static void
write_number(RemoteSql *out, const char *before, int64 value, Expr *hole, const char *after)
{
	appendStringInfoString(&out->text, before);
	if (hole)
		remote_sql_hole(out, hole);
	else
		appendStringInfo(&out->text, INT64_FORMAT, value);
	appendStringInfoString(&out->text, after);
}

static bool
write_limit(Level *level, RemoteSql *out)
{
	Query *parse = level->root->parse;
	int64 count, offset;
	Expr *count_hole, *offset_hole;

	if (!limit_value(level, parse->limitCount, PG_INT64_MAX, &count, &count_hole) ||
		!limit_value(level, parse->limitOffset, 0, &offset, &offset_hole))
		return level_refuse("a LIMIT that is not known yet");
	if (offset > 0 || offset_hole)
		write_number(out, " OFFSET ", offset, offset_hole,
					 level->statement->postgres ? "" : " ROWS");
	if (count < 0 && count_hole == NULL)
		return true;
	if (parse->limitOption == LIMIT_OPTION_WITH_TIES)
		write_number(out, " FETCH FIRST ", count, count_hole, " ROWS WITH TIES");
	else
		write_number(out, " LIMIT ", count, count_hole, "");
	return true;
}

/* WITH and the queries that the level has been found to use. */
static void
write_with(Level *level, RemoteSql *out)
{
	ListCell *lc;

	foreach (lc, level->ctes)
	{
		LevelCte *cte = lfirst(lc);

		appendStringInfo(&out->text, "%s%s AS (", lc == list_head(level->ctes) ? "WITH " : ", ",
						 level_quoted(level->statement, cte->alias));
		remote_sql_append(out, &cte->sql);
		appendStringInfoChar(&out->text, ')');
	}
	if (level->ctes != NIL)
		appendStringInfoChar(&out->text, ' ');
}

/* Things that no level may have. */
static bool
is_plain(Level *level)
{
	Query *parse = level->root->parse;

	return parse->commandType == CMD_SELECT && parse->utilityStmt == NULL &&
		   parse->rowMarks == NIL && !parse->hasTargetSRFs && !parse->hasModifyingCTE &&
		   !parse->hasRecursive && !parse->hasForUpdate && level->root->qual_security_level == 0;
}

/*
 * Write what stands after SELECT's list: FROM, WHERE, GROUP BY, HAVING.  FROM
 * has been written already, because that gives columns their names.
 */
static bool
write_body(Level *level, RemoteSql *out, RemoteSql *from, List *conditions, LevelStage stage,
		   bool having)
{
	Query *parse = level->root->parse;
	bool all_constant;
	ListCell *lc;
	const char *word = " HAVING ";

	if (!remote_sql_is_empty(from))
	{
		appendStringInfoString(&out->text, " FROM ");
		remote_sql_append(out, from);
	}
	if (!level_write_where(level, out, " WHERE ", conditions, NULL))
		return false;
	if (stage < LEVEL_GROUPED)
		return true;
	if (!level_write_group_by(level, out, &all_constant))
		return false;
	if (all_constant && !level->statement->postgres)
	{
		/* a group for a constant is there only if there are rows */
		appendStringInfo(&out->text, "%scount(*) > 0", word);
		word = " AND ";
	}
	else if (all_constant)
		appendStringInfoString(&out->text, " GROUP BY 1 + 0");
	if (parse->hasAggs && parse->groupClause == NIL && parse->groupingSets == NIL &&
		!contain_agg_clause((Node *) level->root->processed_tlist) &&
		!contain_agg_clause(parse->havingQual))
	{
		/* nobody needs the aggregates, but they make one row of all */
		appendStringInfo(&out->text, "%scount(*) >= 0", word);
		word = " AND ";
	}
	foreach (lc, having ? (List *) parse->havingQual : NIL)
	{
		RemoteType type;

		appendStringInfoString(&out->text, word);
		word = " AND ";
		if (!translate_expr(level, out, lfirst(lc), &type))
			return false;
	}
	return true;
}

/* ---------- set operations ---------- */

static bool write_set_operand(Level *level, RemoteSql *out, Node *node, List *types,
							  List **columns);

static bool
write_set_operation(Level *level, RemoteSql *out, SetOperationStmt *op, List **columns)
{
	static const char *const words[] = {
		[SETOP_UNION] = "UNION", [SETOP_INTERSECT] = "INTERSECT", [SETOP_EXCEPT] = "EXCEPT"};
	List *right;
	ListCell *lc, *lc2, *lc3, *lc4;

	if (!write_set_operand(level, out, op->larg, op->colTypes, columns))
		return false;
	appendStringInfo(&out->text, " %s%s ", words[op->op], op->all ? " ALL" : "");
	if (!write_set_operand(level, out, op->rarg, op->colTypes, &right))
		return false;
	if (level->statement->postgres)
		return true;
	if (list_length(*columns) != list_length(right))
		return false;
	forfour(lc, *columns, lc2, right, lc3, op->colTypes, lc4, op->colCollations)
	{
		SelectColumn *column = lfirst(lc);
		Oid type = lfirst_oid(lc3);

		if (!level_merge_types(level, &column->type, &((SelectColumn *) lfirst(lc2))->type, type))
			return false;
		column->type.type = type;
		/* rows are compared: text of an odd collation in other ways */
		if (!op->all &&
			(column->type.class == CLASS_NONE || !shippable_collation(lfirst_oid(lc4), false)))
			return false;
	}
	return true;
}

static bool
write_set_operand(Level *level, RemoteSql *out, Node *node, List *types, List **columns)
{
	bool ok;

	if (IsA(node, SetOperationStmt))
	{
		appendStringInfoChar(&out->text, '(');
		ok = write_set_operation(level, out, (SetOperationStmt *) node, columns);
		appendStringInfoChar(&out->text, ')');
		return ok;
	}
	if (IsA(node, RangeTblRef))
	{
		RelOptInfo *rel = level_rel(level, ((RangeTblRef *) node)->rtindex);
		Query *query;

		if (rel == NULL || rel->subroot == NULL)
			return level_refuse("a branch of a set operation that is not planned");
		query = rel->subroot->parse;
		if (query->setOperations || query->limitCount || query->limitOffset || query->sortClause ||
			query->cteList)
			appendStringInfoChar(&out->text, '(');
		ok = level_write_query(level_open(level->statement, rel->subroot, level), out, types,
							   columns);
		if (query->setOperations || query->limitCount || query->limitOffset || query->sortClause ||
			query->cteList)
			appendStringInfoChar(&out->text, ')');
		return ok;
	}
	return false;
}

/* ---------- DISTINCT ON ---------- */

/* Is it SELECT DISTINCT, which looks at all that is selected? */
static bool
is_distinct(Query *parse)
{
	return parse->distinctClause != NIL && !parse->hasDistinctOn;
}

/*
 * The keys of ORDER BY as columns of a derived table, and as ORDER BY beside it.
 * names are those that the table's columns have by now.
 */
static bool
export_order(Level *level, RemoteSql *list, RemoteSql *order, List **names)
{
	ListCell *lc;

	foreach (lc, level->root->parse->sortClause)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);
		Expr *expr = level_target(level, clause)->expr;
		bool descending;
		RemoteSql key;
		RemoteType type;

		if (level_is_constant_key(level, expr))
			continue;
		appendStringInfoString(&list->text, ", ");
		if (!level_order_of(clause, &descending) ||
			!translate_order(level, list, expr, exprCollation((Node *) expr), &type))
			return false;
		remote_sql_init(&key);
		appendStringInfoString(&key.text, level_unique_name(names, "k"));
		appendStringInfo(&list->text, " AS %s", key.text.data);
		appendStringInfoString(&order->text, remote_sql_is_empty(order) ? " ORDER BY " : ", ");
		level_write_order_key(level, order, &key, type.class == CLASS_FLOAT, descending,
							  clause->nulls_first);
	}
	return true;
}

/* The keys of DISTINCT ON as columns of a derived table, and as PARTITION BY beside it. */
static bool
export_partition(Level *level, RemoteSql *list, RemoteSql *partition, List **names)
{
	ListCell *lc;

	foreach (lc, level->root->parse->distinctClause)
	{
		Expr *expr = level_target(level, lfirst(lc))->expr;
		const char *name;
		RemoteType type;

		if (level_is_constant_key(level, expr))
			continue;
		appendStringInfoString(&list->text, ", ");
		if (!translate_key(level, list, expr, &type))
			return false;
		name = level_unique_name(names, "p");
		appendStringInfo(&list->text, " AS %s", name);
		appendStringInfo(&partition->text, "%s%s",
						 remote_sql_is_empty(partition) ? "PARTITION BY " : ", ", name);
	}
	return true;
}

/*
 * SELECT DISTINCT ON: the first row of each group in the order of ORDER BY.  list
 * is what is selected, each with its name, and names are those.
 *
 *	SELECT a, b FROM (SELECT *, row_number() OVER (PARTITION BY p ORDER BY k) AS place
 *		FROM (SELECT list, x AS p, y AS k FROM ...) AS d) AS d_1 WHERE place = 1 ORDER BY k
 *
 * The keys are columns because OVER takes no window function, and because a subquery
 * that is written twice is two.
 */
static bool
write_distinct_on(Level *level, RemoteSql *out, const RemoteSql *list, List *names, RemoteSql *from,
				  List *conditions, bool ordered)
{
	Statement *statement = level->statement;
	RemoteSql columns, partition, order;
	const char *place;
	ListCell *lc;

	appendStringInfoString(&out->text, "SELECT ");
	foreach (lc, names)
		appendStringInfo(&out->text, "%s%s", lc == list_head(names) ? "" : ", ",
						 level_quoted(statement, strVal(lfirst(lc))));
	if (names == NIL)
		appendStringInfoChar(&out->text, '1');

	remote_sql_init(&columns);
	remote_sql_init(&partition);
	remote_sql_init(&order);
	remote_sql_append(&columns, list);
	names = list_copy(names);
	if (!export_partition(level, &columns, &partition, &names) ||
		!export_order(level, &columns, &order, &names))
		return false;
	place = level_unique_name(&names, "place");
	appendStringInfoString(&out->text, " FROM (SELECT *, row_number() OVER (");
	remote_sql_append(out, &partition);
	remote_sql_append(out, &order);
	appendStringInfo(&out->text, ") AS %s FROM (SELECT ", place);
	remote_sql_append(out, &columns);
	if (!write_body(level, out, from, conditions, LEVEL_ORDERED, true))
		return false;
	appendStringInfo(&out->text, ") AS %s",
					 level_quoted(statement, level_unique_name(&statement->names, "d")));
	appendStringInfo(&out->text, ") AS %s WHERE %s = 1",
					 level_quoted(statement, level_unique_name(&statement->names, "d")), place);
	if (ordered)
		remote_sql_append(out, &order);
	return true;
}

/* ---------- whole levels ---------- */

/* The columns of a nested SELECT. */
static bool
write_columns(Level *level, RemoteSql *out, List *types, List **columns)
{
	Statement *statement = level->statement;
	Query *parse = level->root->parse;
	List *names = NIL;
	bool any = false;
	ListCell *lc;

	*columns = NIL;
	foreach (lc, level->root->processed_tlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		SelectColumn *column;
		Oid wanted = exprType((Node *) tle->expr);

		/* who needs these, ORDER BY or a window, writes the expression */
		if (tle->resjunk)
			continue;
		if (any)
			appendStringInfoString(&out->text, ", ");
		any = true;
		column = palloc0(sizeof(SelectColumn));
		if (types != NIL && foreach_current_index(lc) < list_length(types) &&
			list_nth_oid(types, foreach_current_index(lc)) != wanted)
		{
			/* a branch of a set operation that has another type than the whole */
			wanted = list_nth_oid(types, foreach_current_index(lc));
			if (!level->statement->postgres &&
				shippable_class(wanted, NULL) !=
					shippable_class(exprType((Node *) tle->expr), NULL))
				return false;
		}
		if (is_distinct(parse) && !level_is_constant_key(level, tle->expr))
		{
			if (!translate_key(level, out, tle->expr, &column->type))
				return false;
		}
		else if (!translate_expr(level, out, tle->expr, &column->type))
			return false;
		column->name =
			level_unique_name(&names, tle->resname && *tle->resname && *tle->resname != '?' ?
										  tle->resname :
										  psprintf("c%d", (int) tle->resno));
		level_write_name(statement, out, column);
		column->type.is_const = column->type.is_hole = false;
		*columns = lappend(*columns, column);
	}
	if (!any)
		appendStringInfoChar(&out->text, '1');
	return true;
}

/* Does the level decide which rows come first, so that ORDER BY matters? */
static bool
is_limited(Query *parse)
{
	return parse->limitCount != NULL || parse->limitOffset != NULL;
}

static bool
write_query(Level *level, RemoteSql *out, List *types, List **columns)
{
	Query *parse = level->root->parse;
	RemoteSql body, list, from;
	List *conditions = NIL;
	bool empty;

	remote_sql_init(&body);
	if (parse->setOperations)
	{
		if (!write_set_operation(level, &body, (SetOperationStmt *) parse->setOperations, columns))
			return false;
		if (is_limited(parse) && !write_order_by(level, &body, parse->sortClause,
												 level->root->processed_tlist, *columns))
			return false;
	}
	else
	{
		remote_sql_init(&from);
		remote_sql_init(&list);
		if (!level_write_from(level, &from, (Node *) parse->jointree, &conditions, &empty) ||
			!level_make_columns(level, &from, &conditions) ||
			!write_columns(level, &list, types, columns))
			return false;
		if (parse->hasDistinctOn)
		{
			List *names = NIL;
			ListCell *lc;

			foreach (lc, *columns)
				names = lappend(names, makeString(pstrdup(((SelectColumn *) lfirst(lc))->name)));
			if (!write_distinct_on(level, &body, &list, names, &from, conditions,
								   is_limited(parse)))
				return false;
		}
		else
		{
			appendStringInfo(&body.text, "SELECT %s", parse->distinctClause ? "DISTINCT " : "");
			remote_sql_append(&body, &list);
			if (!write_body(level, &body, &from, conditions, LEVEL_ORDERED, true))
				return false;
		}
		if (is_limited(parse) && !parse->hasDistinctOn &&
			!write_order_by(level, &body, parse->sortClause, level->root->processed_tlist, NIL))
			return false;
	}
	if (!write_limit(level, &body))
		return false;
	write_with(level, out);
	remote_sql_append(out, &body);
	return true;
}

/*
 * Write a nested query, without parentheses.  types: what the columns must
 * become, or NIL.  Gives its columns, in order.
 */
bool
level_write_query(Level *level, RemoteSql *out, List *types, List **columns)
{
	bool ok;

	check_stack_depth();
	if (!is_plain(level) || level->statement->depth >= MAX_LEVELS)
		return level_refuse("what a query level may not have");
	level->statement->depth++;
	ok = write_query(level, out, types, columns);
	level->statement->depth--;
	return ok;
}

/*
 * Write what the level that is shipped returns, in the form that can be read
 * back whole.
 */
bool
level_write_target(Level *level, RemoteSql *out, Expr *expr)
{
	RemoteSql value;
	RemoteType type;

	remote_sql_init(&value);
	if (level->statement->postgres)
		return translate_expr(level, out, expr, &type);
	if (translate_finish(expr))
		return translate_parts(level, out, expr);
	if (level->stage >= LEVEL_UNORDERED && is_distinct(level->root->parse) &&
				!level_is_constant_key(level, expr) ?
			!translate_key(level, &value, expr, &type) :
			!translate_expr(level, &value, expr, &type))
		return false;
	if (OidIsValid(type.relid))
	{
		appendStringInfoString(&out->text,
							   remote_column_to_read(type.relid, type.attnum, value.text.data));
		return true;
	}
	if (OidIsValid(type.element))
	{
		appendStringInfoString(&out->text, "CAST(");
		remote_sql_append(out, &value);
		appendStringInfoString(&out->text, " AS JSON)");
		return true;
	}
	if (type.class == CLASS_NONE || IS_LIMITED_TEXT(type.class))
		return false;
	if (type.class == CLASS_BYTEA)
		appendStringInfoString(&out->text, "to_hex(");
	if (type.class == CLASS_TIMESTAMPTZ && !type.bare)
		appendStringInfoChar(&out->text, '(');
	remote_sql_append(out, &value);
	if (type.class == CLASS_TIMESTAMPTZ && !type.bare)
		appendStringInfoChar(&out->text, ')');
	if (type.class == CLASS_BYTEA)
		appendStringInfoChar(&out->text, ')');
	if (type.class == CLASS_TIMESTAMPTZ)
		appendStringInfoString(&out->text, " AT TIME ZONE 'UTC'");
	return true;
}

/*
 * Begin to write the level that is shipped: FROM, which gives columns their
 * names.  Then level_try() tells which expressions can be asked for.
 */
bool
level_begin(Level *level)
{
	bool empty;

	remote_sql_init(&level->from);
	level->conditions = NIL;
	if (!is_plain(level))
		return level_refuse("what a query level may not have");
	if (level->root->parse->setOperations != NULL)
		return true;
	return level_write_from(level, &level->from, (Node *) level->root->parse->jointree,
							&level->conditions, &empty) &&
		   (level->stage < LEVEL_GROUPED ||
			level_make_columns(level, &level->from, &level->conditions));
}

/* Can the level return the value of this expression? */
bool
level_try(Level *level, Expr *expr)
{
	List *names = list_copy(level->statement->names);
	int ctes = list_length(level->ctes);
	RemoteSql out;
	bool ok;

	remote_sql_init(&out);
	/* the columns of a set operation are what they are */
	ok = level->root->parse->setOperations != NULL || level_write_target(level, &out, expr);
	/* what it has named will be written again */
	if (ctes == list_length(level->ctes))
		level->statement->names = names;
	return ok;
}

/* Can it decide by this expression, of which it is asked after grouping? */
bool
level_try_condition(Level *level, Expr *expr)
{
	List *names = list_copy(level->statement->names);
	int ctes = list_length(level->ctes);
	RemoteSql out;
	RemoteType type;
	bool ok;

	remote_sql_init(&out);
	ok = translate_expr(level, &out, expr, &type);
	if (ctes == list_length(level->ctes))
		level->statement->names = names;
	return ok;
}

/* The columns of a set operation that is the level that is shipped. */
static bool
select_set_operation(Level *level, RemoteSql *body, LevelStage stage)
{
	Query *parse = level->root->parse;
	List *columns = NIL;
	ListCell *lc;

	if (stage < LEVEL_UNORDERED ||
		!write_set_operation(level, body, (SetOperationStmt *) parse->setOperations, &columns))
		return false;
	/* columns that cannot be read as they stand would have to be wrapped */
	foreach (lc, columns)
	{
		TypeClass class = ((SelectColumn *) lfirst(lc))->type.class;

		if (!level->statement->postgres && (class == CLASS_NONE || IS_LIMITED_TEXT(class) ||
											class == CLASS_TIMESTAMPTZ || class == CLASS_BYTEA))
			return false;
	}
	return stage < LEVEL_ORDERED ||
		   write_order_by(level, body, parse->sortClause, level->root->processed_tlist, columns);
}

/* A SELECT that is the level that is shipped. */
static bool
select_plain(Level *level, RemoteSql *body, List *targets, LevelStage stage, bool having)
{
	Query *parse = level->root->parse;
	bool first_rows = stage >= LEVEL_UNORDERED && parse->hasDistinctOn;
	List *names = NIL;
	RemoteSql list;
	ListCell *lc;
	int quotients;

	remote_sql_init(&list);
	foreach (lc, targets)
	{
		if (lc != list_head(targets))
			appendStringInfoString(&list.text, ", ");
		level->spares_rows = list_member_ptr(level->guarded, lfirst(lc));
		if (!level_write_target(level, &list, lfirst(lc)))
			return false;
		level->spares_rows = false;
		if (first_rows)
			appendStringInfo(&list.text, " AS %s", level_unique_name(&names, "c"));
	}
	if (first_rows)
	{
		if (targets == NIL)
			appendStringInfoChar(&list.text, '1');
		return write_distinct_on(level, body, &list, names, &level->from, level->conditions,
								 stage >= LEVEL_ORDERED);
	}
	appendStringInfo(&body->text, "SELECT %s",
					 stage >= LEVEL_UNORDERED && parse->distinctClause ? "DISTINCT " : "");
	if (targets == NIL)
		appendStringInfoChar(&body->text, '1');
	remote_sql_append(body, &list);
	if (!write_body(level, body, &level->from, level->conditions, stage, having))
		return false;
	if (stage < LEVEL_ORDERED)
		return true;
	quotients = level->quotients;
	if (!write_order_by(level, body, parse->sortClause, level->root->processed_tlist, NIL))
		return false;
	level->order_divides = level->quotients > quotients;
	return true;
}

/*
 * Write the level that is shipped, up to a stage.  targets are the expressions
 * that it is to return; avg() among them becomes a sum and a count.
 */
bool
level_select(Level *level, RemoteSql *out, List *targets, LevelStage stage, bool having)
{
	RemoteSql body;

	remote_sql_init(&body);
	if (level->root->parse->setOperations != NULL ?
			!select_set_operation(level, &body, stage) :
			!select_plain(level, &body, targets, stage, having))
		return false;
	if (stage >= LEVEL_ORDERED && !write_limit(level, &body))
		return false;
	write_with(level, out);
	remote_sql_append(out, &body);
	return true;
}
