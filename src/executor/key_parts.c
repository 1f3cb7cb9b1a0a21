/*
 * key_parts.c
 *	  Keys of a local table that one statement does not take: a query for each
 *	  part of them.
 *
 * The planner says which parameter of the statement is the list (see
 * planner/semi_join.c), and into how many parts of how many keys it may be
 * divided.  Keys are distinct and a row has one of them, so the rows of all parts
 * together are the rows of the whole list.
 */
#include "executor/scan.h"

#include "query/literal.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

/* What the planner has said; NULL for a scan whose keys all fit. */
KeyParts *
key_parts_open(List *from_planner)
{
	KeyParts *parts;

	if (from_planner == NIL)
		return NULL;
	parts = palloc0(sizeof(KeyParts));
	parts->param = linitial_int(from_planner);
	parts->size = lsecond_int(from_planner);
	parts->most = lthird_int(from_planner);
	return parts;
}

/* The end of the part that begins with this key; -1 if a key has no literal. */
static int
end_of_part(const KeyParts *parts, Oid element, const Datum *keys, int count, int from)
{
	StringInfoData text;
	int to;

	initStringInfo(&text);
	for (to = from; to < count && to - from < parts->size; to++)
	{
		appendStringInfoString(&text, ", ");
		if (!literal_append(&text, element, keys[to], false))
			return -1;
		if (text.len > SCAN_KEY_BYTES - 100)
			break;
	}
	pfree(text.data);
	return to == from ? -1 : to;
}

/* How many parts are there?  More than may be if it cannot be done by parts. */
static int
count_parts(const KeyParts *parts, Oid element, const Datum *keys, int count)
{
	int n = 0;
	int from = 0;

	while (from < count && n <= parts->most)
	{
		from = end_of_part(parts, element, keys, count, from);
		if (from < 0)
			return parts->most + 1;
		n++;
	}
	return n;
}

/*
 * Write the next part of the keys, without NULLs, and move on.  False where the
 * list must not be written, which is found before anything was asked for by a
 * part.  *spare is by how many bytes other parts may be longer.
 */
bool
key_parts_append(KeyParts *parts, StringInfo out, Oid element, Datum array, bool isnull, int *spare)
{
	int begin = out->len;
	int16 len;
	bool byval;
	char align;
	Datum *keys;
	int count;
	int to;

	*spare = 0;
	if (isnull)
		return literal_append_list(out, element, array, true);
	get_typlenbyvalalign(element, &len, &byval, &align);
	deconstruct_array(DatumGetArrayTypeP(array), element, len, byval, align, &keys, NULL, &count);
	parts->count = count;
	if (count == 0)
		return literal_append_list(out, element, array, false);
	if (parts->next == 0 && count_parts(parts, element, keys, count) > parts->most)
		return false;
	to = end_of_part(parts, element, keys, count, parts->next);
	if (to < 0 ||
		!literal_append_list(out, element,
							 PointerGetDatum(construct_array(keys + parts->next, to - parts->next,
															 element, len, byval, align)),
							 false))
		return false;
	parts->divided = to < count || parts->next > 0;
	if (parts->divided)
		*spare = Max(SCAN_KEY_BYTES - (out->len - begin), 0);
	parts->next = to;
	return true;
}

/* Are there keys that nobody has asked for? */
bool
key_parts_are_left(const KeyParts *parts)
{
	return parts != NULL && parts->next < parts->count;
}

/* From the first key again; also the way to say that they are not used. */
void
key_parts_rewind(KeyParts *parts)
{
	if (parts == NULL)
		return;
	parts->next = parts->count = 0;
	parts->divided = false;
}
