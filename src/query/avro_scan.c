/*
 * avro_scan.c
 *	  Reads an Avro object container file of simple values, row by row.
 *
 * Called by result_unload.c: a row is a record of texts, numbers and booleans, any
 * of which may be null.  Plain C without PostgreSQL: test/unit
 * runs it under sanitizers.  Form: the Avro specification 1.11, "Object Container
 * Files"; only without compression, which is how Athena writes it.
 *
 * Texts stay where they are in the input.  The NUL behind each is written over
 * the first byte of what follows once the row is whole; the byte behind the last
 * value is kept, and put back before the next row is read, wherever the caller
 * may have moved the input meanwhile.
 */
#include "avro_scan.h"

#include <string.h>

/* A number in zigzag form; NULL if it goes on behind the end, or is too long. */
static const char *
read_long(const char *p, const char *end, int64_t *out, bool *bad)
{
	uint64_t n = 0;
	int shift = 0;

	for (; p < end; p++, shift += 7)
	{
		unsigned char c = (unsigned char) *p;

		if (shift == 63 && c > 1)
		{
			*bad = true;
			return NULL;
		}
		n |= (uint64_t) (c & 0x7F) << shift;
		if (c < 0x80)
		{
			*out = (int64_t) (n >> 1) ^ -(int64_t) (n & 1);
			return p + 1;
		}
	}
	return NULL;
}

static AvroState
bad(AvroScan *scan, const char *why)
{
	scan->error = why;
	return AVRO_BAD;
}

/* A length and so many bytes; NULL if they go on behind the end, or are none. */
static const char *
read_bytes(const char *p, const char *end, const char **data, size_t *len, bool *is_bad)
{
	int64_t n;

	p = read_long(p, end, &n, is_bad);
	if (p == NULL)
		return NULL;
	if (n < 0)
	{
		*is_bad = true;
		return NULL;
	}
	if (n > end - p)
		return NULL;
	*data = p;
	*len = (size_t) n;
	return p + n;
}

/* An entry of the header: its schema, or its codec, which must be none. */
static bool
take_entry(AvroScan *scan, const char *key, size_t key_len, const char *value, size_t value_len)
{
	if (key_len == 11 && memcmp(key, "avro.schema", 11) == 0)
	{
		scan->schema = value;
		scan->schema_len = value_len;
	}
	if (key_len == 10 && memcmp(key, "avro.codec", 10) == 0)
		return value_len == 0 || (value_len == 4 && memcmp(value, "null", 4) == 0);
	return true;
}

/* Read the header, from the start of the file. */
AvroState
avro_begin(AvroScan *scan)
{
	const char *p = scan->pos;
	const char *end = scan->end;
	bool is_bad = false;
	int64_t entries;

	if (memcmp(p, "Obj\1", end - p < 4 ? (size_t) (end - p) : 4) != 0)
		return bad(scan, "it is no Avro file");
	if (end - p < 4)
		return AVRO_MORE;
	p += 4;
	scan->schema = NULL;
	do
	{
		int64_t size;

		p = read_long(p, end, &entries, &is_bad);
		if (p && entries < 0) /* then the size of the block follows */
		{
			if (entries == INT64_MIN)
				return bad(scan, "its header is garbled");
			entries = -entries;
			p = read_long(p, end, &size, &is_bad);
		}
		for (int64_t i = 0; p && i < entries; i++)
		{
			const char *key = NULL;
			const char *value = NULL;
			size_t key_len = 0;
			size_t value_len = 0;

			p = read_bytes(p, end, &key, &key_len, &is_bad);
			if (p)
				p = read_bytes(p, end, &value, &value_len, &is_bad);
			if (p && !take_entry(scan, key, key_len, value, value_len))
				return bad(scan, "it is compressed in a way that is not known");
		}
	} while (p && entries > 0);
	if (is_bad)
		return bad(scan, "its header is garbled");
	if (p == NULL || end - p < AVRO_SYNC_LEN)
		return AVRO_MORE;
	if (scan->schema == NULL)
		return bad(scan, "its header has no schema");
	memcpy(scan->sync, p, AVRO_SYNC_LEN);
	scan->pos += p + AVRO_SYNC_LEN - scan->pos;
	return AVRO_ROW;
}

/* Read the head of the next block. */
static AvroState
begin_block(AvroScan *scan)
{
	bool is_bad = false;
	const char *p = read_long(scan->pos, scan->end, &scan->rows_left, &is_bad);

	if (p)
		p = read_long(p, scan->end, &scan->bytes_left, &is_bad);
	if (is_bad || (p && (scan->rows_left < 0 || scan->bytes_left < 0)))
		return bad(scan, "the head of a block is garbled");
	if (p == NULL)
		return scan->pos == scan->end ? AVRO_END : AVRO_MORE;
	scan->pos += p - scan->pos;
	scan->in_block = true;
	return AVRO_ROW;
}

/* Read the mark behind a block. */
static AvroState
end_block(AvroScan *scan)
{
	if (scan->bytes_left != 0)
		return bad(scan, "a block has another size than it says");
	if (scan->end - scan->pos < AVRO_SYNC_LEN)
		return AVRO_MORE;
	if (memcmp(scan->pos, scan->sync, AVRO_SYNC_LEN) != 0)
		return bad(scan, "the mark behind a block is missing");
	scan->pos += AVRO_SYNC_LEN;
	scan->in_block = false;
	return AVRO_ROW;
}

/* So many bytes, the lowest first, as a number. */
static uint64_t
little_endian(const char *p, int n)
{
	uint64_t number = 0;

	while (n-- > 0)
		number = number << 8 | (unsigned char) p[n];
	return number;
}

/* Read a value that is not null; NULL if it goes on behind the end, or is bad. */
static const char *
read_value(const char *p, const char *end, ValueForm form, TextValue *value, const char **data,
		   bool *is_bad)
{
	float small;
	uint32_t bits;
	uint64_t wide;

	*data = p;
	switch (form)
	{
		case VALUE_TEXT:
		case VALUE_DECIMAL:
			return read_bytes(p, end, data, &value->len, is_bad);
		case VALUE_BOOLEAN:
			if (p == end)
				return NULL;
			value->number.integer = *p;
			*is_bad |= *p != 0 && *p != 1;
			return *is_bad ? NULL : p + 1;
		case VALUE_FLOAT:
			if (end - p < 4)
				return NULL;
			bits = (uint32_t) little_endian(p, 4);
			memcpy(&small, &bits, sizeof(small));
			value->number.real = small;
			return p + 4;
		case VALUE_DOUBLE:
			if (end - p < 8)
				return NULL;
			wide = little_endian(p, 8);
			memcpy(&value->number.real, &wide, sizeof(wide));
			return p + 8;
		default:
			return read_long(p, end, &value->number.integer, is_bad);
	}
}

/* Find the values of a row; the input stays as it is. */
static AvroState
find_values(AvroScan *scan, TextValue *values, const char **behind)
{
	const char *p = scan->pos;
	const char *end = scan->end;
	bool is_bad = false;

	for (int i = 0; i < scan->ncolumns; i++)
	{
		int null_branch = scan->columns[i].null_branch;
		int64_t branch = -1;
		const char *data = NULL;

		values[i].data = NULL;
		values[i].len = 0;
		if (null_branch >= 0)
		{
			/* nearly always one byte */
			if (p < end && (unsigned char) *p < 0x80)
				branch = (unsigned char) *p++ >> 1;
			else
				p = read_long(p, end, &branch, &is_bad);
			if (p == NULL)
				break;
			if (branch != 0 && branch != 1)
				return bad(scan, "a value is of no type that its column has");
			if (branch == null_branch)
				continue;
		}
		p = read_value(p, end, scan->columns[i].form, &values[i], &data, &is_bad);
		if (p == NULL)
			break;
		values[i].data = scan->pos + (data - scan->pos);
	}
	if (is_bad)
		return bad(scan, "a value, or its length, is garbled");
	if (p == NULL)
		return AVRO_MORE;
	*behind = p;
	return AVRO_ROW;
}

/* Read the next row. */
AvroState
avro_next_row(AvroScan *scan, TextValue *values)
{
	const char *behind;
	AvroState state;

	if (scan->holds)
	{
		*scan->pos = scan->held;
		scan->holds = false;
	}
	while (!scan->in_block || scan->rows_left == 0)
	{
		state = scan->in_block ? end_block(scan) : begin_block(scan);
		if (state != AVRO_ROW)
			return state;
	}
	state = find_values(scan, values, &behind);
	if (state != AVRO_ROW)
		return state;
	if (behind - scan->pos > scan->bytes_left)
		return bad(scan, "a row goes beyond its block");
	scan->bytes_left -= behind - scan->pos;
	scan->rows_left--;
	scan->pos += behind - scan->pos;
	for (int i = 0; i < scan->ncolumns; i++)
		if (values[i].data && scan->columns[i].form == VALUE_TEXT &&
			values[i].data + values[i].len < scan->pos)
			values[i].data[values[i].len] = '\0';
	scan->holds = scan->pos < scan->end;
	scan->held = *scan->pos;
	*scan->pos = '\0';
	return AVRO_ROW;
}
