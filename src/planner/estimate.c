/*
 * estimate.c
 *	  Rows and costs of a scan.
 *
 * Called by paths.c, whole.c and join.c.  What is known is what ANALYZE left in
 * the catalogue, else the table option "rows" (set by IMPORT from Glue's
 * parameters, or by the user).  Where there is nothing, a table is taken to hold 100 MiB: people keep
 * large tables in Athena.  Athena itself is asked only where the option
 * use_remote_estimate says so.
 */
#include "planner/planner.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "storage/size.h"

#define DEFAULT_TABLE_BYTES (100.0 * 1024 * 1024)

/*
 * A query takes about a second before its first row comes, and each row is
 * parsed from text.  In units of seq_page_cost, a page being some 0.1 ms.
 */
#define STARTUP_COST 10000.0
#define BYTE_COST 0.0005

/* The costs of a query that returns so many rows, without what is evaluated here. */
void
estimate_costs(AthenaRel *info, double fetched, int width)
{
	info->startup_cost = STARTUP_COST;
	info->total_cost = STARTUP_COST + fetched * (cpu_tuple_cost + BYTE_COST * Max(width, 8));
}

/*
 * How many rows does Athena expect with the shipped conditions?  Those with a
 * parameter cannot be sent yet, and are left in *rest.  -1 if it does not know.
 */
static double
remote_rows(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info, List **rest)
{
	Oid userid = OidIsValid(rel->userid) ? rel->userid : GetUserId();
	List *conds = NIL;
	RemoteSql sql = {0};
	ListCell *lc;

	*rest = NIL;
	foreach (lc, info->remote_conds)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);
		RemoteSql alone = {0};

		initStringInfo(&alone.text);
		deparse_expr(root, rel, &alone, info->relid, rinfo->clause);
		if (alone.params == NIL)
			conds = lappend(conds, rinfo->clause);
		else
			*rest = lappend(*rest, rinfo);
	}
	deparse_select(root, rel, &sql, info, NIL, conds, NIL, -1);
	return size_by_explain(storage_settings_for_table(info->relid, userid), sql.text.data);
}

void
estimate_rel(PlannerInfo *root, RelOptInfo *rel, AthenaRel *info)
{
	int width = rel->reltarget->width;
	double selectivity;
	double fetched;
	QualCost local;

	info->analyzed = rel->tuples >= 0;
	/* what ANALYZE found is later than what was imported; -1 means never */
	if (rel->tuples < 0 && info->table->rows >= 0)
		rel->tuples = info->table->rows;
	else if (rel->tuples < 0)
		rel->tuples = DEFAULT_TABLE_BYTES / (width + MAXALIGN(SizeofHeapTupleHeader));

	selectivity =
		clauselist_selectivity(root, info->remote_conds, (int) rel->relid, JOIN_INNER, NULL);
	fetched = clamp_row_est(rel->tuples * selectivity);
	if (info->table->remote_estimate)
	{
		List *rest;
		double rows = remote_rows(root, rel, info, &rest);

		if (rows >= 0)
		{
			selectivity = clauselist_selectivity(root, rest, (int) rel->relid, JOIN_INNER, NULL);
			fetched = clamp_row_est(rows * selectivity);
			rel->tuples = Max(rel->tuples, rows);
		}
	}
	if (info->limit >= 0)
		fetched = Min(fetched, clamp_row_est((double) info->limit));
	selectivity =
		clauselist_selectivity(root, info->local_conds, (int) rel->relid, JOIN_INNER, NULL);
	info->rows = clamp_row_est(fetched * selectivity);

	cost_qual_eval(&local, info->local_conds, root);
	estimate_costs(info, fetched, width);
	info->startup_cost += local.startup + rel->reltarget->cost.startup;
	info->total_cost += local.startup + rel->reltarget->cost.startup + fetched * local.per_tuple +
						info->rows * rel->reltarget->cost.per_tuple;
	rel->rows = info->rows;
}

/*
 * How many rows does Athena expect of a statement over several tables?  Asked
 * only if one of them says so, and not of one with parameters; -1 if it is not
 * known.
 */
double
estimate_statement(PlannerInfo *root, List *relids, Oid userid, const RemoteSql *sql)
{
	ListCell *lc;
	bool asks = false;

	foreach (lc, relids)
		asks |= storage_table(lfirst_oid(lc))->remote_estimate;
	if (!asks || sql->pieces != NIL)
		return -1;
	return size_by_explain(storage_settings_for_table(linitial_oid(relids),
													  OidIsValid(userid) ? userid : GetUserId()),
						   sql->text.data);
}
