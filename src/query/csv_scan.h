/*
 * csv_scan.h
 *	  Scanner for the CSV that Athena writes.  Plain C, without PostgreSQL.
 */
#ifndef ATHENA_CSV_SCAN_H
#define ATHENA_CSV_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "text_value.h"

/* Bytes behind the end of the input that must be readable. */
#define CSV_SLACK 64

typedef enum CsvState
{
	CSV_ROW, /* a row was read */
	CSV_MORE, /* the row goes on behind the end of the input */
	CSV_BAD /* this is not Athena's CSV; error says why */
} CsvState;

typedef struct CsvScan
{
	char *pos; /* where the next row begins */
	char *end;
	int ncolumns;
	int *escaped; /* room for ncolumns: the values with doubled quotes */
	bool plain; /* are the row's bytes ASCII without NUL?  It may be so if this says no */
	const char *error;
} CsvScan;

extern CsvState csv_next_row(CsvScan *scan, TextValue *values);

#endif /* ATHENA_CSV_SCAN_H */
