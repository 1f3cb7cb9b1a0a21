/*
 * s3_read.c
 *	  Reading an object from S3 from its start to its end, in parts.
 *
 * Called by readers of results.  Parts are ranges of the object, each a request
 * of its own over a connection that stays open.  The first is small; later ones
 * grow, and more of them are under way at once, as the caller shows that it
 * wants the whole.  A part that breaks off goes on from the byte where it did
 * (aws.c).  The object is pinned by its entity tag and its length: if it is
 * another one on the way, reading fails.
 *
 * The caller gets bytes as they arrive, in the buffer into which they were
 * received, and may write into what it has taken.  What it has not taken when a
 * part ends (half a row) is copied before the bytes of the next part, into room
 * that is kept free there.  What does not fit there (a wide value) goes, with
 * the whole next part, to a buffer that doubles as it grows.
 *
 * All buffers are malloc'd, since they are the targets of transfers; the owner
 * calls s3_read_close(), from a callback of its memory context.
 */
#include "s3_read.h"

#include "miscadmin.h"
#include "s3.h"

#define FIRST_PART ((size_t) 1 << 20)
#define MAX_PARTS 16
/* Room before a part for what is left of the part before. */
#define HEADROOM ((size_t) 64 << 10)
/* A single value that is waited for may be as long as this. */
#define MAX_PENDING ((size_t) 4 << 30)

typedef struct Part
{
	AwsCall *call;
	HttpSink sink;
	char *buffer; /* HEADROOM, the part, slack */
	size_t capacity; /* for the part */
} Part;

struct S3Reader
{
	const AwsClient *client;
	const char *bucket;
	const char *key;
	const char *expected_owner;
	S3ReadPlan plan;

	Part parts[MAX_PARTS]; /* a ring: the current one, then those ahead */
	int slots; /* so many of them are used, since each keeps its buffer */
	int current;
	int nparts; /* in the ring */
	int64 next_offset; /* of the part to ask for next */
	int started; /* parts asked for so far */
	int finished; /* parts left behind */
	int64 total; /* bytes of the object; -1 until it is known */
	char etag[HTTP_ETAG_LEN];

	char *joined; /* several parts in one piece, when a value spans them; else NULL */
	size_t joined_len;
	size_t joined_capacity;

	AwsError error;
	int64 bytes;
	int retries;
};

static Part *
part_at(S3Reader *r, int i)
{
	return &r->parts[(r->current + i) % r->slots];
}

static char *
part_end(const Part *part)
{
	return part->sink.data + part->sink.len;
}

/* Is all of a part there? */
static bool
is_whole(const Part *part)
{
	return part->sink.total >= 0 && part->sink.len == part->sink.size;
}

/* A buffer whose bytes are all defined, so that what is read behind the end is. */
static bool
make_room(Part *part, size_t size)
{
	if (part->capacity >= size)
		return true;
	free(part->buffer);
	part->capacity = 0;
	part->buffer = calloc(1, HEADROOM + size + S3_READ_SLACK);
	if (part->buffer == NULL)
		return false;
	part->capacity = size;
	return true;
}

/* Ask for the next part of the object.  May throw, leaving the ring as it was. */
static bool
start_part(S3Reader *r)
{
	Part *part = part_at(r, r->nparts);
	size_t size = Min(FIRST_PART << Min(r->started, 16), r->plan.part_size);

	if (r->total >= 0)
		size = Min(size, (size_t) (r->total - r->next_offset));
	if (!make_room(part, size))
		return false;
	memset(&part->sink, 0, sizeof(part->sink));
	part->sink.data = part->buffer + HEADROOM;
	part->sink.size = size;
	part->sink.offset = r->next_offset;
	part->sink.total = r->total;
	memcpy(part->sink.etag, r->etag, sizeof(r->etag));
	part->call = s3_get_object_part(r->client, r->bucket, r->key, r->expected_owner, &part->sink);
	r->nparts++;
	r->started++;
	r->next_offset += size;
	return true;
}

/* Take over what the first answer says of the object. */
static void
learn(S3Reader *r)
{
	const HttpSink *sink = &part_at(r, 0)->sink;

	if (r->total >= 0 || sink->total < 0)
		return;
	r->total = sink->total;
	memcpy(r->etag, sink->etag, sizeof(r->etag));
	r->next_offset = Min(r->next_offset, r->total);
}

/* Keep as many parts under way as the caller's progress is worth. */
static bool
read_ahead(S3Reader *r)
{
	int wanted = Min(r->plan.parts, 2 + r->finished);

	while (r->total >= 0 && r->next_offset < r->total && r->nparts < wanted)
		if (!start_part(r))
			return false;
	return true;
}

/* Done with the current part. */
static void
leave_part(S3Reader *r)
{
	Part *part = part_at(r, 0);

	r->retries += aws_call_retries(part->call);
	aws_call_free(part->call);
	part->call = NULL;
	r->current = (r->current + 1) % r->slots;
	r->nparts--;
	r->finished++;
}

/*
 * Put what is pending and a whole part into one piece.  False without memory.
 */
static bool
join_part(S3Reader *r, const Part *part, const char *pending, size_t pending_len)
{
	size_t need = pending_len + part->sink.len;

	if (need > MAX_PENDING)
		return false;
	if (need + S3_READ_SLACK > r->joined_capacity)
	{
		size_t capacity = Max(2 * need, 4 * FIRST_PART) + S3_READ_SLACK;
		char *bigger = calloc(1, capacity);

		if (bigger == NULL)
			return false;
		memcpy(bigger, pending, pending_len);
		free(r->joined);
		r->joined = bigger;
		r->joined_capacity = capacity;
	}
	else if (pending != r->joined)
		memmove(r->joined, pending, pending_len);
	memcpy(r->joined + pending_len, part->sink.data, part->sink.len);
	r->joined_len = need;
	return true;
}

/*
 * Begin to read an object.  The strings and the client must outlive the reader;
 * s3_read_close() frees it.  Throws without memory, and where keys cannot be had.
 */
S3Reader *
s3_read_open(const AwsClient *client, const char *bucket, const char *key,
			 const char *expected_owner, const S3ReadPlan *plan)
{
	S3Reader *r = calloc(1, sizeof(S3Reader));

	if (r == NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_OUT_OF_MEMORY), errmsg("out of memory")));
	r->client = client;
	r->bucket = bucket;
	r->key = key;
	r->expected_owner = expected_owner;
	r->plan.parts = Min(Max(plan->parts, 1), MAX_PARTS);
	r->slots = Max(r->plan.parts, 2); /* the next is asked for before the current one is left */
	r->plan.part_size = Max(plan->part_size, 1);
	r->total = -1;
	return r;
}

/* Note why reading cannot go on. */
static S3ReadState
failed(S3Reader *r, AwsCall *call)
{
	if (call)
		r->error = *aws_call_error(call);
	else
	{
		memset(&r->error, 0, sizeof(r->error));
		r->error.kind = AWS_ERR_OTHER;
		r->error.service = AWS_S3;
		strlcpy(r->error.action, "GetObject", sizeof(r->error.action));
		strlcpy(r->error.message, "there is not enough memory for a value of the object",
				sizeof(r->error.message));
	}
	return S3_READ_FAILED;
}

/*
 * Send the first request (if that has not been done), and wait for its first
 * bytes until the deadline; 0 to send it only.
 */
S3ReadState
s3_read_first(S3Reader *r, int64 deadline_ms)
{
	Part *part = part_at(r, 0);

	if (r->started == 0 && !start_part(r))
		return failed(r, NULL);
	if (deadline_ms == 0)
		return S3_READ_MORE;
	if (!aws_call_wait_more(part->call, 0, deadline_ms))
		return failed(r, part->call);
	if (part->sink.len == 0)
	{
		failed(r, part->call);
		r->error.kind = AWS_ERR_TRANSPORT;
		strlcpy(r->error.message, "no answer came in time", sizeof(r->error.message));
		return S3_READ_FAILED;
	}
	learn(r);
	return S3_READ_MORE;
}

/* Has the first answer begun to come, or its first attempt failed? */
bool
s3_read_has_answer(const S3Reader *r)
{
	return aws_call_has_answer(r->parts[r->current].call);
}

/*
 * Get more bytes behind those that the caller has not taken, which are *pos to
 * *end and may be moved by this.  NULL in both at first.  Throws on interrupts.
 */
S3ReadState
s3_read_more(S3Reader *r, char **pos, char **end)
{
	Part *part = part_at(r, 0);

	if (*pos == NULL)
		*pos = *end = part->sink.data;
	for (;;)
	{
		size_t pending = *end - *pos;

		part = part_at(r, 0);
		learn(r);
		if (!read_ahead(r))
			return failed(r, NULL);

		/* more of the part that is being read, unless it is in the joined piece already */
		if (r->joined == NULL && *end < part_end(part))
		{
			*end = part_end(part);
			return S3_READ_MORE;
		}
		if (r->joined == NULL && !is_whole(part))
		{
			if (!aws_call_wait_more(part->call, part->sink.len, 0))
				return failed(r, part->call);
			continue;
		}

		/* on to the next part */
		if (part->sink.offset + (int64) part->sink.size >= r->total)
			return S3_READ_END;
		if (r->nparts == 1 && !start_part(r))
			return failed(r, NULL);
		if (pending <= HEADROOM)
		{
			Part *next = part_at(r, 1);

			memcpy(next->sink.data - pending, *pos, pending);
			*pos = next->sink.data - pending;
			*end = next->sink.data;
			r->bytes += part->sink.len;
			leave_part(r);
			free(r->joined);
			r->joined = NULL;
			r->joined_capacity = 0;
			continue;
		}
		/* the next part has to be whole, since it is copied */
		part = part_at(r, 1);
		while (!is_whole(part))
			if (!aws_call_wait_more(part->call, part->sink.len, 0))
				return failed(r, part->call);
		if (!join_part(r, part, *pos, pending))
			return failed(r, NULL);
		r->bytes += part_at(r, 0)->sink.len;
		leave_part(r);
		*pos = r->joined;
		*end = r->joined + r->joined_len;
		return S3_READ_MORE;
	}
}

/*
 * The same until there are twice as many bytes as there were, where what was
 * there was no whole record and has to be read anew.
 */
S3ReadState
s3_read_enough(S3Reader *r, char **pos, char **end)
{
	size_t had = *end - *pos;
	S3ReadState state;

	do
		state = s3_read_more(r, pos, end);
	while (state == S3_READ_MORE && (size_t) (*end - *pos) < 2 * had);
	return state;
}

/* End reading in any state; transfers under way are dropped.  Never throws. */
void
s3_read_close(S3Reader *r)
{
	int i;

	if (r == NULL)
		return;
	for (i = 0; i < MAX_PARTS; i++)
	{
		aws_call_free(r->parts[i].call);
		free(r->parts[i].buffer);
	}
	free(r->joined);
	free(r);
}

const AwsError *
s3_read_error(const S3Reader *r)
{
	return &r->error;
}

/* Bytes of the object that have arrived and were asked for. */
int64
s3_read_bytes(const S3Reader *r)
{
	return r->bytes + r->parts[r->current].sink.len;
}

int
s3_read_parts(const S3Reader *r)
{
	return r->started;
}

int
s3_read_retries(const S3Reader *r)
{
	const Part *part = &r->parts[r->current];

	return r->retries + (part->call ? aws_call_retries(part->call) : 0);
}
