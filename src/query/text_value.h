/*
 * text_value.h
 *	  A value of a result, inside the buffer of its reader: text, nearly always.
 */
#ifndef ATHENA_TEXT_VALUE_H
#define ATHENA_TEXT_VALUE_H

#include <stddef.h>
#include <stdint.h>

/* What the values of a column are.  All but text come from the files of an UNLOAD alone. */
typedef enum ValueForm
{
	VALUE_TEXT,
	VALUE_BOOLEAN, /* number.integer, 0 or 1 */
	VALUE_INTEGER, /* number.integer */
	VALUE_FLOAT, /* number.real, of float's precision */
	VALUE_DOUBLE, /* number.real */
	VALUE_DATE, /* number.integer: days since 1970 */
	VALUE_MILLIS, /* number.integer: milliseconds since 1970 */
	VALUE_DECIMAL /* data: two's complement, its highest byte first; the column has the scale */
} ValueForm;

/*
 * data is NULL for SQL NULL, else len bytes.  They are what the service sent,
 * unescaped: they may hold NULs and need not be valid UTF-8.  The byte behind them
 * may be written over, and so may that before them once all values before this one
 * have been read; all of it stays until the next row is asked for.
 */
typedef struct TextValue
{
	char *data;
	size_t len;
	union
	{
		int64_t integer;
		double real;
	} number; /* of a column that is no text; data is then no more than not NULL */
} TextValue;

/* The value as a string of C; NULL for SQL NULL. */
static inline char *
text_value_string(const TextValue *value)
{
	if (value->data)
		value->data[value->len] = '\0';
	return value->data;
}

#endif /* ATHENA_TEXT_VALUE_H */
