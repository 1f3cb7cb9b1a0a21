/*
 * literal.h
 *	  A Datum as a literal of Athena's SQL.
 */
#ifndef ATHENA_LITERAL_H
#define ATHENA_LITERAL_H

#include "postgres.h"

#include "lib/stringinfo.h"

extern bool literal_type_known(Oid type);
extern const char *literal_type_name(Oid type);
extern bool literal_append(StringInfo out, Oid type, Datum value, bool isnull);
extern bool literal_append_list(StringInfo out, Oid element, Datum array, bool isnull);
extern void literal_append_string(StringInfo out, const char *text);
extern bool literal_numeric_digits(Datum value, int *whole, int *fraction);

#endif /* ATHENA_LITERAL_H */
