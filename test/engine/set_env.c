/*
 * set_env.c
 *	  set_env(name, value): changes the environment of one backend, for the tests
 *	  of credentials that come from the server process.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(set_env);

/* set_env(name text, value text) returns void; NULL unsets it. */
Datum
set_env(PG_FUNCTION_ARGS)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (PG_ARGISNULL(1))
		unsetenv(name);
	else
		setenv(name, text_to_cstring(PG_GETARG_TEXT_PP(1)), 1);
	PG_RETURN_VOID();
}
