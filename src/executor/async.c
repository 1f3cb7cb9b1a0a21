/*
 * async.c
 *	  Foreign scans as parts of an asynchronous Append.
 *
 * Callbacks of the executor.  The queries of all parts run at the same time, and
 * whichever has rows first is read first.  All transfers of a backend lie behind
 * one descriptor (http_wait_fd), so one of the parts that wait adds it to the
 * Append's set for all of them; when it is readable, or its alarm rings because a
 * poll is due, all of them get on.
 *
 * Under a LIMIT the parts run one after the other: rows of the first may be enough,
 * and each query costs money.
 */
#include "aws/http.h"
#include "compat.h"
#include "executor/execAsync.h"
#include "executor/instrument.h"
#include "executor/scan.h"
#include "storage/latch.h"

/* Callback of the planner: can an Append run this path with others? */
bool
athena_is_async_capable(ForeignPath *path)
{
	return overlap_start_early && http_can_wait_elsewhere();
}

static AppendState *
append_of(const AsyncRequest *request)
{
	return castNode(AppendState, request->requestor);
}

/*
 * The last of our parts before this one in the Append that still has to give rows
 * (waiting false), or that waits for its descriptor (waiting true); NULL for none.
 */
static AsyncRequest *
part_before(const AsyncRequest *request, bool waiting)
{
	AppendState *append = append_of(request);
	AsyncRequest *found = NULL;
	int i = -1;

	while ((i = bms_next_member(append->as_valid_asyncplans, i)) >= 0 && i < request->request_index)
	{
		AsyncRequest *part = append->as_asyncrequests[i];

		if (!scan_is_ours(part->requestee))
			continue;
		if (waiting ? part->callback_pending :
					  !((AthenaScan *) ((ForeignScanState *) part->requestee)->fdw_state)->all_read)
			found = part;
	}
	return found;
}

/* Get on without waiting; is there a row to be had, or the end of them? */
static bool
advance(AsyncRequest *request, int64 *wake)
{
	ForeignScanState *node = castNode(ForeignScanState, request->requestee);
	AthenaScan *scan = node->fdw_state;

	if (scan->query == NULL &&
		(!overlap_has_room() || (scan->in_turn && part_before(request, false) != NULL)))
	{
		*wake = query_progress();
		return false;
	}
	if (scan->query == NULL || scan->bind_due)
	{
		scan_begin_query(node);
		overlap_start_others(node);
	}
	*wake = query_progress();
	return scan_is_near(node);
}

/* Answer a request with the next row, or with none at the end. */
static void
produce(AsyncRequest *request)
{
	ExecAsyncRequestDone(request, request->requestee->ExecProcNodeReal(request->requestee));
}

/* Callback: a row is wanted. */
void
athena_async_request(AsyncRequest *request)
{
	int64 wake;

	if (advance(request, &wake))
		produce(request);
	else
		ExecAsyncRequestPending(request);
}

/* Callback: the Append is about to wait; have it woken. */
void
athena_async_configure_wait(AsyncRequest *request)
{
	AppendState *append = append_of(request);
	bool another_waits = part_before(request, true) != NULL;
	int64 wake;
	int fd;

	if (advance(request, &wake))
	{
		/* as postgres_fdw does, what ExecAsyncNotify() would do */
		request->callback_pending = false;
		produce(request);
		ExecAsyncResponse(request);
		if (request->requestee->instrument)
			InstrUpdateTupleCount(request->requestee->instrument,
								  TupIsNull(request->result) ? 0.0 : 1.0);
	}
	/* a row that is there must not wait for what the others wait for */
	fd = http_wait_fd(append->as_nasyncresults > 0 ? 0 : wake);
	if (request->callback_pending && !another_waits)
		AddWaitEventToSet(append->as_eventset, WL_SOCKET_READABLE, fd, NULL, request);
}

/* Callback: something may have arrived, for this part or another. */
void
athena_async_notify(AsyncRequest *request)
{
	athena_async_request(request);
}
