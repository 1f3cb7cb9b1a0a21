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

/* What the planner knows of one foreign table: RelOptInfo.fdw_private. */
typedef struct AthenaRel
{
	Oid relid;
	TableOptions *table;
	List *remote_conds; /* RestrictInfos that Athena evaluates */
	List *local_conds; /* those that are evaluated here */
	Bitmapset *attrs_used; /* offset by FirstLowInvalidHeapAttributeNumber */
	int64 limit; /* rows that suffice; -1 for all */
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

/* Setting athena_fdw.pushdown. */
extern bool planner_pushdown;

/* paths.c: callbacks of the foreign-data wrapper */
extern void athena_get_foreign_rel_size(PlannerInfo *root, RelOptInfo *rel, Oid relid);
extern void athena_get_foreign_paths(PlannerInfo *root, RelOptInfo *rel, Oid relid);
extern ForeignScan *athena_get_foreign_plan(PlannerInfo *root, RelOptInfo *rel, Oid relid,
											ForeignPath *path, List *tlist, List *clauses,
											Plan *outer_plan);

/* estimate.c */
extern void estimate_rel(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info);

/* shippable.c */
extern bool shippable_expr(PlannerInfo *root, RelOptInfo *rel, Oid relid, Expr *expr);
extern bool shippable_is_param(Expr *expr);

/* deparse.c */
extern void deparse_select(RemoteSql *out, AthenaRel *info, List *attrs, List *conds, int64 limit);
extern List *deparse_finish(RemoteSql *out);
extern void deparse_expr(RemoteSql *out, Oid relid, Expr *expr);

#endif /* ATHENA_PLANNER_H */
