/*
 * csv_scan.c
 *	  Scanner for the CSV that Athena writes.
 *
 * Its dialect has one form for each value: NULL is nothing at all, all else is
 * in double quotes, in which a quote is doubled and line ends stand as they are.
 * Values are apart by commas; each row, the last too, ends with one \n.
 * Anything else is an error, since a byte out of place means that bytes are lost.
 *
 * A row is read where it lies: quotes are undoubled in place.  That is done when
 * the row has been seen whole; until then nothing is changed, so a row that is not
 * all there is read again from its start.  Whoever has wide rows waits for twice
 * the bytes before the next try.
 *
 * Used by result_csv.c; test/unit feeds it generated and hostile input under
 * sanitizers.
 */
#include "csv_scan.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#endif

/* Bytes that are looked at together. */
#define BLOCK 64

/* Where quotes are in the input, from some place on. */
typedef struct Quotes
{
	char *block; /* the bytes that are looked at */
	char *end;
	uint64_t found; /* a bit for each quote in them that has not been given */
	bool plain; /* was all that was looked at ASCII, without NUL? */
} Quotes;

/* A bit for each of BLOCK bytes that is a quote. */
static inline uint64_t
quotes_in(const char *p, bool *plain)
{
#if defined(__SSE2__)
	const __m128i quote = _mm_set1_epi8('"');
	__m128i all = _mm_setzero_si128();
	__m128i least = _mm_set1_epi8(1);
	uint64_t found[4];

	for (int i = 0; i < 4; i++)
	{
		__m128i chunk = _mm_loadu_si128((const __m128i *) p + i);

		all = _mm_or_si128(all, chunk);
		least = _mm_min_epu8(least, chunk);
		found[i] = (unsigned) _mm_movemask_epi8(_mm_cmpeq_epi8(chunk, quote));
	}
	*plain &= (_mm_movemask_epi8(all) |
			   _mm_movemask_epi8(_mm_cmpeq_epi8(least, _mm_setzero_si128()))) == 0;
	return found[0] | found[1] << 16 | found[2] << 32 | found[3] << 48;
#elif defined(__aarch64__) && defined(__ARM_NEON)
	const uint8x16_t bits = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
	uint8x16_t sum[4];

	for (int i = 0; i < 4; i++)
	{
		uint8x16_t chunk = vld1q_u8((const uint8_t *) p + 16 * i);

		*plain &= vmaxvq_u8(chunk) < 128 && vminvq_u8(chunk) > 0;
		sum[i] = vandq_u8(vceqq_u8(chunk, vdupq_n_u8('"')), bits);
	}
	/* neighbours are added until each byte holds the bits of eight */
	sum[0] = vpaddq_u8(vpaddq_u8(sum[0], sum[1]), vpaddq_u8(sum[2], sum[3]));
	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum[0], sum[0])), 0);
#else
	uint64_t found = 0;

	for (int i = 0; i < BLOCK; i++)
	{
		*plain &= p[i] > 0 && (unsigned char) p[i] < 128;
		found |= (uint64_t) (p[i] == '"') << i;
	}
	return found;
#endif
}

/* The next quote, or something at or behind the end if there is none. */
static inline char *
next_quote(Quotes *quotes)
{
	char *at;

	while (quotes->found == 0)
	{
		quotes->block += BLOCK;
		if (quotes->block >= quotes->end)
			return quotes->end;
		quotes->found = quotes_in(quotes->block, &quotes->plain);
	}
	at = quotes->block + __builtin_ctzll(quotes->found);
	quotes->found &= quotes->found - 1;
	return at;
}

/* Make one quote of two.  The value is whole. */
static void
undouble(TextValue *value)
{
	char *end = value->data + value->len;
	char *from = memchr(value->data, '"', value->len);
	char *to = from;

	while (from < end)
	{
		char *next;
		size_t len;

		*to++ = '"';
		from += 2;
		next = from < end ? memchr(from, '"', end - from) : NULL;
		len = (next ? next : end) - from;
		memmove(to, from, len);
		to += len;
		from += len;
	}
	value->len = to - value->data;
}

static CsvState
bad(CsvScan *scan, char *at, const char *what)
{
	scan->pos = at;
	scan->error = what;
	return CSV_BAD;
}

/*
 * Read the row at pos.  After CSV_ROW its values lie in the input, each between two
 * bytes that nobody needs any more, and pos is behind it.  After CSV_MORE nothing
 * has changed.
 */
CsvState
csv_next_row(CsvScan *scan, TextValue *values)
{
	char *p = scan->pos;
	char *end = scan->end;
	Quotes quotes = {p, end, 0, true};
	int last = scan->ncolumns - 1;
	int nescaped = 0;
	int i;

	if (p < end)
		quotes.found = quotes_in(p, &quotes.plain);
	for (i = 0; i <= last; i++)
	{
		if (p >= end)
			return CSV_MORE;
		if (*p == '"')
		{
			char *start = next_quote(&quotes) + 1;

			for (;;)
			{
				p = next_quote(&quotes);
				/* only what follows tells whether the value ends with this quote */
				if (p + 1 >= end)
					return CSV_MORE;
				if (p[1] != '"')
					break;
				next_quote(&quotes);
				if (nescaped == 0 || scan->escaped[nescaped - 1] != i)
					scan->escaped[nescaped++] = i;
			}
			values[i].data = start;
			values[i].len = p - start;
			p++;
		}
		else
			values[i].data = NULL;
		if (*p != (i == last ? '\n' : ','))
		{
			if (*p == '\n')
				return bad(scan, p, "a row has fewer values than there are columns");
			if (*p == ',')
				return bad(scan, p, "a row has more values than there are columns");
			return bad(scan, p, "a value is not in quotes");
		}
		p++;
	}
	for (i = 0; i < nescaped; i++)
		undouble(&values[scan->escaped[i]]);
	scan->pos = p;
	scan->plain = quotes.plain;
	return CSV_ROW;
}
