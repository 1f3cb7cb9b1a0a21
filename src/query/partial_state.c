/*
 * partial_state.c
 *	  From sums and a count to the state of an aggregate of a part of the rows.
 *
 * Called by rows.c, for groups of partitions that PostgreSQL puts together.  States
 * are what numeric.c, int8.c and float.c serialize or keep in arrays; a sum, a count
 * and a sum of squares is all that they hold.  What they hold beside that serves
 * windows, which take rows away again, and is nothing here.
 */
#include "query/rows.h"

#include "catalog/pg_type.h"
#include "compat.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

/*
 * A numeric as numericvar_serialize() writes it: the members of numeric_send()'s
 * form, all but the digits with twice the width.
 */
static void
append_numeric(StringInfo out, Datum number)
{
	bytea *sent = DatumGetByteaPP(DirectFunctionCall1(numeric_send, number));
	StringInfoData in;
	int ndigits;

	initStringInfo(&in);
	appendBinaryStringInfo(&in, VARDATA_ANY(sent), (int) VARSIZE_ANY_EXHDR(sent));
	ndigits = pq_getmsgint(&in, sizeof(int16));
	pq_sendint32(out, ndigits);
	pq_sendint32(out, (int16) pq_getmsgint(&in, sizeof(int16))); /* weight */
	pq_sendint32(out, pq_getmsgint(&in, sizeof(uint16))); /* sign */
	pq_sendint32(out, pq_getmsgint(&in, sizeof(uint16))); /* digits after the point */
	while (ndigits-- > 0)
		pq_sendint16(out, (uint16) pq_getmsgint(&in, sizeof(int16)));
	pfree(in.data);
}

/* A whole numeric as int128_serialize() writes it: the upper half, then the lower one. */
static void
append_int128(StringInfo out, Datum number)
{
	const char *c = DatumGetCString(DirectFunctionCall1(numeric_out, number));
	bool negative = *c == '-';
	uint64 high = 0;
	uint64 low = 0;

	for (c += negative; *c >= '0' && *c <= '9'; c++)
	{
		uint64 part1 = (low & 0xFFFFFFFF) * 10 + (uint64) (*c - '0');
		uint64 part2 = (low >> 32) * 10 + (part1 >> 32);

		low = (part2 << 32) | (part1 & 0xFFFFFFFF);
		high = high * 10 + (part2 >> 32);
	}
	if (negative)
	{
		low = ~low + 1;
		high = ~high + (low == 0);
	}
	pq_sendint64(out, high);
	pq_sendint64(out, low);
}

/* A sum of integers. */
static void
append_integer(StringInfo out, Datum number)
{
	if (ATHENA_SERIALIZES_INT128)
		append_int128(out, number);
	else
		append_numeric(out, number);
}

/* The serialized state of numeric.c's sums. */
static Datum
numeric_state(enum RowPart part, Datum squares, Datum sum, int64 count)
{
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendint64(&out, count);
	if (part == ROWS_STATE_INT8_AVG || part == ROWS_STATE_POLY)
	{
		append_integer(&out, sum);
		if (part == ROWS_STATE_POLY)
			append_integer(&out, squares);
	}
	else
	{
		int scale = DatumGetInt32(DirectFunctionCall1(numeric_scale, sum));

		append_numeric(&out, sum);
		if (part == ROWS_STATE_NUMERIC)
			append_numeric(&out, squares);
		pq_sendint32(&out, scale); /* the largest, and how many have it */
		pq_sendint64(&out, count);
		pq_sendint64(&out, 0); /* NaN */
		pq_sendint64(&out, 0); /* Infinity */
		pq_sendint64(&out, 0); /* -Infinity */
	}
	return PointerGetDatum(pq_endtypsend(&out));
}

/* The state, in the current memory context. */
Datum
partial_state(enum RowPart part, Datum squares, Datum sum, int64 count)
{
	Datum members[3];

	switch (part)
	{
		case ROWS_STATE_INT8S:
			members[0] = Int64GetDatum(count);
			members[1] = DirectFunctionCall1(numeric_int8, sum);
			return PointerGetDatum(construct_array(members, 2, INT8OID, sizeof(int64),
												   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
		case ROWS_STATE_FLOAT8S:
			members[0] = Float8GetDatum((float8) count);
			members[1] = sum;
			members[2] =
				Float8GetDatum(0); /* of squares of deviations, which avg() does not look at */
			return PointerGetDatum(construct_array(members, 3, FLOAT8OID, sizeof(float8),
												   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
		default:
			return numeric_state(part, squares, sum, count);
	}
}
