/*
 * avro_cli.c
 *	  Reads Avro files and prints what avro_scan.c makes of them.  Built with
 *	  sanitizers, and fuzzed.
 *
 * Input: a sequence of fields (cli.h), three for each case: for each column a
 * digit, which branch of its union is null (2 for none), and a letter, what its
 * values are (text, decimal, boolean, integer, float, real); how many more bytes to
 * show the scanner whenever it asks for more; and the file.  Output a line each: a
 * JSON document [[values], how it ended], with texts as hexadecimal digits, numbers
 * as numbers, and null.
 *
 * With -DFUZZ this is a libFuzzer or AFL target instead.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "query/avro_scan.h"

static ValueForm
form_of(char letter)
{
	switch (letter)
	{
		case 'd':
			return VALUE_DECIMAL;
		case 'b':
			return VALUE_BOOLEAN;
		case 'i':
			return VALUE_INTEGER;
		case 'f':
			return VALUE_FLOAT;
		case 'r':
			return VALUE_DOUBLE;
		default:
			return VALUE_TEXT;
	}
}

static void
put_number(const TextValue *value, ValueForm form)
{
	if (form == VALUE_FLOAT || form == VALUE_DOUBLE)
		printf("\"%a\"", value->number.real);
	else
		printf("%lld", (long long) value->number.integer);
}

/*
 * The text is copied to memory of exactly its size and the slack; and, whenever
 * more is shown, to another place, as the reader of an object does.
 */
static void
scan_file(const char *branches, int ncolumns, size_t step, const char *text, size_t len, int print)
{
	char *buf = calloc(1, AVRO_SLACK);
	TextValue *values = calloc(ncolumns + 1, sizeof(TextValue));
	AvroColumn *columns = calloc(ncolumns + 1, sizeof(AvroColumn));
	AvroScan scan = {.pos = buf, .end = buf, .ncolumns = ncolumns, .columns = columns};
	AvroState state;
	size_t shown = 0;
	int begun = 0;
	int rows = 0;
	int i;
	volatile unsigned char sum = 0;

	for (i = 0; i < ncolumns; i++)
	{
		char branch = branches[2 * i];

		columns[i].null_branch = (signed char) (branch == '0' ? 0 : branch == '1' ? 1 : -1);
		columns[i].form = form_of(branches[2 * i + 1]);
	}
	if (print)
		printf("[[");
	for (;;)
	{
		state = begun ? avro_next_row(&scan, values) : avro_begin(&scan);
		if ((state == AVRO_MORE || state == AVRO_END) && shown < len)
		{
			size_t more = step < len - shown ? step : len - shown;
			size_t kept = scan.end - scan.pos;
			char *moved = calloc(1, kept + more + AVRO_SLACK);

			memcpy(moved, scan.pos, kept);
			memcpy(moved + kept, text + shown, more);
			free(buf);
			buf = scan.pos = moved;
			scan.end = moved + kept + more;
			shown += more;
			continue;
		}
		if (state != AVRO_ROW)
			break;
		if (!begun)
		{
			begun = 1;
			continue;
		}
		if (print)
			printf("%s[", rows++ ? ", " : "");
		for (i = 0; i < ncolumns; i++)
		{
			size_t j;

			if (print)
				printf("%s", i ? ", " : "");
			if (values[i].data && columns[i].form != VALUE_TEXT && columns[i].form != VALUE_DECIMAL)
			{
				if (print)
					put_number(&values[i], columns[i].form);
				continue;
			}
			for (j = 0; values[i].data && j < values[i].len; j++)
				sum += (unsigned char) values[i].data[j];
			if (values[i].data && columns[i].form == VALUE_TEXT &&
				values[i].data[values[i].len] != '\0')
				abort();
			if (print)
				put_hex(values[i].data, values[i].len);
		}
		if (print)
			printf("]");
	}
	if (print)
		printf("], \"%s\"]\n", state == AVRO_BAD ? scan.error : state == AVRO_END ? "end" : "cut");
	free(values);
	free(columns);
	free(buf);
}

#ifdef FUZZ
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	scan_file("0t1t2t0i1r2b0f0d1i2t0t1t2i0b1f2r0d0t0i0r", data[0] % 20 + 1, data[1] + 1,
			  (const char *) data + 2, size - 2, 0);
	return 0;
}
#else
int
main(void)
{
	char *branches;
	size_t n;

	while ((branches = field(&n)) != NULL)
	{
		size_t len;
		char *step = field(&len);
		char *text = field(&len);

		scan_file(branches, (int) n / 2, strtoul(step, NULL, 10), text, len, 1);
		free(branches);
		free(step);
		free(text);
	}
	return 0;
}
#endif
