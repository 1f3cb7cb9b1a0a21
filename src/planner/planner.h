/*
 * planner.h
 *	  Which parts of a query Athena runs, at what cost, and in which words.
 */
#ifndef ATHENA_PLANNER_H
#define ATHENA_PLANNER_H

#include "postgres.h"

#include "foreign/fdwapi.h"
#include "lib/stringinfo.h"
#include "nodes/pathnodes.h"
#include "storage/storage.h"

/* A key of ORDER BY. */
typedef struct OrderKey
{
	Expr *expr;
	bool descending;
	bool nulls_first;
} OrderKey;

/* What the planner knows of one foreign table: RelOptInfo.fdw_private. */
typedef struct AthenaRel
{
	Oid relid;
	TableOptions *table;
	List *remote_conds; /* RestrictInfos that Athena evaluates */
	List *local_conds; /* those that are evaluated here */
	Bitmapset *attrs_used; /* offset by FirstLowInvalidHeapAttributeNumber */
	int64 limit; /* rows that suffice; -1 for all */
	List *order; /* of OrderKey: ORDER BY as Athena can do it; NIL for none */
	int64 order_limit; /* rows that suffice in that order; -1 for all */
	List *reductions; /* of SemiJoin: keys of local tables that it is joined with */
	bool analyzed; /* are there statistics of its columns? */
	double rows;
	Cost startup_cost;
	Cost total_cost;
} AthenaRel;

/*
 * A statement with holes for parameters: n + 1 texts around n expressions,
 * whose values are written as literals when the plan is run.
 */
typedef struct RemoteSql
{
	StringInfoData text; /* since the last hole */
	List *pieces; /* of String */
	List *params; /* of Expr */
} RemoteSql;

/* The words that remote SQL is written in; PostgreSQL's are for tests. */
typedef enum Dialect
{
	DIALECT_ATHENA,
	DIALECT_POSTGRES
} Dialect;

/* Are values shipped whose last digits may differ? */
typedef enum NumericShipping
{
	NUMERIC_EXACT,
	NUMERIC_CLOSE
} NumericShipping;

/* Setting athena_fdw.numeric_shipping, a NumericShipping. */
extern int planner_numeric_shipping;
/* Setting athena_fdw.pushdown. */
extern bool planner_pushdown;
/* Setting athena_fdw.debug_dialect, a Dialect. */
extern int planner_dialect;

/* paths.c: callbacks of the foreign-data wrapper */
extern void athena_get_foreign_rel_size(PlannerInfo *root, RelOptInfo *rel, Oid relid);
extern void athena_get_foreign_paths(PlannerInfo *root, RelOptInfo *rel, Oid relid);
extern ForeignScan *athena_get_foreign_plan(PlannerInfo *root, RelOptInfo *rel, Oid relid,
											ForeignPath *path, List *tlist, List *clauses,
											Plan *outer_plan);

extern bool planner_is_default_order(Oid opfamily, Oid type);

/* join.c: a callback too */
extern void join_init(void);
extern void athena_get_foreign_join_paths(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer,
										  RelOptInfo *inner, JoinType type,
										  JoinPathExtraData *extra);

/* partition.c: a callback too */
extern void athena_get_foreign_upper_paths(PlannerInfo *root, UpperRelationKind stage,
										   RelOptInfo *input_rel, RelOptInfo *output_rel,
										   void *extra_data);

/* whole.c */
extern void whole_init(void);
extern ForeignScan *whole_plan(PlannerInfo *root, RelOptInfo *rel, ForeignPath *foreign_path,
							   List *tlist, Plan *outer_plan);

/* estimate.c */
extern void estimate_rel(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info);
extern double estimate_statement(PlannerInfo *root, List *relids, Oid userid, const RemoteSql *sql);
extern void estimate_costs(AthenaRel *info, double fetched, int width);

/* deparse.c */
extern bool deparse_shippable(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *expr,
							  List *known_params);
extern bool deparse_orderable(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *expr,
							  Oid collation);
extern void deparse_expr(PlannerInfo *root, RelOptInfo *rel, RemoteSql *out, Oid relid, Expr *expr);
extern void deparse_select(PlannerInfo *root, RelOptInfo *rel, RemoteSql *out, AthenaRel *info,
						   List *attrs, List *conds, List *order, int64 limit);

/* translate.c */
extern List *remote_sql_finish(const RemoteSql *sql);
extern int remote_sql_length(const RemoteSql *sql);

#endif /* ATHENA_PLANNER_H */
