/*
 * stats.h
 *	  Counters of all sessions, in shared memory when the library is preloaded.
 */
#ifndef ATHENA_STATS_H
#define ATHENA_STATS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "query/history.h"

/* What one server and user of one database have run. */
typedef struct StatsEntry
{
	Oid database;
	Oid server;
	Oid user;
	char server_name[NAMEDATALEN];
	int64 queries;
	int64 succeeded;
	int64 reused;
	int64 troubles[TROUBLES];
	int64 rows;
	int64 bytes_scanned;
	int64 total_ms; /* of Athena's time */
	int64 throttled; /* attempts of calls */
	int64 repeated;
	double cost;
	TimestampTz since;
	TimestampTz last;
} StatsEntry;

extern void stats_init(void);
extern bool stats_available(void);
extern void stats_add(Oid server, Oid user, const char *server_name, const QueryRecord *record,
					  bool succeeded, int64 throttled, int64 repeated);
extern StatsEntry *stats_read(int *n);
extern void stats_reset(void);

#endif /* ATHENA_STATS_H */
