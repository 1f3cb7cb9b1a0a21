/*
 * metadata_scan.h
 *	  Scanner for the .metadata object beside a result.  Plain C.
 */
#ifndef ATHENA_METADATA_SCAN_H
#define ATHENA_METADATA_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct MetadataScan
{
	const unsigned char *pos;
	const unsigned char *end;
} MetadataScan;

/* One column; the texts lie in the input and have no end of their own. */
typedef struct MetadataColumn
{
	const char *name;
	size_t name_len;
	const char *type;
	size_t type_len;
	int64_t precision;
	int64_t scale;
} MetadataColumn;

/* 1 with the next column, 0 when there are no more, -1 if this is no such object. */
extern int metadata_next_column(MetadataScan *scan, MetadataColumn *column);

#endif /* ATHENA_METADATA_SCAN_H */
