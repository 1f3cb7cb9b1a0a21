/*
 * decimal_cli.c
 *	  Reads numbers by decimal_text.c and by the C library, and compares.  Built
 *	  with sanitizers.
 *
 * Input: a sequence of fields (cli.h), each a text.  Output a line each: for
 * double and float, "same", "other", or "left" to the C library; or "none", if it
 * is no number to decimal_text.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "query/decimal_text.h"

int
main(void)
{
	char *text;
	size_t len;

	while ((text = field(&len)) != NULL)
	{
		/* memory of exactly its size, so that a read past it is seen */
		char *copy = malloc(len ? len : 1);
		Decimal d;

		memcpy(copy, text, len);
		if (!decimal_read(copy, copy + len, &d))
			printf("none\n");
		else
		{
			double by_library = strtod(text, NULL);
			float small_by_library = strtof(text, NULL);
			double number;
			float small;

			printf("%s", !decimal_to_double(&d, &number)                   ? "left" :
						 memcmp(&number, &by_library, sizeof(number)) == 0 ? "same" :
																			 "other");
			printf(" %s\n", !decimal_to_float(&d, &small)                         ? "left" :
							memcmp(&small, &small_by_library, sizeof(small)) == 0 ? "same" :
																					"other");
		}
		free(copy);
		free(text);
	}
	return 0;
}
