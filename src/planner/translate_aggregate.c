/*
 * translate_aggregate.c
 *	  Aggregates and window functions in Athena's SQL.
 *
 * The catalogues: by name and by the classes of the arguments for which they
 * were compared with the engine.  What is not here is evaluated here.
 */
#include "planner/translate.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "query/literal.h"
#include "query/rows.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* pg_operator's * of numerics, which has no name of its own in the headers. */
#define NUMERIC_MUL_OPERATOR 1760
/* Digits after the point of a deviation that is not exact. */
#define DEVIATION_DIGITS 16

/* ---------- aggregates ---------- */

/* What an aggregate is in Athena's words. */
typedef enum AggregateKind
{
	AGGREGATE_NONE,
	AGGREGATE_COUNT,
	AGGREGATE_SUM,
	AGGREGATE_AVG, /* a sum and a count, divided */
	AGGREGATE_AVG_DOUBLE,
	AGGREGATE_MIN,
	AGGREGATE_MAX,
	AGGREGATE_BOOL_AND,
	AGGREGATE_BOOL_OR,
	AGGREGATE_BIT_AND,
	AGGREGATE_BIT_OR
} AggregateKind;

static const char *const aggregate_names[] = {
	[AGGREGATE_COUNT] = "count",
	[AGGREGATE_SUM] = "sum",
	[AGGREGATE_AVG_DOUBLE] = "avg",
	[AGGREGATE_MIN] = "min",
	[AGGREGATE_MAX] = "max",
	[AGGREGATE_BOOL_AND] = "bool_and",
	[AGGREGATE_BOOL_OR] = "bool_or",
	[AGGREGATE_BIT_AND] = "bitwise_and_agg",
	[AGGREGATE_BIT_OR] = "bitwise_or_agg",
};

/*
 * The catalogue of aggregates: by name, and the classes of arguments for which
 * they were compared with the engine.  A sum of real is not the same within its
 * few digits, whatever the order; one of double precision is as good as another.
 */
static const struct
{
	const char *name;
	AggregateKind kind;
	TypeClass classes[12];
} aggregate_catalogue[] = {
	{"sum", AGGREGATE_SUM, {CLASS_INTEGER, CLASS_NUMERIC, CLASS_FLOAT}},
	{"avg", AGGREGATE_AVG, {CLASS_INTEGER, CLASS_NUMERIC}},
	{"avg", AGGREGATE_AVG_DOUBLE, {CLASS_FLOAT}},
	{"min",
	 AGGREGATE_MIN,
	 {CLASS_INTEGER, CLASS_NUMERIC, CLASS_FLOAT, CLASS_TEXT, CLASS_DATETIME, CLASS_TIMESTAMPTZ,
	  CLASS_TIME}},
	{"max",
	 AGGREGATE_MAX,
	 {CLASS_INTEGER, CLASS_NUMERIC, CLASS_FLOAT, CLASS_TEXT, CLASS_DATETIME, CLASS_TIMESTAMPTZ,
	  CLASS_TIME}},
	{"bool_and", AGGREGATE_BOOL_AND, {CLASS_BOOL}},
	{"bool_or", AGGREGATE_BOOL_OR, {CLASS_BOOL}},
	{"every", AGGREGATE_BOOL_AND, {CLASS_BOOL}},
	{"bit_and", AGGREGATE_BIT_AND, {CLASS_INTEGER}},
	{"bit_or", AGGREGATE_BIT_OR, {CLASS_INTEGER}},
	{"count",
	 AGGREGATE_COUNT,
	 {CLASS_BOOL, CLASS_INTEGER, CLASS_FLOAT, CLASS_NUMERIC, CLASS_TEXT, CLASS_CHAR, CLASS_DATETIME,
	  CLASS_TIMESTAMPTZ, CLASS_TIME, CLASS_BYTEA, CLASS_UUID, CLASS_MIDNIGHT}},
};

/* The kind of a builtin aggregate over arguments of a class; NONE if it is not in the catalogue. */
static AggregateKind
aggregate_kind(Oid function, bool star, TypeClass class)
{
	char *name = function < FirstGenbkiObjectId ? get_func_name(function) : NULL;
	size_t i, j;

	if (name == NULL)
		return AGGREGATE_NONE;
	if (star)
		return strcmp(name, "count") == 0 ? AGGREGATE_COUNT : AGGREGATE_NONE;
	for (i = 0; i < lengthof(aggregate_catalogue); i++)
		for (j = 0; j < lengthof(aggregate_catalogue[i].classes); j++)
			if (strcmp(name, aggregate_catalogue[i].name) == 0 && class != CLASS_NONE &&
				aggregate_catalogue[i].classes[j] == class)
				return aggregate_catalogue[i].kind;
	return AGGREGATE_NONE;
}

/*
 * Variances and standard deviations of integers and numerics: what comes is a
 * sum of squares, a sum and a count, of which rows.c makes them.
 */
static const struct
{
	const char *name;
	int finish; /* see rows.h */
} deviation_catalogue[] = {
	{"var_pop", ROWS_VAR_POP},         {"var_samp", ROWS_VAR_SAMP},
	{"variance", ROWS_VAR_SAMP},       {"stddev_pop", ROWS_STDDEV_POP},
	{"stddev_samp", ROWS_STDDEV_SAMP}, {"stddev", ROWS_STDDEV_SAMP},
};

/* An aggregate, or one that is used as a window function. */
typedef struct Aggregation
{
	Oid function;
	bool star;
	bool distinct;
	Expr *arg;
	Expr *filter;
	Oid type;
	Oid collation;
	WindowFunc *window; /* NULL for an aggregate */
} Aggregation;

static bool
aggregation_of(Expr *expr, Aggregation *a)
{
	memset(a, 0, sizeof(Aggregation));
	if (IsA(expr, Aggref))
	{
		Aggref *agg = (Aggref *) expr;

		/* the order in which these see their arguments does not matter */
		if (agg->aggsplit != AGGSPLIT_SIMPLE || agg->aggkind != AGGKIND_NORMAL ||
			agg->aggvariadic || agg->agglevelsup != 0 ||
			list_length(agg->aggargtypes) != (agg->aggstar ? 0 : 1))
			return false;
		a->function = agg->aggfnoid;
		a->star = agg->aggstar;
		a->distinct = agg->aggdistinct != NIL;
		a->arg = agg->aggstar ? NULL : linitial_node(TargetEntry, agg->args)->expr;
		a->filter = agg->aggfilter;
		a->type = agg->aggtype;
		a->collation = agg->inputcollid;
		return true;
	}
	if (IsA(expr, WindowFunc))
	{
		WindowFunc *func = (WindowFunc *) expr;

		if (list_length(func->args) != (func->winstar ? 0 : 1))
			return false;
		a->function = func->winfnoid;
		a->star = func->winstar;
		a->arg = func->winstar ? NULL : linitial(func->args);
		a->filter = func->aggfilter;
		a->type = func->wintype;
		a->collation = func->inputcollid;
		a->window = func;
		return true;
	}
	return false;
}

/* Is this avg() of numbers that travel exactly? */
static bool
is_average(Expr *expr)
{
	Aggregation a;

	return aggregation_of(expr, &a) && !a.star &&
		   aggregate_kind(a.function, false, shippable_class(exprType((Node *) a.arg), NULL)) ==
			   AGGREGATE_AVG;
}

/* Is this a variance or a deviation?  Then how it would be finished here. */
static int
deviation_of(const Aggregation *a)
{
	char *name = a->arg && a->function < FirstGenbkiObjectId ? get_func_name(a->function) : NULL;
	size_t i;

	for (i = 0; name && i < lengthof(deviation_catalogue); i++)
		if (strcmp(name, deviation_catalogue[i].name) == 0)
			return deviation_catalogue[i].finish;
	return 0;
}

/*
 * How is the state made with which PostgreSQL goes on from a part of the rows?  0 if
 * it is not one of those that partial_state.c knows.
 */
static int
state_of(Expr *expr)
{
	Aggref *agg = (Aggref *) expr;
	HeapTuple tuple;
	Oid serialize;
	char *name;

	if (!IsA(expr, Aggref) || agg->aggsplit != AGGSPLIT_INITIAL_SERIAL ||
		agg->aggfnoid >= FirstGenbkiObjectId || list_length(agg->args) != 1)
		return 0;
	name = get_func_name(agg->aggfnoid);
	if (strcmp(name, "avg") == 0 && agg->aggtranstype == INT8ARRAYOID)
		return ROWS_STATE_INT8S;
	if (strcmp(name, "avg") == 0 && agg->aggtranstype == FLOAT8ARRAYOID)
		return linitial_oid(agg->aggargtypes) == FLOAT8OID ? ROWS_STATE_FLOAT8S : 0;
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(agg->aggfnoid));
	if (!HeapTupleIsValid(tuple))
		return 0;
	serialize = ((Form_pg_aggregate) GETSTRUCT(tuple))->aggserialfn;
	ReleaseSysCache(tuple);
	switch (serialize)
	{
		case F_NUMERIC_AVG_SERIALIZE:
			return ROWS_STATE_NUMERIC_AVG;
		case F_INT8_AVG_SERIALIZE:
			return ROWS_STATE_INT8_AVG;
		case F_NUMERIC_SERIALIZE:
			return ROWS_STATE_NUMERIC;
		case F_NUMERIC_POLY_SERIALIZE:
			return ROWS_STATE_POLY;
		default:
			return 0;
	}
}

/*
 * Of how many columns is an aggregate made when it is read, and how is it
 * finished?  0 if it comes as it is.
 */
int
translate_finish(Expr *expr)
{
	int state = state_of(expr);
	Aggregation a;
	TypeClass class;

	if (state)
		return state;
	if (is_average(expr))
		return ROWS_AVERAGE;
	if (!aggregation_of(expr, &a) || a.arg == NULL)
		return 0;
	/* of floating point numbers there are no exact sums */
	class = shippable_class(exprType((Node *) a.arg), NULL);
	return class == CLASS_INTEGER || class == CLASS_NUMERIC ? deviation_of(&a) : 0;
}

/* OVER (...); ranks, lag and lead have no frame, though PostgreSQL may have given them one. */
static bool
write_over(Level *level, RemoteSql *out, WindowFunc *func)
{
	char *name = get_func_name(func->winfnoid);
	bool framed = func->winagg || strcmp(name, "first_value") == 0 ||
				  strcmp(name, "last_value") == 0 || strcmp(name, "nth_value") == 0;
	ListCell *lc;

	foreach (lc, level->root->parse->windowClause)
	{
		WindowClause *window = lfirst_node(WindowClause, lc);

		if (window->winref != func->winref)
			continue;
		appendStringInfoString(&out->text, " OVER (");
		if (!level_window_spec(level, out, window, framed))
			return false;
		appendStringInfoChar(&out->text, ')');
		return true;
	}
	return false;
}

/* FILTER (WHERE condition), if there is one. */
bool
translate_filter(Level *level, RemoteSql *out, Expr *filter)
{
	bool spares_rows = level->spares_rows;
	RemoteType type;
	bool ok;

	if (filter == NULL)
		return true;
	level->spares_rows = true;
	appendStringInfoString(&out->text, " FILTER (WHERE ");
	ok = translate_value(level, out, filter, &type);
	appendStringInfoChar(&out->text, ')');
	level->spares_rows = spares_rows;
	return ok;
}

/*
 * sum(x), with its DISTINCT and FILTER.  count(*) with a FILTER is count_if:
 * beside a count of the condition's own value Trino 476 takes the two for one.
 */
static bool
write_aggregate(Level *level, RemoteSql *out, const Aggregation *a, AggregateKind kind,
				RemoteType *type)
{
	RemoteType arg = {0};
	bool spares_rows = level->spares_rows;
	bool wide = false;
	const char *wide_type;
	RemoteSql value;

	remote_sql_init(&value);
	level->spares_rows = a->filter != NULL;
	if (a->arg && !translate_value(level, &value, a->arg, &arg))
		return false;
	if (kind == AGGREGATE_NONE)
		kind = aggregate_kind(a->function, a->star, arg.class);
	translate_type_init(type, a->type, -1);
	type->bare = true;
	if (kind == AGGREGATE_NONE)
		return false;
	if (arg.class == CLASS_NUMERIC && arg.whole < 0)
		return false;
	if (arg.class == CLASS_TEXT && !shippable_collation(a->collation, kind != AGGREGATE_COUNT))
		return false;
	if (arg.class == CLASS_FLOAT && kind == AGGREGATE_SUM && arg.type != FLOAT8OID)
		return false;
	if (kind == AGGREGATE_SUM && arg.class != CLASS_FLOAT)
	{
		/* a sum of bigint overflows there, and is a numeric here */
		wide = arg.class == CLASS_INTEGER && (arg.type == INT8OID || type->class == CLASS_NUMERIC);
		type->whole = arg.whole + SUM_DIGITS;
		type->fraction = arg.fraction;
		type->computed = true;
		if ((type->class == CLASS_NUMERIC &&
			 !translate_fit(level, type, arg.computed ? SAFE_DIGITS : arg.whole + SUM_DIGITS)) ||
			arg.whole < 0)
			return false;
		type->whole = type->class == CLASS_INTEGER ? Min(type->whole, 19) : type->whole;
	}
	else if (kind == AGGREGATE_MIN || kind == AGGREGATE_MAX)
	{
		type->whole = arg.whole;
		type->fraction = arg.fraction;
		type->computed = arg.computed;
	}
	if (a->star && a->filter && a->window == NULL)
	{
		appendStringInfoString(&out->text, "count_if(");
		if (!translate_value(level, out, a->filter, &arg))
			return false;
		appendStringInfoChar(&out->text, ')');
		level->spares_rows = spares_rows;
		return true;
	}
	if (kind == AGGREGATE_MAX && arg.class == CLASS_FLOAT)
	{
		/* NaN is the largest here, and passed over there */
		appendStringInfoString(&out->text, "IF(bool_or(is_nan(");
		remote_sql_append(out, &value);
		appendStringInfoString(&out->text, "))");
		if (!translate_filter(level, out, a->filter) ||
			(a->window && !write_over(level, out, a->window)))
			return false;
		appendStringInfo(&out->text, ", %s, ",
						 arg.type == FLOAT4OID ? "CAST(nan() AS real)" : "nan()");
	}
	if (kind == AGGREGATE_BIT_AND || kind == AGGREGATE_BIT_OR)
		appendStringInfoString(&out->text, "CAST(");
	appendStringInfo(&out->text, "%s(%s%s", aggregate_names[kind], a->distinct ? "DISTINCT " : "",
					 a->star ? "*" : "");
	wide_type = wide                                                  ? "decimal(38,0)" :
				kind == AGGREGATE_AVG_DOUBLE && arg.type == FLOAT4OID ? "double" :
																		NULL;
	if (wide_type)
		appendStringInfoString(&out->text, "CAST(");
	remote_sql_append(out, &value);
	if (wide_type)
		appendStringInfo(&out->text, " AS %s)", wide_type);
	appendStringInfoChar(&out->text, ')');
	level->spares_rows = spares_rows;
	if (!translate_filter(level, out, a->filter) ||
		(a->window && !write_over(level, out, a->window)))
		return false;
	if (kind == AGGREGATE_MAX && arg.class == CLASS_FLOAT)
		appendStringInfoChar(&out->text, ')');
	if (kind == AGGREGATE_BIT_AND || kind == AGGREGATE_BIT_OR)
		appendStringInfo(&out->text, " AS %s)", literal_type_name(type->type));
	return true;
}

/* A sum and a count, of which avg() is the quotient. */
static bool
write_average_parts(Level *level, RemoteSql *sum, RemoteSql *count, const Aggregation *a,
					RemoteType *sum_type, RemoteType *count_type)
{
	Aggregation of = *a;

	of.type = exprType((Node *) a->arg) == FLOAT8OID ? FLOAT8OID : NUMERICOID;
	if (!write_aggregate(level, sum, &of, AGGREGATE_SUM, sum_type))
		return false;
	of.type = INT8OID;
	return write_aggregate(level, count, &of, AGGREGATE_COUNT, count_type);
}

/* The sum of the squares of what an aggregate is over. */
static bool
write_squares(Level *level, RemoteSql *out, const Aggregation *a)
{
	Aggregation of = *a;
	Oid type = exprType((Node *) a->arg);
	OpExpr *square;
	Expr *arg = a->arg;

	if (type != NUMERICOID)
		arg = (Expr *) makeFuncExpr(type == INT2OID ? F_NUMERIC_INT2 :
									type == INT4OID ? F_NUMERIC_INT4 :
													  F_NUMERIC_INT8,
									NUMERICOID, list_make1(arg), InvalidOid, InvalidOid,
									COERCE_IMPLICIT_CAST);
	square = (OpExpr *) make_opclause(NUMERIC_MUL_OPERATOR, NUMERICOID, false, arg, copyObject(arg),
									  InvalidOid, InvalidOid);
	square->opfuncid = F_NUMERIC_MUL;
	of.arg = (Expr *) square;
	/* of distinct numbers there are distinct squares of each sign: let it be */
	if (a->distinct)
		return false;
	of.type = NUMERICOID;
	return write_aggregate(level, out, &of, AGGREGATE_SUM, &(RemoteType){0});
}

/*
 * An aggregate as the columns of which rows.c makes it: avg and most states as a sum
 * and a count, deviations as a sum of squares, a sum and a count.
 */
bool
translate_parts(Level *level, RemoteSql *out, Expr *expr)
{
	Aggregation a;
	RemoteSql squares, sum, count;
	RemoteType sum_type, count_type;
	int finish = translate_finish(expr);

	if (ROWS_IS_STATE(finish))
	{
		expr = copyObject(expr);
		((Aggref *) expr)->aggsplit = AGGSPLIT_SIMPLE;
	}

	remote_sql_init(&squares);
	remote_sql_init(&sum);
	remote_sql_init(&count);
	if (!aggregation_of(expr, &a) ||
		!write_average_parts(level, &sum, &count, &a, &sum_type, &count_type))
		return false;
	if (ROWS_HAS_SQUARES(finish))
	{
		if (!write_squares(level, &squares, &a))
			return false;
		remote_sql_append(out, &squares);
		appendStringInfoString(&out->text, ", ");
	}
	remote_sql_append(out, &sum);
	appendStringInfoString(&out->text, ", ");
	remote_sql_append(out, &count);
	return true;
}

/*
 * A deviation whose value is needed there: Athena computes it in double
 * precision, so its last digits differ.
 */
static bool
write_deviation(Level *level, RemoteSql *out, const Aggregation *a, RemoteType *type)
{
	char *name = get_func_name(a->function);
	bool spares_rows = level->spares_rows;
	RemoteSql value;
	RemoteType arg;

	if (planner_numeric_shipping != NUMERIC_CLOSE || a->distinct)
		return false;
	level->spares_rows = a->filter != NULL;
	remote_sql_init(&value);
	if (!translate_value(level, &value, a->arg, &arg) ||
		(arg.class != CLASS_FLOAT && arg.whole < 0))
		return false;
	level->spares_rows = spares_rows;
	if (arg.class != CLASS_FLOAT)
		appendStringInfoString(&out->text, "CAST(");
	appendStringInfo(&out->text, "%s(CAST(",
					 strcmp(name, "stddev") == 0   ? "stddev_samp" :
					 strcmp(name, "variance") == 0 ? "var_samp" :
													 name);
	remote_sql_append(out, &value);
	appendStringInfoString(&out->text, " AS double))");
	if (!translate_filter(level, out, a->filter) ||
		(a->window && !write_over(level, out, a->window)))
		return false;
	if (arg.class == CLASS_FLOAT)
	{
		type->bare = true;
		return true;
	}
	/* of which a double has no more */
	appendStringInfo(&out->text, " AS decimal(%d,%d))", MAX_DIGITS, DEVIATION_DIGITS);
	type->whole = Min(strncmp(name, "stddev", 6) == 0 ? arg.whole : 2 * arg.whole,
					  MAX_DIGITS - DEVIATION_DIGITS);
	type->fraction = DEVIATION_DIGITS;
	type->computed = type->bare = true;
	return true;
}

static bool
write_any_aggregate(Level *level, RemoteSql *out, const Aggregation *a, RemoteType *type)
{
	RemoteSql sum, count;
	RemoteType sum_type, count_type;
	TypeClass class = a->arg ? shippable_class(exprType((Node *) a->arg), NULL) : CLASS_NONE;
	int whole;

	if (deviation_of(a))
	{
		translate_type_init(type, a->type, -1);
		return write_deviation(level, out, a, type);
	}
	if (a->star || aggregate_kind(a->function, false, class) != AGGREGATE_AVG)
		return write_aggregate(level, out, a, AGGREGATE_NONE, type);
	remote_sql_init(&sum);
	remote_sql_init(&count);
	if (!write_average_parts(level, &sum, &count, a, &sum_type, &count_type))
		return false;
	/* as many rows as a sum is taken to have */
	whole = sum_type.whole;
	count_type.whole = SUM_DIGITS;
	if (!translate_divide(level, out, &sum, &sum_type, &count, &count_type, type))
		return false;
	type->whole = Min(type->whole, Max(whole - SUM_DIGITS, 1));
	return true;
}

/*
 * array_agg(x ORDER BY ...) and string_agg(x, constant ORDER BY ...).  Where
 * DISTINCT alone decides the order it is written out, as PostgreSQL has it.
 */
static bool
write_collection(Level *level, RemoteSql *out, Aggref *agg, bool joins, RemoteType *type)
{
	bool spares_rows = level->spares_rows;
	Expr *arg = linitial_node(TargetEntry, agg->args)->expr;
	Const *delimiter = joins ? (Const *) lsecond_node(TargetEntry, agg->args)->expr : NULL;
	List *order = agg->aggorder != NIL ? agg->aggorder : agg->aggdistinct;
	RemoteSql value;
	RemoteType of;

	if (agg->aggsplit != AGGSPLIT_SIMPLE || agg->agglevelsup != 0 || agg->aggvariadic)
		return false;
	if (joins &&
		(!IsA(delimiter, Const) || delimiter->constisnull || delimiter->consttype != TEXTOID))
		return false;
	remote_sql_init(&value);
	level->spares_rows = agg->aggfilter != NULL;
	if (!translate_operand(level, &value, arg, &of))
		return false;
	if (of.class != CLASS_TEXT && (joins || (of.class != CLASS_INTEGER &&
											 of.class != CLASS_DATETIME && of.class != CLASS_BOOL)))
		return false;
	if (agg->aggdistinct != NIL &&
		(!shippable_collation(agg->inputcollid, false) || level_has_subquery(arg)))
		return false;
	appendStringInfo(&out->text, "%sarray_agg(%s", joins ? "array_join(" : "",
					 agg->aggdistinct != NIL ? "DISTINCT " : "");
	remote_sql_append(out, &value);
	if (!level_order_by(level, out, order, agg->args))
		return false;
	appendStringInfoChar(&out->text, ')');
	level->spares_rows = spares_rows;
	if (!joins)
	{
		translate_type_init(type, agg->aggtype, -1);
		type->element = of.type;
		type->bare = true;
		return translate_filter(level, out, agg->aggfilter);
	}
	/* NULLs are passed over, and nothing but them makes NULL */
	appendStringInfoString(&out->text, " FILTER (WHERE ");
	remote_sql_append(out, &value);
	appendStringInfoString(&out->text, " IS NOT NULL");
	if (agg->aggfilter)
	{
		level->spares_rows = true;
		appendStringInfoString(&out->text, " AND ");
		if (!translate_operand(level, out, agg->aggfilter, &(RemoteType){0}))
			return false;
		level->spares_rows = spares_rows;
	}
	appendStringInfoString(&out->text, "), ");
	literal_append_string(&out->text, TextDatumGetCString(delimiter->constvalue));
	appendStringInfoChar(&out->text, ')');
	translate_type_init(type, TEXTOID, -1);
	type->bare = true;
	return true;
}

/*
 * An aggregate that PostgreSQL would go on with, of a part of the rows: as one of
 * its own, if what it goes on with is just that.
 */
static Aggref *
of_a_part(Aggref *agg, const char *name)
{
	static const char *const names[] = {"count", "min", "max", "bool_and", "bool_or", "every"};
	bool found = name && strcmp(name, "sum") == 0 &&
				 (agg->aggtranstype == INT8OID || agg->aggtranstype == FLOAT8OID);
	size_t i;

	if (agg->aggsplit != AGGSPLIT_INITIAL_SERIAL)
		return agg;
	for (i = 0; name && i < lengthof(names); i++)
		found |= strcmp(name, names[i]) == 0;
	if (!found)
		return agg;
	agg = copyObject(agg);
	agg->aggsplit = AGGSPLIT_SIMPLE;
	return agg;
}

bool
translate_aggregate(Level *level, RemoteSql *out, Aggref *agg, RemoteType *type)
{
	char *name = agg->aggfnoid < FirstGenbkiObjectId ? get_func_name(agg->aggfnoid) : NULL;
	Aggregation a;

	agg = of_a_part(agg, name);

	if (name == NULL)
		return translate_remote_aggregate(level, out, agg, type);
	if ((strcmp(name, "array_agg") == 0 && list_length(agg->aggargtypes) == 1) ||
		(strcmp(name, "string_agg") == 0 && linitial_oid(agg->aggargtypes) == TEXTOID))
		return write_collection(level, out, agg, *name == 's', type);
	return aggregation_of((Expr *) agg, &a) && write_any_aggregate(level, out, &a, type);
}

/* grouping(keys): one bit for each key that the row is not grouped by. */
bool
translate_grouping(Level *level, RemoteSql *out, GroupingFunc *func, RemoteType *type)
{
	ListCell *lc;

	if (func->agglevelsup != 0)
		return false;
	appendStringInfoString(&out->text, "grouping(");
	foreach (lc, func->refs)
	{
		TargetEntry *tle =
			get_sortgroupref_tle((Index) lfirst_int(lc), level->root->processed_tlist);
		RemoteType key;

		if (lc != list_head(func->refs))
			appendStringInfoString(&out->text, ", ");
		if (!translate_key(level, out, tle->expr, &key))
			return false;
	}
	appendStringInfoChar(&out->text, ')');
	translate_type_init(type, INT4OID, -1);
	type->bare = true;
	return true;
}

/* ---------- window functions ---------- */

/*
 * The catalogue of window functions: how many arguments are values, how many
 * constants from 0 on may follow, and may one more be what stands for a value
 * that is not there?  Aggregates are aggregate_catalogue's.
 */
static const struct
{
	const char *name;
	int values;
	int constants;
	bool otherwise;
} window_catalogue[] = {
	{"row_number", 0, 0, false},   {"rank", 0, 0, false},      {"dense_rank", 0, 0, false},
	{"percent_rank", 0, 0, false}, {"cume_dist", 0, 0, false}, {"ntile", 0, 1, false},
	{"lag", 1, 1, true},           {"lead", 1, 1, true},       {"first_value", 1, 0, false},
	{"last_value", 1, 0, false},   {"nth_value", 1, 1, false},
};

/* A constant argument of a window function, which there must be positive for some. */
static bool
is_count(Expr *expr, int least)
{
	Const *c = (Const *) expr;

	return IsA(c, Const) && !c->constisnull && DatumGetInt32(c->constvalue) >= least;
}

bool
translate_window(Level *level, RemoteSql *out, WindowFunc *func, RemoteType *type)
{
	char *name = func->winfnoid < FirstGenbkiObjectId ? get_func_name(func->winfnoid) : NULL;
	Aggregation a;
	size_t i;

	if (name == NULL)
		return false;
	if (func->winagg)
		return aggregation_of((Expr *) func, &a) && write_any_aggregate(level, out, &a, type);
	for (i = 0; i < lengthof(window_catalogue); i++)
	{
		ListCell *lc;
		int nargs = list_length(func->args);
		int values = window_catalogue[i].values;
		int constants = values + window_catalogue[i].constants;

		if (strcmp(name, window_catalogue[i].name) != 0 || func->aggfilter != NULL ||
			nargs < values || nargs > constants + window_catalogue[i].otherwise)
			continue;
		translate_type_init(type, func->wintype, -1);
		appendStringInfo(&out->text, "%s(", name);
		foreach (lc, func->args)
		{
			int at = foreach_current_index(lc);
			RemoteType arg;

			if (at > 0)
				appendStringInfoString(&out->text, ", ");
			if (at >= values && at < constants && !is_count(lfirst(lc), *name == 'n'))
				return false;
			if (!translate_value(level, out, lfirst(lc), &arg))
				return false;
			if (at >= constants && (arg.class != type->class || arg.whole > type->whole ||
									arg.fraction > type->fraction))
				return false;
			if (at >= values)
				continue;
			*type = arg;
			type->relid = InvalidOid;
			type->name = NULL;
			type->is_const = type->is_hole = false;
		}
		type->bare = true;
		appendStringInfoChar(&out->text, ')');
		return write_over(level, out, func);
	}
	return false;
}
