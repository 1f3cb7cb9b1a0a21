/*
 * text_value.h
 *	  A value of a result as text, inside the buffer of its reader.
 */
#ifndef ATHENA_TEXT_VALUE_H
#define ATHENA_TEXT_VALUE_H

#include <stddef.h>

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
