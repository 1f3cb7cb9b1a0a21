/*
 * poll.c
 *	  Asking Athena after the queries of this backend: when, and together.
 *
 * Called by query.c.  Queries of one storage are asked after in one call
 * (BatchGetQueryExecution; GetQueryExecution for a single one), and none waits
 * here: poll_progress() takes what has arrived and sends what is due.
 *
 * When.  A server remembers how long its last queries took by Athena's own
 * clock.  The first poll comes when the shortest of them would have ended; from
 * then on the delay is a sixteenth of the query's age, so that polling adds about 3 %
 * to its time and a long query is not asked after all the time.  A query that is
 * queued cannot end at once, so it is asked after less often.
 */
#include "query/poll.h"

#include "query/cost.h"
#include "utils/memutils.h"

/* Small queries end in 240 to 400 ms on the live service. */
#define FIRST_MS 100 /* where nothing is known */
#define FIRST_LEAST_MS 20
#define FIRST_MOST_MS 400
#define DELAY_LEAST_MS 30
#define DELAY_QUEUED_MS 100
#define DELAY_MOST_MS 2000
/* How long nobody asks after several queries at once where that was refused. */
#define BATCH_REFUSED_MS (5 * 60 * 1000)

/* A call under way, and whom it asks after.  Ends when one of them is forgotten. */
typedef struct Poll
{
	dlist_node node;
	AwsCall *call; /* NULL if it could not be sent */
	int64 throttled; /* calls of this backend that were throttled before */
	int n;
	AthenaQuery *queries[ATHENA_MAX_BATCH];
} Poll;

/* How long the last queries of a server took, in milliseconds. */
typedef struct Durations
{
	Oid server;
	int n; /* seen so far */
	int64 ms[8]; /* a ring */
} Durations;

static dlist_head polls = DLIST_STATIC_INIT(polls);
static Durations durations[16];
static int64 batch_refused_until = 0;
/* The least delay of this backend, more than the usual after it was throttled. */
static int64 least_ms = DELAY_LEAST_MS;

/* ---------- when ---------- */

/* Those of a server; where there is no room, the place of another. */
static Durations *
durations_of(Oid server)
{
	Durations *d = &durations[server % lengthof(durations)];

	if (d->server != server)
	{
		memset(d, 0, sizeof(*d));
		d->server = server;
	}
	return d;
}

static void
note_duration(const AthenaQuery *query)
{
	Durations *d = durations_of(query->settings.server_id);

	if (query->execution.total_ms >= 0)
		d->ms[d->n++ % lengthof(d->ms)] = query->execution.total_ms;
}

static int64
first_delay(const AthenaQuery *query)
{
	const Durations *d = durations_of(query->settings.server_id);
	int64 least = d->n > 0 ? FIRST_MOST_MS : FIRST_MS;
	int i;

	for (i = 0; i < Min(d->n, (int) lengthof(d->ms)); i++)
		least = Min(least, d->ms[i]);
	return Max(least, FIRST_LEAST_MS);
}

/* When to ask again, of a query that was running just now. */
static void
plan_next(AthenaQuery *query, int64 now)
{
	int64 age = now - query->started_ms;
	int64 delay;

	if (query->execution.state == ATHENA_QUEUED)
		delay = Max(age / 4, DELAY_QUEUED_MS);
	else
		delay = age / 16;
	query->next_poll_ms = now + Min(Max(delay, least_ms), DELAY_MOST_MS);
	if (query->settings.query_timeout_ms > 0)
		query->next_poll_ms =
			Min(query->next_poll_ms, query->started_ms + query->settings.query_timeout_ms);
}

/* Others ask, too: when throttled, ask less often from now on, and forget it slowly. */
static void
note_throttling(const Poll *poll)
{
	if (aws_throttled_total() > poll->throttled)
		least_ms = Min(Max(least_ms, DELAY_QUEUED_MS) * 2, DELAY_MOST_MS);
	else
		least_ms = Max(least_ms * 9 / 10, DELAY_LEAST_MS);
}

/* ---------- what comes back ---------- */

/* Take over what Athena says of a query; strings go to the query's context. */
static void
take(AthenaQuery *query, const AthenaExecution *seen)
{
	MemoryContext caller = MemoryContextSwitchTo(query->context);
	bool ended = seen->state != ATHENA_QUEUED && seen->state != ATHENA_RUNNING;
	char *location = query->execution.output_location;

	/* known from the first poll on, and the last one says it again */
	if (*location == '\0' || ended)
		location = pstrdup(seen->output_location);
	query->execution = *seen;
	query->execution.output_location = location;
	query->execution.manifest_location = ended ? pstrdup(seen->manifest_location) : "";
	query->execution.reason = ended ? pstrdup(seen->reason) : "";
	if (ended)
	{
		query->phase = QUERY_ENDED;
		note_duration(query);
	}
	query->limits_due = true;
	MemoryContextSwitchTo(caller);
	query_note_result_object(query);
}

/* One of several, of which the answer may say nothing. */
static const AthenaExecution *
find_execution(const List *executions, const AthenaQuery *query, int n)
{
	ListCell *lc;

	foreach (lc, executions)
	{
		const AthenaExecution *x = lfirst(lc);

		if (n == 1 || strcmp(x->id, query->id) == 0)
			return x;
	}
	return NULL;
}

/* Forget a call; those whom it asked after are due again. */
static void
drop_poll(Poll *poll)
{
	int i;

	dlist_delete(&poll->node);
	aws_call_free(poll->call);
	for (i = 0; i < poll->n; i++)
		poll->queries[i]->poll = NULL;
	pfree(poll);
}

/* A call has ended. */
static void
finish_poll(Poll *poll)
{
	MemoryContext scratch =
		AllocSetContextCreate(CurrentMemoryContext, "Athena poll", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	const AwsError *error = aws_call_error(poll->call);
	List *executions = NIL;
	int64 now = http_now_ms();
	bool ok = error->kind == AWS_OK && athena_read_executions(poll->call, &executions);
	/* whoever may not ask after several, or has an endpoint that cannot, asks after each */
	bool refused = !ok && poll->n > 1 &&
				   (error->kind == AWS_ERR_ACCESS_DENIED || error->kind == AWS_ERR_INVALID ||
					error->kind == AWS_ERR_OTHER || error->kind == AWS_ERR_NOT_FOUND);
	int i;

	if (refused)
	{
		batch_refused_until = now + BATCH_REFUSED_MS;
		elog(DEBUG1, "athena_fdw: queries are asked after one by one (%s)", error->code);
	}
	for (i = 0; i < poll->n; i++)
	{
		AthenaQuery *query = poll->queries[i];
		const AthenaExecution *x = ok ? find_execution(executions, query, poll->n) : NULL;

		if (x)
			take(query, x);
		else if (ok || refused)
			query->poll_alone = true;
		else
			query_note_error(query, error);
		if (x)
			plan_next(query, now);
	}
	note_throttling(poll);
	drop_poll(poll);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

/* ---------- limits ---------- */

/* Throw if the query has taken too long. */
static void
check_time(AthenaQuery *query)
{
	int timeout = query->settings.query_timeout_ms;

	if (query->phase != QUERY_RUNNING || timeout == 0 ||
		http_now_ms() - query->started_ms < timeout)
		return;
	query->trouble = TROUBLE_LIMIT;
	ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
					errmsg("Athena query was stopped after %d s", timeout / 1000),
					errdetail("Query Execution ID %s.", query->id),
					errhint("Option query_timeout of server \"%s\" sets this limit.",
							query->settings.server_name)));
}

/*
 * Throw if a running query has scanned too much.  One that has ended has been
 * paid for, and its rows are delivered.
 */
static void
check_bytes(AthenaQuery *query)
{
	const char *whence;
	int64 limit = cost_limit(&query->settings, &whence);
	int64 scanned = query->execution.bytes_scanned;

	if (limit == 0 || scanned <= limit)
		return;
	if (query->phase == QUERY_RUNNING)
	{
		query->trouble = TROUBLE_LIMIT;
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("Athena query was stopped after scanning %s", cost_bytes_text(scanned)),
				 errdetail("%s is %s.  Query Execution ID %s.", whence, cost_bytes_text(limit),
						   query->id),
				 errhint("Restrict the partitions, ask for fewer columns, or raise the limit.")));
	}
	ereport(
		WARNING,
		(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		 errmsg("Athena query had scanned %s before it could be stopped", cost_bytes_text(scanned)),
		 errdetail("%s is %s.  Query Execution ID %s.", whence, cost_bytes_text(limit), query->id),
		 errhint("A workgroup's limit of data scanned per query is enforced by Athena itself.")));
}

/* ---------- together ---------- */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Can one call ask after both? */
static bool
together(const AthenaQuery *a, const AthenaQuery *b)
{
	const AwsClient *x = a->settings.client;
	const AwsClient *y = b->settings.client;

	return !a->poll_alone && !b->poll_alone && x->identity == y->identity &&
		   same_text(x->region, y->region) && same_text(x->proxy, y->proxy) &&
		   same_text(x->ca_file, y->ca_file) &&
		   same_text(x->endpoint[AWS_ATHENA], y->endpoint[AWS_ATHENA]);
}

static bool
wants_poll(const AthenaQuery *query)
{
	return query->phase == QUERY_RUNNING && query->poll == NULL && query->error.kind == AWS_OK;
}

/* Ask after a query that is due, and those of which one may ask at the same time. */
static void
send_poll(AthenaQuery *due, dlist_head *queries)
{
	Poll *poll = MemoryContextAllocZero(TopMemoryContext, sizeof(Poll));
	const char *ids[ATHENA_MAX_BATCH];
	bool batch = http_now_ms() >= batch_refused_until;
	dlist_iter iter;
	int i;

	dlist_push_tail(&polls, &poll->node);
	poll->throttled = aws_throttled_total();
	ids[0] = due->id;
	poll->queries[0] = due;
	poll->n = 1;
	if (batch)
		dlist_foreach (iter, queries)
		{
			AthenaQuery *query = dlist_container(AthenaQuery, node, iter.cur);

			if (query == due || !wants_poll(query) || poll->n == ATHENA_MAX_BATCH ||
				!together(due, query))
				continue;
			ids[poll->n] = query->id;
			poll->queries[poll->n++] = query;
		}
	for (i = 0; i < poll->n; i++)
		poll->queries[i]->poll = poll;
	poll->call = athena_get_query_executions(due->settings.client, ids, poll->n);
}

/* ---------- for query.c ---------- */

/* A query has got its id. */
void
poll_begin(AthenaQuery *query)
{
	query->next_poll_ms =
		Max(http_now_ms(), query->started_ms + Max(first_delay(query), least_ms - DELAY_LEAST_MS));
}

/*
 * Take what has arrived, send what is due, and lower *wake to when there is more
 * to do.  Throws where a query exceeds a limit.
 */
void
poll_progress(dlist_head *queries, int64 *wake)
{
	dlist_mutable_iter each;
	dlist_iter iter;
	int64 now;

	dlist_foreach_modify (each, &polls)
	{
		Poll *poll = dlist_container(Poll, node, each.cur);

		if (poll->call == NULL)
			drop_poll(poll);
		else if (aws_call_advance(poll->call, wake))
			finish_poll(poll);
	}
	dlist_foreach (iter, queries)
	{
		AthenaQuery *query = dlist_container(AthenaQuery, node, iter.cur);

		if (!query->limits_due)
			continue;
		query->limits_due = false;
		check_time(query);
		check_bytes(query);
	}
	now = http_now_ms();
	dlist_foreach (iter, queries)
	{
		AthenaQuery *query = dlist_container(AthenaQuery, node, iter.cur);

		if (wants_poll(query) && now >= query->next_poll_ms)
			send_poll(query, queries);
		if (wants_poll(query))
			*wake = Min(*wake, query->next_poll_ms);
	}
}

/* A query ends: nobody asks after it any more.  Throws nothing. */
void
poll_forget(AthenaQuery *query)
{
	if (query->poll)
		drop_poll(query->poll);
}
