/*
 * remote_only.c
 *	  What functions of schema athena are where Athena does not evaluate them: an
 *	  error that says so.
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/primnodes.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(athena_fdw_remote_only);
PG_FUNCTION_INFO_V1(athena_fdw_remote_only_aggregate);

static void
refuse(Oid function)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("athena.%s() is evaluated by Athena alone", get_func_name(function)),
			 errdetail("This part of the query is run by PostgreSQL, which has no such function."),
			 errhint("Use it over foreign tables of one server, with arguments that Athena can "
					 "take over; EXPLAIN (VERBOSE) shows what is run where.")));
}

Datum
athena_fdw_remote_only(PG_FUNCTION_ARGS)
{
	refuse(fcinfo->flinfo->fn_oid);
	PG_RETURN_NULL();
}

/* Transition and final function of an aggregate. */
Datum
athena_fdw_remote_only_aggregate(PG_FUNCTION_ARGS)
{
	Aggref *aggref = AggGetAggref(fcinfo);

	refuse(aggref ? aggref->aggfnoid : fcinfo->flinfo->fn_oid);
	PG_RETURN_NULL();
}
