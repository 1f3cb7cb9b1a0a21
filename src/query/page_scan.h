/*
 * page_scan.h
 *	  Scanner for one GetQueryResults answer.  Plain C, without PostgreSQL.
 */
#ifndef ATHENA_PAGE_SCAN_H
#define ATHENA_PAGE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text_value.h"

/* One column as ColumnInfo describes it; the strings lie in the page. */
typedef struct PageColumn
{
	const char *name;
	const char *type;
	int64_t precision;
	int64_t scale;
} PageColumn;

typedef struct PageScan
{
	char *buf; /* the body, which the scan writes into */
	size_t len;
	size_t pos; /* where the next row begins */
	bool has_rows; /* is there a Rows array, and not all of it read? */
	char *next_token; /* NULL on the last page */
	int64_t update_count; /* -1 if there is none */
	PageColumn *columns;
	int ncolumns;
	const char *error; /* what is wrong, after a failure */
	size_t error_pos; /* at which byte */
} PageScan;

extern bool page_open(PageScan *scan, char *buf, size_t len);
extern int page_next_row(PageScan *scan, TextValue *values, int max, int *nvalues);
extern void page_close(PageScan *scan);

#endif /* ATHENA_PAGE_SCAN_H */
