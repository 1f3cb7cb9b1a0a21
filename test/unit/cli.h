/*
 * cli.h
 *	  What the programs that test one source file read and write: a sequence of
 *	  fields, each its length in decimal, a newline, and so many bytes.
 */
#ifndef TEST_CLI_H
#define TEST_CLI_H

#include <stdio.h>
#include <stdlib.h>

/* The next field of standard input, malloc'd and NUL-terminated; NULL at the end. */
static inline char *
field(size_t *len)
{
	char *text;

	if (scanf("%zu", len) != 1 || getchar() != '\n')
		return NULL;
	text = malloc(*len + 1);
	if (fread(text, 1, *len, stdin) != *len)
		abort();
	text[*len] = '\0';
	return text;
}

/* Bytes as a JSON string of hexadecimal digits, or null. */
static inline void
put_hex(const char *text, size_t len)
{
	size_t i;

	if (text == NULL)
	{
		printf("null");
		return;
	}
	putchar('"');
	for (i = 0; i < len; i++)
		printf("%02x", (unsigned char) text[i]);
	putchar('"');
}

#endif /* TEST_CLI_H */
