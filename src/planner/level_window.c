/*
 * level_window.c
 *	  Query levels in Athena's SQL: what stands in OVER (...).
 *
 * A frame of RANGE with an offset adds to its key, or subtracts from it.  Where
 * that would overflow it is an error there, but only the end of the range here;
 * so integers are cast to a type that has room.  Of intervals the engine has two
 * kinds, months and milliseconds, and adds one of them to a timestamp.
 */
#include "planner/level.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "nodes/nodeFuncs.h"
#include "query/literal.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

/* ---------- offsets ---------- */

/* ROWS and GROUPS count. */
static bool
write_count(RemoteSql *out, Const *c)
{
	if (c->consttype != INT8OID || DatumGetInt64(c->constvalue) < 0)
		return false;
	appendStringInfo(&out->text, INT64_FORMAT, DatumGetInt64(c->constvalue));
	return true;
}

/* Months, or days and parts of them. */
static bool
write_offset(RemoteSql *out, const Interval *interval, const RemoteType *key)
{
	int64 millis;

	if (interval->month < 0 || interval->day < 0 || interval->time < 0 ||
		!translate_can_add(interval, key))
		return false;
	if (interval->month != 0)
	{
		appendStringInfo(&out->text, "INTERVAL '%d' MONTH", (int) interval->month);
		return interval->day == 0 && interval->time == 0;
	}
	millis = interval->day * (USECS_PER_DAY / 1000) + interval->time / 1000;
	if (millis % (USECS_PER_DAY / 1000) == 0)
		appendStringInfo(&out->text, "INTERVAL '" INT64_FORMAT "' DAY",
						 millis / (USECS_PER_DAY / 1000));
	else
		appendStringInfo(&out->text, "INTERVAL '" INT64_FORMAT ".%03d' SECOND", millis / 1000,
						 (int) (millis % 1000));
	return true;
}

/* A number that is added to keys of so many digits. */
static bool
write_number(RemoteSql *out, Const *c, const RemoteType *key)
{
	int whole, fraction;
	char *text;

	if (c->consttype == NUMERICOID)
	{
		if (!literal_numeric_digits(c->constvalue, &whole, &fraction) ||
			Max(whole, key->whole) + Max(fraction, key->fraction) + 1 > MAX_DIGITS)
			return false;
		text = DatumGetCString(DirectFunctionCall1(numeric_out, c->constvalue));
	}
	else if (c->consttype == INT2OID)
		text = psprintf("%d", (int) DatumGetInt16(c->constvalue));
	else if (c->consttype == INT4OID)
		text = psprintf("%d", (int) DatumGetInt32(c->constvalue));
	else if (c->consttype == INT8OID)
		text = psprintf(INT64_FORMAT, DatumGetInt64(c->constvalue));
	else
		return false;
	/* below zero is an error, which both raise, but here with its own code */
	if (*text == '-')
		return false;
	appendStringInfo(&out->text, "DECIMAL '%s'", text);
	return true;
}

/* ---------- frames ---------- */

/* The bits of frameOptions that say where a frame begins or ends. */
typedef struct FrameEnd
{
	int unbounded;
	int preceding;
	int current_row;
} FrameEnd;

static const FrameEnd frame_start = {
	.unbounded = FRAMEOPTION_START_UNBOUNDED_PRECEDING | FRAMEOPTION_START_UNBOUNDED_FOLLOWING,
	.preceding = FRAMEOPTION_START_UNBOUNDED_PRECEDING | FRAMEOPTION_START_OFFSET_PRECEDING,
	.current_row = FRAMEOPTION_START_CURRENT_ROW};
static const FrameEnd frame_end = {
	.unbounded = FRAMEOPTION_END_UNBOUNDED_PRECEDING | FRAMEOPTION_END_UNBOUNDED_FOLLOWING,
	.preceding = FRAMEOPTION_END_UNBOUNDED_PRECEDING | FRAMEOPTION_END_OFFSET_PRECEDING,
	.current_row = FRAMEOPTION_END_CURRENT_ROW};

/* key is what RANGE adds to. */
static bool
write_frame_end(Level *level, RemoteSql *out, int options, const FrameEnd *end, Node *offset,
				const RemoteType *key)
{
	RemoteType type;
	Const *c = (Const *) offset;
	bool ok;

	if (options & end->current_row)
	{
		appendStringInfoString(&out->text, "CURRENT ROW");
		return true;
	}
	if (options & end->unbounded)
	{
		appendStringInfoString(&out->text, "UNBOUNDED");
		ok = true;
	}
	else if (level->statement->postgres)
		ok = translate_expr(level, out, (Expr *) offset, &type);
	else if (offset == NULL || !IsA(offset, Const) || c->constisnull)
		ok = false;
	else if (key == NULL)
		ok = write_count(out, c);
	else if (c->consttype == INTERVALOID)
		ok = write_offset(out, DatumGetIntervalP(c->constvalue), key);
	else
		ok = write_number(out, c, key);
	appendStringInfoString(&out->text, options & end->preceding ? " PRECEDING" : " FOLLOWING");
	return ok;
}

static bool
write_frame(Level *level, RemoteSql *out, WindowClause *window, const RemoteType *key)
{
	int options = window->frameOptions;

	if ((options & FRAMEOPTION_NONDEFAULT) == 0)
		return true;
	if (!level->statement->postgres && (options & FRAMEOPTION_EXCLUSION))
		return false;
	appendStringInfoString(&out->text, options & FRAMEOPTION_ROWS  ? " ROWS" :
									   options & FRAMEOPTION_RANGE ? " RANGE" :
																	 " GROUPS");
	if (options & FRAMEOPTION_BETWEEN)
		appendStringInfoString(&out->text, " BETWEEN");
	appendStringInfoChar(&out->text, ' ');
	if (!write_frame_end(level, out, options, &frame_start, window->startOffset, key))
		return false;
	if (options & FRAMEOPTION_BETWEEN)
	{
		appendStringInfoString(&out->text, " AND ");
		if (!write_frame_end(level, out, options, &frame_end, window->endOffset, key))
			return false;
	}
	if (options & FRAMEOPTION_EXCLUDE_CURRENT_ROW)
		appendStringInfoString(&out->text, " EXCLUDE CURRENT ROW");
	else if (options & FRAMEOPTION_EXCLUDE_GROUP)
		appendStringInfoString(&out->text, " EXCLUDE GROUP");
	else if (options & FRAMEOPTION_EXCLUDE_TIES)
		appendStringInfoString(&out->text, " EXCLUDE TIES");
	return true;
}

/* ---------- OVER (...) ---------- */

/* Does the frame add to its key? */
static bool
is_range_of_values(WindowClause *window)
{
	return (window->frameOptions & FRAMEOPTION_RANGE) != 0 &&
		   (window->frameOptions & (FRAMEOPTION_START_OFFSET | FRAMEOPTION_END_OFFSET)) != 0;
}

/* ORDER BY the one key of a frame that adds to it, in a type that has room. */
static bool
write_range_order(Level *level, RemoteSql *out, WindowClause *window, RemoteType *type)
{
	SortGroupClause *clause = linitial_node(SortGroupClause, window->orderClause);
	Expr *expr = level_target(level, clause)->expr;
	RemoteSql value, key;
	bool descending;
	const char *wide = NULL;

	remote_sql_init(&value);
	remote_sql_init(&key);
	if (!level_order_of(clause, &descending) ||
		!translate_order(level, &value, expr, exprCollation((Node *) expr), type))
		return false;
	if (type->class == CLASS_INTEGER)
		wide = "decimal(20,0)";
	else if (type->class == CLASS_DATETIME && type->type == DATEOID)
		wide = "timestamp(6)";
	else if (type->class == CLASS_NUMERIC ?
				 type->whole + type->fraction >= MAX_DIGITS :
				 type->class != CLASS_DATETIME && type->class != CLASS_TIMESTAMPTZ)
		return level_refuse("a range of a type to which nothing is added there in the same way");
	if (wide)
		appendStringInfoString(&key.text, "CAST(");
	remote_sql_append(&key, &value);
	if (wide)
		appendStringInfo(&key.text, " AS %s)", wide);
	appendStringInfoString(&out->text, " ORDER BY ");
	level_write_order_key(level, out, &key, false, descending, clause->nulls_first);
	return true;
}

/* What stands in the parentheses of OVER; without a frame for functions that have none. */
bool
level_window_spec(Level *level, RemoteSql *out, WindowClause *window, bool framed)
{
	bool range = framed && is_range_of_values(window);
	RemoteSql order;
	RemoteType key = {0};
	ListCell *lc;
	bool any = false;

	foreach (lc, window->partitionClause)
	{
		Expr *expr = level_target(level, lfirst(lc))->expr;
		RemoteType type;

		if (level_is_constant_key(level, expr))
			continue;
		appendStringInfoString(&out->text, any ? ", " : "PARTITION BY ");
		any = true;
		if (!translate_key(level, out, expr, &type))
			return false;
	}
	remote_sql_init(&order);
	/* a constant is not written, and there must be a key */
	if (range &&
		level_is_constant_key(level, level_target(level, linitial(window->orderClause))->expr))
		return level_refuse("a range around a constant");
	range &= !level->statement->postgres;
	if (range ? !write_range_order(level, &order, window, &key) :
				!level_order_by(level, &order, window->orderClause, level->root->processed_tlist))
		return false;
	/* the space that ORDER BY begins with is not wanted at the start */
	if (!any && order.pieces == NIL && order.text.len > 0)
	{
		memmove(order.text.data, order.text.data + 1, (size_t) order.text.len);
		order.text.len--;
	}
	remote_sql_append(out, &order);
	return !framed || write_frame(level, out, window, range ? &key : NULL);
}
