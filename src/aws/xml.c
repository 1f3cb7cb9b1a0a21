/*
 * xml.c
 *	  Reads elements out of the XML that S3 and STS answer.
 *
 * Their documents are flat lists of <Name>text</Name>, some repeated inside
 * another element, so this is a bounded scan for elements of a name, not a
 * parser.  Plain C: it is run on
 * hostile input under sanitizers by test/unit.
 */
#include "xml.h"

#include <string.h>

/* Decode one entity at p; returns its length, 0 if it is none of ours. */
static size_t
entity(const char *p, size_t len, char *out)
{
	static const struct
	{
		const char *name;
		char c;
	} known[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		size_t n = strlen(known[i].name);

		if (len >= n && memcmp(p, known[i].name, n) == 0)
		{
			*out = known[i].c;
			return n;
		}
	}
	return 0;
}

/*
 * Find the next opening <tag>.  Returns what follows it, NULL if there is none;
 * *empty says that the element has no text.
 */
static const char *
find_open(const char *at, const char *end, const char *tag, bool *empty)
{
	size_t taglen = strlen(tag);

	for (;;)
	{
		const char *close;

		at = at < end ? memchr(at, '<', end - at) : NULL;
		if (at == NULL)
			return NULL;
		at++;
		close = memchr(at, '>', end - at);
		if (close == NULL)
			return NULL;
		if ((size_t) (close - at) >= taglen && memcmp(at, tag, taglen) == 0 &&
			(at[taglen] == '>' || at[taglen] == ' ' || at[taglen] == '/'))
		{
			*empty = close[-1] == '/';
			return close + 1;
		}
		at = close + 1;
	}
}

/*
 * Find the next <tag> in [*p, end).  Gives what is between its ends, and moves
 * *p behind it.  False if there is none that is whole.  Elements of one name
 * must not lie in each other.
 */
bool
xml_next(const char **p, const char *end, const char *tag, const char **inner, size_t *len)
{
	size_t taglen = strlen(tag);
	bool empty;
	const char *at = find_open(*p, end, tag, &empty);

	if (at == NULL)
		return false;
	*inner = *p = at;
	*len = 0;
	if (empty)
		return true;
	for (; at < end && (at = memchr(at, '<', end - at)) != NULL; at++)
		if ((size_t) (end - at) >= taglen + 3 && at[1] == '/' && memcmp(at + 2, tag, taglen) == 0 &&
			at[taglen + 2] == '>')
		{
			*len = at - *inner;
			*p = at + taglen + 3;
			return true;
		}
	return false;
}

/*
 * Copy the text of the first <tag> into out, cut to outlen and terminated.
 * An empty element gives "".  Returns false if there is no such element.
 */
bool
xml_text(const char *doc, size_t len, const char *tag, char *out, size_t outlen)
{
	const char *end = doc + len;
	bool empty;
	const char *p = find_open(doc, end, tag, &empty);
	size_t n = 0;

	if (outlen == 0)
		return false;
	out[0] = '\0';
	if (p == NULL)
		return false;
	while (!empty && p < end && *p != '<' && n + 1 < outlen)
	{
		char c = *p;
		size_t used = c == '&' ? entity(p, end - p, &c) : 0;

		out[n++] = c;
		p += used ? used : 1;
	}
	out[n] = '\0';
	return true;
}
