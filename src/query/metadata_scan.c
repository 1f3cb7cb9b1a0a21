/*
 * metadata_scan.c
 *	  Scanner for the .metadata object beside a result.
 *
 * Athena writes the names and types of a result's columns as a protocol buffer:
 * field 4, repeated, is a column, in which 4 is the name, 6 the type, 7 the
 * precision and 8 the scale (measured, not documented; other fields are skipped).
 * Only as much of that format is read as it takes.  Used by result_csv.c, which
 * does without the object if it cannot be read; test/unit runs it under
 * sanitizers.
 */
#include "metadata_scan.h"

#define COLUMN 4
#define COLUMN_NAME 4
#define COLUMN_TYPE 6
#define COLUMN_PRECISION 7
#define COLUMN_SCALE 8

/* One field: a number, or bytes. */
typedef struct Field
{
	uint64_t number;
	uint64_t value;
	const unsigned char *bytes; /* NULL for a number */
	size_t len;
} Field;

static bool
take_varint(MetadataScan *scan, uint64_t *value)
{
	int shift;

	*value = 0;
	for (shift = 0; shift < 64 && scan->pos < scan->end; shift += 7)
	{
		unsigned char byte = *scan->pos++;

		*value |= (uint64_t) (byte & 0x7F) << shift;
		if ((byte & 0x80) == 0)
			return true;
	}
	return false;
}

/* 1 with the next field, 0 at the end, -1 if it is malformed. */
static int
next_field(MetadataScan *scan, Field *field)
{
	uint64_t key;
	uint64_t len;

	if (scan->pos == scan->end)
		return 0;
	if (!take_varint(scan, &key))
		return -1;
	field->number = key >> 3;
	field->bytes = NULL;
	switch (key & 7)
	{
		case 0:
			return take_varint(scan, &field->value) ? 1 : -1;
		case 1:
			len = 8;
			break;
		case 2:
			if (!take_varint(scan, &len))
				return -1;
			break;
		case 5:
			len = 4;
			break;
		default:
			return -1;
	}
	if (len > (uint64_t) (scan->end - scan->pos))
		return -1;
	field->bytes = scan->pos;
	field->len = (size_t) len;
	scan->pos += len;
	return 1;
}

static bool
read_column(const Field *outer, MetadataColumn *column)
{
	MetadataScan scan = {outer->bytes, outer->bytes + outer->len};
	Field field;
	int got;

	*column = (MetadataColumn){0};
	while ((got = next_field(&scan, &field)) > 0)
	{
		if (field.bytes && field.number == COLUMN_NAME)
		{
			column->name = (const char *) field.bytes;
			column->name_len = field.len;
		}
		else if (field.bytes && field.number == COLUMN_TYPE)
		{
			column->type = (const char *) field.bytes;
			column->type_len = field.len;
		}
		else if (field.bytes == NULL && field.number == COLUMN_PRECISION)
			column->precision = (int64_t) field.value;
		else if (field.bytes == NULL && field.number == COLUMN_SCALE)
			column->scale = (int64_t) field.value;
	}
	return got == 0 && column->name != NULL && column->type != NULL;
}

int
metadata_next_column(MetadataScan *scan, MetadataColumn *column)
{
	Field field;
	int got;

	while ((got = next_field(scan, &field)) > 0)
		if (field.number == COLUMN && field.bytes)
			return read_column(&field, column) ? 1 : -1;
	return got;
}
