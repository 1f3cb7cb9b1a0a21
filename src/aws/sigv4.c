/*
 * sigv4.c
 *	  AWS Signature Version 4: canonical request, string to sign, signature.
 *
 * Called by aws.c for every request.  Must never throw, log, or keep a secret
 * longer than one call: the derived keys are wiped before returning.
 *
 * The algorithm is AWS's "Create a signed AWS API request"; the S3 flavour
 * differs only in that the path is signed as it is sent.  Every result is
 * compared with botocore's signer in test/unit/test_sigv4.py.
 */
#include "sigv4.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DATE_LEN 8

/* A growing malloc'd string; failed is sticky, so callers test it once. */
typedef struct Buf
{
	char *data;
	size_t len;
	size_t cap;
	bool failed;
} Buf;

/* A slice of somebody else's string. */
typedef struct Slice
{
	const char *ptr;
	size_t len;
} Slice;

typedef struct Param
{
	Slice key;
	Slice value;
} Param;

static void
buf_add(Buf *buf, const char *data, size_t len)
{
	if (buf->failed)
		return;
	if (len > SIZE_MAX / 2 - buf->len - 1)
	{
		buf->failed = true;
		return;
	}
	if (buf->len + len + 1 > buf->cap)
	{
		size_t cap = buf->cap ? buf->cap : 512;
		char *bigger;

		while (cap < buf->len + len + 1)
			cap *= 2;
		bigger = realloc(buf->data, cap);
		if (bigger == NULL)
		{
			buf->failed = true;
			return;
		}
		buf->data = bigger;
		buf->cap = cap;
	}
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

static void
buf_str(Buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

static void
buf_lower(Buf *buf, const char *text)
{
	for (; *text; text++)
	{
		char c = *text;

		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		buf_add(buf, &c, 1);
	}
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A header value with outer blanks removed and runs of blanks made one. */
static void
buf_header_value(Buf *buf, const char *value)
{
	bool first = true;

	while (*value)
	{
		const char *start;

		while (is_blank(*value))
			value++;
		start = value;
		while (*value && !is_blank(*value))
			value++;
		if (value == start)
			break;
		if (!first)
			buf_add(buf, " ", 1);
		buf_add(buf, start, value - start);
		first = false;
	}
}

static void
hex(const unsigned char *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++)
	{
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

/* Lower-case hex SHA-256 of a payload. */
void
sigv4_sha256_hex(const void *data, size_t len, char out[SIGV4_SHA256_HEX_LEN + 1])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256(data, len, digest);
	hex(digest, sizeof(digest), out);
}

/* The basic ISO 8601 form in UTC that AWS wants in X-Amz-Date. */
void
sigv4_datetime(time_t when, char out[SIGV4_DATETIME_LEN + 1])
{
	struct tm tm;

	gmtime_r(&when, &tm);
	strftime(out, SIGV4_DATETIME_LEN + 1, "%Y%m%dT%H%M%SZ", &tm);
}

/*
 * Percent-encode all but RFC 3986's unreserved characters (and '/', if it is
 * to be kept: object keys).  Returns a malloc'd string, NULL without memory.
 */
char *
sigv4_uri_encode(const char *text, bool keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";
	Buf buf = {0};

	buf_add(&buf, "", 0);
	for (; *text; text++)
	{
		unsigned char c = (unsigned char) *text;

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '_' || c == '.' || c == '~' || (c == '/' && keep_slash))
			buf_add(&buf, text, 1);
		else
		{
			char code[3] = {'%', digits[c >> 4], digits[c & 15]};

			buf_add(&buf, code, 3);
		}
	}
	if (buf.failed)
	{
		free(buf.data);
		return NULL;
	}
	return buf.data;
}

static int
slice_cmp(Slice a, Slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int c = len ? memcmp(a.ptr, b.ptr, len) : 0;

	if (c != 0)
		return c;
	return a.len < b.len ? -1 : a.len > b.len;
}

static int
param_cmp(const void *a, const void *b)
{
	const Param *x = a;
	const Param *y = b;
	int c = slice_cmp(x->key, y->key);

	return c != 0 ? c : slice_cmp(x->value, y->value);
}

/* Append the query's parameters sorted by key, then value. */
static void
canonical_query(Buf *buf, const char *query)
{
	Param *params;
	size_t n = 1;
	size_t i = 0;
	const char *p;

	if (*query == '\0')
		return;
	for (p = query; *p; p++)
		n += *p == '&';
	params = malloc(n * sizeof(Param));
	if (params == NULL)
	{
		buf->failed = true;
		return;
	}
	for (p = query; i < n; i++)
	{
		size_t len = strcspn(p, "&");
		const char *eq = memchr(p, '=', len);

		params[i].key.ptr = p;
		params[i].key.len = eq ? (size_t) (eq - p) : len;
		params[i].value.ptr = eq ? eq + 1 : p + len;
		params[i].value.len = eq ? len - (eq + 1 - p) : 0;
		p += len + 1;
	}
	qsort(params, n, sizeof(Param), param_cmp);
	for (i = 0; i < n; i++)
	{
		if (i > 0)
			buf_add(buf, "&", 1);
		buf_add(buf, params[i].key.ptr, params[i].key.len);
		buf_add(buf, "=", 1);
		buf_add(buf, params[i].value.ptr, params[i].value.len);
	}
	free(params);
}

static int
name_cmp(const char *a, const char *b)
{
	for (;; a++, b++)
	{
		unsigned char x = (unsigned char) *a;
		unsigned char y = (unsigned char) *b;

		if (x >= 'A' && x <= 'Z')
			x += 'a' - 'A';
		if (y >= 'A' && y <= 'Z')
			y += 'a' - 'A';
		if (x != y)
			return x < y ? -1 : 1;
		if (x == 0)
			return 0;
	}
}

/* Headers sorted by name; equal names keep their order (a stable sort). */
static void
sort_headers(const SigV4Header **sorted, int n)
{
	int i;

	for (i = 1; i < n; i++)
	{
		const SigV4Header *h = sorted[i];
		int j = i;

		while (j > 0 && name_cmp(sorted[j - 1]->name, h->name) > 0)
		{
			sorted[j] = sorted[j - 1];
			j--;
		}
		sorted[j] = h;
	}
}

/* Append the canonical headers to one buffer and their names to another. */
static void
canonical_headers(Buf *headers, Buf *names, const SigV4Request *request)
{
	const SigV4Header **sorted = malloc((request->nheaders + 1) * sizeof(*sorted));
	int i;

	if (sorted == NULL)
	{
		headers->failed = true;
		return;
	}
	for (i = 0; i < request->nheaders; i++)
		sorted[i] = &request->headers[i];
	sort_headers(sorted, request->nheaders);
	for (i = 0; i < request->nheaders; i++)
	{
		if (i > 0 && name_cmp(sorted[i - 1]->name, sorted[i]->name) == 0)
		{
			headers->len--; /* replace the line end */
			buf_add(headers, ",", 1);
		}
		else
		{
			if (i > 0)
				buf_add(names, ";", 1);
			buf_lower(names, sorted[i]->name);
			buf_lower(headers, sorted[i]->name);
			buf_add(headers, ":", 1);
		}
		buf_header_value(headers, sorted[i]->value);
		buf_add(headers, "\n", 1);
	}
	free(sorted);
}

static bool
hmac(const void *key, size_t keylen, const char *data, size_t len,
	 unsigned char out[SHA256_DIGEST_LENGTH])
{
	unsigned int outlen = 0;

	return HMAC(EVP_sha256(), key, (int) keylen, (const unsigned char *) data, len, out, &outlen) !=
		   NULL;
}

/* The signature: a chain of HMACs from the secret down to the text. */
static bool
derive_signature(const SigV4Request *request, const char *string_to_sign, size_t len,
				 char out[SIGV4_SHA256_HEX_LEN + 1])
{
	unsigned char k[SHA256_DIGEST_LENGTH];
	Buf secret = {0};
	bool ok;

	buf_str(&secret, "AWS4");
	buf_str(&secret, request->secret_access_key);
	ok = !secret.failed && hmac(secret.data, secret.len, request->datetime, DATE_LEN, k) &&
		 hmac(k, sizeof(k), request->region, strlen(request->region), k) &&
		 hmac(k, sizeof(k), request->service, strlen(request->service), k) &&
		 hmac(k, sizeof(k), "aws4_request", strlen("aws4_request"), k) &&
		 hmac(k, sizeof(k), string_to_sign, len, k);
	if (ok)
		hex(k, sizeof(k), out);
	if (secret.data)
		OPENSSL_cleanse(secret.data, secret.cap);
	free(secret.data);
	OPENSSL_cleanse(k, sizeof(k));
	return ok;
}

/*
 * Sign a request.  Returns false only when memory is exhausted; result then
 * holds nothing.
 */
bool
sigv4_sign(const SigV4Request *request, SigV4Result *result)
{
	Buf canonical = {0};
	Buf names = {0};
	Buf scope = {0};
	Buf to_sign = {0};
	Buf auth = {0};
	char digest[SIGV4_SHA256_HEX_LEN + 1];
	bool ok = false;

	memset(result, 0, sizeof(*result));

	buf_add(&names, "", 0);
	buf_str(&canonical, request->method);
	buf_add(&canonical, "\n", 1);
	buf_str(&canonical, *request->path ? request->path : "/");
	buf_add(&canonical, "\n", 1);
	canonical_query(&canonical, request->query);
	buf_add(&canonical, "\n", 1);
	canonical_headers(&canonical, &names, request);
	if (canonical.failed || names.failed)
		goto done;
	buf_add(&canonical, "\n", 1);
	buf_add(&canonical, names.data, names.len);
	buf_add(&canonical, "\n", 1);
	buf_str(&canonical, request->payload_sha256);

	buf_add(&scope, request->datetime, DATE_LEN);
	buf_add(&scope, "/", 1);
	buf_str(&scope, request->region);
	buf_add(&scope, "/", 1);
	buf_str(&scope, request->service);
	buf_str(&scope, "/aws4_request");
	if (canonical.failed || scope.failed)
		goto done;

	sigv4_sha256_hex(canonical.data, canonical.len, digest);
	buf_str(&to_sign, ALGORITHM "\n");
	buf_str(&to_sign, request->datetime);
	buf_add(&to_sign, "\n", 1);
	buf_add(&to_sign, scope.data, scope.len);
	buf_add(&to_sign, "\n", 1);
	buf_str(&to_sign, digest);
	if (to_sign.failed || !derive_signature(request, to_sign.data, to_sign.len, digest))
		goto done;

	buf_str(&auth, ALGORITHM " Credential=");
	buf_str(&auth, request->access_key_id);
	buf_add(&auth, "/", 1);
	buf_add(&auth, scope.data, scope.len);
	buf_str(&auth, ", SignedHeaders=");
	buf_add(&auth, names.data, names.len);
	buf_str(&auth, ", Signature=");
	buf_str(&auth, digest);
	ok = !auth.failed;

done:
	free(names.data);
	free(scope.data);
	result->canonical_request = canonical.data;
	result->string_to_sign = to_sign.data;
	result->authorization = auth.data;
	if (!ok)
		sigv4_result_free(result);
	return ok;
}

/* The canonical request holds the session token, so it is wiped. */
void
sigv4_result_free(SigV4Result *result)
{
	if (result->canonical_request)
		OPENSSL_cleanse(result->canonical_request, strlen(result->canonical_request));
	free(result->canonical_request);
	free(result->string_to_sign);
	free(result->authorization);
	memset(result, 0, sizeof(*result));
}
