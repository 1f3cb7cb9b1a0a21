/*
 * scan.h
 *	  Running a foreign scan, and what its plan node carries.
 */
#ifndef ATHENA_SCAN_H
#define ATHENA_SCAN_H

#include "postgres.h"

#include "compat.h"
#include "foreign/fdwapi.h"
#include "query/rows.h"
#include "utils/tuplestore.h"

/*
 * ForeignScan.fdw_private of a scan, in this order.  fdw_exprs holds the
 * expressions of the parameters, fdw_recheck_quals the shipped conditions.
 */
enum ScanPrivate
{
	SCAN_SQL, /* List of String: the texts around the parameters */
	SCAN_ATTRS, /* List of int: attribute numbers in the order of the select list, see rows.h */
	SCAN_FALLBACK_SQL, /* String: the same without conditions, see scan_bind() */
	SCAN_FALLBACK_ATTRS, /* List of int */
	SCAN_COUNTS, /* List of int: columns of the table, shipped and local conditions */
	SCAN_FLAGS, /* Integer: those below */
	SCAN_RELIDS, /* List of Oid: the foreign tables; one, unless a query level is shipped */
	SCAN_SHIPPED, /* String: what is shipped of a query level */
	SCAN_USER, /* of a query level, List of one Oid: whose rights it has, 0 for the current user */
	SCAN_KEY_PARTS /* List of int: which parameter is a list of keys that may be divided, how many keys a part
					* has, how many parts there may be; NIL for none */
};

/* What a plain scan ships besides columns and conditions. */
#define SCAN_HAS_LIMIT 1
#define SCAN_HAS_ORDER 2
/* Written in PostgreSQL's words, and not to be run. */
#define SCAN_FOR_TESTS 4

/* So many bytes of a statement are for keys of local tables. */
#define SCAN_KEY_BYTES 120000

/* A list of keys that one statement does not take: key_parts.c. */
typedef struct KeyParts
{
	int param; /* which of the statement's */
	int size; /* keys of a part, at most */
	int most; /* parts, at most */
	int next; /* the first key of the next part */
	int count; /* keys; 0 where they are not used */
	bool divided; /* is there more than one part? */
} KeyParts;

/* What queries took, and what came of them, added up. */
typedef struct ScanTotals
{
	int64 queue_ms;
	int64 planning_ms;
	int64 engine_ms;
	int64 bytes_scanned;
	double cost;
	int64 pages;
	int parts;
	int files;
	int64 rows;
	int64 bytes_fetched;
	int retries;
} ScanTotals;

/* What a running scan holds: ForeignScanState.fdw_state. */
typedef struct AthenaScan
{
	Oid relid; /* the foreign table, or the first of them */
	const char *name; /* of it, or of them all */
	TupleDesc desc; /* of the rows: the table's, or of keys and aggregates */
	List *params; /* of ExprState */
	List *param_types; /* of Oid */
	KeyParts *parts; /* NULL: all keys at once, or none */
	bool keep; /* are rows kept for a rescan? */
	bool bind_due; /* may parameters have changed since the last bind? */
	MemoryContext context; /* of all that lives as long as the scan */

	bool no_unload; /* Athena refused to write its result as files */
	bool unload_texts; /* or to write columns as what they are */
	bool fallback; /* sent without conditions, which are evaluated here */
	char *bound; /* the statement that query runs, before it is made an UNLOAD */
	AthenaQuery *query; /* NULL before the first row is asked for */
	RowReader *rows; /* NULL while the result is not open */
	bool all_read; /* no more rows in the result */
	Tuplestorestate *store;
	TupleTableSlot *store_slot;

	bool looked; /* have the other scans of the plan been started with this one? */
	bool in_turn; /* under a limit: not before the scans before it in an Append */
	int queries; /* started so far */
	ScanTotals earlier; /* of those before the current one */
} AthenaScan;

extern void athena_begin_foreign_scan(ForeignScanState *node, int eflags);
extern TupleTableSlot *athena_iterate_foreign_scan(ForeignScanState *node);
extern void athena_rescan_foreign_scan(ForeignScanState *node);
extern void athena_end_foreign_scan(ForeignScanState *node);
extern bool athena_is_async_capable(ForeignPath *path);
extern void athena_async_request(AsyncRequest *request);
extern void athena_async_configure_wait(AsyncRequest *request);
extern void athena_async_notify(AsyncRequest *request);
extern bool athena_analyze_foreign_table(Relation rel, AcquireSampleRowsFunc *func,
										 BlockNumber *pages);
extern void athena_explain_foreign_scan(ForeignScanState *node, ExplainState *es);

/* ---------- between the files of this room ---------- */

extern void scan_add_totals(ScanTotals *totals, const AthenaQuery *query);
extern void scan_begin_query(ForeignScanState *node);
extern bool scan_can_start_early(ForeignScanState *node);
extern bool scan_is_near(ForeignScanState *node);
extern bool scan_is_ours(const PlanState *node);
extern KeyParts *key_parts_open(List *from_planner);
extern bool key_parts_append(KeyParts *parts, StringInfo out, Oid element, Datum array, bool isnull,
							 int *spare);
extern bool key_parts_are_left(const KeyParts *parts);
extern void key_parts_rewind(KeyParts *parts);
extern void overlap_start_others(ForeignScanState *node);
extern bool overlap_has_room(void);

/* overlap.c: setting athena_fdw.start_early, and what watches plans */
extern bool overlap_start_early;
extern void overlap_init(void);

#endif /* ATHENA_SCAN_H */
