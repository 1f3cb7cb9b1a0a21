/*
 * translate.h
 *	  PostgreSQL's expressions and queries in Athena's SQL.
 *
 * translate*.c write expressions, level*.c the queries around them, shippable.c knows which types and collations
 * compare alike.  Everything is written into a RemoteSql in one pass; a
 * function that returns false has met something that Athena would not do in
 * the same way, and what it has written must be thrown away.
 */
#ifndef ATHENA_TRANSLATE_H
#define ATHENA_TRANSLATE_H

#include "postgres.h"

#include "planner/planner.h"

/* Of a decimal. */
#define MAX_DIGITS 38
/* Those that a sum may have more than what is added: so many rows can be added in any case. */
#define SUM_DIGITS 10
/*
 * Digits before the point that what is computed in a whole query must have room
 * for.  How many there are is known only as a bound, far too high for products;
 * beyond what a decimal holds it is an error there, never another number.
 */
#define SAFE_DIGITS 15
/* Digits after the point that the quotient of two decimals gets. */
#define QUOTIENT_DIGITS 20
/* An expression of type double that is an error for the rows for which it is evaluated. */
#define REMOTE_ERROR "CAST(1 / 0 AS double)"

/* Types whose values may be compared with each other. */
typedef enum TypeClass
{
	CLASS_NONE,
	CLASS_BOOL,
	CLASS_INTEGER,
	CLASS_FLOAT,
	CLASS_NUMERIC,
	CLASS_TEXT,
	CLASS_CHAR,
	CLASS_DATETIME, /* date and timestamp */
	CLASS_TIMESTAMPTZ,
	CLASS_TIME,
	CLASS_BYTEA,
	CLASS_UUID,
	/* of expressions alone */
	CLASS_FOLDED, /* text in one case: see translate_text.c */
	CLASS_JSON_TEXT, /* what ->> gives: see translate_json.c */
	CLASS_MIDNIGHT /* a date that is a timestamp with time zone here: see translate_time.c */
} TypeClass;

/* Text that may be compared with some constants alone, and not be shown. */
#define IS_LIMITED_TEXT(class) ((class) == CLASS_FOLDED || (class) == CLASS_JSON_TEXT)

/* Which characters have another case, as far as that is known. */
typedef enum CaseMapping
{
	CASE_UNKNOWN,
	CASE_ASCII, /* those of ASCII alone */
	CASE_UNICODE /* as Unicode says, one character for one */
} CaseMapping;

/* What is known of an expression that was written. */
typedef struct RemoteType
{
	Oid type; /* here */
	TypeClass class; /* CLASS_NONE: may be passed on and tested for NULL, no more */
	int whole; /* digits that a numeric or an integer can have before its point; -1 if not known */
	int fraction; /* and after it */
	bool computed; /* are they no more than a bound? */
	bool bare; /* needs no parentheses */
	bool is_const; /* a constant */
	bool is_hole; /* evaluated here */
	Oid element; /* of an array that was made there; 0 otherwise */
	Oid relid; /* the foreign table and column that it is as it stands; 0 otherwise */
	AttrNumber attnum;
	const char *name; /* of a column, as it stands there */
} RemoteType;

/* How much of a level is shipped; each has what stands before it. */
typedef enum LevelStage
{
	LEVEL_JOINED, /* FROM and WHERE */
	LEVEL_GROUPED, /* GROUP BY, and HAVING if that is said */
	LEVEL_UNORDERED, /* windows, DISTINCT, set operations */
	LEVEL_ORDERED /* ORDER BY and LIMIT */
} LevelStage;

/* A column of something that stands in FROM. */
typedef struct LevelColumn
{
	const char *text; /* as it is referred to; NULL if it cannot be */
	RemoteType type;
} LevelColumn;

/* One entry of a level's range table. */
typedef struct LevelRel
{
	const char *alias; /* NULL if columns are written without */
	Oid relid; /* a foreign table; its columns are made when they are asked for */
	int ncolumns;
	LevelColumn *columns; /* by attribute number, less 1; NULL while it has not been written */
} LevelRel;

/* A whole remote statement, while it is written. */
typedef struct Statement
{
	PlannerInfo *root; /* of the level that is shipped */
	bool postgres; /* in PostgreSQL's own words, for tests */
	bool lenient; /* may numbers of more than SAFE_DIGITS be an error? */
	bool qualified; /* do columns need the names of their tables? */
	Oid serverid;
	Oid userid; /* whose mapping is used; 0 for the current user */
	bool userid_known;
	bool for_current_user; /* does that hold for the current user only? */
	List *names; /* aliases taken, lower case */
	List *bare_relations; /* tables written without their database */
	List *known_params; /* numbers of PARAM_EXECs that will be known before the statement is sent */
	List *bindings; /* of ParamBinding, innermost last */
	const TableOptions *table; /* the first */
	bool has_query; /* does a table stand for a query? */
	bool many_databases;
	List *relids; /* foreign tables, in the order in which they are met */
	int depth; /* levels that are open */
	int subplans; /* of them, those that stand in expressions */
} Statement;

/* One query level of it. */
typedef struct Level
{
	Statement *statement;
	struct Level *upper;
	PlannerInfo *root;
	int nrels;
	LevelRel *rels; /* by range table index */
	List *ctes; /* of LevelCte, in the order in which they are written */
	List *placeholders; /* of LevelPlaceholder */
	List *keys; /* of LevelKey */
	List *nulled; /* of Relids: sides of outer joins that have been written */
	Relids absent; /* right sides of anti joins: seen from outside, all of their columns are NULL */
	int quotients; /* divisions of numerics that have been written */
	bool order_divides; /* is one of them in ORDER BY? */
	List *case_values; /* what CaseTestExpr stands for, innermost last */
	LevelStage stage; /* how much of it is being written */
	RemoteSql from; /* of the level that is shipped */
	List *conditions;
	List *guarded; /* targets that stand under a condition which is evaluated here */
	bool spares_rows; /* are conditions being written, so that some rows are not evaluated here? */
} Level;

/* Holes and texts. */
extern void remote_sql_init(RemoteSql *sql);
extern void remote_sql_append(RemoteSql *out, const RemoteSql *part);
extern bool remote_sql_is_empty(const RemoteSql *sql);
extern void remote_sql_hole(RemoteSql *out, Expr *param);

/* shippable.c */
extern TypeClass shippable_class(Oid type, bool *ordered);
extern bool shippable_collation(Oid collation, bool order);
extern bool shippable_encoding(void);
extern CaseMapping shippable_case(Oid collation);
extern bool shippable_builtin_operator(Oid opno, const char **name);
extern bool shippable_needs_subplan(Expr *expr);
extern bool shippable_const(Const *c);
extern bool shippable_is_hole(Level *level, Expr *expr);
extern bool shippable_has_correlated_subquery(Node *node, void *context);
extern bool shippable_has_subquery_result(Node *node, void *context);
extern void shippable_digits_of_type(Oid type, int32 typmod, RemoteType *digits);

/* translate.c */
extern bool translate_expr(Level *level, RemoteSql *out, Expr *expr, RemoteType *type);
extern bool translate_operand(Level *level, RemoteSql *out, Expr *expr, RemoteType *type);
extern bool translate_fit(Level *level, RemoteType *type, int needed);
extern int translate_needed(Level *level, const RemoteType *type);
extern bool translate_fit_both(Level *level, const RemoteType *left, const RemoteType *right);
extern bool translate_value(Level *level, RemoteSql *out, Expr *expr, RemoteType *type);
extern bool translate_key(Level *level, RemoteSql *out, Expr *expr, RemoteType *type);
extern bool translate_order(Level *level, RemoteSql *out, Expr *expr, Oid collation,
							RemoteType *type);
extern void translate_type_init(RemoteType *type, Oid pgtype, int32 typmod);
extern bool translate_write_operand(RemoteSql *out, const RemoteSql *value, const RemoteType *type);

/* translate_case.c */
extern bool translate_case(Level *level, RemoteSql *out, CaseExpr *expr, RemoteType *type);
extern bool translate_coalesce(Level *level, RemoteSql *out, const char *name, List *args,
							   Oid pgtype, RemoteType *type);
extern bool translate_minmax(Level *level, RemoteSql *out, MinMaxExpr *expr, RemoteType *type);

/* translate_arithmetic.c */
extern bool translate_is_float_zero(Expr *expr);
extern const char *translate_wide_type(int digits);
extern void translate_write_integer(RemoteSql *out, Expr *expr, const RemoteSql *value,
									const RemoteType *type, const char *wide);
extern bool translate_remainder(Level *level, RemoteSql *out, Expr *left, Expr *right,
								const char *name, RemoteType *type);
extern bool translate_bits(Level *level, RemoteSql *out, OpExpr *op, const char *name,
						   RemoteType *type);
extern bool translate_arithmetic(Level *level, RemoteSql *out, OpExpr *op, const char *name,
								 RemoteType *type);

/* translate_call.c */
extern bool translate_function(Level *level, RemoteSql *out, FuncExpr *func, RemoteType *type);

/* translate_text.c */
extern bool translate_const_is(Expr *expr, bool (*fits)(const char *text));
extern bool translate_is_ascii(const char *text);
extern bool translate_like(Level *level, RemoteSql *out, const char *name, OpExpr *op);
extern bool translate_match(Level *level, RemoteSql *out, const char *name, OpExpr *op);
extern bool translate_io_cast(Level *level, RemoteSql *out, CoerceViaIO *cast, RemoteType *type);

/* translate_time.c */
extern bool translate_date_arithmetic(Level *level, RemoteSql *out, OpExpr *op, const char *name,
									  RemoteType *type);
extern bool translate_can_add(const Interval *interval, const RemoteType *to);
extern bool translate_plus_interval(Level *level, RemoteSql *out, OpExpr *op, bool negative,
									RemoteType *type);
extern bool translate_compare_moment(Level *level, RemoteSql *out, OpExpr *op, const char *name,
									 RemoteType *type);

/* translate_json.c */
extern bool translate_is_json_string(const char *text);
extern bool translate_json_text(Level *level, RemoteSql *out, OpExpr *op, RemoteType *type);

/* translate_array.c */
extern bool translate_is_array_column(Expr *expr);
extern bool translate_array_contains(Level *level, RemoteSql *out, ScalarArrayOpExpr *op);
extern bool translate_array_operator(Level *level, RemoteSql *out, const char *name, OpExpr *op,
									 RemoteType *type);
extern bool translate_array_element(Level *level, RemoteSql *out, SubscriptingRef *ref,
									RemoteType *type);

/* translate_remote.c */
extern bool translate_is_remote_only(Oid function);
extern bool translate_remote_function(Level *level, RemoteSql *out, FuncExpr *func,
									  RemoteType *type);
extern bool translate_remote_aggregate(Level *level, RemoteSql *out, Aggref *agg, RemoteType *type);

/* translate_aggregate.c */
extern bool translate_aggregate(Level *level, RemoteSql *out, Aggref *agg, RemoteType *type);
extern bool translate_window(Level *level, RemoteSql *out, WindowFunc *func, RemoteType *type);
extern bool translate_grouping(Level *level, RemoteSql *out, GroupingFunc *func, RemoteType *type);
extern bool translate_filter(Level *level, RemoteSql *out, Expr *filter);
extern int translate_finish(Expr *expr);
extern bool translate_parts(Level *level, RemoteSql *out, Expr *expr);

/* translate_numeric.c */
extern bool translate_divide(Level *level, RemoteSql *out, const RemoteSql *left,
							 const RemoteType *left_type, const RemoteSql *right,
							 const RemoteType *right_type, RemoteType *type);

/* translate_postgres.c: for tests */
extern bool translate_postgres(Level *level, RemoteSql *out, Expr *expr, RemoteType *type);

/* level*.c */
extern Level *level_of_relation(PlannerInfo *root, RelOptInfo *rel, Oid relid);
extern Level *level_open(Statement *statement, PlannerInfo *root, Level *upper);
extern bool level_column(Level *level, RemoteSql *out, Var *var, RemoteType *type);
extern bool level_placeholder(Level *level, RemoteSql *out, PlaceHolderVar *phv, RemoteType *type);
extern bool level_param(Level *level, RemoteSql *out, Param *param, RemoteType *type);
extern bool level_subplan(Level *level, RemoteSql *out, SubPlan *subplan, RemoteType *type);
extern bool level_order_by(Level *level, RemoteSql *out, List *clauses, List *tlist);
extern bool level_key(Level *level, RemoteSql *out, Expr *expr, RemoteType *type);
extern bool level_makes_columns(PlannerInfo *root);
extern bool level_has_subquery(Expr *expr);
extern bool level_window_spec(Level *level, RemoteSql *out, WindowClause *window, bool framed);
extern void level_reserve_names(Statement *statement, PlannerInfo *root);
extern bool level_begin(Level *level);
extern bool level_try(Level *level, Expr *expr);
extern bool level_try_condition(Level *level, Expr *expr);
extern bool level_select(Level *level, RemoteSql *out, List *targets, LevelStage stage,
						 bool having);

/* whole.c */
extern RelOptInfo *whole_first_table(PlannerInfo *root);
extern List *whole_join(Level *level, RelOptInfo *rel, List *reductions);
extern List *whole_groups(const Statement *statement, const RemoteSql *sql, List *targets);
extern double whole_join_rows(PlannerInfo *root, List *private);

#endif /* ATHENA_TRANSLATE_H */
