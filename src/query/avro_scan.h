/*
 * avro_scan.h
 *	  Reads an Avro object container file of simple values, row by row.
 */
#ifndef ATHENA_AVRO_SCAN_H
#define ATHENA_AVRO_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text_value.h"

/* Bytes behind the end of the input that must be writable. */
#define AVRO_SLACK 16
#define AVRO_SYNC_LEN 16

typedef enum AvroState
{
	AVRO_ROW, /* a row was read; or, of avro_begin(), the header */
	AVRO_MORE, /* it goes on behind the end of the input */
	AVRO_END, /* no more rows, if the input ends here; else there is another block */
	AVRO_BAD /* this is no such file; error says why */
} AvroState;

/* A column, as the schema has it. */
typedef struct AvroColumn
{
	signed char null_branch; /* 0 or 1; -1 if it is no union */
	ValueForm form; /* VALUE_TEXT and VALUE_DECIMAL: bytes with a length */
} AvroColumn;

typedef struct AvroScan
{
	char *pos; /* where the next row or block begins */
	char *end;
	int ncolumns; /* set after avro_begin(), with what the schema says */
	const AvroColumn *columns;
	const char *schema; /* JSON, after avro_begin(); inside the input */
	size_t schema_len;
	const char *error;

	/* its own; zero at first */
	unsigned char sync[AVRO_SYNC_LEN];
	int64_t rows_left; /* in the block */
	int64_t bytes_left;
	bool in_block;
	bool holds; /* the byte at pos was overwritten, and is this one: */
	char held;
} AvroScan;

extern AvroState avro_begin(AvroScan *scan);
extern AvroState avro_next_row(AvroScan *scan, TextValue *values);

#endif /* ATHENA_AVRO_SCAN_H */
