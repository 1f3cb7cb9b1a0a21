/*
 * history.h
 *	  What this session has asked Athena.
 */
#ifndef ATHENA_HISTORY_H
#define ATHENA_HISTORY_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "lib/ilist.h"

/* What went wrong with a query, as far as statistics tell it apart. */
typedef enum QueryTrouble
{
	TROUBLE_NONE,
	TROUBLE_PERMISSION, /* AWS denies something */
	TROUBLE_CREDENTIALS, /* wrong, expired, unsynchronized */
	TROUBLE_NETWORK, /* no answer, or none that can be read */
	TROUBLE_THROTTLED, /* throttled until we gave up */
	TROUBLE_STATEMENT, /* Athena's engine refused or failed it */
	TROUBLE_LIMIT, /* stopped by a limit of time or bytes */
	TROUBLE_CANCELLED, /* nobody waited any more */
	TROUBLE_OTHER,
	TROUBLES /* how many there are */
} QueryTrouble;

/* One query.  Numbers are -1 while they are not known. */
typedef struct QueryRecord
{
	dlist_node node;
	char id[64]; /* "" before Athena gave one */
	Oid user; /* who asked, whosever rights applied */
	char *server;
	char *sql;
	char state[16];
	char reader[16];
	TimestampTz started;
	TimestampTz ended; /* 0 while it runs */
	int64 queue_ms;
	int64 planning_ms;
	int64 engine_ms;
	int64 total_ms;
	int64 bytes_scanned;
	int64 rows; /* read from its result */
	double cost;
	bool reused;
	QueryTrouble trouble;
} QueryRecord;

extern QueryRecord *history_begin(const char *server, const char *sql);
extern dlist_head *history_list(void);
extern const char *trouble_name(QueryTrouble trouble);

#endif /* ATHENA_HISTORY_H */
