/*
 * glue.c
 *	  The Glue API, one function per action.
 *
 * Called by storage/import.c and functions.c.  Turns Glue's table documents
 * into GlueTable: partition columns after the others, as Athena has them, and
 * without the columns that Iceberg keeps in Glue after they were dropped.  The
 * columns of a view are those that Athena stored with its text, in Athena's own
 * spelling: what StorageDescriptor says of them are Hive's nearest types.
 */
#include "glue.h"

#include "common/base64.h"
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

/* A count that some writer left in the table's parameters; -1 if none did. */
static double
counted(json_object *parameters, const char *const *names, int n)
{
	int i;

	for (i = 0; i < n; i++)
	{
		const char *text = json_string(parameters, names[i]);
		char *end;
		double rows = strtod(text, &end);

		if (end != text && *end == '\0' && rows > 0 && rows < 1e18)
			return rows;
	}
	return -1;
}

#define VIEW_PREFIX "/* Presto View: "

/*
 * The columns of a view that Athena made: its text holds a JSON document in
 * base64.  False for other views (Spark's, Hive's), whose columns Glue lists.
 */
static bool
add_view_columns(GlueTable *table, const char *text)
{
	size_t prefix = strlen(VIEW_PREFIX);
	size_t len;
	char *decoded;
	int decoded_len;
	json_object *root, *list;
	size_t i;

	if (strncmp(text, VIEW_PREFIX, prefix) != 0)
		return false;
	text += prefix;
	len = strcspn(text, " *");
	if (len == 0 || len > 8 * 1024 * 1024)
		return false;
	decoded = palloc(len + 1);
	decoded_len = pg_b64_decode(text, (int) len, (void *) decoded, (int) len);
	root = decoded_len > 0 ? json_object_quiet(decoded, decoded_len) : NULL;
	list = json_member(root, "columns");
	for (i = 0; json_object_is_type(list, json_type_array) && i < json_object_array_length(list);
		 i++)
	{
		json_object *item = json_object_array_get_idx(list, i);
		GlueColumn *column = palloc(sizeof(GlueColumn));

		column->name = pstrdup(json_string(item, "name"));
		column->type = pstrdup(json_string(item, "type"));
		column->comment = pstrdup(json_string(item, "comment"));
		column->partition = false;
		table->columns = lappend(table->columns, column);
	}
	json_object_put(root);
	pfree(decoded);
	return table->columns != NIL;
}

static const char *
table_format(json_object *parameters, json_object *storage, bool is_view)
{
	const char *type = json_string(parameters, "table_type");

	if (is_view)
		return "view";
	if (pg_strcasecmp(type, "ICEBERG") == 0)
		return "iceberg";
	if (pg_strcasecmp(type, "DELTA") == 0 ||
		pg_strcasecmp(json_string(parameters, "spark.sql.sources.provider"), "delta") == 0)
		return "delta";
	if (pg_strcasecmp(json_string(parameters, "spark.sql.sources.provider"), "hudi") == 0 ||
		pg_strcasecmp(type, "HUDI") == 0 || strstr(json_string(storage, "InputFormat"), "hudi") ||
		strstr(json_string(storage, "InputFormat"), "Hoodie"))
		return "hudi";
	return "hive";
}

static void
read_table(json_object *item, GlueTable *table)
{
	static const char *const rows[] = {"numRows", "recordCount", "spark.sql.statistics.numRows"};
	static const char *const bytes[] = {"totalSize", "sizeKey", "spark.sql.statistics.totalSize"};
	json_object *parameters = json_member(item, "Parameters");
	json_object *storage = json_member(item, "StorageDescriptor");

	memset(table, 0, sizeof(*table));
	table->name = pstrdup(json_string(item, "Name"));
	table->kind = pstrdup(json_string(item, "TableType"));
	table->is_view = strcmp(table->kind, "VIRTUAL_VIEW") == 0;
	table->format = pstrdup(table_format(parameters, storage, table->is_view));
	/* Athena's DDL puts the comment among the parameters */
	table->comment =
		pstrdup(*json_string(item, "Description") ? json_string(item, "Description") :
													json_string(parameters, "comment"));
	table->location = pstrdup(json_string(storage, "Location"));
	table->is_link = json_member(item, "TargetTable") != NULL;
	table->rows = counted(parameters, rows, lengthof(rows));
	table->bytes = counted(parameters, bytes, lengthof(bytes));
	if (table->is_view && add_view_columns(table, json_string(item, "ViewOriginalText")))
		return;
	add_columns(table, json_member(storage, "Columns"), false);
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
