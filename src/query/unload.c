/*
 * unload.c
 *	  Queries whose rows Athena writes as files: the statement, and what is left
 *	  of it.
 *
 * Called by scans, and at the end of a query.  UNLOAD writes with as many
 * workers as the engine has, where a SELECT's result is written by one.  Its files
 * are Avro without compression, the format that the engine writes fastest and that
 * is read in place (doc/performance.md has the figures).
 *
 * Numbers, booleans, dates and timestamps of milliseconds are written as they are;
 * the file says what a column is, so one that is of another type than it is
 * declared is read right all the same.  What Avro does not have makes Athena refuse
 * the statement before it reads anything; then, and for all other types, each
 * column is a text, in the words of a SELECT's result.
 *
 * Files lie in a directory of the query's own below the output location, and are
 * deleted when the query ends, in any way.
 */
#include "query/unload.h"

#include "aws/s3.h"
#include "catalog/pg_type.h"
#include "query/rows.h"
#include "query/types.h"
#include "utils/lsyscache.h"

/* How long deleting may take, beyond what ending a query may. */
#define REMOVE_MS 10000
#define REMOVE_TOGETHER 16

int unload_size = 1024;

/* Files could not be deleted: then none are written any more that nobody asked for. */
static bool removal_failed = false;

/* Is a result of about so many bytes to be written as files, if it may? */
bool
unload_is_wanted(const QuerySettings *settings, double bytes)
{
	return settings->fetch_mode == FETCH_UNLOAD ||
		   (settings->fetch_mode == FETCH_AUTO && unload_size >= 0 && !removal_failed &&
			bytes > (double) unload_size * 1024 * 1024);
}

/* Integers of any width, and nothing else, as Avro has them. */
static void
append_native(StringInfo sql, const Converter *c, int i)
{
	bool integer = c->kind == CONVERT_INT2 || c->kind == CONVERT_INT4 || c->kind == CONVERT_INT8;

	appendStringInfo(sql, integer ? "bitwise_or(c%d, 0)" : "c%d", i);
}

/*
 * How a column becomes the text that stands in a SELECT's result.  A cast rounds
 * the digits of floating point (those of real to seven) and takes the texts of JSON
 * apart; format() writes both as the result does.  Which a column is, the engine
 * alone knows; where the difference cannot be read here, a cast is enough.
 */
static void
append_text_of(StringInfo sql, const Converter *c, int i)
{
	const char *by_format = "'real', 'double', 'json'";

	switch (c->kind)
	{
		case CONVERT_BOOL:
		case CONVERT_INT2:
		case CONVERT_INT4:
		case CONVERT_INT8:
		case CONVERT_DATE:
		case CONVERT_TIMESTAMP:
		case CONVERT_TIMESTAMPTZ:
		case CONVERT_INTERVAL:
		case CONVERT_BYTEA:
			appendStringInfo(sql, "CAST(c%d AS varchar)", i);
			return;
		case CONVERT_FLOAT8: /* reads all digits of a double */
			by_format = "'real'";
			break;
		default:
			break;
	}
	appendStringInfo(sql,
					 "CASE WHEN c%d IS NULL THEN NULL WHEN typeof(c%d) IN (%s) THEN format('%%s', "
					 "c%d) ELSE CAST(c%d AS varchar) END",
					 i, i, by_format, i, i);
}

/* The statement, in the database's encoding; *native: are any columns to come as they are? */
static char *
statement(const char *select, TupleDesc desc, List *attrs, const char *directory, bool *native)
{
	bool may_be_native = *native;
	StringInfoData sql;
	const char *c;
	int n = list_length(attrs);
	int i;

	*native = false;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "UNLOAD (SELECT ");
	for (i = 1; i <= Max(n, 1); i++)
	{
		Converter converter;

		if (i > 1)
			appendStringInfoString(&sql, ", ");
		if (n == 0)
			converter_init(&converter, INT4OID, -1);
		else
		{
			int32 typmod;
			Oid type = rows_column_type(desc, list_nth_int(attrs, i - 1), &typmod);

			converter_init(&converter, type, typmod);
		}
		if (may_be_native && convert_is_native(&converter))
		{
			append_native(&sql, &converter, i);
			*native = true;
		}
		else
			append_text_of(&sql, &converter, i);
		appendStringInfo(&sql, " AS c%d", i);
	}
	appendStringInfo(&sql, "\nFROM (\n%s\n) AS q (", select);
	for (i = 1; i <= Max(n, 1); i++)
		appendStringInfo(&sql, "%sc%d", i > 1 ? ", " : "", i);
	appendStringInfoString(&sql, "))\nTO '");
	for (c = directory; *c; c++)
		appendStringInfo(&sql, *c == '\'' ? "''" : "%c", *c);
	appendStringInfoString(&sql, "' WITH (format = 'AVRO')");
	return sql.data;
}

/*
 * Start an UNLOAD of a statement whose columns become those of a descriptor, see
 * row_reader_open(); native: may they come as what they are, or all as texts?  NULL,
 * without having done anything, where there is no place for its files.  As
 * query_begin() otherwise.
 */
AthenaQuery *
unload_begin(const QuerySettings *settings, const char *sql, TupleDesc desc, List *attrs,
			 bool native)
{
	QuerySettings own = *settings;
	char *directory;
	char *text;
	AthenaQuery *query;
	MemoryContext caller;

	if (settings->output_location == NULL ||
		(settings->encryption && strcmp(settings->encryption, "CSE_KMS") == 0))
		return NULL;
	directory = psprintf("%s%s%s/", settings->output_location, UNLOAD_DIRECTORY, query_new_token());
	text = statement(sql, desc, attrs, directory, &native);
	if (strlen(text) > ATHENA_MAX_STATEMENT)
		return NULL;
	own.reuse_minutes = 0; /* there is no such thing */
	query = query_begin(&own, text);
	caller = MemoryContextSwitchTo(query->context);
	query->unload_columns = Max(list_length(attrs), 1);
	query->unload_native = native;
	s3_parse_url(directory, &query->unload_bucket, &query->unload_prefix);
	MemoryContextSwitchTo(caller);
	return query;
}

/* ---------- the end: nothing below may throw ---------- */

/* Objects that are being deleted. */
typedef struct Removal
{
	AthenaQuery *query;
	int64 deadline;
	AwsCall *calls[REMOVE_TOGETHER];
	int n;
	bool failed;
} Removal;

static void
finish_removal(Removal *removal)
{
	int i;

	for (i = 0; i < removal->n; i++)
	{
		if (removal->calls[i] == NULL ||
			!aws_call_wait_quietly(removal->calls[i], removal->deadline, true))
			removal->failed = true;
		aws_call_free(removal->calls[i]);
	}
	removal->n = 0;
}

static void
remove_object(Removal *removal, const char *key)
{
	const QuerySettings *settings = &removal->query->settings;

	if (removal->n == REMOVE_TOGETHER)
		finish_removal(removal);
	if (!removal->failed)
		removal->calls[removal->n++] = s3_delete_object(
			settings->client, removal->query->unload_bucket, key, settings->expected_bucket_owner);
}

/* Called for each object of a directory whose files are not known. */
static bool
remove_listed(const S3Object *object, void *arg)
{
	remove_object(arg, object->key);
	return true;
}

/* Delete the files of a query that ends.  Throws nothing. */
void
unload_remove_quietly(AthenaQuery *query, int64 deadline)
{
	Removal removal = {.query = query, .deadline = deadline + REMOVE_MS};
	int i;

	if (query->unload_prefix == NULL || query->id[0] == '\0')
		return;
	if (query->unload_files)
		for (i = 0; i < query->unload_nfiles; i++)
			remove_object(&removal, query->unload_files[i]);
	else if (!s3_list_quietly(query->settings.client, query->unload_bucket, query->unload_prefix,
							  query->settings.expected_bucket_owner, removal.deadline,
							  remove_listed, &removal))
		removal.failed = true;
	if (query->unload_manifest)
		remove_object(&removal, query->unload_manifest);
	finish_removal(&removal);
	removal_failed |= removal.failed;
	if (removal.failed)
		ereport(
			WARNING,
			(errmsg("could not delete the files of an UNLOAD below s3://%s/%s",
					query->unload_bucket, query->unload_prefix),
			 errhint("The key needs s3:DeleteObject there; or have a lifecycle rule delete what "
					 "is below %s, or athena_clean_results().",
					 UNLOAD_DIRECTORY)));
}
