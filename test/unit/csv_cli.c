/*
 * csv_cli.c
 *	  Reads CSV as Athena writes it and prints what csv_scan.c makes of it; also
 *	  the columns of a .metadata object.  Built with sanitizers, and fuzzed.
 *
 * Input as in sigv4_cli.c: a sequence of fields, three for each case: the number
 * of columns, how many more bytes to show the scanner whenever it asks for more,
 * and the text.  Output a line each: a JSON document [[values], how it ended],
 * with values as hexadecimal digits and null.  With -m each field is an object
 * of metadata, and the output is [[name, type, precision, scale], how it ended].
 *
 * With -DFUZZ this is a libFuzzer or AFL target instead.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "query/csv_scan.h"
#include "query/metadata_scan.h"

/* The text is copied to memory of exactly its size and the slack. */
static void
scan_rows(int ncolumns, size_t step, const char *text, size_t len, int print)
{
	char *buf = calloc(1, len + CSV_SLACK);
	TextValue *values = calloc(ncolumns, sizeof(TextValue));
	CsvScan scan = {
		.pos = buf, .end = buf, .ncolumns = ncolumns, .escaped = calloc(ncolumns, sizeof(int))};
	CsvState state;
	int rows = 0;
	int i;
	volatile unsigned char sum = 0;

	memcpy(buf, text, len);
	if (print)
		printf("[[");
	for (;;)
	{
		state = csv_next_row(&scan, values);
		if (state == CSV_MORE && scan.end < buf + len)
		{
			size_t left = buf + len - scan.end;

			scan.end += step < left ? step : left;
			continue;
		}
		if (state != CSV_ROW)
			break;
		if (print)
			printf("%s[", rows++ ? ", " : "");
		for (i = 0; i < ncolumns; i++)
		{
			size_t j;

			for (j = 0; values[i].data && j < values[i].len; j++)
			{
				unsigned char c = (unsigned char) values[i].data[j];

				sum += c;
				if (scan.plain && (c == 0 || c > 127))
					abort();
			}
			if (print)
			{
				printf("%s", i ? ", " : "");
				put_hex(values[i].data, values[i].len);
			}
			/* whoever reads a value may write on both sides of it */
			if (values[i].data)
				values[i].data[-1] = values[i].data[values[i].len] = 'x';
		}
		if (print)
			printf("]");
	}
	if (print)
		printf("], \"%s\"]\n", state == CSV_BAD      ? scan.error :
							   scan.pos == buf + len ? "end" :
													   "cut");
	free(scan.escaped);
	free(values);
	free(buf);
}

static void
scan_metadata(const char *text, size_t len, int print)
{
	unsigned char *buf = malloc(len ? len : 1);
	MetadataScan scan = {buf, buf + len};
	MetadataColumn column;
	int columns = 0;
	int got;

	memcpy(buf, text, len);
	if (print)
		printf("[[");
	while ((got = metadata_next_column(&scan, &column)) > 0)
	{
		if (!print)
			continue;
		printf("%s[", columns++ ? ", " : "");
		put_hex(column.name, column.name_len);
		printf(", ");
		put_hex(column.type, column.type_len);
		printf(", %lld, %lld]", (long long) column.precision, (long long) column.scale);
	}
	if (print)
		printf("], \"%s\"]\n", got == 0 ? "end" : "malformed");
	free(buf);
}

#ifdef FUZZ
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	scan_rows(data[0] % 20 + 1, data[1] + 1, (const char *) data + 2, size - 2, 0);
	scan_metadata((const char *) data + 2, size - 2, 0);
	return 0;
}
#else
int
main(int argc, char **argv)
{
	int metadata = argc > 1 && strcmp(argv[1], "-m") == 0;
	char *text;
	size_t len;

	while ((text = field(&len)) != NULL)
	{
		if (metadata)
			scan_metadata(text, len, 1);
		else
		{
			char *step = field(&len);
			int ncolumns = atoi(text);

			free(text);
			text = field(&len);
			scan_rows(ncolumns, strtoul(step, NULL, 10), text, len, 1);
			free(step);
		}
		free(text);
	}
	return 0;
}
#endif
