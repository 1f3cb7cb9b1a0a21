/*
 * sigv4_cli.c
 *	  Signs the requests it reads, for comparison with botocore's signer.
 *
 * Input is a sequence of fields, each its length in decimal, a newline, and
 * that many bytes.  A request is: method, path, query, payload, service,
 * region, key id, secret, date, number of headers, then name and value of
 * each.  Output is canonical request, string to sign and Authorization, in the
 * same form.  A request whose method is "encode" or "encode/" percent-encodes
 * its path instead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"

static char *
field(void)
{
	size_t len;
	char *text;

	if (scanf("%zu", &len) != 1 || getchar() != '\n')
		return NULL;
	text = malloc(len + 1);
	if (fread(text, 1, len, stdin) != len)
		abort();
	text[len] = '\0';
	return text;
}

static void
put(const char *text)
{
	printf("%zu\n%s", strlen(text), text);
}

int
main(void)
{
	char *method;

	while ((method = field()) != NULL)
	{
		char *part[8];
		char *count;
		int n;
		int i;
		SigV4Header *headers;
		SigV4Request request = {0};
		SigV4Result result;
		char digest[SIGV4_SHA256_HEX_LEN + 1];

		for (i = 0; i < 8; i++)
			part[i] = field();
		count = field();
		n = atoi(count);
		headers = calloc(n + 1, sizeof(*headers));
		for (i = 0; i < n; i++)
		{
			headers[i].name = field();
			headers[i].value = field();
		}
		if (strncmp(method, "encode", 6) == 0)
		{
			char *encoded = sigv4_uri_encode(part[0], method[6] == '/');

			put(encoded);
			free(encoded);
		}
		else
		{
			sigv4_sha256_hex(part[2], strlen(part[2]), digest);
			request.method = method;
			request.path = part[0];
			request.query = part[1];
			request.payload_sha256 = digest;
			request.service = part[3];
			request.region = part[4];
			request.access_key_id = part[5];
			request.secret_access_key = part[6];
			request.datetime = part[7];
			request.headers = headers;
			request.nheaders = n;
			if (!sigv4_sign(&request, &result))
				abort();
			put(result.canonical_request);
			put(result.string_to_sign);
			put(result.authorization);
			sigv4_result_free(&result);
		}
		for (i = 0; i < n; i++)
		{
			free((char *) headers[i].name);
			free((char *) headers[i].value);
		}
		free(headers);
		free(count);
		for (i = 0; i < 8; i++)
			free(part[i]);
		free(method);
	}
	return 0;
}
