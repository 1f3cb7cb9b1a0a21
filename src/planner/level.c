/*
 * level.c
 *	  Query levels in Athena's SQL: tables, subqueries, CTEs, VALUES, UNION ALL.
 *
 * What is written is the planner's own tree of a level, root->parse as it
 * stands once the level is planned: subqueries pulled up, semi and anti joins
 * in the join tree, SubPlans with the PlannerInfos of their queries, constants
 * folded.  translate.c writes the expressions, level_join.c joins and conditions,
 * level_select.c what is around FROM.
 *
 * Not shipped: row marks, security barriers, inheritance, functions in FROM,
 * TABLESAMPLE, recursion, anything of another server or another user.
 */
#include "planner/level.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "query/literal.h"
#include "query/types.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* What a PARAM_EXEC stands for: an expression of an outer level. */
typedef struct ParamBinding
{
	int paramid;
	int depth; /* subqueries in expressions that are open */
	Level *level;
	Expr *expr;
} ParamBinding;

/* Tell who wants to know, at DEBUG3 as translate.c does, and be false. */
bool
level_refuse(const char *why)
{
	elog(DEBUG3, "athena_fdw: not shipped: %s", why);
	return false;
}

/* ---------- names ---------- */

static bool
name_is_taken(List *names, const char *name)
{
	ListCell *lc;

	foreach (lc, names)
		if (pg_strcasecmp(strVal(lfirst(lc)), name) == 0)
			return true;
	return false;
}

/* A name that is not in the list yet, as close to the wish as can be; put there. */
char *
level_unique_name(List **names, const char *wish)
{
	char *name;
	int i;

	/* the planner's own names */
	if (strncmp(wish, "*SELECT*", 8) == 0 || strcmp(wish, "unnamed_subquery") == 0)
		wish = "u";
	else if (strcmp(wish, "*VALUES*") == 0)
		wish = "v";
	else if (*wish == '\0' || *wish == '?')
		wish = "c";
	name = pstrdup(wish);

	for (i = 1; name_is_taken(*names, name); i++)
		name = psprintf("%s_%d", wish, i);
	*names = lappend(*names, makeString(name));
	return name;
}

const char *
level_quoted(Statement *statement, const char *name)
{
	return statement->postgres ? quote_identifier(name) : remote_identifier(name);
}

/* table.column, or the column alone. */
char *
level_column_text(Statement *statement, const char *alias, const char *name)
{
	if (alias == NULL)
		return pstrdup(level_quoted(statement, name));
	return psprintf("%s.%s", level_quoted(statement, alias), level_quoted(statement, name));
}

/* The name of a column in a select list, unless it is the column's own. */
void
level_write_name(Statement *statement, RemoteSql *out, const SelectColumn *column)
{
	if (column->type.name == NULL || strcmp(column->name, column->type.name) != 0)
		appendStringInfo(&out->text, " AS %s", level_quoted(statement, column->name));
}

/* ---------- opening a level ---------- */

Level *
level_open(Statement *statement, PlannerInfo *root, Level *upper)
{
	Level *level = palloc0(sizeof(Level));

	level->statement = statement;
	level->upper = upper;
	level->root = root;
	level->nrels = list_length(root->parse->rtable) + 1;
	level->rels = palloc0(sizeof(LevelRel) * level->nrels);
	return level;
}

/* A level of which one foreign table is known: for conditions of a plain scan. */
Level *
level_of_relation(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	Statement *statement = palloc0(sizeof(Statement));
	Level *level;

	statement->root = root;
	level = level_open(statement, root, NULL);
	level->nrels = Max(level->nrels, root->simple_rel_array_size);
	level->rels = palloc0(sizeof(LevelRel) * level->nrels);
	level->rels[rel->relid].relid = relid;
	return level;
}

static RelOptInfo *
rel_of_root(PlannerInfo *root, int rti)
{
	RelOptInfo *rel;

	if (rti <= 0 || rti >= root->simple_rel_array_size)
		return NULL;
	rel = root->simple_rel_array[rti];
	if (rel && rel->reloptkind != RELOPT_BASEREL && rel->reloptkind != RELOPT_OTHER_MEMBER_REL)
		return NULL;
	return rel;
}

RelOptInfo *
level_rel(Level *level, int rti)
{
	return rel_of_root(level->root, rti);
}

/* Is the column asked for above its table? */
bool
level_is_needed(RelOptInfo *rel, AttrNumber attnum)
{
	return attnum < rel->min_attr || attnum > rel->max_attr || rel->attr_needed == NULL ||
		   !bms_is_empty(rel->attr_needed[attnum - rel->min_attr]);
}

/* ---------- columns ---------- */

bool
level_relation_column(Level *level, LevelRel *rel, AttrNumber attnum, Oid type, int32 typmod,
					  LevelColumn *column)
{
	ColumnOptions options;

	if (attnum <= 0)
		return false;
	options = storage_column(rel->relid, attnum);
	column->text = level_column_text(level->statement, rel->alias, options.name);
	translate_type_init(&column->type, type, typmod);
	column->type.bare = true;
	column->type.relid = rel->relid;
	column->type.attnum = attnum;
	column->type.name = options.name;
	if (options.remote_type && !level->statement->postgres)
	{
		char *error;
		AthenaType *remote = athena_type_parse(options.remote_type, &error);

		if (remote == NULL || !athena_type_natural(remote, type))
			column->type.class = CLASS_NONE;
	}
	return true;
}

/* Is it of the right side of an anti join, and so NULL?  Asked of columns and PlaceHolderVars. */
bool
level_is_absent(Level *level, Expr *expr)
{
	if (IsA(expr, Var))
		return bms_is_member(((Var *) expr)->varno, level->absent);
	return IsA(expr, PlaceHolderVar) && !bms_is_empty(((PlaceHolderVar *) expr)->phrels) &&
		   bms_is_subset(((PlaceHolderVar *) expr)->phrels, level->absent);
}

/* Write NULL in the place of an expression. */
static bool
write_null(Level *level, RemoteSql *out, Expr *expr, RemoteType *type)
{
	Const *null = makeNullConst(exprType((Node *) expr), exprTypmod((Node *) expr),
								exprCollation((Node *) expr));

	return translate_expr(level, out, (Expr *) null, type);
}

/* Write a column of this level; false if it is none that Athena has. */
bool
level_column(Level *level, RemoteSql *out, Var *var, RemoteType *type)
{
	LevelRel *rel;
	LevelColumn column = {0};

	if (var->varlevelsup != 0 || var->varno <= 0 || (int) var->varno >= level->nrels ||
		var->varattno <= 0)
		return false;
	if (level_is_absent(level, (Expr *) var))
		return write_null(level, out, (Expr *) var, type);
	rel = &level->rels[var->varno];
	if (rel->columns)
	{
		if (var->varattno > rel->ncolumns || rel->columns[var->varattno - 1].text == NULL)
			return false;
		column = rel->columns[var->varattno - 1];
		column.type.type = var->vartype;
	}
	else if (!OidIsValid(rel->relid) ||
			 !level_relation_column(level, rel, var->varattno, var->vartype, var->vartypmod,
									&column))
		return false;
	appendStringInfoString(&out->text, column.text);
	*type = column.type;
	return true;
}

/* Has a derived table computed it? */
bool
level_is_computed(Level *level, PlaceHolderVar *phv)
{
	ListCell *lc;

	foreach (lc, level->placeholders)
		if (((LevelPlaceholder *) lfirst(lc))->phid == phv->phid)
			return true;
	return false;
}

/* Write what stands for a PlaceHolderVar here: its column, or its expression. */
bool
level_placeholder(Level *level, RemoteSql *out, PlaceHolderVar *phv, RemoteType *type)
{
	ListCell *lc;

	foreach (lc, level->placeholders)
	{
		LevelPlaceholder *p = lfirst(lc);

		if (p->phid != phv->phid)
			continue;
		appendStringInfoString(&out->text, p->column.text);
		*type = p->column.type;
		return true;
	}
	if (level_is_absent(level, (Expr *) phv))
		return write_null(level, out, phv->phexpr, type);
	/* it should have been computed below an outer join that has been left */
	foreach (lc, level->nulled)
		if (bms_overlap(lfirst(lc), phv->phrels))
			return false;
	return translate_expr(level, out, phv->phexpr, type);
}

/* ---------- parameters and subplans ---------- */

/* The SubPlan of an InitPlan that sets a parameter, and whose it is; NULL if there is none. */
SubPlan *
level_initplan(PlannerInfo *root, int paramid, PlannerInfo **owner)
{
	for (; root; root = root->parent_root)
	{
		ListCell *lc;

		foreach (lc, root->init_plans)
		{
			SubPlan *plan = lfirst_node(SubPlan, lc);

			if (list_member_int(plan->setParam, paramid))
			{
				*owner = root;
				return plan;
			}
		}
	}
	return NULL;
}

static PlannerInfo *
subroot_of(Level *level, int plan_id)
{
	return list_nth(level->root->glob->subroots, plan_id - 1);
}

/* A query as (SELECT ...), at the end of what is written. */
static bool
write_subquery(Level *level, RemoteSql *out, PlannerInfo *subroot, List **columns)
{
	appendStringInfoChar(&out->text, '(');
	if (!level_write_query(level_open(level->statement, subroot, level), out, NIL, columns))
		return false;
	appendStringInfoChar(&out->text, ')');
	return true;
}

/*
 * Write what a PARAM_EXEC stands for: a value of an outer level inside of a
 * correlated subquery, or the result of an uncorrelated one.
 */
bool
level_param(Level *level, RemoteSql *out, Param *param, RemoteType *type)
{
	Statement *statement = level->statement;
	PlannerInfo *owner = NULL;
	SubPlan *plan;
	Level *at;
	ListCell *lc;
	List *columns;
	bool ok;

	foreach (lc, statement->bindings)
	{
		ParamBinding *binding = lfirst(lc);

		if (binding->paramid == param->paramid && !statement->postgres &&
			binding->depth < statement->subplans)
			return level_refuse(
				"a value of an outer query two levels up, which Trino does not take");
		if (binding->paramid == param->paramid)
			return translate_operand(binding->level, out, binding->expr, type);
	}
	plan = level_initplan(level->root, param->paramid, &owner);
	if (plan == NULL)
		return false;
	for (at = level; at && at->root != owner;)
		at = at->upper;
	if (at == NULL || (plan->subLinkType != EXPR_SUBLINK && plan->subLinkType != EXISTS_SUBLINK))
		return false;
	if (plan->subLinkType == EXISTS_SUBLINK)
		appendStringInfoString(&out->text, "EXISTS ");
	statement->subplans++;
	ok = write_subquery(at, out, subroot_of(level, plan->plan_id), &columns);
	statement->subplans--;
	if (!ok)
		return false;
	translate_type_init(type, param->paramtype, param->paramtypmod);
	if (plan->subLinkType == EXPR_SUBLINK)
	{
		if (list_length(columns) != 1)
			return false;
		*type = ((SelectColumn *) linitial(columns))->type;
		type->relid = InvalidOid;
		type->name = NULL;
	}
	type->bare = plan->subLinkType == EXPR_SUBLINK;
	type->is_const = false;
	return true;
}

/* Does a subquery give one row in any case, so that Trino can decorrelate it? */
static bool
is_one_row(Query *query)
{
	return query->setOperations == NULL && query->hasAggs && query->groupClause == NIL &&
		   query->groupingSets == NIL && query->limitCount == NULL && query->limitOffset == NULL;
}

/* Is it a plain SELECT, which Trino can decorrelate below EXISTS and IN? */
static bool
is_plain_select(Query *query)
{
	return query->setOperations == NULL && !query->hasAggs && !query->hasWindowFuncs &&
		   query->groupClause == NIL && query->groupingSets == NIL &&
		   query->distinctClause == NIL && query->havingQual == NULL && query->limitCount == NULL &&
		   query->limitOffset == NULL;
}

/* x = ANY (SELECT y): the comparison, with the outer side, of one column. */
static bool
write_any(Level *level, RemoteSql *out, SubPlan *plan)
{
	OpExpr *op = (OpExpr *) plan->testexpr;
	PlannerInfo *subroot = subroot_of(level, plan->plan_id);
	Expr *right;
	RemoteType type;
	RemoteType inner;
	List *columns;
	const char *name;
	bool ordered = false;

	if (op == NULL || !IsA(op, OpExpr) || list_length(op->args) != 2 ||
		!shippable_builtin_operator(op->opno, &name))
		return false;
	right = lsecond(op->args);
	if (!IsA(right, Param) || list_length(plan->paramIds) != 1 ||
		((Param *) right)->paramid != linitial_int(plan->paramIds))
		return false;
	if (!translate_operand(level, out, linitial(op->args), &type))
		return false;
	if (plan->subLinkType == ANY_SUBLINK && strcmp(name, "=") == 0)
		appendStringInfoString(&out->text, " IN ");
	else
		appendStringInfo(&out->text, " %s %s ", name,
						 plan->subLinkType == ANY_SUBLINK ? "ANY" : "ALL");
	if (!write_subquery(level, out, subroot, &columns) || list_length(columns) != 1)
		return false;
	if (level->statement->postgres)
		return true;
	inner = ((SelectColumn *) linitial(columns))->type;
	if (type.class != inner.class || type.class == CLASS_NONE || type.class == CLASS_FLOAT ||
		IS_LIMITED_TEXT(type.class) || shippable_class(type.type, &ordered) == CLASS_NONE)
		return false;
	if (type.class == CLASS_NUMERIC && !translate_fit_both(level, &type, &inner))
		return false;
	if (strcmp(name, "=") != 0 && strcmp(name, "<>") != 0 && !ordered)
		return false;
	return shippable_collation(op->inputcollid,
							   strcmp(name, "=") != 0 && strcmp(name, "<>") != 0) ||
		   (type.class != CLASS_TEXT && type.class != CLASS_CHAR);
}

/* Write a subquery that stands in an expression. */
bool
level_subplan(Level *level, RemoteSql *out, SubPlan *plan, RemoteType *type)
{
	Statement *statement = level->statement;
	List *bindings = list_copy(statement->bindings);
	PlannerInfo *subroot = subroot_of(level, plan->plan_id);
	ListCell *param, *arg;
	List *columns = NIL;
	bool ok = false;

	forboth(param, plan->parParam, arg, plan->args)
	{
		ParamBinding *binding = palloc(sizeof(ParamBinding));

		binding->paramid = lfirst_int(param);
		binding->depth = statement->subplans + 1;
		binding->level = level;
		binding->expr = lfirst(arg);
		statement->bindings = lappend(statement->bindings, binding);
	}
	translate_type_init(type, exprType((Node *) plan), exprTypmod((Node *) plan));
	/* Trino takes few kinds of correlated ones */
	if (!statement->postgres && plan->parParam != NIL &&
		(shippable_has_correlated_subquery((Node *) plan->args, NULL) ||
		 (plan->subLinkType == EXPR_SUBLINK ? !is_one_row(subroot->parse) :
											  !is_plain_select(subroot->parse))))
	{
		statement->bindings = bindings;
		return level_refuse("a correlated subquery that Trino does not take");
	}
	statement->subplans++;
	switch (plan->subLinkType)
	{
		case EXISTS_SUBLINK:
			appendStringInfoString(&out->text, "EXISTS ");
			ok = write_subquery(level, out, subroot, &columns);
			break;
		case EXPR_SUBLINK:
			ok = write_subquery(level, out, subroot, &columns) && list_length(columns) == 1;
			if (ok)
			{
				*type = ((SelectColumn *) linitial(columns))->type;
				type->relid = InvalidOid;
				type->name = NULL;
				type->is_const = false;
				type->bare = true;
			}
			break;
		case ANY_SUBLINK:
		case ALL_SUBLINK:
			ok = write_any(level, out, plan);
			break;
		default:
			break;
	}
	statement->subplans--;
	statement->bindings = bindings;
	return ok;
}

/* ---------- relations ---------- */

/* Give the columns of a derived table their names; those without one are not there. */
static void
set_columns(Level *level, int rti, const char *alias, List *columns)
{
	LevelRel *rel = &level->rels[rti];
	ListCell *lc;

	rel->alias = alias;
	rel->ncolumns = list_length(columns);
	rel->columns = palloc0(sizeof(LevelColumn) * Max(rel->ncolumns, 1));
	foreach (lc, columns)
	{
		SelectColumn *column = lfirst(lc);
		LevelColumn *to = &rel->columns[foreach_current_index(lc)];

		if (column->name == NULL)
			continue;
		to->text = level_column_text(level->statement, alias, column->name);
		to->type = column->type;
		to->type.name = column->name;
		to->type.bare = true;
		to->type.is_const = false;
		to->type.is_hole = false;
	}
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/*
 * A statement is run in one catalog and, as far as names without a database
 * matter, which a table's own query may have, in one database.
 */
static bool
same_place(Statement *statement, const TableOptions *table)
{
	const TableOptions *first = statement->table;

	statement->has_query |= table->query != NULL;
	if (first == NULL)
		statement->table = table;
	else if (!same_text(first->catalog, table->catalog))
		return false;
	else if (!same_text(first->database, table->database))
		statement->many_databases = true;
	return !(statement->has_query && statement->many_databases);
}

/*
 * A statement is run with the keys of one user.  Where the current user's own
 * tables stand beside those of a view of theirs, the plan holds for them alone.
 */
static bool
same_user(Statement *statement, Oid userid)
{
	Oid effective = OidIsValid(userid) ? userid : GetUserId();

	if (!statement->userid_known)
	{
		statement->userid = userid;
		statement->userid_known = true;
		return true;
	}
	if (statement->userid == userid)
		return true;
	if ((OidIsValid(statement->userid) ? statement->userid : GetUserId()) != effective)
		return false;
	statement->userid = effective;
	statement->for_current_user = true;
	return true;
}

static bool
write_relation(Level *level, RemoteSql *out, int rti, RelOptInfo *rel, RangeTblEntry *rte)
{
	Statement *statement = level->statement;
	LevelRel *to = &level->rels[rti];
	TableOptions *table;
	const char *name;
	char *text;

	if (rte->relkind != RELKIND_FOREIGN_TABLE || rte->inh || rte->tablesample != NULL ||
		rel == NULL || rel->fdwroutine == NULL || rel->serverid != statement->serverid)
		return level_refuse("a relation that is no foreign table of this server");
	if (!same_user(statement, rel->userid))
		return level_refuse("a table that is read with another user's rights");
	table = storage_table(rte->relid);
	if (!same_place(statement, table))
		return level_refuse("tables of several catalogs, or of several databases beside a query");
	name = table->query ? "" : table->table;
	to->relid = rte->relid;
	to->alias = statement->qualified || table->query ?
					level_unique_name(&statement->names, rte->eref->aliasname) :
					NULL;
	if (table->query && !statement->qualified)
		to->alias = NULL;
	statement->relids = list_append_unique_oid(statement->relids, rte->relid);
	if (statement->postgres)
		text = pstrdup(quote_identifier(name));
	else
		text = remote_relation(rte->relid);
	if (table->query)
		/* remote_relation() has called it q */
		text = pnstrdup(text, strlen(text) - strlen(" AS q"));
	else if (table->database == NULL)
		statement->bare_relations = lappend(statement->bare_relations, makeString(pstrdup(name)));
	appendStringInfoString(&out->text, text);
	if (table->query)
		appendStringInfo(&out->text, " AS %s",
						 to->alias ? level_quoted(statement, to->alias) : "q");
	else if (to->alias && pg_strcasecmp(to->alias, name) != 0)
		appendStringInfo(&out->text, " AS %s", level_quoted(statement, to->alias));
	return true;
}

/* A subquery in FROM. */
static bool
write_derived(Level *level, RemoteSql *out, int rti, RelOptInfo *rel, RangeTblEntry *rte)
{
	Statement *statement = level->statement;
	List *bindings = list_copy(statement->bindings);
	Level *inner;
	List *columns;
	ListCell *lc;
	char *alias;
	bool ok;

	if (rte->security_barrier || rel == NULL || rel->subroot == NULL)
		return level_refuse("a security barrier, or a subquery that is not planned");
	if (rte->lateral && rel->subplan_params != NIL)
	{
		appendStringInfoString(&out->text, "LATERAL ");
		foreach (lc, rel->subplan_params)
		{
			PlannerParamItem *item = lfirst(lc);
			ParamBinding *binding = palloc(sizeof(ParamBinding));

			binding->paramid = item->paramId;
			binding->depth = statement->subplans;
			binding->level = level;
			binding->expr = (Expr *) item->item;
			statement->bindings = lappend(statement->bindings, binding);
		}
	}
	inner = level_open(statement, rel->subroot, level);
	appendStringInfoChar(&out->text, '(');
	ok = level_write_query(inner, out, NIL, &columns);
	statement->bindings = bindings;
	if (!ok)
		return false;
	alias = level_unique_name(&statement->names, rte->eref->aliasname);
	appendStringInfo(&out->text, ") AS %s", level_quoted(statement, alias));
	set_columns(level, rti, alias, columns);
	return true;
}

/* The WITH query that a range table entry names, written once at its owner's level. */
static LevelCte *
find_cte(Level *level, RangeTblEntry *rte)
{
	Statement *statement = level->statement;
	Level *owner = level;
	Index up;
	LevelCte *cte;
	ListCell *lc;
	List *columns;
	int at = -1;
	int plan_id;

	if (rte->self_reference)
		return NULL;
	for (up = rte->ctelevelsup; up > 0; up--)
	{
		PlannerInfo *root = owner->root->parent_root;

		while (owner && owner->root != root)
			owner = owner->upper;
		if (owner == NULL)
			return NULL;
	}
	foreach (lc, owner->ctes)
		if (strcmp(((LevelCte *) lfirst(lc))->name, rte->ctename) == 0)
			return lfirst(lc);
	foreach (lc, owner->root->parse->cteList)
	{
		CommonTableExpr *expr = lfirst_node(CommonTableExpr, lc);

		if (strcmp(expr->ctename, rte->ctename) == 0 && !expr->cterecursive)
			at = foreach_current_index(lc);
	}
	if (at < 0 || at >= list_length(owner->root->cte_plan_ids))
		return NULL;
	plan_id = list_nth_int(owner->root->cte_plan_ids, at);
	if (plan_id <= 0)
		return NULL;
	cte = palloc0(sizeof(LevelCte));
	cte->name = rte->ctename;
	remote_sql_init(&cte->sql);
	if (!level_write_query(level_open(statement, subroot_of(level, plan_id), owner), &cte->sql, NIL,
						   &columns))
		return NULL;
	/* a table without its database would be taken for it */
	do
		cte->alias = level_unique_name(&statement->names, rte->ctename);
	while (name_is_taken(statement->bare_relations, cte->alias));
	cte->ncolumns = list_length(columns);
	cte->columns = palloc0(sizeof(char *) * Max(cte->ncolumns, 1));
	cte->types = palloc0(sizeof(RemoteType) * Max(cte->ncolumns, 1));
	foreach (lc, columns)
	{
		cte->columns[foreach_current_index(lc)] = ((SelectColumn *) lfirst(lc))->name;
		cte->types[foreach_current_index(lc)] = ((SelectColumn *) lfirst(lc))->type;
	}
	owner->ctes = lappend(owner->ctes, cte);
	return cte;
}

static bool
write_cte_reference(Level *level, RemoteSql *out, int rti, RangeTblEntry *rte)
{
	LevelCte *cte = find_cte(level, rte);
	List *columns = NIL;
	char *alias;
	int i;

	if (cte == NULL)
		return false;
	alias = level_unique_name(&level->statement->names, rte->eref->aliasname);
	for (i = 0; i < cte->ncolumns; i++)
	{
		SelectColumn *column = palloc(sizeof(SelectColumn));

		column->name = cte->columns[i];
		column->type = cte->types[i];
		columns = lappend(columns, column);
	}
	appendStringInfo(&out->text, "%s AS %s", level_quoted(level->statement, cte->alias),
					 level_quoted(level->statement, alias));
	set_columns(level, rti, alias, columns);
	return true;
}

/* Put what is known of two columns of a set operation, or of VALUES, together. */
bool
level_merge_types(Level *level, RemoteType *to, const RemoteType *from, Oid type)
{
	if (from->class != shippable_class(type, NULL) && from->class != CLASS_NONE)
		return false;
	if (to->class == CLASS_NONE || from->class == CLASS_NONE)
	{
		/* jsonb and the like: only if it is read in one way */
		return to->type == from->type && to->relid == from->relid && to->attnum == from->attnum;
	}
	if (to->class == CLASS_NUMERIC && !translate_fit_both(level, to, from))
		return false;
	to->computed |= from->computed;
	if (to->whole < 0 || from->whole < 0)
		to->whole = to->fraction = -1;
	else
	{
		to->whole = Max(to->whole, from->whole);
		to->fraction = Max(to->fraction, from->fraction);
		if (to->class == CLASS_NUMERIC && !translate_fit(level, to, 0))
			return false;
	}
	to->relid = InvalidOid;
	to->name = NULL;
	to->is_const = to->is_hole = false;
	return true;
}

static bool
write_values(Level *level, RemoteSql *out, int rti, RangeTblEntry *rte)
{
	Statement *statement = level->statement;
	char *alias = level_unique_name(&statement->names, rte->eref->aliasname);
	List *names = NIL;
	List *columns = NIL;
	ListCell *row, *lc;

	appendStringInfoString(&out->text, "(VALUES ");
	foreach (row, rte->values_lists)
	{
		appendStringInfoString(&out->text, row == list_head(rte->values_lists) ? "(" : ", (");
		foreach (lc, (List *) lfirst(row))
		{
			RemoteType type;
			SelectColumn *column;

			if (lc != list_head((List *) lfirst(row)))
				appendStringInfoString(&out->text, ", ");
			if (!translate_value(level, out, lfirst(lc), &type))
				return false;
			if (row != list_head(rte->values_lists))
			{
				column = list_nth(columns, foreach_current_index(lc));
				if (!level_merge_types(level, &column->type, &type, column->type.type))
					return false;
				continue;
			}
			column = palloc0(sizeof(SelectColumn));
			column->name = level_unique_name(
				&names, strVal(list_nth(rte->eref->colnames, foreach_current_index(lc))));
			column->type = type;
			columns = lappend(columns, column);
		}
		appendStringInfoChar(&out->text, ')');
	}
	appendStringInfo(&out->text, ") AS %s (", level_quoted(statement, alias));
	foreach (lc, columns)
		appendStringInfo(&out->text, "%s%s", lc == list_head(columns) ? "" : ", ",
						 level_quoted(statement, ((SelectColumn *) lfirst(lc))->name));
	appendStringInfoChar(&out->text, ')');
	set_columns(level, rti, alias, columns);
	return true;
}

static bool write_appendrel(Level *level, RemoteSql *out, int rti, RangeTblEntry *rte);

/* One entry of the range table, as FROM takes it. */
bool
level_write_rte(Level *level, RemoteSql *out, int rti)
{
	RangeTblEntry *rte = rt_fetch(rti, level->root->parse->rtable);
	RelOptInfo *rel = level_rel(level, rti);

	if (rte->securityQuals != NIL)
		return level_refuse("row-level security");
	if (rte->inh && rte->rtekind == RTE_SUBQUERY)
		return write_appendrel(level, out, rti, rte);
	switch (rte->rtekind)
	{
		case RTE_RELATION:
			return write_relation(level, out, rti, rel, rte);
		case RTE_SUBQUERY:
			return write_derived(level, out, rti, rel, rte);
		case RTE_CTE:
			return write_cte_reference(level, out, rti, rte);
		case RTE_VALUES:
			return !rte->lateral && write_values(level, out, rti, rte);
		default:
			return level_refuse("a function, or something like it, in FROM");
	}
}

/*
 * UNION ALL that the planner has made one relation of: each member's columns, as
 * its AppendRelInfo says them.
 */
static bool
write_appendrel(Level *level, RemoteSql *out, int rti, RangeTblEntry *rte)
{
	Statement *statement = level->statement;
	char *alias = level_unique_name(&statement->names, rte->eref->aliasname);
	RelOptInfo *parent = level_rel(level, rti);
	List *names = NIL;
	List *columns = NIL;
	bool first = true;
	ListCell *lc, *lc2;

	if (parent == NULL)
		return false;
	appendStringInfoChar(&out->text, '(');
	foreach (lc, level->root->append_rel_list)
	{
		AppendRelInfo *info = lfirst_node(AppendRelInfo, lc);
		RelOptInfo *child;
		RemoteSql from;
		bool any = false;
		int i = 0;

		if ((int) info->parent_relid != rti)
			continue;
		child = level_rel(level, (int) info->child_relid);
		if (child == NULL)
			return level_refuse("a branch of UNION ALL");
		/* a condition has left nothing of it */
		if (IS_DUMMY_REL(child))
			continue;
		if (parent->baserestrictinfo != NIL && child->subroot &&
			child->subroot->parse->hasWindowFuncs)
			return level_refuse("a condition over UNION ALL of window functions");
		remote_sql_init(&from);
		if (!level_write_rte(level, &from, (int) info->child_relid))
			return false;
		appendStringInfoString(&out->text, first ? "SELECT " : " UNION ALL SELECT ");
		foreach (lc2, info->translated_vars)
		{
			Expr *expr = lfirst(lc2);
			SelectColumn *column;
			RemoteType type;

			i = foreach_current_index(lc2);
			if (first)
			{
				column = palloc0(sizeof(SelectColumn));
				columns = lappend(columns, column);
			}
			else
				column = list_nth(columns, i);
			if (expr == NULL || !level_is_needed(parent, (AttrNumber) (i + 1)))
				continue;
			if (any)
				appendStringInfoString(&out->text, ", ");
			any = true;
			if (!translate_expr(level, out, expr, &type))
				return false;
			if (first)
			{
				column->name = level_unique_name(&names, strVal(list_nth(rte->eref->colnames, i)));
				column->type = type;
				level_write_name(statement, out, column);
			}
			else if (!statement->postgres &&
					 !level_merge_types(level, &column->type, &type, type.type))
				return false;
		}
		if (!any)
			appendStringInfoString(&out->text, "1");
		appendStringInfoString(&out->text, " FROM ");
		remote_sql_append(out, &from);
		if (!rt_fetch(info->child_relid, level->root->parse->rtable)->inh &&
			!level_write_where(level, out, " WHERE ",
							   level_relation_conditions(level, (int) info->child_relid, NIL),
							   NULL))
			return false;
		first = false;
	}
	if (first)
		return false;
	appendStringInfo(&out->text, ") AS %s", level_quoted(statement, alias));
	set_columns(level, rti, alias, columns);
	return true;
}

/* ---------- names that columns have ---------- */

/*
 * Names that no table may be given, because columns have them: there, v.x is the
 * field x of a column v, if there is one in reach.
 */
void
level_reserve_names(Statement *statement, PlannerInfo *root)
{
	ListCell *lc, *lc2;
	int i;

	foreach (lc, root->parse->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_JOIN || rte->rtekind == RTE_RESULT || rte->eref == NULL)
			continue;
		foreach (lc2, rte->eref->colnames)
			if (!name_is_taken(statement->names, strVal(lfirst(lc2))))
				statement->names = lappend(statement->names, lfirst(lc2));
	}
	for (i = 1; i < root->simple_rel_array_size; i++)
	{
		RelOptInfo *rel = rel_of_root(root, i);
		AttrNumber attnum;

		if (rel == NULL || rel->fdwroutine == NULL ||
			rt_fetch(i, root->parse->rtable)->rtekind != RTE_RELATION)
			continue;
		for (attnum = 1; attnum <= rel->max_attr; attnum++)
		{
			Oid relid = rt_fetch(i, root->parse->rtable)->relid;
			const char *name;

			if (get_attname(relid, attnum, true) == NULL)
				continue;
			name = storage_column(relid, attnum).name;
			if (!name_is_taken(statement->names, name))
				statement->names = lappend(statement->names, makeString(pstrdup(name)));
		}
	}
	foreach (lc, root->processed_tlist)
	{
		char *name = lfirst_node(TargetEntry, lc)->resname;

		if (name && !name_is_taken(statement->names, name))
			statement->names = lappend(statement->names, makeString(pstrdup(name)));
	}
}
