/*
 * translate_call.c
 *	  Functions in Athena's SQL: the catalogue, and those of numbers.
 *
 * By name and by the types of the arguments for which they were compared with
 * the engine (what is said above each writer stands in doc/pushdown.md).  A
 * function that is not here is evaluated here.
 */
#include "planner/translate_call.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "query/literal.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* ---------- arguments ---------- */

/* A constant argument that is a number from least on. */
bool
call_int(Call *call, int n, int least, int *value)
{
	Const *c = (Const *) call->args[n];

	if (n >= call->nargs || !IsA(c, Const) || c->constisnull || c->consttype != INT4OID)
		return false;
	*value = DatumGetInt32(c->constvalue);
	return *value >= least;
}

/* A constant argument of type text; NULL if it is none. */
char *
call_text(Call *call, int n)
{
	Const *c = (Const *) call->args[n];

	if (n >= call->nargs || !IsA(c, Const) || c->constisnull || c->consttype != TEXTOID)
		return NULL;
	return TextDatumGetCString(c->constvalue);
}

bool
call_write(Call *call, RemoteSql *out, int n, RemoteType *type)
{
	return translate_value(call->level, out, call->args[n], type);
}

/* An argument that must be of this class. */
bool
call_write_class(Call *call, RemoteSql *out, int n, TypeClass class)
{
	RemoteType arg;

	return call_write(call, out, n, &arg) && arg.class == class;
}

/* The first argument, which must be of this class, between texts. */
bool
call_write_around(Call *call, RemoteSql *out, const char *before, TypeClass class,
				  const char *after)
{
	appendStringInfoString(&out->text, before);
	if (!call_write_class(call, out, 0, class))
		return false;
	appendStringInfoString(&out->text, after);
	return true;
}

/*
 * CAST(argument AS type).  What does not fit is an error on both sides; where
 * another condition may spare a row that, it is NULL.
 */
static void
write_cast(Call *call, RemoteSql *out, const RemoteSql *arg, bool fits, const char *type)
{
	appendStringInfoString(&out->text, fits || !call->level->spares_rows ? "CAST(" : "TRY_CAST(");
	remote_sql_append(out, arg);
	appendStringInfo(&out->text, " AS %s)", type);
}

/* numeric(integer), numeric(numeric, p.s) */
static bool
to_numeric(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteSql value;
	RemoteType arg;
	int32 typmod = exprTypmod((Node *) call->func);

	remote_sql_init(&value);
	if (!call_write(call, &value, 0, &arg) || arg.whole < 0)
		return false;
	if (arg.class == CLASS_INTEGER)
	{
		type->whole = Max(arg.whole, 1);
		type->fraction = 0;
	}
	else if (arg.class != CLASS_NUMERIC || typmod < (int32) VARHDRSZ)
		return false;
	else
		shippable_digits_of_type(NUMERICOID, typmod, type);
	if (type->whole < 0 || type->whole + type->fraction > MAX_DIGITS ||
		type->whole + type->fraction < 1)
		return false;
	write_cast(call, out, &value,
			   arg.class == CLASS_INTEGER || arg.whole < type->whole ||
				   (arg.whole == type->whole && arg.fraction <= type->fraction),
			   psprintf("decimal(%d,%d)", type->whole + type->fraction, type->fraction));
	return true;
}

/*
 * A double rounded as here: halves go to the even number.
 */
static void
write_rounded(RemoteSql *out, const RemoteSql *value)
{
	appendStringInfoString(&out->text, "CASE WHEN abs(");
	remote_sql_append(out, value);
	appendStringInfoString(&out->text, " - truncate(");
	remote_sql_append(out, value);
	appendStringInfoString(&out->text, ")) = 0.5e0 THEN 2e0 * round(");
	remote_sql_append(out, value);
	appendStringInfoString(&out->text, " / 2e0) ELSE round(");
	remote_sql_append(out, value);
	appendStringInfoString(&out->text, ") END");
}

/* An argument that is a number with a point, in double precision. */
static bool
write_double(Call *call, RemoteSql *out)
{
	RemoteType arg;
	RemoteSql value;

	remote_sql_init(&value);
	if (!translate_operand(call->level, &value, call->args[0], &arg) || arg.class != CLASS_FLOAT)
		return false;
	if (arg.type == FLOAT4OID)
		appendStringInfoString(&out->text, "CAST(");
	remote_sql_append(out, &value);
	if (arg.type == FLOAT4OID)
		appendStringInfoString(&out->text, " AS double)");
	return true;
}

/* smallint, integer and bigint of each other, of numeric and of double precision */
static bool
to_integer(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteSql value;
	RemoteType arg;

	remote_sql_init(&value);
	if (shippable_class(call->types[0], NULL) == CLASS_FLOAT)
	{
		RemoteSql rounded;

		remote_sql_init(&rounded);
		if (!write_double(call, &value))
			return false;
		write_rounded(&rounded, &value);
		write_cast(call, out, &rounded, false, literal_type_name(type->type));
		return true;
	}
	if (!call_write(call, &value, 0, &arg) ||
		(arg.class != CLASS_INTEGER && arg.class != CLASS_NUMERIC) || arg.whole < 0)
		return false;
	write_cast(call, out, &value, arg.whole < type->whole - 1, literal_type_name(type->type));
	type->whole = Min(type->whole, arg.whole + 1);
	return true;
}

/* double precision of whole numbers and numerics */
static bool
to_double(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteType arg;

	appendStringInfoString(&out->text, "CAST(");
	if (!call_write(call, out, 0, &arg) ||
		(arg.class != CLASS_INTEGER && arg.class != CLASS_NUMERIC && arg.class != CLASS_FLOAT))
		return false;
	appendStringInfoString(&out->text, " AS double)");
	return true;
}

/* of whole numbers, numerics and doubles */
static bool
absolute(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteSql value;
	RemoteType arg;
	const char *wide = NULL;

	remote_sql_init(&value);
	if (!call_write(call, &value, 0, &arg) ||
		(arg.class != CLASS_NUMERIC && arg.class != CLASS_FLOAT && arg.class != CLASS_INTEGER))
		return false;
	/* there is one integer whose absolute value is too large */
	if (arg.class == CLASS_INTEGER && call->level->spares_rows)
	{
		wide = translate_wide_type(arg.whole);
		if (wide == NULL)
			return false;
	}
	appendStringInfoString(&out->text, "abs(");
	if (arg.class == CLASS_INTEGER)
		translate_write_integer(out, call->args[0], &value, &arg, wide);
	else
		remote_sql_append(out, &value);
	appendStringInfoChar(&out->text, ')');
	type->whole = arg.whole;
	type->fraction = arg.fraction;
	type->computed = arg.computed;
	return arg.class == CLASS_FLOAT || arg.whole >= 0;
}

/* to a constant number of digits from 0 on */
static bool
round_numeric(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteType arg;
	int digits = 0;

	if (call->nargs == 2 && (!call_int(call, 1, 0, &digits) || digits > MAX_DIGITS))
		return false;
	appendStringInfoString(&out->text, "CAST(");
	if (!call_write(call, out, 0, &arg) || arg.class != CLASS_NUMERIC || arg.whole < 0)
		return false;
	type->whole = arg.whole + 1;
	type->fraction = digits;
	type->computed = true;
	if (!translate_fit(call->level, type, translate_needed(call->level, &arg) + 1))
		return false;
	/* the cast rounds as round() does: halves away from zero */
	appendStringInfo(&out->text, " AS decimal(%d,%d))", Max(type->whole + type->fraction, 1),
					 type->fraction);
	return true;
}

/* to the nearest whole number, halves to the even one */
static bool
round_double(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteSql value;

	remote_sql_init(&value);
	if (!write_double(call, &value))
		return false;
	write_rounded(out, &value);
	return true;
}

/* of numerics and doubles */
static bool
ceil_or_floor(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteType arg;

	appendStringInfo(&out->text, "%s(", *call->name == 'c' ? "ceiling" : "floor");
	if (!call_write(call, out, 0, &arg) || (arg.class != CLASS_NUMERIC && arg.class != CLASS_FLOAT))
		return false;
	appendStringInfoChar(&out->text, ')');
	if (arg.class == CLASS_FLOAT)
		return true;
	type->whole = arg.whole + 1;
	type->fraction = 0;
	type->computed = arg.computed;
	return arg.whole >= 0 && translate_fit(call->level, type, translate_needed(call->level, &arg));
}

/* of numerics, with a constant number of digits from 0 on, and of doubles */
static bool
truncate_number(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteType arg;
	int digits = 0;

	if (call->nargs == 2 && (!call_int(call, 1, 0, &digits) || digits > MAX_DIGITS))
		return false;
	if (call->types[0] == FLOAT8OID)
		return call_write_around(call, out, "truncate(", CLASS_FLOAT, ")");
	appendStringInfoString(&out->text, "CAST(truncate(");
	if (!call_write(call, out, 0, &arg) || arg.class != CLASS_NUMERIC || arg.whole < 0)
		return false;
	type->whole = arg.whole;
	type->fraction = digits;
	type->computed = true;
	if (!translate_fit(call->level, type, translate_needed(call->level, &arg)))
		return false;
	appendStringInfo(&out->text, ", %d) AS decimal(%d,%d))", digits,
					 Max(type->whole + type->fraction, 1), type->fraction);
	return true;
}

/* of numerics */
static bool
sign_of(Call *call, RemoteSql *out, RemoteType *type)
{
	type->whole = 1;
	type->fraction = 0;
	return call_write_around(call, out, "sign(", CLASS_NUMERIC, ")");
}

/* the remainder, with the sign of the first, of whole numbers and numerics */
static bool
modulo(Call *call, RemoteSql *out, RemoteType *type)
{
	type->bare = false;
	return translate_remainder(call->level, out, call->args[0], call->args[1], "%", type);
}

/* sqrt and ln of doubles, with an error where PostgreSQL has one */
static bool
root_or_log(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteSql value;

	remote_sql_init(&value);
	if (!write_double(call, &value))
		return false;
	appendStringInfo(&out->text, "%s(IF(", call->name);
	remote_sql_append(out, &value);
	appendStringInfo(&out->text, " %s 0e0, %s, ", *call->name == 's' ? "<" : "<=",
					 call->level->spares_rows ? "NULL" : REMOTE_ERROR);
	remote_sql_append(out, &value);
	appendStringInfoString(&out->text, "))");
	return true;
}

/* The catalogue of functions, by name and types of arguments. */
static const struct
{
	const char *name;
	Oid types[MAX_ARGS];
	CallWriter write;
} function_catalogue[] = {
	{"numeric", {INT2OID}, to_numeric},
	{"numeric", {INT4OID}, to_numeric},
	{"numeric", {INT8OID}, to_numeric},
	{"numeric", {NUMERICOID, INT4OID}, to_numeric},
	{"int2", {INT4OID}, to_integer},
	{"int2", {INT8OID}, to_integer},
	{"int2", {NUMERICOID}, to_integer},
	{"int2", {FLOAT8OID}, to_integer},
	{"int2", {FLOAT4OID}, to_integer},
	{"int4", {INT2OID}, to_integer},
	{"int4", {INT8OID}, to_integer},
	{"int4", {NUMERICOID}, to_integer},
	{"int4", {FLOAT8OID}, to_integer},
	{"int4", {FLOAT4OID}, to_integer},
	{"int8", {INT2OID}, to_integer},
	{"int8", {INT4OID}, to_integer},
	{"int8", {NUMERICOID}, to_integer},
	{"int8", {FLOAT8OID}, to_integer},
	{"int8", {FLOAT4OID}, to_integer},
	{"float8", {INT2OID}, to_double},
	{"float8", {INT4OID}, to_double},
	{"float8", {INT8OID}, to_double},
	{"float8", {FLOAT4OID}, to_double},
	{"float8", {NUMERICOID}, to_double},
	{"abs", {INT2OID}, absolute},
	{"abs", {INT4OID}, absolute},
	{"abs", {INT8OID}, absolute},
	{"abs", {NUMERICOID}, absolute},
	{"abs", {FLOAT8OID}, absolute},
	{"round", {NUMERICOID}, round_numeric},
	{"round", {NUMERICOID, INT4OID}, round_numeric},
	{"round", {FLOAT8OID}, round_double},
	{"ceil", {NUMERICOID}, ceil_or_floor},
	{"ceil", {FLOAT8OID}, ceil_or_floor},
	{"ceiling", {NUMERICOID}, ceil_or_floor},
	{"ceiling", {FLOAT8OID}, ceil_or_floor},
	{"floor", {NUMERICOID}, ceil_or_floor},
	{"floor", {FLOAT8OID}, ceil_or_floor},
	{"trunc", {NUMERICOID}, truncate_number},
	{"trunc", {NUMERICOID, INT4OID}, truncate_number},
	{"trunc", {FLOAT8OID}, truncate_number},
	{"sign", {NUMERICOID}, sign_of},
	{"mod", {INT2OID, INT2OID}, modulo},
	{"mod", {INT4OID, INT4OID}, modulo},
	{"mod", {INT8OID, INT8OID}, modulo},
	{"mod", {NUMERICOID, NUMERICOID}, modulo},
	{"sqrt", {FLOAT8OID}, root_or_log},
	{"ln", {FLOAT8OID}, root_or_log},
	{"text", {BPCHAROID}, call_of_char},
	{"text", {BOOLOID}, call_of_boolean},
	{"upper", {TEXTOID}, call_case},
	{"lower", {TEXTOID}, call_case},
	{"substr", {TEXTOID, INT4OID}, call_substring},
	{"substr", {TEXTOID, INT4OID, INT4OID}, call_substring},
	{"substring", {TEXTOID, INT4OID}, call_substring},
	{"substring", {TEXTOID, INT4OID, INT4OID}, call_substring},
	{"left", {TEXTOID, INT4OID}, call_left},
	{"right", {TEXTOID, INT4OID}, call_right},
	{"length", {TEXTOID}, call_length},
	{"char_length", {TEXTOID}, call_length},
	{"character_length", {TEXTOID}, call_length},
	{"octet_length", {TEXTOID}, call_octets},
	{"btrim", {TEXTOID}, call_trim},
	{"btrim", {TEXTOID, TEXTOID}, call_trim},
	{"ltrim", {TEXTOID}, call_trim},
	{"ltrim", {TEXTOID, TEXTOID}, call_trim},
	{"rtrim", {TEXTOID}, call_trim},
	{"rtrim", {TEXTOID, TEXTOID}, call_trim},
	{"lpad", {TEXTOID, INT4OID}, call_pad},
	{"lpad", {TEXTOID, INT4OID, TEXTOID}, call_pad},
	{"rpad", {TEXTOID, INT4OID}, call_pad},
	{"rpad", {TEXTOID, INT4OID, TEXTOID}, call_pad},
	{"replace", {TEXTOID, TEXTOID, TEXTOID}, call_replace},
	{"translate", {TEXTOID, TEXTOID, TEXTOID}, call_translate},
	{"strpos", {TEXTOID, TEXTOID}, call_find},
	{"position", {TEXTOID, TEXTOID}, call_find},
	{"starts_with", {TEXTOID, TEXTOID}, call_find},
	{"reverse", {TEXTOID}, call_reverse},
	{"repeat", {TEXTOID, INT4OID}, call_repeat},
	{"split_part", {TEXTOID, TEXTOID, INT4OID}, call_split_part},
	{"md5", {TEXTOID}, call_md5},
	{"ascii", {TEXTOID}, call_ascii},
	{"substring", {TEXTOID, TEXTOID}, call_regexp_substring},
	{"regexp_replace", {TEXTOID, TEXTOID, TEXTOID}, call_regexp_replace},
	{"regexp_replace", {TEXTOID, TEXTOID, TEXTOID, TEXTOID}, call_regexp_replace},
	{"date", {TIMESTAMPOID}, call_cast},
	{"timestamp", {DATEOID}, call_cast},
	{"date", {TIMESTAMPTZOID}, call_day_of_midnight},
	{"timestamptz", {DATEOID}, call_midnight},
	{"extract", {TEXTOID, DATEOID}, call_extract},
	{"extract", {TEXTOID, TIMESTAMPOID}, call_extract},
	{"extract", {TEXTOID, TIMESTAMPTZOID}, call_extract},
	{"date_part", {TEXTOID, DATEOID}, call_extract},
	{"date_part", {TEXTOID, TIMESTAMPOID}, call_extract},
	{"date_trunc", {TEXTOID, TIMESTAMPOID}, call_truncate},
	{"date_trunc", {TEXTOID, TIMESTAMPTZOID}, call_truncate},
	{"to_char", {TIMESTAMPOID, TEXTOID}, call_to_char},
	{"to_char", {TIMESTAMPTZOID, TEXTOID}, call_to_char},
	{"to_date", {TEXTOID, TEXTOID}, call_to_date},
};

/* concat(texts) and concat_ws(separator, texts): NULLs are skipped, as concat_ws() does there */
static bool
translate_concat(Level *level, RemoteSql *out, FuncExpr *func, Expr *separator, RemoteType *type)
{
	ListCell *lc;

	appendStringInfoString(&out->text, separator ? "concat_ws(" : "concat_ws(''");
	foreach (lc, func->args)
	{
		RemoteType arg;

		if (lfirst(lc) != separator)
			appendStringInfoString(&out->text, ", ");
		/* of any type, so a literal has none */
		if (exprType(lfirst(lc)) == UNKNOWNOID && IsA(lfirst(lc), Const) &&
			!((Const *) lfirst(lc))->constisnull)
		{
			literal_append_string(&out->text, DatumGetCString(((Const *) lfirst(lc))->constvalue));
			continue;
		}
		if (!translate_value(level, out, lfirst(lc), &arg) || arg.class != CLASS_TEXT)
			return false;
	}
	appendStringInfoChar(&out->text, ')');
	translate_type_init(type, TEXTOID, -1);
	type->bare = true;
	return list_length(func->args) > (separator ? 1 : 0);
}

/* Write a function of PostgreSQL's own; false if it is not in the catalogue. */
bool
translate_function(Level *level, RemoteSql *out, FuncExpr *func, RemoteType *type)
{
	char *name = func->funcid < FirstGenbkiObjectId ? get_func_name(func->funcid) : NULL;
	Call call = {level, func, name, list_length(func->args), {NULL}, {0}};
	ListCell *lc;
	size_t i;

	if (name == NULL)
		return translate_remote_function(level, out, func, type);
	if (func->funcvariadic || func->funcretset)
		return false;
	if (strcmp(name, "concat") == 0 || strcmp(name, "concat_ws") == 0)
		return translate_concat(level, out, func, *(name + 6) == '\0' ? NULL : linitial(func->args),
								type);
	if (call.nargs == 0 || call.nargs > MAX_ARGS)
		return false;
	foreach (lc, func->args)
	{
		call.args[foreach_current_index(lc)] = lfirst(lc);
		call.types[foreach_current_index(lc)] = exprType(lfirst(lc));
	}
	if (translate_is_array_column(call.args[0]))
		return translate_array_function(&call, out, type);
	for (i = 0; i < lengthof(function_catalogue); i++)
	{
		if (strcmp(name, function_catalogue[i].name) != 0 ||
			memcmp(call.types, function_catalogue[i].types, sizeof(call.types)) != 0)
			continue;
		translate_type_init(type, func->funcresulttype, -1);
		type->bare = true;
		if (type->class == CLASS_NUMERIC)
			type->whole = -1;
		return function_catalogue[i].write(&call, out, type);
	}
	return false;
}
