/*
 * check.c
 *	  athena_check(server [, table]): is the configuration right, step by step?
 *
 * Each step runs in a subtransaction of its own, so a failing one becomes a
 * row with its error and its cure, and the next steps still run.  Without
 * complete settings nothing is sent, and only the first row is returned.  The
 * steps themselves are in check_steps.c.
 */
#include "storage/check.h"

#include <math.h>

#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(athena_check);
PG_FUNCTION_INFO_V1(athena_check_table);

/*
 * Run one step in a subtransaction.  Errors become ok = false; what ends the
 * whole statement (cancel, shutdown, lost client) goes on.
 */
static bool
run_step(CheckStep step, CheckContext *check, char **detail)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool ok = false;

	check->hint = NULL;
	check->skipped = false;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		*detail = step(check);
		ReleaseCurrentSubTransaction();
		ok = true;
	}
	PG_CATCH();
	{
		ErrorData *edata;

		MemoryContextSwitchTo(context);
		edata = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		/* what the user or the server interrupts goes on; a query_timeout does not */
		if (edata->funcname && strcmp(edata->funcname, "ProcessInterrupts") == 0)
		{
			MemoryContextSwitchTo(context);
			CurrentResourceOwner = owner;
			ReThrowError(edata);
		}
		*detail =
			edata->detail ? psprintf("%s: %s", edata->message, edata->detail) : edata->message;
		check->hint = edata->hint;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return ok;
}

/* Run some steps, a row each; false after settings that are not complete. */
static void
run_steps(CheckContext *check, const CheckStepEntry *steps, int n, ReturnSetInfo *rsinfo)
{
	int i;

	for (i = 0; i < n; i++)
	{
		Datum values[5];
		bool nulls[5] = {false};
		char *detail = NULL;
		instr_time start;
		instr_time end;
		bool ok;

		INSTR_TIME_SET_CURRENT(start);
		ok = run_step(steps[i].step, check, &detail);
		INSTR_TIME_SET_CURRENT(end);
		INSTR_TIME_SUBTRACT(end, start);
		values[0] = CStringGetTextDatum(steps[i].name);
		values[1] = BoolGetDatum(ok);
		nulls[1] = check->skipped;
		values[2] = CStringGetTextDatum(detail);
		nulls[3] = check->hint == NULL;
		values[3] = nulls[3] ? (Datum) 0 : CStringGetTextDatum(check->hint);
		values[4] = Float8GetDatum(rint(INSTR_TIME_GET_MILLISEC(end) * 10) / 10);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		if (check->settings == NULL)
			break;
	}
}

/* The steps that need no table. */
static void
check_server(CheckContext *check, FunctionCallInfo fcinfo)
{
	check->server = storage_usable_server(NameStr(*PG_GETARG_NAME(0)));
	check->userid = GetUserId();
	check->owner = CurrentResourceOwner;
	InitMaterializedSRF(fcinfo, 0);
	run_steps(check, check_steps, check_nsteps, (ReturnSetInfo *) fcinfo->resultinfo);
	if (check->query)
		query_end(check->query);
	check->query = NULL;
}

/*
 * athena_check(server name)
 *	returns table (step text, ok boolean, detail text, hint text, milliseconds float8)
 *
 * ok is NULL for a step that could not be tried.
 */
Datum
athena_check(PG_FUNCTION_ARGS)
{
	CheckContext check = {0};

	check_server(&check, fcinfo);
	return (Datum) 0;
}

/* athena_check(server name, "table" text): the same, and one table of Athena's. */
Datum
athena_check_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CheckContext check = {0};
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char *dot = strchr(name, '.');

	if (dot == NULL || dot == name || dot[1] == '\0')
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" does not name a table of Athena's", name),
						errhint("Write database.table.")));
	*dot = '\0';
	check.database = name;
	check.table = dot + 1;
	check_server(&check, fcinfo);
	if (check.settings)
		run_steps(&check, check_table_steps, check_ntable_steps, rsinfo);
	return (Datum) 0;
}
