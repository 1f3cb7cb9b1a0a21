/*
 * size.c
 *	  How large is a table, without reading it?
 *
 * Used by ANALYZE and, where use_remote_estimate is on, by the planner.  What
 * Glue's parameters and Iceberg's metadata say is free; the bytes of other
 * tables are the sizes of the objects at their location.  Athena's own estimate
 * is that of EXPLAIN, which scans nothing.
 */
#include "storage/size.h"

#include <math.h>

#include "aws/s3.h"
#include "common/hashfn.h"
#include "query/result.h"
#include "storage/discover.h"
#include "storage/storage.h"
#include "utils/rel.h"

/* A location with more objects than this is "large". */
#define MAX_OBJECTS 20000
/* How long Athena's estimate is believed. */
#define EXPECTED_MS (60 * 1000)

typedef struct LocationSize
{
	double bytes;
	int objects;
} LocationSize;

static bool
add_object(const S3Object *object, void *arg)
{
	LocationSize *size = arg;

	size->bytes += (double) object->size;
	return ++size->objects < MAX_OBJECTS;
}

/* What lies at a location; -1 where that cannot be seen. */
static double
location_bytes(const QuerySettings *settings, const char *location)
{
	LocationSize size = {0, 0};
	char *bucket;
	char *key;
	AwsError error;

	if (!s3_parse_url(location, &bucket, &key))
		return -1;
	if (key[strlen(key) - 1] != '/')
		key = psprintf("%s/", key);
	if (!s3_list_objects(settings->client, bucket, key, true, NULL, add_object, &size, &error))
		return -1;
	return size.objects == MAX_OBJECTS ? INFINITY : size.bytes;
}

/* The sums of Iceberg's list of data files. */
static void
iceberg_size(const QuerySettings *settings, const char *database, const char *table,
			 TableSize *size)
{
	char *sql =
		psprintf("SELECT sum(record_count), sum(file_size_in_bytes) FROM %s.%s "
				 "WHERE content = 0",
				 remote_identifier(database), remote_identifier(psprintf("%s$files", table)));
	AthenaQuery *query = query_start(settings, sql);
	AthenaResult *result;

	query_wait(query);
	result = result_open(query);
	if (result->ncolumns == 2 && result_next(result))
	{
		const char *rows = text_value_string(&result->values[0]);
		const char *bytes = text_value_string(&result->values[1]);

		size->rows = rows ? strtod(rows, NULL) : 0;
		size->bytes = bytes ? strtod(bytes, NULL) : 0;
	}
	query_end(query);
}

/*
 * What the catalogue knows of the table that a foreign table stands for.
 * Throws if it is gone.
 */
void
size_of_table(Oid relid, const QuerySettings *settings, TableSize *size)
{
	TableOptions *options = storage_table(relid);
	const char *database;
	const char *name;
	GlueTable table;

	memset(size, 0, sizeof(*size));
	size->rows = size->bytes = -1;
	if (options->query || !discover_is_glue(settings->catalog))
		return;
	database = discover_name(settings->database);
	name = discover_name(options->table);
	if (!discover_table(settings, database, name, &table))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("there is no table \"%s\" in Athena database \"%s\"", name, database)));
	size->can_sample = !table.is_view;
	size->rows = table.rows;
	size->bytes = table.bytes;
	if (strcmp(table.format, "iceberg") == 0)
		iceberg_size(settings, database, name, size);
	else if (size->bytes < 0 && !table.is_view)
		size->bytes = location_bytes(settings, table.location);
}

/* The number of rows in Athena's plan of a statement; -1 if it says none. */
static double
ask_explain(const QuerySettings *settings, const char *sql)
{
	static const char *const member = "\"outputRowCount\"";
	AthenaQuery *query = query_start(settings, psprintf("EXPLAIN (FORMAT JSON)\n%s", sql));
	AthenaResult *result;
	double rows = -1;

	query_wait(query);
	result = result_open(query);
	/* the plan's root, which comes first, is what the statement returns */
	while (result_next(result))
	{
		char *text = result->ncolumns > 0 ? text_value_string(&result->values[0]) : NULL;
		char *p = text ? strstr(text, member) : NULL;
		char *end;

		if (p == NULL)
			continue;
		p += strlen(member);
		p += strspn(p, " :");
		rows = strtod(p, &end);
		if (end == p || !isfinite(rows) || rows < 0)
			rows = -1;
		break;
	}
	query_end(query);
	return rows;
}

/* What Athena expects of a statement, asked lately. */
typedef struct Expected
{
	uint64 key; /* of server, user, catalogue, database and text */
	int64 until;
	double rows;
} Expected;

static Expected expected[64];

/* Where the answer for a statement is kept. */
static Expected *
expected_for(const QuerySettings *settings, const char *sql, uint64 *key)
{
	char *text = psprintf("%u %u %s %s %s", settings->server_id, settings->user_id,
						  settings->catalog, settings->database ? settings->database : "", sql);

	*key = DatumGetUInt64(hash_any_extended((unsigned char *) text, (int) strlen(text), 0));
	pfree(text);
	return &expected[*key % lengthof(expected)];
}

/*
 * How many rows does Athena expect of a statement?  -1 if it does not know.  The
 * planner asks for the same more than once, so an answer is kept for a minute.
 */
double
size_by_explain(const QuerySettings *settings, const char *sql)
{
	uint64 key;
	Expected *kept = expected_for(settings, sql, &key);

	if (kept->key != key || http_now_ms() >= kept->until)
	{
		double rows = ask_explain(settings, sql);

		kept->key = key;
		kept->rows = rows;
		kept->until = http_now_ms() + EXPECTED_MS;
	}
	return kept->rows;
}
