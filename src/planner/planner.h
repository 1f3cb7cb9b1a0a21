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

/* What an aggregate is in Athena's words. */
typedef enum AggregateKind
{
	AGGREGATE_NONE,
	AGGREGATE_COUNT,
	AGGREGATE_SUM,
	AGGREGATE_AVG, /* as sum and count, divided here */
	AGGREGATE_MIN,
	AGGREGATE_MAX,
	AGGREGATE_BOOL_AND,
	AGGREGATE_BOOL_OR
} AggregateKind;

/* Setting athena_fdw.pushdown. */
extern bool planner_pushdown;

/* paths.c: callbacks of the foreign-data wrapper */
extern void athena_get_foreign_rel_size(PlannerInfo *root, RelOptInfo *rel, Oid relid);
extern void athena_get_foreign_paths(PlannerInfo *root, RelOptInfo *rel, Oid relid);
extern ForeignScan *athena_get_foreign_plan(PlannerInfo *root, RelOptInfo *rel, Oid relid,
											ForeignPath *path, List *tlist, List *clauses,
											Plan *outer_plan);

/* aggregate.c */
extern void athena_get_foreign_upper_paths(PlannerInfo *root, UpperRelationKind stage,
										   RelOptInfo *input_rel, RelOptInfo *output_rel,
										   void *extra);
extern ForeignScan *aggregate_plan(RelOptInfo *rel, List *tlist, Plan *outer_plan);

/* estimate.c */
extern void estimate_rel(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info);
extern void estimate_costs(AthenaRel *info, double fetched, int width);

/* shippable.c */
extern bool shippable_expr(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *expr);
extern bool shippable_is_param(Expr *expr);
extern bool shippable_key(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *expr);
extern bool shippable_order(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *expr,
							Oid collation);
extern bool shippable_aggregate(PlannerInfo *root, RelOptInfo *rel, Oid relid, Aggref *agg);
extern AggregateKind shippable_aggregate_kind(Aggref *agg);

/* deparse.c */
extern void deparse_select(RemoteSql *out, AthenaRel *info, List *attrs, List *conds, List *order,
						   int64 limit);
extern List *deparse_finish(RemoteSql *out);
extern void deparse_expr(RemoteSql *out, Oid relid, Expr *expr);
extern void deparse_grouped(RemoteSql *out, AthenaRel *info, List *tlist, int nkeys, List *conds);

#endif /* ATHENA_PLANNER_H */
