/*
 * level.h
 *	  What level*.c share.
 */
#ifndef ATHENA_LEVEL_H
#define ATHENA_LEVEL_H

#include "postgres.h"

#include "planner/translate.h"

/* A common table expression that is written before a level's SELECT. */
typedef struct LevelCte
{
	const char *name; /* in PostgreSQL */
	const char *alias;
	RemoteSql sql;
	int ncolumns;
	const char **columns; /* their names there */
	RemoteType *types;
} LevelCte;

/* A condition that waits for its place: an expression, or a semi or anti join. */
typedef struct Condition
{
	Expr *expr;
	JoinExpr *join;
	bool of_relation; /* is it one of those that the planner has left to a relation itself? */
} Condition;

/* A column of a nested SELECT. */
typedef struct SelectColumn
{
	const char *name;
	RemoteType type;
} SelectColumn;

/* A PlaceHolderVar that a derived table has computed. */
typedef struct LevelPlaceholder
{
	Index phid;
	Relids relids; /* from what it is computed */
	LevelColumn column;
} LevelPlaceholder;

/* A key of GROUP BY that a derived table has computed. */
typedef struct LevelKey
{
	Expr *expr;
	LevelColumn column;
} LevelKey;

/* level.c */
extern bool level_refuse(const char *why);
extern char *level_unique_name(List **names, const char *wish);
extern const char *level_quoted(Statement *statement, const char *name);
extern void level_write_name(Statement *statement, RemoteSql *out, const SelectColumn *column);
extern SubPlan *level_initplan(PlannerInfo *root, int paramid, PlannerInfo **owner);
extern RelOptInfo *level_rel(Level *level, int rti);
extern bool level_merge_types(Level *level, RemoteType *to, const RemoteType *from, Oid type);
extern char *level_column_text(Statement *statement, const char *alias, const char *name);
extern bool level_relation_column(Level *level, LevelRel *rel, AttrNumber attnum, Oid type,
								  int32 typmod, LevelColumn *column);
extern bool level_is_needed(RelOptInfo *rel, AttrNumber attnum);
extern bool level_is_absent(Level *level, Expr *expr);
extern bool level_is_computed(Level *level, PlaceHolderVar *phv);
extern bool level_write_rte(Level *level, RemoteSql *out, int rti);

/* level_join.c */
extern List *level_add_condition(List *conditions, Expr *expr);
extern List *level_relation_conditions(Level *level, int rti, List *conditions);
extern bool level_write_from(Level *level, RemoteSql *out, Node *node, List **conditions,
							 bool *empty);
extern bool level_wrap_from(Level *level, RemoteSql *out, RemoteSql *from, List *conditions,
							List *keys);
extern bool level_write_where(Level *level, RemoteSql *out, const char *first, List *conditions,
							  Relids preserved);

/* level_group.c */
extern bool level_is_constant_key(Level *level, Expr *expr);
extern TargetEntry *level_target(Level *level, SortGroupClause *clause);
extern bool level_make_columns(Level *level, RemoteSql *from, List **conditions);
extern bool level_write_group_by(Level *level, RemoteSql *out, bool *all_constant);

/* level_select.c */
extern bool level_order_of(SortGroupClause *clause, bool *descending);
extern void level_write_order_key(Level *level, RemoteSql *out, const RemoteSql *key, bool is_float,
								  bool descending, bool nulls_first);
extern bool level_write_target(Level *level, RemoteSql *out, Expr *expr);
extern bool level_write_query(Level *level, RemoteSql *out, List *types, List **columns);

#endif /* ATHENA_LEVEL_H */
