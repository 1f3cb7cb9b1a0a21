/*
 * glue.c
 *	  The Glue API, one function per action.
 *
 * Called by storage/import.c and functions.c.  Turns Glue's table documents
 * into GlueTable: partition columns after the others, as Athena has them, and
 * without the columns that Iceberg keeps in Glue after they were dropped.
 */
#include "glue.h"

#include "json.h"
#include "utils/memutils.h"

#define LIST_PAGE 100

static json_object *
run(const AwsClient *client, const char *action, const char *body, AwsError *error)
{
	AwsCallSpec spec = {
		.service = AWS_GLUE,
		.protocol = AWS_JSON,
		.action = action,
		.body = body,
		.wait = HTTP_WAIT_METADATA,
	};

	return json_run(client, &spec, error);
}

static void
add_columns(GlueTable *table, json_object *list, bool partition)
{
	size_t i;

	if (!json_object_is_type(list, json_type_array))
		return;
	for (i = 0; i < json_object_array_length(list); i++)
	{
		json_object *item = json_object_array_get_idx(list, i);
		GlueColumn *column;

		if (strcmp(json_string(json_member(item, "Parameters"), "iceberg.field.current"),
				   "false") == 0)
			continue;
		column = palloc(sizeof(GlueColumn));
		column->name = pstrdup(json_string(item, "Name"));
		column->type = pstrdup(json_string(item, "Type"));
		column->comment = pstrdup(json_string(item, "Comment"));
		column->partition = partition;
		table->columns = lappend(table->columns, column);
	}
}

/* A row count that some writer left in the table's parameters. */
static double
row_count(json_object *parameters)
{
	static const char *const names[] = {"numRows", "recordCount", "spark.sql.statistics.numRows"};
	int i;

	for (i = 0; i < (int) lengthof(names); i++)
	{
		const char *text = json_string(parameters, names[i]);
		char *end;
		double rows = strtod(text, &end);

		if (end != text && *end == '\0' && rows > 0 && rows < 1e18)
			return rows;
	}
	return -1;
}

static const char *
table_format(json_object *parameters, bool is_view)
{
	const char *type = json_string(parameters, "table_type");

	if (is_view)
		return "view";
	if (pg_strcasecmp(type, "ICEBERG") == 0)
		return "iceberg";
	if (pg_strcasecmp(type, "DELTA") == 0 ||
		pg_strcasecmp(json_string(parameters, "spark.sql.sources.provider"), "delta") == 0)
		return "delta";
	if (pg_strcasecmp(json_string(parameters, "spark.sql.sources.provider"), "hudi") == 0)
		return "hudi";
	return "hive";
}

static void
read_table(json_object *item, GlueTable *table)
{
	json_object *parameters = json_member(item, "Parameters");

	memset(table, 0, sizeof(*table));
	table->name = pstrdup(json_string(item, "Name"));
	table->kind = pstrdup(json_string(item, "TableType"));
	table->is_view = strcmp(table->kind, "VIRTUAL_VIEW") == 0;
	table->format = pstrdup(table_format(parameters, table->is_view));
	/* Athena's DDL puts the comment among the parameters */
	table->comment =
		pstrdup(*json_string(item, "Description") ? json_string(item, "Description") :
													json_string(parameters, "comment"));
	table->rows = row_count(parameters);
	add_columns(table, json_member(json_member(item, "StorageDescriptor"), "Columns"), false);
	add_columns(table, json_member(item, "PartitionKeys"), true);
}

/* Call back for each table of a database, in Glue's order (by name). */
bool
glue_get_tables(const AwsClient *client, const char *database, GlueTableCallback callback,
				void *arg, AwsError *error)
{
	char *token = NULL;
	MemoryContext page =
		AllocSetContextCreate(CurrentMemoryContext, "Glue tables", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = CurrentMemoryContext;

	do
	{
		StringInfoData body;
		json_object *root, *list;
		const char *next;
		size_t i;

		MemoryContextReset(page);
		MemoryContextSwitchTo(page);
		initStringInfo(&body);
		json_open(&body, NULL);
		json_add_string(&body, "DatabaseName", database);
		json_add_int(&body, "MaxResults", LIST_PAGE);
		json_add_string(&body, "NextToken", token);
		json_close(&body);
		root = run(client, "GetTables", body.data, error);
		list = json_member(root, "TableList");
		for (i = 0;
			 json_object_is_type(list, json_type_array) && i < json_object_array_length(list); i++)
		{
			GlueTable table;

			read_table(json_object_array_get_idx(list, i), &table);
			MemoryContextSwitchTo(caller);
			callback(&table, arg);
			MemoryContextSwitchTo(page);
		}
		next = root ? json_string(root, "NextToken") : "";
		MemoryContextSwitchTo(caller);
		token = *next ? pstrdup(next) : NULL;
		if (root == NULL)
		{
			MemoryContextDelete(page);
			return false;
		}
	} while (token);
	MemoryContextDelete(page);
	return true;
}

/* One table; AWS_ERR_NOT_FOUND if there is none of that name. */
bool
glue_get_table(const AwsClient *client, const char *database, const char *name, GlueTable *table,
			   AwsError *error)
{
	StringInfoData body;
	json_object *root;

	initStringInfo(&body);
	json_open(&body, NULL);
	json_add_string(&body, "DatabaseName", database);
	json_add_string(&body, "Name", name);
	json_close(&body);
	root = run(client, "GetTable", body.data, error);
	if (root == NULL)
		return false;
	read_table(json_member(root, "Table"), table);
	return true;
}
