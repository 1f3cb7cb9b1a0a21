/*
 * result_unload.c
 *	  Reads the files that an UNLOAD has written.
 *
 * Called by result.c.  The manifest beside the result's place names them; each
 * must lie in the directory that the query was given.  They are Avro files, whose
 * schema says what their values are, in no order among each other; the next ones
 * are under way while one is read.  Athena says how many rows it has written, and
 * that many have to come.
 */
#include "aws/json.h"
#include "aws/s3.h"
#include "aws/s3_read.h"
#include "query/avro_scan.h"
#include "query/page_scan.h"
#include "query/result.h"
#include "utils/memutils.h"

#define MAX_MANIFEST ((size_t) 64 << 20)
/* How many files are under way at most, the current one included. */
#define MAX_FILES 16
/* How often transfers under way are driven while rows are read. */
#define PROGRESS_BYTES (128 * 1024)

typedef struct UnloadReader
{
	AwsCall *manifest; /* until it has been read */
	AwsCall *answer; /* GetQueryResults, which says how many rows there are; likewise */
	char *manifest_key;
	S3Reader *files[MAX_FILES]; /* a ring */
	int current; /* number of the file that is read */
	int opened; /* files asked for so far */
	bool begun; /* has the header of the current one been read? */
	AvroScan scan;
	AvroColumn *columns;
	int64 row;
	int64 bytes; /* of the current one, as far as the query tells of them */
	size_t since_progress; /* bytes */
} UnloadReader;

static void
close_files(void *arg)
{
	UnloadReader *reader = arg;
	int i;

	aws_call_free(reader->manifest);
	aws_call_free(reader->answer);
	reader->manifest = reader->answer = NULL;
	for (i = 0; i < MAX_FILES; i++)
	{
		s3_read_close(reader->files[i]);
		reader->files[i] = NULL;
	}
}

static _Noreturn void
throw_malformed(AthenaResult *result, const char *what)
{
	UnloadReader *reader = result->reader;
	AthenaQuery *query = result->query;
	char *where = reader->current < query->unload_nfiles ?
					  query->unload_files[reader->current] :
					  (reader->manifest_key ? reader->manifest_key : query->unload_prefix);

	ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
					errmsg("Athena's result cannot be read: %s", what),
					errdetail("Query Execution ID %s, s3://%s/%s, row " INT64_FORMAT ".", query->id,
							  query->unload_bucket, where, reader->row)));
}

static _Noreturn void
throw_error(AthenaResult *result, const AwsError *error)
{
	AwsError copy = *error;

	query_note_error(result->query, &copy);
	aws_error_throw(&copy);
}

/* ---------- the manifest ---------- */

/* Does a line name an object of our directory?  Then its key, else NULL. */
static char *
own_key(AthenaQuery *query, char *line)
{
	size_t bucket = strlen(query->unload_bucket);
	size_t prefix = strlen(query->unload_prefix);

	if (strncmp(line, "s3://", 5) != 0 || strncmp(line + 5, query->unload_bucket, bucket) != 0 ||
		line[5 + bucket] != '/' || strncmp(line + 6 + bucket, query->unload_prefix, prefix) != 0 ||
		line[6 + bucket + prefix] == '\0')
		return NULL;
	return line + 6 + bucket;
}

/* The files, in the query's context: they are deleted at its end. */
static void
take_manifest(AthenaResult *result, char *text)
{
	AthenaQuery *query = result->query;
	MemoryContext caller = MemoryContextSwitchTo(query->context);
	int room = 16;
	char **files = palloc(sizeof(char *) * room);
	int n = 0;
	char *line;
	char *rest = text;

	while ((line = strsep(&rest, "\n")) != NULL)
	{
		size_t len = strlen(line);
		char *key;

		if (len > 0 && line[len - 1] == '\r')
			line[--len] = '\0';
		if (len == 0)
			continue;
		key = own_key(query, line);
		if (key == NULL)
		{
			MemoryContextSwitchTo(caller);
			throw_malformed(result, "its manifest names an object that is not below the query's "
									"directory");
		}
		if (n == room)
			files = repalloc_huge(files, sizeof(char *) * (room *= 2));
		files[n++] = pstrdup(key);
	}
	query->unload_files = files;
	query->unload_nfiles = n;
	MemoryContextSwitchTo(caller);
}

/* How many rows Athena says that there are; -1 if it does not. */
static int64
count_of(AthenaResult *result)
{
	UnloadReader *reader = result->reader;
	PageScan scan = {0};
	size_t len;
	char *body;
	int64 count;

	if (!aws_call_wait(reader->answer))
		throw_error(result, aws_call_error(reader->answer));
	body = aws_call_body(reader->answer, &len);
	if (!page_open(&scan, body, len))
	{
		page_close(&scan);
		throw_malformed(result, "the answer that counts its rows is garbled");
	}
	count = scan.update_count;
	page_close(&scan);
	return count;
}

/* Wait for the manifest and the count. */
static bool
open_unload(AthenaResult *result)
{
	UnloadReader *reader = result->reader;
	AthenaQuery *query = result->query;
	int64 count = count_of(result);
	size_t len;

	if (aws_call_wait(reader->manifest))
		take_manifest(result, aws_call_body(reader->manifest, &len));
	else if (aws_call_error(reader->manifest)->kind != AWS_ERR_NOT_FOUND || count != 0)
		throw_error(result, aws_call_error(reader->manifest));
	aws_call_free(reader->manifest);
	aws_call_free(reader->answer);
	reader->manifest = reader->answer = NULL;
	result->update_count = count;
	query->reader = "unload";
	query->files = query->unload_nfiles;
	return true;
}

/* ---------- files ---------- */

static S3Reader **
file_at(UnloadReader *reader, int i)
{
	return &reader->files[i % MAX_FILES];
}

/* Have the next files under way. */
static void
open_ahead(AthenaResult *result)
{
	UnloadReader *reader = result->reader;
	AthenaQuery *query = result->query;
	S3ReadPlan plan = {result_fetch_parts, (size_t) result_fetch_part_size * 1024};
	MemoryContext caller = MemoryContextSwitchTo(result->context);

	while (reader->opened < query->unload_nfiles &&
		   reader->opened - reader->current < result_fetch_parts)
	{
		S3Reader **file = file_at(reader, reader->opened);

		*file = s3_read_open(query->settings.client, query->unload_bucket,
							 query->unload_files[reader->opened],
							 query->settings.expected_bucket_owner, &plan);
		reader->opened++;
		if (s3_read_first(*file, 0) == S3_READ_FAILED)
			throw_error(result, s3_read_error(*file));
	}
	MemoryContextSwitchTo(caller);
}

/* What values of a type of Avro's are; false if it is none that was asked for. */
static bool
form_of(json_object *type, ValueForm *form, int *scale)
{
	static const struct
	{
		const char *type;
		const char *logical;
		ValueForm form;
	} known[] = {
		{"string", "", VALUE_TEXT},          {"string", "varchar", VALUE_TEXT},
		{"string", "char", VALUE_TEXT},      {"int", "", VALUE_INTEGER},
		{"long", "", VALUE_INTEGER},         {"boolean", "", VALUE_BOOLEAN},
		{"float", "", VALUE_FLOAT},          {"double", "", VALUE_DOUBLE},
		{"int", "date", VALUE_DATE},         {"long", "timestamp-millis", VALUE_MILLIS},
		{"bytes", "decimal", VALUE_DECIMAL},
	};
	const char *name = json_text(type);
	const char *logical = "";
	size_t i;

	if (*name == '\0')
	{
		name = json_string(type, "type");
		logical = json_string(type, "logicalType");
		*scale = (int) json_int(type, "scale", 0);
	}
	for (i = 0; i < lengthof(known); i++)
	{
		*form = known[i].form;
		if (strcmp(name, known[i].type) == 0 && strcmp(logical, known[i].logical) == 0)
			return true;
	}
	return false;
}

/* The rows have to be simple values, or NULL, in as many columns as were asked for. */
static void
check_schema(AthenaResult *result)
{
	UnloadReader *reader = result->reader;
	json_object *schema = json_object_quiet(reader->scan.schema, reader->scan.schema_len);
	json_object *fields = json_member(schema, "fields");
	bool whole = json_list_length(fields) == result->ncolumns;
	bool ok = whole;
	int i;

	for (i = 0; ok && i < result->ncolumns; i++)
	{
		AvroColumn *column = &reader->columns[i];
		json_object *type = json_member(json_list_member(fields, i), "type");
		int null_at = json_list_position(type, "null");

		column->null_branch = -1;
		if (json_list_length(type) == 2 && null_at >= 0)
		{
			column->null_branch = (signed char) null_at;
			type = json_list_member(type, 1 - null_at);
		}
		ok = form_of(type, &column->form, &result->columns[i].scale);
		result->columns[i].form = column->form;
		result->has_numbers |= column->form != VALUE_TEXT;
	}
	json_object_put(schema);
	if (!whole)
		throw_malformed(result, "its columns are not those that were asked for");
	if (!ok)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_DATA_TYPE_DESCRIPTORS),
				 errmsg("column %d of an UNLOAD's files is of a type that cannot be read as the "
						"one that is declared here",
						i),
				 errdetail("Query Execution ID %s.", result->query->id),
				 errhint("fetch_mode 's3' reads the result itself, and says more; athena_diff() "
						 "shows which column is declared with another type than it has.")));
}

/* Make more of the current file available; false at its end. */
static bool
get_more(AthenaResult *result)
{
	UnloadReader *reader = result->reader;
	AthenaQuery *query = result->query;
	S3Reader *file = *file_at(reader, reader->current);
	size_t had = reader->scan.end - reader->scan.pos;

	if (s3_read_enough(file, &reader->scan.pos, &reader->scan.end) == S3_READ_FAILED)
		throw_error(result, s3_read_error(file));
	query->bytes_fetched += s3_read_bytes(file) - reader->bytes;
	reader->bytes = s3_read_bytes(file);
	return (size_t) (reader->scan.end - reader->scan.pos) > had;
}

/* On to the next file. */
static void
leave_file(AthenaResult *result)
{
	UnloadReader *reader = result->reader;
	S3Reader **file = file_at(reader, reader->current);

	result->query->parts += s3_read_parts(*file);
	result->query->retries += s3_read_retries(*file);
	s3_read_close(*file);
	*file = NULL;
	reader->current++;
	reader->begun = false;
	reader->bytes = 0;
	memset(&reader->scan, 0, sizeof(reader->scan));
}

/* The next row of the current file; false at its end. */
static bool
next_of_file(AthenaResult *result)
{
	UnloadReader *reader = result->reader;

	for (;;)
	{
		char *from = reader->scan.pos;
		AvroState state = AVRO_MORE;

		if (from)
			state = reader->begun ? avro_next_row(&reader->scan, result->values) :
									avro_begin(&reader->scan);
		switch (state)
		{
			case AVRO_ROW:
				reader->since_progress += reader->scan.pos - from;
				if (reader->begun)
					return true;
				check_schema(result);
				reader->scan.ncolumns = result->ncolumns;
				reader->scan.columns = reader->columns;
				reader->begun = true;
				break;
			case AVRO_BAD:
				throw_malformed(result, reader->scan.error);
			case AVRO_MORE:
			case AVRO_END:
				if (get_more(result))
					break;
				if (state == AVRO_MORE)
					throw_malformed(result, "a file ends in the middle of a row");
				return false;
		}
	}
}

/* The next row; false after the last. */
static bool
next_row(AthenaResult *result)
{
	UnloadReader *reader = result->reader;

	if (reader->since_progress >= PROGRESS_BYTES)
	{
		reader->since_progress = 0;
		query_progress();
	}
	while (reader->current < result->query->unload_nfiles)
	{
		open_ahead(result);
		if (next_of_file(result))
		{
			reader->row++;
			return true;
		}
		leave_file(result);
	}
	if (result->update_count >= 0 && reader->row != result->update_count)
		throw_malformed(result, psprintf("it has " INT64_FORMAT
										 " rows, but Athena has written " INT64_FORMAT,
										 reader->row, result->update_count));
	return false;
}

static bool
has_manifest(const AthenaResult *result)
{
	const UnloadReader *reader = result->reader;

	return aws_call_has_answer(reader->manifest) && aws_call_has_answer(reader->answer);
}

/* Ask for what tells of the files of a query. */
void
result_unload_begin(AthenaResult *result)
{
	AthenaQuery *query = result->query;
	const QuerySettings *settings = &query->settings;
	MemoryContext caller = MemoryContextSwitchTo(result->context);
	MemoryContextCallback *cb = palloc0(sizeof(MemoryContextCallback));
	UnloadReader *reader = palloc0(sizeof(UnloadReader));
	const char *manifest = query->execution.manifest_location;
	char *bucket;
	int i;

	/* where Athena does not say it, it is beside the place of a result */
	if (*manifest == '\0')
		manifest = psprintf("%s-manifest.csv", query->execution.output_location);
	result->open = open_unload;
	result->has_answer = has_manifest;
	result->next = next_row;
	result->reader = reader;
	cb->func = close_files;
	cb->arg = reader;
	MemoryContextRegisterResetCallback(result->context, cb);
	result_set_columns(result, query->unload_columns);
	for (i = 0; i < result->ncolumns; i++)
	{
		result->columns[i].name = psprintf("c%d", i + 1);
		result->columns[i].type = pstrdup("varchar");
	}
	reader->columns = palloc0(sizeof(AvroColumn) * result->ncolumns);
	if (!s3_parse_url(manifest, &bucket, &reader->manifest_key))
		throw_malformed(result, "Athena does not say where it lies");
	if (strcmp(bucket, query->unload_bucket) == 0)
		query->unload_manifest = MemoryContextStrdup(query->context, reader->manifest_key);
	reader->manifest = s3_begin_get_object(settings->client, bucket, reader->manifest_key,
										   settings->expected_bucket_owner, MAX_MANIFEST);
	reader->answer = athena_get_query_results(settings->client, query->id, 1, NULL);
	MemoryContextSwitchTo(caller);
}
