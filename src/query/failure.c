/*
 * failure.c
 *	  A query that Athena ended without success, as an error of PostgreSQL's.
 *
 * Called by query.c.  The engine's reasons begin with the name of an error; what
 * each is here, and what mends it, stands in two tables.
 */
#include "query/query.h"

/* SQLSTATE for the name of an engine error, with which its reason begins. */
static int
failure_sqlstate(const AthenaExecution *x)
{
	static const struct
	{
		const char *name;
		int sqlstate;
	} known[] = {
		{"TABLE_NOT_FOUND", ERRCODE_UNDEFINED_TABLE},
		{"SCHEMA_NOT_FOUND", ERRCODE_UNDEFINED_SCHEMA},
		{"CATALOG_NOT_FOUND", ERRCODE_UNDEFINED_DATABASE},
		{"COLUMN_NOT_FOUND", ERRCODE_UNDEFINED_COLUMN},
		{"FUNCTION_NOT_FOUND", ERRCODE_UNDEFINED_FUNCTION},
		{"NOT_FOUND", ERRCODE_UNDEFINED_OBJECT},
		{"TABLE_ALREADY_EXISTS", ERRCODE_DUPLICATE_TABLE},
		{"ALREADY_EXISTS", ERRCODE_DUPLICATE_OBJECT},
		{"SYNTAX_ERROR", ERRCODE_SYNTAX_ERROR},
		{"TYPE_MISMATCH", ERRCODE_DATATYPE_MISMATCH},
		{"DIVISION_BY_ZERO", ERRCODE_DIVISION_BY_ZERO},
		{"NUMERIC_VALUE_OUT_OF_RANGE", ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE},
		{"SUBQUERY_MULTIPLE_ROWS", ERRCODE_CARDINALITY_VIOLATION},
		{"INVALID_CAST_ARGUMENT", ERRCODE_INVALID_TEXT_REPRESENTATION},
		{"INVALID_FUNCTION_ARGUMENT", ERRCODE_INVALID_PARAMETER_VALUE},
		{"NOT_SUPPORTED", ERRCODE_FEATURE_NOT_SUPPORTED},
		{"PERMISSION_DENIED", ERRCODE_INSUFFICIENT_PRIVILEGE},
		{"ACCESS_DENIED", ERRCODE_INSUFFICIENT_PRIVILEGE},
		{"HIVE_BAD_DATA", ERRCODE_DATA_EXCEPTION},
		{"HIVE_PARTITION_SCHEMA_MISMATCH", ERRCODE_DATATYPE_MISMATCH},
		{"EXCEEDED_MEMORY_LIMIT", ERRCODE_INSUFFICIENT_RESOURCES},
		{"EXCEEDED_LOCAL_MEMORY_LIMIT", ERRCODE_INSUFFICIENT_RESOURCES},
		{"EXCEEDED_TIME_LIMIT", ERRCODE_QUERY_CANCELED},
	};
	size_t i;

	for (i = 0; i < lengthof(known); i++)
	{
		size_t len = strlen(known[i].name);

		if (strncmp(x->reason, known[i].name, len) == 0 && x->reason[len] == ':')
			return known[i].sqlstate;
	}
	if (x->error_type == 1500 || strstr(x->reason, "AccessDenied") ||
		strstr(x->reason, "Access Denied"))
		return ERRCODE_INSUFFICIENT_PRIVILEGE;
	if (x->error_type == 1301)
		return ERRCODE_UNDEFINED_TABLE;
	return ERRCODE_FDW_ERROR;
}

static const char *
failure_hint(int sqlstate, const AthenaExecution *x)
{
	if (sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE)
	{
		const char *action = strstr(x->reason, "to perform: ");
		size_t len = action ? strcspn(action + 12, " ,;)\"") : 0;

		if (len > 0)
			return psprintf("Attach a policy that allows %.*s to the IAM user or role of the key; "
							"doc/permissions.md says what needs which.",
							(int) len, aws_text_to_show(action + 12));
		if (strstr(x->reason, "writing output") || strstr(x->reason, "write output"))
			return "The key needs s3:PutObject, s3:AbortMultipartUpload and s3:GetBucketLocation "
				   "on "
				   "the output location; athena_check() tries them.";
		if (strstr(x->reason, "glue"))
			return "The key needs the Glue permissions that the message names; the README has the "
				   "whole policy.";
		return "The key needs s3:GetObject and s3:ListBucket on the table's location.";
	}
	if (sqlstate == ERRCODE_UNDEFINED_COLUMN || sqlstate == ERRCODE_UNDEFINED_TABLE)
		return "The table may have changed in Athena since its foreign table was made: "
			   "athena_diff() shows what did, athena_sync() mends it.";
	if (sqlstate == ERRCODE_DATATYPE_MISMATCH)
		return "If a column is declared here with another type than it has in Athena, say which it "
			   "has: ALTER FOREIGN TABLE ... ALTER COLUMN ... OPTIONS (ADD remote_type '...').";
	if (sqlstate == ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE || sqlstate == ERRCODE_FEATURE_NOT_SUPPORTED)
		return "Where Athena's engine cannot do what PostgreSQL can, SET athena_fdw.pushdown = off "
			   "does "
			   "it here.";
	return NULL;
}

/* Has Athena refused a statement for its types or its kind, before it read anything? */
bool
query_was_refused(const AthenaQuery *query)
{
	const AthenaExecution *x = &query->execution;

	if (x->state != ATHENA_FAILED || x->bytes_scanned > 0)
		return false;
	switch (failure_sqlstate(x))
	{
		case ERRCODE_DATATYPE_MISMATCH:
		case ERRCODE_FEATURE_NOT_SUPPORTED:
		case ERRCODE_UNDEFINED_FUNCTION:
		case ERRCODE_FDW_ERROR: /* for reasons that have no name */
			return true;
		default:
			return false;
	}
}

/* Throw what a query ended with that did not succeed. */
void
query_throw_failure(AthenaQuery *query)
{
	static const char *const categories[] = {"", " (system)", " (user)", " (other)"};
	AthenaExecution *x = &query->execution;
	int sqlstate = failure_sqlstate(x);
	const char *hint = query->unload_prefix && (sqlstate == ERRCODE_DATATYPE_MISMATCH ||
												sqlstate == ERRCODE_FEATURE_NOT_SUPPORTED) ?
						   "With fetch_mode 'unload' each column is made a text there, which not "
						   "all can be; fetch_mode 's3' reads the result itself." :
						   failure_hint(sqlstate, x);
	char *reason = aws_text_to_show(x->reason);
	char *details = psprintf("Query Execution ID %s", query->id);

	query->trouble =
		sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE ? TROUBLE_PERMISSION : TROUBLE_STATEMENT;
	if (x->state == ATHENA_CANCELLED)
		query->trouble = TROUBLE_CANCELLED;
	if (x->state == ATHENA_CANCELLED)
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("Athena query was cancelled: %s", *reason ? reason : "no reason was given"),
				 errdetail("%s.", details)));
	if (x->error_category > 0)
		details = psprintf(
			"%s, error category %d%s, type %d", details, x->error_category,
			x->error_category < (int) lengthof(categories) ? categories[x->error_category] : "",
			x->error_type);
	ereport(ERROR, (errcode(sqlstate),
					errmsg("Athena query failed: %s", *reason ? reason : "no reason was given"),
					errdetail("%s.  Remote SQL: %s", details, query->sql),
					hint ? errhint("%s", hint) : 0));
}
