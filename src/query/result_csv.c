/*
 * result_csv.c
 *	  Reads a result from the CSV object that Athena leaves in S3.
 *
 * Called by result.c.  The names and types of the columns are in a small object
 * beside it, which is asked for at the same time.  Bytes are parsed where they
 * were received (s3_read.c, csv_scan.c), so a few parts of the object are in
 * memory, whatever its size.
 *
 * Where an object cannot be read (no way to S3, no permission for a direct
 * caller, encrypted by the client, or none there), pages are read instead, and for
 * a while nobody asks again.  That happens before the first row, and takes no
 * second query.  Once there was a row, what goes wrong is an error.
 */
#include "aws/s3.h"
#include "aws/s3_read.h"
#include "query/csv_scan.h"
#include "query/metadata_scan.h"
#include "query/result.h"
#include "utils/memutils.h"

/* How long to wait for the first byte before pages are tried. */
#define OPEN_TIMEOUT_MS 5000
#define OPEN_CONNECT_TIMEOUT_MS 2000
#define OPEN_RETRIES 1
/* How long an object store that could not be read is not asked again. */
#define UNREADABLE_MS (5 * 60 * 1000)
#define MAX_METADATA ((size_t) 16 << 20)
/* How often transfers under way are driven while rows are read. */
#define PROGRESS_BYTES (128 * 1024)

typedef struct CsvReader
{
	S3Reader *object;
	AwsCall *metadata; /* until it has been read */
	AwsClient quick; /* who asks for it */
	CsvScan scan;
	char *bucket;
	char *key;
	int64 row; /* the header counts */
	size_t since_progress; /* bytes */
	int64 bytes; /* what the query tells of them */
	int retries;
} CsvReader;

/* A bucket that could not be read lately, of the store at an address. */
typedef struct Unreadable
{
	char where[320];
	char why[QUERY_NOTE_LEN];
	int64 until;
} Unreadable;

static Unreadable unreadable[8];
static int next_unreadable = 0;

static void
close_object(void *arg)
{
	CsvReader *reader = arg;

	aws_call_free(reader->metadata);
	s3_read_close(reader->object);
	reader->metadata = NULL;
	reader->object = NULL;
}

/* What the query tells of its reading. */
static void
note_progress(AthenaResult *result)
{
	CsvReader *reader = result->reader;
	int64 bytes = s3_read_bytes(reader->object);
	int retries = s3_read_retries(reader->object);

	result->query->bytes_fetched += bytes - reader->bytes;
	result->query->retries += retries - reader->retries;
	result->query->parts = s3_read_parts(reader->object);
	reader->bytes = bytes;
	reader->retries = retries;
}

static _Noreturn void
throw_malformed(AthenaResult *result, const char *what)
{
	CsvReader *reader = result->reader;

	ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
					errmsg("Athena's result cannot be read: %s", what),
					errdetail("Query Execution ID %s, s3://%s/%s, row " INT64_FORMAT ".",
							  result->query->id, reader->bucket, reader->key, reader->row)));
}

static _Noreturn void
throw_error(AthenaResult *result, const AwsError *error)
{
	query_note_error(result->query, error);
	aws_error_throw(error);
}

/* Make more of the object's bytes available; false at its end. */
static bool
get_more(AthenaResult *result)
{
	CsvReader *reader = result->reader;
	size_t had = reader->scan.end - reader->scan.pos;
	S3ReadState state = s3_read_enough(reader->object, &reader->scan.pos, &reader->scan.end);

	note_progress(result);
	if (state == S3_READ_FAILED)
		throw_error(result, s3_read_error(reader->object));
	return (size_t) (reader->scan.end - reader->scan.pos) > had;
}

/* The next row; false after the last. */
static bool
next_row(AthenaResult *result)
{
	CsvReader *reader = result->reader;

	if (reader->since_progress >= PROGRESS_BYTES)
	{
		reader->since_progress = 0;
		query_progress();
	}
	for (;;)
	{
		char *from = reader->scan.pos;

		switch (csv_next_row(&reader->scan, result->values))
		{
			case CSV_ROW:
				reader->since_progress += reader->scan.pos - from;
				result->plain = reader->scan.plain;
				reader->row++;
				return true;
			case CSV_BAD:
				throw_malformed(result, reader->scan.error);
			case CSV_MORE:
				if (get_more(result))
					break;
				if (reader->scan.pos < reader->scan.end)
					throw_malformed(result, "it ends in the middle of a row");
				return false;
		}
	}
}

/* The columns, from the object beside the result.  False if it says none. */
static bool
take_columns(AthenaResult *result, const char *doc, size_t len)
{
	MetadataScan scan = {(const unsigned char *) doc, (const unsigned char *) doc + len};
	MetadataScan again = scan;
	MetadataColumn column;
	int n = 0;
	int got;
	int i;

	while ((got = metadata_next_column(&scan, &column)) > 0)
		n++;
	if (got < 0 || n == 0)
		return false;
	result_set_columns(result, n);
	for (i = 0; i < n; i++)
	{
		ResultColumn *to = &result->columns[i];

		metadata_next_column(&again, &column);
		to->name = pnstrdup(column.name, column.name_len);
		to->type = pnstrdup(column.type, column.type_len);
		to->precision = (int) Min(column.precision, PG_INT32_MAX);
		to->scale = (int) Min(column.scale, PG_INT32_MAX);
	}
	return true;
}

/* Ask for both objects. */
static void
request_objects(AthenaResult *result)
{
	CsvReader *reader = result->reader;
	const QuerySettings *settings = &result->query->settings;
	S3ReadPlan plan = {result_fetch_parts, (size_t) result_fetch_part_size * 1024};
	AwsClient *quick = &reader->quick;

	reader->object = s3_read_open(settings->client, reader->bucket, reader->key,
								  settings->expected_bucket_owner, &plan);
	s3_read_first(reader->object, 0);
	*quick = *settings->client;
	quick->connect_timeout_ms = Min(quick->connect_timeout_ms, OPEN_CONNECT_TIMEOUT_MS);
	quick->request_timeout_ms = Min(quick->request_timeout_ms, OPEN_TIMEOUT_MS);
	quick->max_retries = Min(quick->max_retries, OPEN_RETRIES);
	reader->metadata =
		s3_begin_get_object(quick, reader->bucket, psprintf("%s.metadata", reader->key),
							settings->expected_bucket_owner, MAX_METADATA);
}

/*
 * Wait for both objects, and read the columns and the row of their names.  NULL
 * if that succeeds, else the reason; then *error says what S3 answered, if it
 * was that.
 */
static const char *
take_objects(AthenaResult *result, AwsError *error)
{
	CsvReader *reader = result->reader;
	char *doc;
	size_t len;

	memset(error, 0, sizeof(*error));
	if (!aws_call_wait(reader->metadata))
	{
		*error = *aws_call_error(reader->metadata);
		return aws_error_summary(error);
	}
	doc = aws_call_body(reader->metadata, &len);
	if (!take_columns(result, doc, len))
		return "its metadata cannot be read";
	aws_call_free(reader->metadata);
	reader->metadata = NULL;
	if (s3_read_first(reader->object, http_now_ms() + OPEN_TIMEOUT_MS) == S3_READ_FAILED)
	{
		*error = *s3_read_error(reader->object);
		return aws_error_summary(error);
	}
	reader->scan.ncolumns = result->ncolumns;
	reader->scan.escaped = palloc(sizeof(int) * result->ncolumns);
	while (csv_next_row(&reader->scan, result->values) == CSV_MORE)
		if (!get_more(result))
			return "it does not begin with a row of names";
	reader->row++;
	return reader->scan.error;
}

/* Is there an object to read, and is it to be read? */
static bool
has_object(AthenaQuery *query)
{
	const char *location = query->execution.output_location;
	size_t len = strlen(location);
	const char *encryption = query->settings.encryption;

	return query->settings.fetch_mode != FETCH_PAGES && query->execution.is_dml &&
		   result_has_header(query) && len > 4 && strcmp(location + len - 4, ".csv") == 0 &&
		   (encryption == NULL || strcmp(encryption, "CSE_KMS") != 0);
}

/* Could this bucket not be read lately? */
static const Unreadable *
find_unreadable(const char *where)
{
	size_t i;

	for (i = 0; i < lengthof(unreadable); i++)
		if (strcmp(unreadable[i].where, where) == 0 && http_now_ms() < unreadable[i].until)
			return &unreadable[i];
	return NULL;
}

static void
note_unreadable(const char *where, const char *why)
{
	Unreadable *entry = &unreadable[next_unreadable++ % lengthof(unreadable)];

	strlcpy(entry->where, where, sizeof(entry->where));
	strlcpy(entry->why, why, sizeof(entry->why));
	entry->until = http_now_ms() + UNREADABLE_MS;
	elog(DEBUG1, "athena_fdw: results are read by pages, since their objects cannot be (%s): %s",
		 where, why);
}

/* Where the object lies, as find_unreadable() knows it. */
static char *
place(AthenaResult *result)
{
	return psprintf("%s %s", result->query->settings.client->endpoint[AWS_S3],
					((CsvReader *) result->reader)->bucket);
}

/*
 * Begin to read the rows.  False if pages have to be read instead; the query then
 * knows why.  With fetch_mode 's3' that is an error.
 */
static bool
open_csv(AthenaResult *result)
{
	AthenaQuery *query = result->query;
	CsvReader *reader = result->reader;
	MemoryContext caller = MemoryContextSwitchTo(result->context);
	AwsError error;
	const char *why = take_objects(result, &error);

	MemoryContextSwitchTo(caller);
	if (why == NULL)
	{
		query->reader = "s3";
		return true;
	}
	if (query->settings.fetch_mode == FETCH_S3 && error.kind != AWS_OK)
		throw_error(result, &error);
	if (query->settings.fetch_mode == FETCH_S3)
		throw_malformed(result, why);
	strlcpy(query->no_object, why, sizeof(query->no_object));
	/* that an earlier query's object is gone says nothing of the bucket */
	if (!query->execution.reused)
		note_unreadable(place(result), why);
	close_object(reader);
	return false;
}

static bool
has_objects(const AthenaResult *result)
{
	const CsvReader *reader = result->reader;

	return aws_call_has_answer(reader->metadata) && s3_read_has_answer(reader->object);
}

/*
 * Ask for the object of a result, if there is one and it is to be read.  False if
 * not; the query then knows why.
 */
bool
result_csv_begin(AthenaResult *result)
{
	AthenaQuery *query = result->query;
	MemoryContext caller = MemoryContextSwitchTo(result->context);
	MemoryContextCallback *cb = palloc0(sizeof(MemoryContextCallback));
	CsvReader *reader = palloc0(sizeof(CsvReader));
	const Unreadable *known = NULL;
	bool found;

	query->no_object[0] = '\0';
	found = has_object(query) &&
			s3_parse_url(query->execution.output_location, &reader->bucket, &reader->key);
	if (found)
	{
		result->open = open_csv;
		result->has_answer = has_objects;
		result->next = next_row;
		result->reader = reader;
		cb->func = close_object;
		cb->arg = reader;
		MemoryContextRegisterResetCallback(result->context, cb);
		if (query->settings.fetch_mode != FETCH_S3)
			known = find_unreadable(place(result));
		if (known)
			strlcpy(query->no_object, known->why, sizeof(query->no_object));
		else
			request_objects(result);
	}
	MemoryContextSwitchTo(caller);
	return found && known == NULL;
}
