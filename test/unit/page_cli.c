/*
 * page_cli.c
 *	  Reads GetQueryResults bodies and prints what page_scan.c makes of them;
 *	  also the XML reader.  Built with sanitizers, and fuzzed.
 *
 * Input as in sigv4_cli.c: a sequence of fields, each a body.  Output a line
 * each: "error WHAT" or a JSON document [token, update count, [[name, type]],
 * [[values]]] with strings as hexadecimal digits and null.  With -x each pair
 * of fields is a tag and a document, and its text is printed.
 *
 * With -DFUZZ this is a libFuzzer or AFL target instead.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "aws/xml.h"
#include "query/page_scan.h"

/* The body is copied to memory of exactly its size, so that a read past it is seen. */
static void
scan_body(const char *body, size_t len, int print)
{
	char *buf = malloc(len ? len : 1);
	PageScan scan;
	TextValue *values;
	int n;
	int got;
	int i;
	int first = 1;
	volatile unsigned char sum = 0;

	if (len)
		memcpy(buf, body, len);
	if (!page_open(&scan, buf, len))
	{
		if (print)
			printf("error %s\n", scan.error);
		page_close(&scan);
		free(buf);
		return;
	}
	values = calloc(scan.ncolumns + 1, sizeof(TextValue));
	if (print)
	{
		printf("[");
		put_hex(scan.next_token, scan.next_token ? strlen(scan.next_token) : 0);
		printf(", %lld, [", (long long) scan.update_count);
		for (i = 0; i < scan.ncolumns; i++)
		{
			printf("%s[", i ? ", " : "");
			put_hex(scan.columns[i].name, strlen(scan.columns[i].name));
			printf(", ");
			put_hex(scan.columns[i].type, strlen(scan.columns[i].type));
			printf("]");
		}
		printf("], [");
	}
	while ((got = page_next_row(&scan, values, scan.ncolumns, &n)) > 0)
	{
		if (print)
			printf("%s[", first ? "" : ", ");
		first = 0;
		for (i = 0; i < n && i < scan.ncolumns; i++)
		{
			size_t j;

			for (j = 0; values[i].data && j <= values[i].len; j++)
				sum += (unsigned char) values[i].data[j];
			if (print)
			{
				printf("%s", i ? ", " : "");
				put_hex(values[i].data, values[i].len);
			}
		}
		if (print)
			printf("%s", n <= scan.ncolumns ? "]" : scan.ncolumns ? ", \"more\"]" : "\"more\"]");
	}
	if (print)
		printf("], %s]\n", got < 0 ? "\"error\"" : "\"end\"");
	free(values);
	page_close(&scan);
	free(buf);
}

#ifdef FUZZ
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[32];

	scan_body((const char *) data, size, 0);
	xml_text((const char *) data, size, "Code", out, sizeof(out));
	return 0;
}
#else
int
main(int argc, char **argv)
{
	char *text;
	size_t len;

	while ((text = field(&len)) != NULL)
	{
		if (argc > 1 && strcmp(argv[1], "-x") == 0)
		{
			size_t doclen;
			char *doc = field(&doclen);
			char *exact = malloc(doclen ? doclen : 1);
			char out[16];

			memcpy(exact, doc, doclen);
			puts(xml_text(exact, doclen, text, out, sizeof(out)) ? out : "none");
			free(exact);
			free(doc);
		}
		else
			scan_body(text, len, 1);
		free(text);
	}
	return 0;
}
#endif
