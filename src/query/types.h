/*
 * types.h
 *	  Athena's types: reading their names, and what they are in PostgreSQL.
 */
#ifndef ATHENA_TYPES_H
#define ATHENA_TYPES_H

#include "postgres.h"

#include "lib/stringinfo.h"

typedef enum AthenaTypeKind
{
	AT_BOOLEAN,
	AT_TINYINT,
	AT_SMALLINT,
	AT_INTEGER,
	AT_BIGINT,
	AT_REAL,
	AT_DOUBLE,
	AT_DECIMAL,
	AT_CHAR,
	AT_VARCHAR,
	AT_DATE,
	AT_TIME,
	AT_TIMETZ,
	AT_TIMESTAMP,
	AT_TIMESTAMPTZ,
	AT_VARBINARY,
	AT_JSON,
	AT_UUID,
	AT_IPADDRESS,
	AT_INTERVAL_DS, /* day to second */
	AT_INTERVAL_YM, /* year to month */
	AT_ARRAY,
	AT_MAP,
	AT_ROW
} AthenaTypeKind;

typedef struct AthenaType
{
	AthenaTypeKind kind;
	int precision; /* decimal, time, timestamp; length of char, varchar; -1 for none */
	int scale;
	int nargs; /* array 1, map 2, row its fields */
	struct AthenaType **args;
	char **names; /* of a row's fields; NULL for one without a name */
} AthenaType;

extern AthenaType *athena_type_parse(const char *text, char **error);
extern void athena_type_to_pg(const AthenaType *type, bool arrays, Oid *pgtype, int32 *typmod);
extern bool athena_type_is_nested(const AthenaType *type);
extern bool athena_type_same(const AthenaType *a, const AthenaType *b);
extern bool athena_type_loses_digits(const AthenaType *type);
extern bool athena_type_natural(const AthenaType *type, Oid pgtype);
extern void athena_quote_name(StringInfo out, const char *name);
extern void athena_type_json_expr(StringInfo out, const AthenaType *type, const char *expr);

#endif /* ATHENA_TYPES_H */
