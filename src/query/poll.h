/*
 * poll.h
 *	  Asking Athena after the queries of this backend.  For query.c.
 */
#ifndef ATHENA_POLL_H
#define ATHENA_POLL_H

#include "postgres.h"

#include "query/query.h"

extern void poll_begin(AthenaQuery *query);
extern void poll_progress(dlist_head *queries, int64 *wake);
extern void poll_forget(AthenaQuery *query);

#endif /* ATHENA_POLL_H */
