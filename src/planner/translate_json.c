/*
 * translate_json.c
 *	  jsonb in Athena's SQL: what ->> finds, to be compared with constants.
 *
 * The text of a string, of true and false is the same on both sides, that of
 * numbers, objects and arrays is not.  So what ->> gives is CLASS_JSON_TEXT: it
 * may be tested for NULL, and compared with constants that none of those can be
 * equal to.
 */
#include "planner/translate_call.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "query/types.h"
#include "storage/storage.h"
#include "utils/builtins.h"

/*
 * Can no number, object or array be equal to it?  "true" and "false" are written
 * alike.
 */
bool
translate_is_json_string(const char *text)
{
	return *text && strchr("{[-0123456789", *text) == NULL;
}

/* A key that can stand in a path as it is. */
static bool
append_key(StringInfo path, Expr *expr)
{
	Const *c = (Const *) expr;
	const char *p;

	if (!IsA(c, Const) || c->constisnull || c->consttype != TEXTOID)
		return false;
	for (p = TextDatumGetCString(c->constvalue); *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
			  *p == '_' || *p == ' '))
			return false;
	p = TextDatumGetCString(c->constvalue);
	/* an index would be one of an array there */
	if (*p == '\0' || (*p >= '0' && *p <= '9'))
		return false;
	appendStringInfo(path, "[\"%s\"]", p);
	return true;
}

/* The document, as json there: a column, or text that is cast. */
static bool
write_document(Level *level, RemoteSql *out, Expr *expr)
{
	RemoteSql value;
	RemoteType type;
	ColumnOptions options;
	AthenaType *remote;
	char *error;

	remote_sql_init(&value);
	if (IsA(expr, CoerceViaIO))
	{
		appendStringInfoString(&out->text, "json_parse(");
		if (!translate_value(level, out, ((CoerceViaIO *) expr)->arg, &type) ||
			type.class != CLASS_TEXT)
			return false;
		appendStringInfoChar(&out->text, ')');
		return true;
	}
	if (!IsA(expr, Var) || !translate_expr(level, &value, expr, &type) || !OidIsValid(type.relid))
		return false;
	options = storage_column(type.relid, type.attnum);
	remote = options.remote_type ? athena_type_parse(options.remote_type, &error) : NULL;
	if (remote == NULL)
		return false;
	if (remote->kind == AT_VARCHAR)
		appendStringInfo(&out->text, "json_parse(%s)", value.text.data);
	else if (remote->kind == AT_JSON || athena_type_is_nested(remote))
		appendStringInfoString(&out->text,
							   remote_column_to_read(type.relid, type.attnum, value.text.data));
	else
		return false;
	return true;
}

/* document -> 'a' -> 'b': the document, and the path. */
static bool
write_path(Level *level, RemoteSql *document, StringInfo path, Expr *expr)
{
	OpExpr *op = (OpExpr *) expr;
	const char *name;

	if (!IsA(expr, OpExpr))
		return write_document(level, document, expr);
	return shippable_builtin_operator(op->opno, &name) && strcmp(name, "->") == 0 &&
		   exprType(linitial(op->args)) == JSONBOID &&
		   write_path(level, document, path, linitial(op->args)) &&
		   append_key(path, lsecond(op->args));
}

/* document ->> 'key', and with more keys before it. */
bool
translate_json_text(Level *level, RemoteSql *out, OpExpr *op, RemoteType *type)
{
	RemoteSql document;
	StringInfoData path;

	remote_sql_init(&document);
	initStringInfo(&path);
	appendStringInfoChar(&path, '$');
	if (!shippable_encoding() || exprType(linitial(op->args)) != JSONBOID ||
		!write_path(level, &document, &path, linitial(op->args)) ||
		!append_key(&path, lsecond(op->args)))
		return false;
	/* objects and arrays are no scalars: any text that begins like theirs is as good */
	appendStringInfoString(&out->text, "coalesce(json_extract_scalar(");
	remote_sql_append(out, &document);
	appendStringInfo(&out->text, ", '%s'), IF(json_format(json_extract(", path.data);
	remote_sql_append(out, &document);
	appendStringInfo(&out->text, ", '%s')) <> 'null', '{'))", path.data);
	translate_type_init(type, TEXTOID, -1);
	type->class = CLASS_JSON_TEXT;
	type->bare = true;
	return true;
}
