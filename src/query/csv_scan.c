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

/*
 * The first quote at or after p, or something at or behind end if there is none.
 * Most values are short, so 16 bytes at once find it with one look.
 */
static inline char *
find_quote(char *p, char *end)
{
#if defined(__SSE2__)
	const __m128i quote = _mm_set1_epi8('"');

	for (; p < end; p += 16)
	{
		__m128i chunk = _mm_loadu_si128((const __m128i *) p);
		unsigned found = (unsigned) _mm_movemask_epi8(_mm_cmpeq_epi8(chunk, quote));

		if (found)
			return p + __builtin_ctz(found);
	}
	return end;
#elif defined(__aarch64__) && defined(__ARM_NEON)
	for (; p < end; p += 16)
	{
		uint8x16_t equal = vceqq_u8(vld1q_u8((const uint8_t *) p), vdupq_n_u8('"'));
		/* four bits a byte */
		uint64_t found =
			vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(equal), 4)), 0);

		if (found)
			return p + (__builtin_ctzll(found) >> 2);
	}
	return end;
#else
	char *found = p < end ? memchr(p, '"', end - p) : NULL;

	return found ? found : end;
#endif
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
	int last = scan->ncolumns - 1;
	int nescaped = 0;
	int i;

	for (i = 0; i <= last; i++)
	{
		if (p >= end)
			return CSV_MORE;
		if (*p == '"')
		{
			char *start = p + 1;

			for (p = find_quote(start, end);; p = find_quote(p + 2, end))
			{
				/* only what follows tells whether the value ends with this quote */
				if (p + 1 >= end)
					return CSV_MORE;
				if (p[1] != '"')
					break;
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
	return CSV_ROW;
}
