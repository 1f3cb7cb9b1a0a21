/*
 * history.c
 *	  What this session has asked Athena, for athena_queries().
 *
 * A record is made before a query starts (history_begin may throw), and filled
 * by query.c as it goes on, which throws nothing.  The list is bounded; the
 * oldest ended queries fall out.
 */
#include "query/history.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define MAX_RECORDS 1000
#define MAX_TEXT ((size_t) 8 << 20)

static dlist_head records = DLIST_STATIC_INIT(records);
static int nrecords = 0;
static size_t text_bytes = 0;
static MemoryContext history_context = NULL;

static void
drop_oldest(void)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify (iter, &records)
	{
		QueryRecord *record = dlist_container(QueryRecord, node, iter.cur);

		if (nrecords < MAX_RECORDS && text_bytes < MAX_TEXT)
			return;
		if (record->ended == 0)
			continue;
		dlist_delete(&record->node);
		nrecords--;
		text_bytes -= strlen(record->sql);
		pfree(record->sql);
		pfree(record->server);
		pfree(record);
	}
}

/* A new record, at the end of the list; it lives until it falls out of it. */
QueryRecord *
history_begin(const char *server, const char *sql)
{
	QueryRecord *record;

	drop_oldest();
	if (history_context == NULL)
		history_context =
			AllocSetContextCreate(TopMemoryContext, "Athena history", ALLOCSET_DEFAULT_SIZES);
	record = MemoryContextAllocZero(history_context, sizeof(QueryRecord));
	record->user = GetOuterUserId();
	record->server = MemoryContextStrdup(history_context, server);
	record->sql = MemoryContextStrdup(history_context, sql);
	strlcpy(record->state, "STARTING", sizeof(record->state));
	record->started = GetCurrentTimestamp();
	record->queue_ms = record->planning_ms = record->engine_ms = record->total_ms = -1;
	record->bytes_scanned = -1;
	dlist_push_tail(&records, &record->node);
	nrecords++;
	text_bytes += strlen(sql);
	return record;
}

/* The records, oldest first. */
dlist_head *
history_list(void)
{
	return &records;
}

const char *
trouble_name(QueryTrouble trouble)
{
	static const char *const names[TROUBLES] = {
		[TROUBLE_NONE] = NULL,
		[TROUBLE_PERMISSION] = "permission",
		[TROUBLE_CREDENTIALS] = "credentials",
		[TROUBLE_NETWORK] = "network",
		[TROUBLE_THROTTLED] = "throttled",
		[TROUBLE_STATEMENT] = "statement",
		[TROUBLE_LIMIT] = "limit",
		[TROUBLE_CANCELLED] = "cancelled",
		[TROUBLE_OTHER] = "other",
	};

	return names[trouble];
}
