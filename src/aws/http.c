/*
 * http.c
 *	  HTTP transfers over one libcurl multi handle per backend.
 *
 * Called by aws.c only.  The rules of this file:
 *	- No wait blocks the latch.  curl's sockets and a timerfd for its time-outs
 *	  lie in one private epoll descriptor, which a WaitEventSet watches next to
 *	  the latch.  (Systems without epoll drive curl every few milliseconds.)
 *	  Another timerfd lies there for those who wait for the descriptor elsewhere.
 *	- libcurl's callbacks neither palloc, nor elog, nor look at interrupts: a
 *	  longjmp out of curl_multi_socket_action() would leave it half-done.
 *	- A resolver may run in a thread of libcurl's.  All signals are blocked
 *	  while libcurl runs, so that such a thread never gets one.
 *	- http_start(), http_wait_quietly() and http_free() throw nothing: they are
 *	  called while a transaction is being aborted.
 *	- TLS is always verified; no redirect, .netrc or proxy of the environment is
 *	  followed.
 */
#include "http.h"

#include <curl/curl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#if defined(HAVE_SYS_EPOLL_H) && !defined(ATHENA_FDW_NO_EPOLL)
#define USE_EPOLL
#include <sys/epoll.h>
#include <sys/timerfd.h>
#endif

#include "../compat.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

/* How long a wait may last before we look whether the client is still there. */
#define CLIENT_CHECK_MS 250
/* How often curl is driven where there is no epoll. */
#define NO_EPOLL_INTERVAL_MS 10
#define MAX_SAVED_HEADERS 24
/* What libcurl receives at once of a part of an object. */
#define SINK_BUFFER (256 * 1024L)

typedef struct SavedHeader
{
	char name[40];
	char value[160];
} SavedHeader;

struct HttpRequest
{
	CURL *easy;
	struct curl_slist *headers;
	bool in_multi;
	bool done;
	bool sent; /* libcurl has asked for the body, or an answer came */
	CURLcode result;
	long status;
	char errbuf[CURL_ERROR_SIZE];

	char *upload; /* copy of the body to send */
	size_t upload_len;
	size_t upload_pos;

	char *body; /* what has arrived; always NUL-terminated when not NULL */
	size_t body_len;
	size_t body_cap;
	size_t max_body;
	bool too_large;
	HttpSink *sink;
	bool into_sink; /* this answer's body is what the sink lacks */

	SavedHeader saved[MAX_SAVED_HEADERS];
	int nsaved;
};

static CURLM *multi = NULL;
static WaitEventSet *wait_set = NULL;
static uint32 wait_events[HTTP_WAITS];
static int64 last_client_check = 0;
#ifdef USE_EPOLL
static int epoll_fd = -1;
static int timer_fd = -1;
static int alarm_fd = -1; /* of http_wait_fd() */
#endif

/* Monotonic clock in milliseconds. */
int64
http_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---------- libcurl callbacks: nothing here may throw ---------- */

#ifdef USE_EPOLL
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socketp)
{
	struct epoll_event ev = {0};

	if (what == CURL_POLL_REMOVE)
	{
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		ev.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		ev.events |= EPOLLOUT;
	ev.data.fd = fd;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &ev) != 0 && errno == ENOENT)
		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev);
	return 0;
}

static int
on_timer(CURLM *m, long timeout_ms, void *arg)
{
	struct itimerspec when = {0};

	if (timeout_ms == 0)
		when.it_value.tv_nsec = 1; /* 0 would disarm it */
	else if (timeout_ms > 0)
	{
		when.it_value.tv_sec = timeout_ms / 1000;
		when.it_value.tv_nsec = timeout_ms % 1000 * 1000000L;
	}
	timerfd_settime(timer_fd, 0, &when, NULL);
	return 0;
}
#endif

/* Each socket counts against the backend's descriptors. */
static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	curl_socket_t fd;

	if (!AcquireExternalFD())
	{
		errno = EMFILE;
		return CURL_SOCKET_BAD;
	}
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd == CURL_SOCKET_BAD)
		ReleaseExternalFD();
	return fd;
}

static int
on_close_socket(void *arg, curl_socket_t fd)
{
	ReleaseExternalFD();
	return close(fd);
}

/*
 * Is this answer the rest of a part?  What the sink knows of the object must be
 * what the answer says; what it does not know yet, it learns.
 */
static bool
matches_sink(const HttpRequest *r)
{
	HttpSink *sink = r->sink;
	const char *range = http_header(r, "content-range");
	const char *etag = http_header(r, "etag");
	long long first, last, total;

	if (sscanf(range, "bytes %lld-%lld/%lld", &first, &last, &total) != 3 ||
		first != sink->offset + (int64) sink->len || last < first || last >= total ||
		(sink->total >= 0 && total != sink->total) ||
		(sink->etag[0] && strcmp(etag, sink->etag) != 0) || strlen(etag) >= sizeof(sink->etag))
		return false;
	sink->total = total;
	memcpy(sink->etag, etag, strlen(etag) + 1);
	/* the last part may be shorter than was asked for */
	if ((int64) sink->size > total - sink->offset)
		sink->size = (size_t) (total - sink->offset);
	return true;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	HttpRequest *r = arg;
	size_t len = size * n;

	r->sent = true;
	if (r->sink && !r->into_sink && r->body_len == 0)
	{
		long status = 0;

		curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
		if (status >= 200 && status < 300)
		{
			if (status != 206 || !matches_sink(r))
			{
				r->sink->mismatch = true;
				return 0;
			}
			r->into_sink = true;
		}
	}
	if (r->into_sink)
	{
		if (len > r->sink->size - r->sink->len)
		{
			r->too_large = true;
			return 0;
		}
		memcpy(r->sink->data + r->sink->len, data, len);
		r->sink->len += len;
		return len;
	}
	if (len > r->max_body - r->body_len)
	{
		r->too_large = true;
		return 0;
	}
	if (r->body_len + len + 1 > r->body_cap)
	{
		size_t cap = r->body_cap ? r->body_cap : 4096;
		char *bigger;

		while (cap < r->body_len + len + 1)
			cap *= 2;
		bigger = realloc(r->body, cap);
		if (bigger == NULL)
			return 0;
		r->body = bigger;
		r->body_cap = cap;
	}
	memcpy(r->body + r->body_len, data, len);
	r->body_len += len;
	r->body[r->body_len] = '\0';
	return len;
}

static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
	HttpRequest *r = arg;
	size_t len = size * n;
	char *colon = memchr(data, ':', len);
	SavedHeader *h;
	size_t i;

	r->sent = true;
	if (colon == NULL)
	{
		if (len >= 5 && memcmp(data, "HTTP/", 5) == 0)
			r->nsaved = 0; /* a new header block, after a 1xx answer */
		return len;
	}
	if (r->nsaved == MAX_SAVED_HEADERS || (size_t) (colon - data) >= sizeof(h->name))
		return len;
	h = &r->saved[r->nsaved];
	for (i = 0; data + i < colon; i++)
		h->name[i] = pg_ascii_tolower((unsigned char) data[i]);
	h->name[i] = '\0';
	data += len;
	while (data > colon + 1 && (data[-1] == '\r' || data[-1] == '\n' || data[-1] == ' '))
		data--;
	colon++;
	while (colon < data && *colon == ' ')
		colon++;
	len = Min((size_t) (data - colon), sizeof(h->value) - 1);
	memcpy(h->value, colon, len);
	h->value[len] = '\0';
	r->nsaved++;
	return size * n;
}

static size_t
on_upload(char *out, size_t size, size_t n, void *arg)
{
	HttpRequest *r = arg;
	size_t len = Min(size * n, r->upload_len - r->upload_pos);

	r->sent = true;
	memcpy(out, r->upload + r->upload_pos, len);
	r->upload_pos += len;
	return len;
}

static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	HttpRequest *r = arg;

	if (origin != SEEK_SET || offset < 0 || (size_t) offset > r->upload_len)
		return CURL_SEEKFUNC_FAIL;
	r->upload_pos = offset;
	return CURL_SEEKFUNC_OK;
}

/* ---------- driving the transfers ---------- */

/* Note which transfers have ended. */
static void
collect_finished(void)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(multi, &left)) != NULL)
	{
		HttpRequest *r = NULL;
		CURL *easy = msg->easy_handle;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &r);
		r->result = msg->data.result; /* msg is gone after the next call */
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &r->status);
		curl_multi_remove_handle(multi, easy);
		r->in_multi = false;
		r->done = true;
	}
}

/* Run whatever is ready, without waiting and without throwing. */
static void
pump(void)
{
	sigset_t all;
	sigset_t before;
	int running;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
#ifdef USE_EPOLL
	{
		struct epoll_event events[16];
		int n = epoll_wait(epoll_fd, events, lengthof(events), 0);
		int i;

		for (i = 0; i < n; i++)
		{
			int mask = 0;

			if (events[i].data.fd == timer_fd || events[i].data.fd == alarm_fd)
			{
				uint64 expirations;

				if (read(events[i].data.fd, &expirations, sizeof(expirations)) > 0 &&
					events[i].data.fd == timer_fd)
					curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
				continue;
			}
			if (events[i].events & EPOLLIN)
				mask |= CURL_CSELECT_IN;
			if (events[i].events & EPOLLOUT)
				mask |= CURL_CSELECT_OUT;
			if (events[i].events & (EPOLLERR | EPOLLHUP))
				mask |= CURL_CSELECT_ERR;
			curl_multi_socket_action(multi, events[i].data.fd, mask, &running);
		}
	}
#else
	curl_multi_perform(multi, &running);
#endif
	collect_finished();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* How long a single wait may last, given the deadline of its caller. */
static long
slice_ms(int64 until)
{
	int64 ms = Min(until - http_now_ms(), CLIENT_CHECK_MS);

#ifndef USE_EPOLL
	ms = Min(ms, NO_EPOLL_INTERVAL_MS);
#endif
	return (long) Max(ms, 0);
}

/*
 * Has the client gone?  PostgreSQL itself looks only if
 * client_connection_check_interval is set; a query that is paid for is reason
 * enough to look always.
 */
static void
check_client(void)
{
	int64 now = http_now_ms();

	if (now - last_client_check < CLIENT_CHECK_MS)
		return;
	last_client_check = now;
	if (whereToSendOutput != DestRemote || MyProcPort == NULL || ClientConnectionLost)
		return;
	if (!pq_check_connection())
	{
		ClientConnectionLost = true;
		InterruptPending = true;
	}
}

/* One interruptible wait on latch and transfers together. */
static void
wait_once(int64 until, HttpWait event)
{
	WaitEvent fired;

	WaitEventSetWait(wait_set, slice_ms(until), &fired, 1, wait_events[event]);
	ResetLatch(MyLatch);
	check_client();
	CHECK_FOR_INTERRUPTS();
	pump();
}

#ifdef USE_EPOLL
/* The epoll descriptor and the two timers in it: all of them, or an error. */
static void
open_descriptors(void)
{
	int *const fds[] = {&epoll_fd, &timer_fd, &alarm_fd};
	struct epoll_event ev = {.events = EPOLLIN};
	int save_errno;
	size_t i;

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (epoll_fd >= 0 && timer_fd >= 0 && alarm_fd >= 0)
	{
		for (i = 1; i < lengthof(fds); i++)
		{
			ev.data.fd = *fds[i];
			epoll_ctl(epoll_fd, EPOLL_CTL_ADD, *fds[i], &ev);
		}
		for (i = 0; i < lengthof(fds); i++)
			ReserveExternalFD();
		return;
	}
	save_errno = errno;
	for (i = 0; i < lengthof(fds); i++)
	{
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	errno = save_errno;
	ereport(ERROR, (errcode_for_file_access(),
					errmsg("could not create a descriptor to wait for Athena: %m")));
}
#endif

/*
 * Make the multi handle and what waits for it.  May throw; everything else
 * here that must not throw needs it to have been called before.
 */
void
http_init(void)
{
	static const char *const names[HTTP_WAITS] = {
		[HTTP_WAIT_START] = "AthenaStartQuery",
		[HTTP_WAIT_QUERY] = "AthenaQuery",
		[HTTP_WAIT_FETCH] = "AthenaFetch",
		[HTTP_WAIT_METADATA] = "AthenaMetadata",
	};
	WaitEventSet *set;
	int i;

	if (wait_set != NULL)
		return;
	if (multi == NULL)
	{
		if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
			(multi = curl_multi_init()) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_OUT_OF_MEMORY), errmsg("could not initialize libcurl")));
		curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 16L);
	}
#ifdef USE_EPOLL
	if (epoll_fd < 0)
	{
		open_descriptors();
		curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
		curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	}
#endif
	for (i = 0; i < HTTP_WAITS; i++)
		wait_events[i] = athena_wait_event_new(names[i]);
	set = athena_create_wait_event_set(3);
	PG_TRY();
	{
		AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
		if (IsUnderPostmaster) /* not in single-user mode */
			AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
#ifdef USE_EPOLL
		AddWaitEventToSet(set, WL_SOCKET_READABLE, epoll_fd, NULL, NULL);
#endif
	}
	PG_CATCH();
	{
		FreeWaitEventSet(set);
		PG_RE_THROW();
	}
	PG_END_TRY();
	wait_set = set; /* now it is whole */
}

static bool
copy_headers(HttpRequest *r, const char *const *headers)
{
	for (; *headers; headers++)
	{
		struct curl_slist *longer = curl_slist_append(r->headers, *headers);

		if (longer == NULL)
			return false;
		r->headers = longer;
	}
	return true;
}

static void
set_options(HttpRequest *r, const HttpSpec *spec)
{
	CURL *e = r->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, r);
	curl_easy_setopt(e, CURLOPT_URL, spec->url);
	curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, r->headers);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, r->errbuf);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	if (spec->sink) /* as it lies there: its bytes are counted */
		curl_easy_setopt(e, CURLOPT_BUFFERSIZE, SINK_BUFFER);
	else
		curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long) spec->connect_timeout_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long) spec->request_timeout_ms);
	curl_easy_setopt(e, CURLOPT_PROXY, spec->proxy ? spec->proxy : "");
	if (spec->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, spec->ca_file);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(e, CURLOPT_PROTOCOLS, (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	/* else freeing a request would wait for its resolver thread */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, r);
	if (spec->body)
	{
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) r->upload_len);
		curl_easy_setopt(e, CURLOPT_READFUNCTION, on_upload);
		curl_easy_setopt(e, CURLOPT_READDATA, r);
		curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
		curl_easy_setopt(e, CURLOPT_SEEKDATA, r);
	}
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, spec->method);
}

/*
 * Begin a request.  Never throws; returns NULL when memory is exhausted (a
 * request that cannot be sent for another reason comes back done, with an
 * error).  The caller owns it: http_free().
 */
HttpRequest *
http_start(const HttpSpec *spec)
{
	HttpRequest *r = calloc(1, sizeof(HttpRequest));

	if (r == NULL)
		return NULL;
	r->max_body = spec->max_body;
	r->sink = spec->sink;
	r->easy = curl_easy_init();
	if (spec->body)
	{
		r->upload_len = spec->body_len;
		r->upload = malloc(spec->body_len + 1);
		if (r->upload)
			memcpy(r->upload, spec->body, spec->body_len);
	}
	if (r->easy == NULL || (spec->body && r->upload == NULL) || !copy_headers(r, spec->headers))
	{
		http_free(r);
		return NULL;
	}
	set_options(r, spec);
	if (curl_multi_add_handle(multi, r->easy) != CURLM_OK)
	{
		r->done = true;
		r->result = CURLE_FAILED_INIT;
		return r;
	}
	r->in_multi = true;
	pump();
	return r;
}

/*
 * Wait until a request is done.  Throws only what CHECK_FOR_INTERRUPTS()
 * throws; the request then still belongs to the caller's context.
 */
void
http_wait(HttpRequest *request, HttpWait event)
{
	pump();
	while (!request->done)
		wait_once(PG_INT64_MAX, event);
}

/*
 * Wait until more than seen bytes are in the request's sink, or it is done, or
 * the deadline (0 for none) has come.  Throws what http_wait() throws.
 */
void
http_wait_more(HttpRequest *request, size_t seen, int64 deadline_ms, HttpWait event)
{
	pump();
	while (!request->done && request->sink->len <= seen &&
		   (deadline_ms == 0 || http_now_ms() < deadline_ms))
		wait_once(deadline_ms ? deadline_ms : PG_INT64_MAX, event);
}

static void
free_request(void *arg)
{
	http_free((HttpRequest *) arg);
}

/*
 * Send a request and wait until it is done.  It lives as long as the current
 * memory context.  Throws only without memory, and on interrupts.
 */
HttpRequest *
http_run(const HttpSpec *spec, HttpWait event)
{
	MemoryContextCallback *cb = palloc0(sizeof(MemoryContextCallback));
	HttpRequest *request;

	http_init();
	request = http_start(spec);
	if (request == NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_OUT_OF_MEMORY), errmsg("out of memory")));
	cb->func = free_request;
	cb->arg = request;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, cb);
	http_wait(request, event);
	return request;
}

/* Wait without looking at interrupts, up to a deadline; returns whether it is done. */
bool
http_wait_quietly(HttpRequest *request, int64 deadline_ms)
{
	pump();
	while (!request->done)
	{
		int64 left = deadline_ms - http_now_ms();
#ifdef USE_EPOLL
		struct pollfd pfd = {.fd = epoll_fd, .events = POLLIN};
		nfds_t nfds = 1;
#else
		struct pollfd pfd = {0};
		nfds_t nfds = 0;

		left = Min(left, NO_EPOLL_INTERVAL_MS);
#endif
		if (deadline_ms - http_now_ms() <= 0)
			return false;
		poll(&pfd, nfds, (int) left);
		pump();
	}
	return true;
}

/* Wait for a time, other transfers going on; interruptible. */
void
http_pause(int ms, HttpWait event)
{
	int64 until = http_now_ms() + ms;

	CHECK_FOR_INTERRUPTS();
	while (http_now_ms() < until)
		wait_once(until, event);
}

/* Wait until something may have arrived, at most until a time; interruptible. */
void
http_wait_some(int64 until_ms, HttpWait event)
{
	CHECK_FOR_INTERRUPTS();
	wait_once(until_ms, event);
}

/* Is there a descriptor to wait for elsewhere? */
bool
http_can_wait_elsewhere(void)
{
#ifdef USE_EPOLL
	return true;
#else
	return false;
#endif
}

/*
 * For one who waits elsewhere: a descriptor that is readable when something may
 * have arrived, and at the given time at the latest.  Whoever then comes back
 * calls http_progress().  Looks after the client, so it is asked for again a few
 * times a second.  -1 where there is none.
 */
int
http_wait_fd(int64 until_ms)
{
#ifdef USE_EPOLL
	int64 ms = Min(until_ms - http_now_ms(), CLIENT_CHECK_MS);
	struct itimerspec when = {0};

	http_init();
	check_client();
	CHECK_FOR_INTERRUPTS();
	when.it_value.tv_sec = Max(ms, 0) / 1000;
	when.it_value.tv_nsec = Max(ms, 0) % 1000 * 1000000L + 1; /* 0 would disarm it */
	timerfd_settime(alarm_fd, 0, &when, NULL);
	return epoll_fd;
#else
	return -1;
#endif
}

/* Let transfers in flight advance while the backend is busy with other work. */
void
http_progress(void)
{
	if (multi)
		pump();
}

/* Free a request in any state, a running one by dropping it.  Never throws. */
void
http_free(HttpRequest *request)
{
	sigset_t all;
	sigset_t before;

	if (request == NULL)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (request->in_multi)
		curl_multi_remove_handle(multi, request->easy);
	if (request->easy)
		curl_easy_cleanup(request->easy);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	curl_slist_free_all(request->headers);
	if (request->upload)
		explicit_bzero(request->upload, request->upload_len);
	free(request->upload);
	free(request->body);
	free(request);
}

bool
http_is_done(const HttpRequest *request)
{
	return request->done;
}

/* May the server have seen this request?  False while it is being connected. */
bool
http_was_sent(const HttpRequest *request)
{
	return request->sent;
}

/* Why no answer came, NULL if one did. */
const char *
http_error(const HttpRequest *request)
{
	if (request->too_large)
		return "the answer is larger than allowed";
	if (request->result == CURLE_OK)
		return NULL;
	return request->errbuf[0] ? request->errbuf : curl_easy_strerror(request->result);
}

int
http_status(const HttpRequest *request)
{
	return (int) request->status;
}

/* A header of the answer (name in lower case), "" if there is none. */
const char *
http_header(const HttpRequest *request, const char *name)
{
	int i;

	for (i = 0; i < request->nsaved; i++)
		if (strcmp(request->saved[i].name, name) == 0)
			return request->saved[i].value;
	return "";
}

/* The answer's body, NUL-terminated, owned by the request and writable. */
char *
http_body(HttpRequest *request, size_t *len)
{
	static char empty[1] = "";

	*len = request->body_len;
	return request->body ? request->body : empty;
}

/* Bytes of the body as they came over the wire, that is, compressed. */
int64
http_bytes_received(const HttpRequest *request)
{
	curl_off_t bytes = 0;

	curl_easy_getinfo(request->easy, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
	return (int64) bytes;
}
