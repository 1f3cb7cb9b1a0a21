/*
 * semi_join.h
 *	  Semi-join reduction of foreign tables by keys of local ones.
 */
#ifndef ATHENA_SEMI_JOIN_H
#define ATHENA_SEMI_JOIN_H

#include "postgres.h"

#include "planner/planner.h"

/* One column of a foreign table whose values must be among the keys of a local one. */
typedef struct SemiJoin
{
	Expr *remote; /* the column */
	Param *keys; /* an array, the output of an InitPlan */
	Expr *condition; /* what Athena is told */
	Expr *list; /* the keys in it, if they may be sent by several queries; NULL otherwise */
	int queries; /* how many are expected */
	PlannerInfo *subroot; /* of the query for the keys */
	Path *path;
	double selectivity; /* share of the rows that is expected to be left */
} SemiJoin;

/* Setting athena_fdw.semi_join_keys. */
extern int planner_semi_join_keys;
/* Setting athena_fdw.semi_join_queries. */
extern int planner_semi_join_queries;

extern void semi_join_find(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info);
extern double semi_join_selectivity(List *reductions);
extern Cost semi_join_cost(List *reductions);
extern int semi_join_queries(List *reductions);
extern List *semi_join_parts(List *reductions, List *params);
extern List *semi_join_plan(PlannerInfo *root, List *reductions);

#endif /* ATHENA_SEMI_JOIN_H */
