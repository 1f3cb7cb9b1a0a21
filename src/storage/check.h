/*
 * check.h
 *	  The steps of athena_check(), and what they hand on to each other.
 */
#ifndef ATHENA_CHECK_H
#define ATHENA_CHECK_H

#include "postgres.h"

#include "storage/storage.h"
#include "utils/resowner.h"

/* What the names of objects begin with that athena_check() writes. */
#define CHECK_OBJECT "athena_fdw_check_"

/* What is known so far; NULL or false until a step has found it out. */
typedef struct CheckContext
{
	ForeignServer *server;
	Oid userid;
	ResourceOwner owner; /* of what outlives a step */
	const char *database; /* of the table to check; NULL for none */
	const char *table;
	QuerySettings *settings;
	bool managed; /* the workgroup keeps results itself */
	char *bucket; /* where results go */
	char *prefix; /* with a slash at its end, or "" */
	char *written; /* key of the object that was written */
	AthenaQuery *query; /* SELECT 1, which has succeeded */
	List *databases; /* their names, UTF-8; first the server's own */
	bool table_found;

	char *hint; /* of the current step */
	bool skipped; /* it could not be tried */
} CheckContext;

/* A step returns its detail; it may set a hint; it throws if it fails. */
typedef char *(*CheckStep)(CheckContext *check);

typedef struct CheckStepEntry
{
	const char *name;
	CheckStep step;
} CheckStepEntry;

extern const CheckStepEntry check_steps[];
extern const int check_nsteps;
extern const CheckStepEntry check_table_steps[];
extern const int check_ntable_steps;

#endif /* ATHENA_CHECK_H */
