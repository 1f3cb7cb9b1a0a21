/*
 * stats.c
 *	  Counters of all sessions, for the view athena_stats.
 *
 * A fixed table in shared memory, under one lock, one entry for each database,
 * server and user.  A query takes about a second, so each one writes its entry
 * through to a file of the data directory as well: that is what is read when
 * shared memory is made anew, after a restart and after a crash of a backend
 * alike.  The file is not synced: a crash of the machine may lose the last
 * seconds.
 *
 * stats_add() is called while transactions are aborted: it throws nothing.
 */
#include "query/stats.h"

#include <fcntl.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#define STATS_FILE "pg_stat/athena_fdw.stat"
#define STATS_MAGIC 0x41544801 /* changes with StatsEntry */
#define STATS_ENTRIES 512

typedef struct StatsHeader
{
	uint32 magic;
	uint32 entry_size;
	uint32 entries;
	uint32 padding;
} StatsHeader;

typedef struct StatsShared
{
	LWLock *lock;
	int used;
	StatsEntry entries[STATS_ENTRIES];
} StatsShared;

static StatsShared *shared = NULL;
static shmem_request_hook_type previous_request = NULL;
static shmem_startup_hook_type previous_startup = NULL;

static const StatsHeader expected_header = {STATS_MAGIC, sizeof(StatsEntry), STATS_ENTRIES, 0};

static int
open_file(int flags)
{
	return open(STATS_FILE, flags | O_CLOEXEC, 0600);
}

/* Write one entry, or with -1 all of them.  A failure is not worth an error. */
static void
write_entries(int which)
{
	int fd = open_file(O_RDWR);
	StatsHeader header;
	size_t first = which < 0 ? 0 : (size_t) which;
	size_t n = which < 0 ? STATS_ENTRIES : 1;

	if (fd < 0 || read(fd, &header, sizeof(header)) != sizeof(header) ||
		memcmp(&header, &expected_header, sizeof(header)) != 0)
	{
		/* there is none, or one of another version: begin a new one */
		if (fd >= 0)
			close(fd);
		fd = open_file(O_RDWR | O_CREAT | O_TRUNC);
		if (fd < 0 || pwrite(fd, &expected_header, sizeof(header), 0) != sizeof(header))
		{
			if (fd >= 0)
				close(fd);
			return;
		}
		first = 0;
		n = STATS_ENTRIES;
	}
	if (pwrite(fd, &shared->entries[first], n * sizeof(StatsEntry),
			   sizeof(header) + first * sizeof(StatsEntry)) < 0)
		elog(DEBUG1, "athena_fdw: statistics could not be written: %m");
	close(fd);
}

static void
read_entries(void)
{
	int fd = open_file(O_RDONLY);
	StatsHeader header;
	ssize_t wanted = sizeof(shared->entries);

	if (fd < 0)
		return;
	if (read(fd, &header, sizeof(header)) != sizeof(header) ||
		memcmp(&header, &expected_header, sizeof(header)) != 0 ||
		read(fd, shared->entries, wanted) != wanted)
		memset(shared->entries, 0, sizeof(shared->entries));
	close(fd);
	while (shared->used < STATS_ENTRIES && OidIsValid(shared->entries[shared->used].server))
	{
		shared->entries[shared->used].server_name[NAMEDATALEN - 1] = '\0';
		shared->used++;
	}
}

static void
request(void)
{
	if (previous_request)
		previous_request();
	RequestAddinShmemSpace(MAXALIGN(sizeof(StatsShared)));
	RequestNamedLWLockTranche("athena_fdw", 1);
}

static void
startup(void)
{
	bool found;

	if (previous_startup)
		previous_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct("athena_fdw", sizeof(StatsShared), &found);
	if (!found)
	{
		memset(shared, 0, sizeof(StatsShared));
		shared->lock = &(GetNamedLWLockTranche("athena_fdw"))->lock;
		read_entries();
	}
	LWLockRelease(AddinShmemInitLock);
}

/* Called by _PG_init() while the server preloads libraries. */
void
stats_init(void)
{
	previous_request = shmem_request_hook;
	shmem_request_hook = request;
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
}

/* Was the library preloaded? */
bool
stats_available(void)
{
	return shared != NULL;
}

/* The entry of a server and user, a new one if need be; the lock is held. */
static int
find_entry(Oid server, Oid user)
{
	int oldest = 0;
	int i;

	for (i = 0; i < shared->used; i++)
	{
		StatsEntry *e = &shared->entries[i];

		if (e->database == MyDatabaseId && e->server == server && e->user == user)
			return i;
		if (e->last < shared->entries[oldest].last)
			oldest = i;
	}
	i = shared->used < STATS_ENTRIES ? shared->used++ : oldest;
	memset(&shared->entries[i], 0, sizeof(StatsEntry));
	shared->entries[i].database = MyDatabaseId;
	shared->entries[i].server = server;
	shared->entries[i].user = user;
	shared->entries[i].since = GetCurrentTimestamp();
	return i;
}

/* Count one query that has ended, and the calls that were repeated for it. */
void
stats_add(Oid server, Oid user, const char *server_name, const QueryRecord *record, bool succeeded,
		  int64 throttled, int64 repeated)
{
	StatsEntry *e;
	int i;

	if (shared == NULL)
		return;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	i = find_entry(server, user);
	e = &shared->entries[i];
	strlcpy(e->server_name, server_name, NAMEDATALEN);
	e->queries++;
	e->succeeded += succeeded;
	e->reused += record->reused;
	e->troubles[record->trouble]++;
	e->rows += record->rows;
	e->bytes_scanned += Max(record->bytes_scanned, 0);
	e->total_ms += Max(record->total_ms, 0);
	e->throttled += throttled;
	e->repeated += repeated;
	e->cost += record->cost;
	e->last = GetCurrentTimestamp();
	write_entries(i);
	LWLockRelease(shared->lock);
}

/* A copy of all entries, in the current memory context. */
StatsEntry *
stats_read(int *n)
{
	StatsEntry *copy = palloc(sizeof(shared->entries));

	LWLockAcquire(shared->lock, LW_SHARED);
	*n = shared->used;
	memcpy(copy, shared->entries, sizeof(StatsEntry) * shared->used);
	LWLockRelease(shared->lock);
	return copy;
}

void
stats_reset(void)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	memset(shared->entries, 0, sizeof(shared->entries));
	shared->used = 0;
	write_entries(-1);
	LWLockRelease(shared->lock);
}
