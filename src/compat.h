/*
 * compat.h
 *	  The differences between PostgreSQL 15 and 19, in one place.
 *
 * Every version #if of this extension stands here; the code calls the
 * athena_* names below, or the newest version's own name where an older one
 * can be given it.
 */
#ifndef ATHENA_COMPAT_H
#define ATHENA_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "athena_fdw needs PostgreSQL 15 or newer"
#endif

#include "access/stratnum.h"
#include "commands/explain.h"
#include "foreign/fdwapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "optimizer/pathnode.h"
#include "optimizer/planner.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "storage/latch.h"
#include "utils/lsyscache.h"
#include "utils/wait_event.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#include "storage/waiteventset.h"
#endif

/*
 * Declared here because libpq/libpq.h includes GSSAPI's headers wherever the
 * server was built with it, and those are often not installed.
 */
extern bool pq_check_connection(void);

/* A wait event set for the life of the backend: 17 wants a resource owner. */
#if PG_VERSION_NUM >= 170000
#define athena_create_wait_event_set(n) CreateWaitEventSet(NULL, (n))
#else
#define athena_create_wait_event_set(n) CreateWaitEventSet(TopMemoryContext, (n))
#endif

/* Custom wait events came with 17; before, all extensions share one. */
#if PG_VERSION_NUM >= 170000
#define athena_wait_event_new(name) WaitEventExtensionNew(name)
#else
#define athena_wait_event_new(name) ((void) (name), PG_WAIT_EXTENSION)
#endif

/* 17 added the join clauses, 18 the count of disabled nodes. */
#if PG_VERSION_NUM >= 180000
#define athena_create_foreignscan_path(root, rel, rows, startup, total, keys, private)       \
	create_foreignscan_path(root, rel, NULL, rows, 0, startup, total, keys, NULL, NULL, NIL, \
							private)
#elif PG_VERSION_NUM >= 170000
#define athena_create_foreignscan_path(root, rel, rows, startup, total, keys, private) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, keys, NULL, NULL, NIL, private)
#else
#define athena_create_foreignscan_path(root, rel, rows, startup, total, keys, private) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, keys, NULL, NULL, private)
#endif

/* 18 speaks of comparisons where there were strategies of btree. */
#if PG_VERSION_NUM >= 180000
#define athena_pathkey_descends(pathkey) ((pathkey)->pk_cmptype == COMPARE_GT)
#else
#define athena_pathkey_descends(pathkey) ((pathkey)->pk_strategy == BTGreaterStrategyNumber)
#endif

/* What an operator of ORDER BY sorts by, and whether it descends. */
static inline bool
athena_ordering_op(Oid op, Oid *opfamily, Oid *type, bool *descending)
{
#if PG_VERSION_NUM >= 180000
	CompareType how;

	if (!get_ordering_op_properties(op, opfamily, type, &how))
		return false;
	*descending = how == COMPARE_GT;
#else
	int16 how;

	if (!get_ordering_op_properties(op, opfamily, type, &how))
		return false;
	*descending = how == BTGreaterStrategyNumber;
#endif
	return true;
}

#if PG_VERSION_NUM >= 180000
#define athena_create_foreign_upper_path(root, rel, target, rows, startup, total, keys) \
	create_foreign_upper_path(root, rel, target, rows, 0, startup, total, keys, NULL, NIL, NIL)
#elif PG_VERSION_NUM >= 170000
#define athena_create_foreign_upper_path(root, rel, target, rows, startup, total, keys) \
	create_foreign_upper_path(root, rel, target, rows, startup, total, keys, NULL, NIL, NIL)
#else
#define athena_create_foreign_upper_path(root, rel, target, rows, startup, total, keys) \
	create_foreign_upper_path(root, rel, target, rows, startup, total, keys, NULL, NIL)
#endif

#if PG_VERSION_NUM >= 180000
#define athena_create_foreign_join_path(root, rel, rows, startup, total) \
	create_foreign_join_path(root, rel, NULL, rows, 0, startup, total, NIL, NULL, NULL, NIL, NIL)
#elif PG_VERSION_NUM >= 170000
#define athena_create_foreign_join_path(root, rel, rows, startup, total) \
	create_foreign_join_path(root, rel, NULL, rows, startup, total, NIL, NULL, NULL, NIL, NIL)
#else
#define athena_create_foreign_join_path(root, rel, rows, startup, total) \
	create_foreign_join_path(root, rel, NULL, rows, startup, total, NIL, NULL, NULL, NIL)
#endif

/* Until 17 a plan was run with a word on whether it is run again. */
#if PG_VERSION_NUM >= 180000
#define ATHENA_EXECUTE_ONCE_PARAM
#define ATHENA_EXECUTE_ONCE
#else
#define ATHENA_EXECUTE_ONCE_PARAM , bool execute_once
#define ATHENA_EXECUTE_ONCE , execute_once
#endif

/* Since 16 the user whose rights a scan uses stands in the plan node. */
static inline Oid
athena_scan_user(ForeignScanState *node)
{
#if PG_VERSION_NUM >= 160000
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;

	return OidIsValid(plan->checkAsUser) ? plan->checkAsUser : GetUserId();
#else
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	int rtindex = plan->scan.scanrelid > 0 ? (int) plan->scan.scanrelid :
											 bms_next_member(plan->fs_relids, -1);
	RangeTblEntry *rte = exec_rt_fetch(rtindex, node->ss.ps.state);

	return OidIsValid(rte->checkAsUser) ? rte->checkAsUser : GetUserId();
#endif
}

/*
 * Make an inner query's relation one of the outer query's as well, with the
 * rights that it asks for.  Since 16 a view that was expanded keeps its relation.
 */
static inline void
athena_adopt_rte(Query *outer, Query *inner, RangeTblEntry *rte)
{
	RangeTblEntry *copy;

#if PG_VERSION_NUM >= 160000
	if (rte->rtekind != RTE_RELATION && !(rte->rtekind == RTE_SUBQUERY && OidIsValid(rte->relid)))
		return;
	copy = copyObject(rte);
	copy->subquery = NULL;
	copy->perminfoindex = 0;
	if (rte->perminfoindex > 0)
	{
		outer->rteperminfos = lappend(outer->rteperminfos,
									  copyObject(getRTEPermissionInfo(inner->rteperminfos, rte)));
		copy->perminfoindex = (Index) list_length(outer->rteperminfos);
	}
#else
	if (rte->rtekind != RTE_RELATION)
		return;
	copy = copyObject(rte);
#endif
	outer->rtable = lappend(outer->rtable, copy);
}

/* Plans a query that the planner itself has made; 17 and 19 added arguments. */
static inline PlannerInfo *
athena_subquery_planner(PlannerInfo *root, Query *query, const char *name)
{
#if PG_VERSION_NUM >= 190000
	return subquery_planner(root->glob, query, choose_plan_name(root->glob, name, true), root, NULL,
							false, 0, NULL);
#elif PG_VERSION_NUM >= 170000
	return subquery_planner(root->glob, query, root, false, 0, NULL);
#else
	return subquery_planner(root->glob, query, root, false, 0);
#endif
}

/* Does an equivalence hold below an outer join only?  16 tells Vars apart instead. */
#if PG_VERSION_NUM >= 160000
#define athena_below_outer_join(class) false
#define athena_is_nulled(var) (!bms_is_empty((var)->varnullingrels))
#else
#define athena_below_outer_join(class) ((class)->ec_below_outer_join)
#define athena_is_nulled(var) false
#endif

/* The builtin collation provider came with 17. */
#if PG_VERSION_NUM >= 170000
#define ATHENA_COLLPROVIDER_BUILTIN COLLPROVIDER_BUILTIN
#define ATHENA_ANUM_DATABASE_LOCALE Anum_pg_database_datlocale
#define ATHENA_ANUM_COLLATION_LOCALE Anum_pg_collation_colllocale
#else
#define ATHENA_COLLPROVIDER_BUILTIN 'b'
#define ATHENA_ANUM_DATABASE_LOCALE Anum_pg_database_daticulocale
#define ATHENA_ANUM_COLLATION_LOCALE Anum_pg_collation_colliculocale
#endif

/* 16 made one function of the privilege checks of all kinds of objects. */
#if PG_VERSION_NUM >= 160000
#define athena_server_aclcheck(server, role) \
	object_aclcheck(ForeignServerRelationId, (server), (role), ACL_USAGE)
#else
#define athena_server_aclcheck(server, role) pg_foreign_server_aclcheck((server), (role), ACL_USAGE)
#endif

/* 19 made the sums of integers in the states of aggregates 128 bits wide. */
#define ATHENA_SERIALIZES_INT128 (PG_VERSION_NUM >= 190000)

/* 18 lets a module say its name and version. */
#if PG_VERSION_NUM >= 180000
#define ATHENA_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "athena_fdw", .version = ATHENA_FDW_VERSION)
#else
#define ATHENA_MODULE_MAGIC PG_MODULE_MAGIC
#endif

#endif /* ATHENA_COMPAT_H */
