/*
 * estimate.c
 *	  Rows and costs of a scan.
 *
 * Called by paths.c.  Never asks Athena: what is known is what ANALYZE left in
 * the catalogue, else the table option "rows" (set by IMPORT from Glue's
 * parameters, or by the user).  Where there is nothing, a table is taken to
 * hold 100 MiB: people keep large tables in Athena.
 */
#include "planner/planner.h"

#include "access/htup_details.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"

#define DEFAULT_TABLE_BYTES (100.0 * 1024 * 1024)

/*
 * A query takes about a second before its first row comes, and each row is
 * parsed from text.  In units of seq_page_cost, a page being some 0.1 ms.
 */
#define STARTUP_COST 10000.0
#define BYTE_COST 0.0005

void
estimate_rel(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info)
{
	int width = rel->reltarget->width;
	double selectivity;
	double fetched;
	QualCost local;

	/* what ANALYZE found is later than what was imported; -1 means never */
	if (rel->tuples < 0 && info->table->rows >= 0)
		rel->tuples = info->table->rows;
	else if (rel->tuples < 0)
		rel->tuples = DEFAULT_TABLE_BYTES / (width + MAXALIGN(SizeofHeapTupleHeader));

	selectivity =
		clauselist_selectivity(root, info->remote_conds, (int) rel->relid, JOIN_INNER, NULL);
	fetched = clamp_row_est(rel->tuples * selectivity);
	if (info->limit >= 0)
		fetched = Min(fetched, clamp_row_est((double) info->limit));
	selectivity =
		clauselist_selectivity(root, info->local_conds, (int) rel->relid, JOIN_INNER, NULL);
	info->rows = clamp_row_est(fetched * selectivity);

	cost_qual_eval(&local, info->local_conds, root);
	info->startup_cost = STARTUP_COST + local.startup + rel->reltarget->cost.startup;
	info->total_cost = info->startup_cost +
					   fetched * (cpu_tuple_cost + BYTE_COST * Max(width, 8) + local.per_tuple) +
					   info->rows * rel->reltarget->cost.per_tuple;
	rel->rows = info->rows;
}
