/*
 * json.h
 *	  Reading and writing the small JSON documents of AWS's control calls.
 *
 * Only src/aws includes this: it is where json-c is seen.
 */
#ifndef ATHENA_JSON_H
#define ATHENA_JSON_H

#include "postgres.h"

#include <json-c/json.h>

#include "aws.h"
#include "lib/stringinfo.h"

/* Writing: members are appended to an object that begins with "{". */
extern void json_add_string(StringInfo out, const char *name, const char *value);
extern void json_add_int(StringInfo out, const char *name, int64 value);
extern void json_append_string(StringInfo out, const char *value);
extern void json_open(StringInfo out, const char *name);
extern void json_close(StringInfo out);

/* Reading: NULL, "" or the default where a member is absent or of another type. */
extern json_object *json_of_call(AwsCall *call);
extern json_object *json_run(const AwsClient *client, const AwsCallSpec *spec, AwsError *error);
extern json_object *json_object_quiet(const char *text, size_t len);
extern json_object *json_member(json_object *object, const char *name);
extern const char *json_text(json_object *value);
extern const char *json_string(json_object *object, const char *name);
extern int64 json_int(json_object *object, const char *name, int64 otherwise);
extern int json_list_length(json_object *list);
extern json_object *json_list_member(json_object *list, int i);
extern int json_list_position(json_object *list, const char *text);
extern bool json_flag(json_object *object, const char *name);

#endif /* ATHENA_JSON_H */
