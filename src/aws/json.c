/*
 * json.c
 *	  Small JSON documents over json-c, owned by memory contexts.
 *
 * A json-c tree is malloc'd; json_run() hangs it on the current memory
 * context, so that it goes away with that, on error as well.  Result pages do
 * not come through here: see query/page_scan.c.
 */
#include "json.h"

#include <limits.h>

#include "utils/memutils.h"

#define MAX_DEPTH 32

/* Append a JSON string, quoted and escaped.  The text is UTF-8. */
void
json_append_string(StringInfo out, const char *value)
{
	appendStringInfoChar(out, '"');
	for (; *value; value++)
	{
		unsigned char c = (unsigned char) *value;

		if (c == '"' || c == '\\')
		{
			appendStringInfoChar(out, '\\');
			appendStringInfoChar(out, *value);
		}
		else if (c < 0x20)
			appendStringInfo(out, "\\u%04x", c);
		else
			appendStringInfoChar(out, *value);
	}
	appendStringInfoChar(out, '"');
}

static void
add_name(StringInfo out, const char *name)
{
	if (out->len > 0 && out->data[out->len - 1] != '{')
		appendStringInfoChar(out, ',');
	appendStringInfo(out, "\"%s\":", name);
}

/* Add a string member; NULL adds nothing. */
void
json_add_string(StringInfo out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	add_name(out, name);
	json_append_string(out, value);
}

void
json_add_int(StringInfo out, const char *name, int64 value)
{
	add_name(out, name);
	appendStringInfo(out, INT64_FORMAT, value);
}

/* Begin an object: the document itself (name NULL) or a member. */
void
json_open(StringInfo out, const char *name)
{
	if (name)
		add_name(out, name);
	appendStringInfoChar(out, '{');
}

void
json_close(StringInfo out)
{
	appendStringInfoChar(out, '}');
}

/*
 * Parse text that must be one JSON object.  Neither throws nor pallocs: the
 * caller must json_object_put() it.  NULL if it is not an object.
 */
json_object *
json_object_quiet(const char *text, size_t len)
{
	struct json_tokener *tok;
	json_object *root = NULL;

	if (len == 0 || len > INT_MAX)
		return NULL;
	tok = json_tokener_new_ex(MAX_DEPTH);
	if (tok == NULL)
		return NULL;
	root = json_tokener_parse_ex(tok, text, (int) len);
	if (root && (json_tokener_get_error(tok) != json_tokener_success ||
				 !json_object_is_type(root, json_type_object)))
	{
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(tok);
	return root;
}

static void
put_root(void *arg)
{
	json_object_put((json_object *) arg);
}

/*
 * The answer to a call that ended well: an object that lives as long as the
 * current memory context, or NULL with aws_call_error() set.
 */
json_object *
json_of_call(AwsCall *call)
{
	MemoryContextCallback *cb = palloc0(sizeof(MemoryContextCallback));
	size_t len;
	char *text = aws_call_body(call, &len);
	json_object *root = json_object_quiet(text, len);

	if (root == NULL)
	{
		aws_call_set_malformed(call, "it is not a JSON object");
		return NULL;
	}
	cb->func = put_root;
	cb->arg = root;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, cb);
	return root;
}

/*
 * Run a call of a JSON service.  Returns its answer, an object that lives as
 * long as the current memory context, or NULL with *error set.
 */
json_object *
json_run(const AwsClient *client, const AwsCallSpec *spec, AwsError *error)
{
	AwsCall *call = aws_run(client, spec, error);
	json_object *root = call ? json_of_call(call) : NULL;

	if (call && root == NULL)
		*error = *aws_call_error(call);
	return root;
}

/* A member that is an object or an array, NULL if there is none. */
json_object *
json_member(json_object *object, const char *name)
{
	json_object *value = NULL;

	if (object == NULL || !json_object_is_type(object, json_type_object))
		return NULL;
	json_object_object_get_ex(object, name, &value);
	return value;
}

/* A string, "" if it is none.  Lives as long as the document. */
const char *
json_text(json_object *value)
{
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

/* The same of a member. */
const char *
json_string(json_object *object, const char *name)
{
	return json_text(json_member(object, name));
}

/* A number, whole or written with an exponent. */
int64
json_int(json_object *object, const char *name, int64 otherwise)
{
	json_object *value = json_member(object, name);

	if (json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double))
		return json_object_get_int64(value);
	return otherwise;
}

bool
json_flag(json_object *object, const char *name)
{
	return json_object_get_boolean(json_member(object, name));
}

/* The length of an array, -1 if it is none. */
int
json_list_length(json_object *list)
{
	return json_object_is_type(list, json_type_array) ? (int) json_object_array_length(list) : -1;
}

json_object *
json_list_member(json_object *list, int i)
{
	return json_object_array_get_idx(list, (size_t) i);
}

/* Where a string stands in an array; -1 if it does not. */
int
json_list_position(json_object *list, const char *text)
{
	int i;

	for (i = 0; i < json_list_length(list); i++)
	{
		json_object *member = json_list_member(list, i);

		if (json_object_is_type(member, json_type_string) &&
			strcmp(json_object_get_string(member), text) == 0)
			return i;
	}
	return -1;
}
