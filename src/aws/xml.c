/*
 * xml.c
 *	  Reads one element's text out of the XML that S3 and STS answer.
 *
 * Their documents are flat lists of <Name>text</Name>, so this is a bounded
 * scan for the first element of a name, not a parser.  Plain C: it is run on
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
 * Copy the text of the first <tag> into out, cut to outlen and terminated.
 * An empty element gives "".  Returns false if there is no such element.
 */
bool
xml_text(const char *doc, size_t len, const char *tag, char *out, size_t outlen)
{
	const char *end = doc + len;
	const char *p = doc;
	size_t taglen = strlen(tag);
	size_t n = 0;

	if (outlen == 0)
		return false;
	out[0] = '\0';
	for (;;)
	{
		const char *close;

		p = p < end ? memchr(p, '<', end - p) : NULL;
		if (p == NULL)
			return false;
		p++;
		close = memchr(p, '>', end - p);
		if (close == NULL)
			return false;
		if ((size_t) (close - p) >= taglen && memcmp(p, tag, taglen) == 0 &&
			(p[taglen] == '>' || p[taglen] == ' ' || p[taglen] == '/'))
		{
			if (close[-1] == '/')
				return true;
			p = close + 1;
			break;
		}
		p = close + 1;
	}
	while (p < end && *p != '<' && n + 1 < outlen)
	{
		char c = *p;
		size_t used = c == '&' ? entity(p, end - p, &c) : 0;

		out[n++] = c;
		p += used ? used : 1;
	}
	out[n] = '\0';
	return true;
}
