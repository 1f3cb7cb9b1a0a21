/*
 * translate_call.h
 *	  What the writers of the catalogue of functions share.
 *
 * translate_call.c has the catalogue and numbers, translate_text.c texts,
 * translate_time.c dates and times, translate_array.c arrays.
 */
#ifndef ATHENA_TRANSLATE_CALL_H
#define ATHENA_TRANSLATE_CALL_H

#include "postgres.h"

#include "nodes/primnodes.h"
#include "planner/translate.h"

#define MAX_ARGS 4

/* A call that is being translated. */
typedef struct Call
{
	Level *level;
	FuncExpr *func;
	const char *name;
	int nargs;
	Expr *args[MAX_ARGS];
	Oid types[MAX_ARGS];
} Call;

/*
 * Writes a call; the type has been made what the function returns.  False if it
 * would not give the same.
 */
typedef bool (*CallWriter)(Call *call, RemoteSql *out, RemoteType *type);

extern bool call_int(Call *call, int n, int least, int *value);
extern char *call_text(Call *call, int n);
extern bool call_write(Call *call, RemoteSql *out, int n, RemoteType *type);
extern bool call_write_class(Call *call, RemoteSql *out, int n, TypeClass class);
extern bool call_write_around(Call *call, RemoteSql *out, const char *before, TypeClass class,
							  const char *after);

/* translate_text.c */
extern bool call_case(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_substring(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_left(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_right(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_length(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_octets(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_trim(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_pad(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_replace(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_translate(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_find(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_reverse(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_repeat(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_split_part(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_md5(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_ascii(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_of_char(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_of_boolean(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_regexp_substring(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_regexp_replace(Call *call, RemoteSql *out, RemoteType *type);

/* translate_time.c */
extern bool call_cast(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_midnight(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_day_of_midnight(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_extract(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_truncate(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_to_char(Call *call, RemoteSql *out, RemoteType *type);
extern bool call_to_date(Call *call, RemoteSql *out, RemoteType *type);

/* translate_array.c */
extern bool translate_array_function(Call *call, RemoteSql *out, RemoteType *type);

#endif /* ATHENA_TRANSLATE_CALL_H */
