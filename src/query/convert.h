/*
 * convert.h
 *	  A text value of Athena's as a Datum of a column's type.
 */
#ifndef ATHENA_CONVERT_H
#define ATHENA_CONVERT_H

#include "postgres.h"

#include "compat.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "query/text_value.h"

typedef enum ConvertKind
{
	CONVERT_INPUT, /* the type's own input function */
	CONVERT_BOOL,
	CONVERT_INT2,
	CONVERT_INT4,
	CONVERT_INT8,
	CONVERT_FLOAT4,
	CONVERT_FLOAT8,
	CONVERT_NUMERIC,
	CONVERT_TEXT,
	CONVERT_DATE,
	CONVERT_TIMESTAMP,
	CONVERT_TIMESTAMPTZ,
	CONVERT_BYTEA,
	CONVERT_INTERVAL,
	CONVERT_ARRAY /* from JSON */
} ConvertKind;

/* How to convert one column; made once per scan. */
typedef struct Converter
{
	ConvertKind kind;
	Oid type;
	int32 typmod;
	bool is_utf8; /* is that the database's encoding? */
	bool in_place; /* may a value stay where it is, and be written before? */
	uint32 date_digits; /* of the date that was read last, and what it was; 0 for none */
	int32 date;
	FmgrInfo input;
	Oid ioparam;
	struct Converter *element; /* of an array */
	Oid element_type;
	int16 element_len;
	bool element_byval;
	char element_align;
} Converter;

/*
 * A short text of ASCII without NUL, where it lies: the byte before it becomes its
 * header.  False if it must be copied, or is none.
 */
static inline bool
convert_short_text(const Converter *c, const TextValue *v, Datum *out)
{
	if (c->kind != CONVERT_TEXT || !c->is_utf8 || !c->in_place ||
		v->len + VARHDRSZ_SHORT > VARATT_SHORT_MAX)
		return false;
	SET_VARSIZE_SHORT(v->data - 1, v->len + VARHDRSZ_SHORT);
	*out = PointerGetDatum(v->data - 1);
	return true;
}

extern void converter_init(Converter *converter, Oid type, int32 typmod);
extern void converter_check_remote(const Converter *converter, const char *remote_type);
extern Datum convert_value(Converter *converter, const TextValue *value);
extern Timestamp convert_round_timestamp(Timestamp time, int32 typmod);

/* convert_native.c */
extern bool convert_is_native(const Converter *converter);
extern Datum convert_native(Converter *converter, const TextValue *value, ValueForm form,
							int scale);

#endif /* ATHENA_CONVERT_H */
