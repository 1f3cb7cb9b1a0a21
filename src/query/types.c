/*
 * types.c
 *	  Athena's types: their names as Glue (Hive) and as the engine (Trino)
 *	  spell them, the PostgreSQL types they become, and the expression that
 *	  carries a nested value as JSON.
 *
 * Used by IMPORT FOREIGN SCHEMA and by the deparser.
 *
 * The text in which Athena writes arrays, maps and rows has neither quotes nor
 * escapes, so nested values travel as CAST(x AS JSON).  Leaves that have no
 * such cast (char, time, zoned times, varbinary, uuid, ipaddress, intervals;
 * as keys of a map also date and timestamp) are rewritten to text inside the
 * value first; NULLs stay NULL at every level.  Fields of a row that have no
 * name become f1, f2, ..., as in row_to_json().
 */
#include "query/types.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#define MAX_DEPTH 64
#define MAX_FIELDS 1600 /* more than PostgreSQL's columns */

/* ---------- parsing ---------- */

typedef struct Parser
{
	const char *p;
	int depth;
	char *error;
} Parser;

typedef struct SimpleName
{
	const char *name;
	AthenaTypeKind kind;
} SimpleName;

static const SimpleName simple_names[] = {
	{"boolean", AT_BOOLEAN},
	{"tinyint", AT_TINYINT},
	{"byte", AT_TINYINT},
	{"smallint", AT_SMALLINT},
	{"short", AT_SMALLINT},
	{"int", AT_INTEGER},
	{"integer", AT_INTEGER},
	{"bigint", AT_BIGINT},
	{"long", AT_BIGINT},
	{"real", AT_REAL},
	{"float", AT_REAL},
	{"double", AT_DOUBLE},
	{"double precision", AT_DOUBLE},
	{"decimal", AT_DECIMAL},
	{"numeric", AT_DECIMAL},
	{"char", AT_CHAR},
	{"varchar", AT_VARCHAR},
	{"string", AT_VARCHAR},
	{"date", AT_DATE},
	{"time", AT_TIME},
	{"time without time zone", AT_TIME},
	{"time with time zone", AT_TIMETZ},
	{"timestamp", AT_TIMESTAMP},
	{"timestamp without time zone", AT_TIMESTAMP},
	{"timestamp with time zone", AT_TIMESTAMPTZ},
	{"timestamp with local time zone", AT_TIMESTAMPTZ},
	{"timestamptz", AT_TIMESTAMPTZ},
	{"varbinary", AT_VARBINARY},
	{"binary", AT_VARBINARY},
	{"json", AT_JSON},
	{"uuid", AT_UUID},
	{"ipaddress", AT_IPADDRESS},
	{"interval day to second", AT_INTERVAL_DS},
	{"interval_day_time", AT_INTERVAL_DS},
	{"interval year to month", AT_INTERVAL_YM},
	{"interval_year_month", AT_INTERVAL_YM},
};

static AthenaType *parse_type(Parser *parser);

static void *
fail(Parser *parser, char *error)
{
	if (parser->error == NULL)
		parser->error = error;
	return NULL;
}

static void
skip_blanks(Parser *parser)
{
	while (isspace((unsigned char) *parser->p))
		parser->p++;
}

static bool
accept(Parser *parser, char c)
{
	skip_blanks(parser);
	if (*parser->p != c)
		return false;
	parser->p++;
	return true;
}

static bool
is_word_char(char c)
{
	return isalnum((unsigned char) c) || c == '_' || IS_HIGHBIT_SET(c);
}

/* The next word in lower case, "" if there is none. */
static char *
word(Parser *parser)
{
	const char *start;
	char *text;

	skip_blanks(parser);
	start = parser->p;
	while (is_word_char(*parser->p))
		parser->p++;
	text = pnstrdup(start, parser->p - start);
	for (char *c = text; *c; c++)
		*c = pg_ascii_tolower((unsigned char) *c);
	return text;
}

/* Does this word follow?  Takes it if so. */
static bool
accept_word(Parser *parser, const char *what)
{
	const char *before = parser->p;

	if (strcmp(word(parser), what) == 0)
		return true;
	parser->p = before;
	return false;
}

/* A number in parentheses' list; -1 with an error if there is none. */
static int
number(Parser *parser)
{
	long value;
	char *end;

	skip_blanks(parser);
	value = strtol(parser->p, &end, 10);
	if (end == parser->p || value < 0 || value > PG_INT32_MAX)
	{
		fail(parser, pstrdup("a number is expected"));
		return -1;
	}
	parser->p = end;
	return (int) value;
}

static AthenaType *
make_type(AthenaTypeKind kind)
{
	AthenaType *type = palloc0(sizeof(AthenaType));

	type->kind = kind;
	type->precision = -1;
	return type;
}

static void
add_arg(AthenaType *type, char *name, AthenaType *arg)
{
	if ((type->nargs & (type->nargs - 1)) == 0)
	{
		int room = type->nargs ? type->nargs * 2 : 1;

		type->args = type->args ? repalloc(type->args, room * sizeof(*type->args)) :
								  palloc(sizeof(*type->args));
		type->names = type->names ? repalloc(type->names, room * sizeof(*type->names)) :
									palloc(sizeof(*type->names));
	}
	type->args[type->nargs] = arg;
	type->names[type->nargs] = name;
	type->nargs++;
}

/* A Hive field is name:type; the name may hold almost anything. */
static char *
hive_field_name(Parser *parser)
{
	const char *start;
	char *name;

	skip_blanks(parser);
	if (*parser->p == '`' || *parser->p == '"')
	{
		char quote = *parser->p++;

		start = parser->p;
		while (*parser->p && *parser->p != quote)
			parser->p++;
		name = pnstrdup(start, parser->p - start);
		if (*parser->p)
			parser->p++;
	}
	else
	{
		start = parser->p;
		while (*parser->p && strchr(":<>,", *parser->p) == NULL)
			parser->p++;
		name = pnstrdup(start, parser->p - start);
		for (char *end = name + strlen(name); end > name && isspace((unsigned char) end[-1]);)
			*--end = '\0';
	}
	if (*name == '\0' || !accept(parser, ':'))
		return fail(parser, pstrdup("the fields of a struct are written name:type"));
	return name;
}

/*
 * A Trino field is [name] type, the name perhaps in double quotes.  A bare
 * word is a name if something that begins a type follows it.
 */
static char *
trino_field_name(Parser *parser)
{
	const char *before;
	char *first;
	char *rest;

	skip_blanks(parser);
	if (*parser->p == '"')
	{
		StringInfoData name;

		initStringInfo(&name);
		for (parser->p++; *parser->p; parser->p++)
		{
			if (*parser->p == '"' && *++parser->p != '"')
				return name.data;
			appendStringInfoChar(&name, *parser->p);
		}
		return fail(parser, pstrdup("unterminated name"));
	}
	before = parser->p;
	first = word(parser);
	skip_blanks(parser);
	if (is_word_char(*parser->p))
	{
		const char *second = parser->p;

		rest = word(parser);
		parser->p = second;
		if (!((strcmp(first, "timestamp") == 0 || strcmp(first, "time") == 0) &&
			  (strcmp(rest, "with") == 0 || strcmp(rest, "without") == 0)) &&
			!(strcmp(first, "interval") == 0 &&
			  (strcmp(rest, "day") == 0 || strcmp(rest, "year") == 0)) &&
			!(strcmp(first, "double") == 0 && strcmp(rest, "precision") == 0))
			return pnstrdup(before, strlen(first));
	}
	parser->p = before;
	return NULL;
}

/* array<t>, map<k,v>, struct<a:t,...> or array(t), map(k,v), row(a t, ...). */
static AthenaType *
parse_nested(Parser *parser, AthenaTypeKind kind)
{
	AthenaType *type = make_type(kind);
	bool hive = accept(parser, '<');
	int wanted = kind == AT_ARRAY ? 1 : kind == AT_MAP ? 2 : 0;

	if (!hive && !accept(parser, '('))
		return fail(parser, pstrdup("the types inside are missing"));
	do
	{
		char *name = NULL;
		AthenaType *arg;

		if (kind == AT_ROW)
			name = hive ? hive_field_name(parser) : trino_field_name(parser);
		if (parser->error || (arg = parse_type(parser)) == NULL)
			return NULL;
		if (type->nargs == MAX_FIELDS)
			return fail(parser, pstrdup("too many fields"));
		add_arg(type, name, arg);
	} while (accept(parser, ','));
	if (!accept(parser, hive ? '>' : ')'))
		return fail(parser, pstrdup(hive ? "> is missing" : ") is missing"));
	if (wanted && type->nargs != wanted)
		return fail(parser, psprintf("%d types are expected inside, not %d", wanted, type->nargs));
	return type;
}

/* The words and numbers of a type that is not nested; name is its first word. */
static AthenaType *
parse_simple(Parser *parser, char *name)
{
	AthenaType *type = NULL;
	int precision = -1;
	int scale = 0;
	size_t i;

	if (accept(parser, '('))
	{
		precision = number(parser);
		if (accept(parser, ','))
			scale = number(parser);
		if (!accept(parser, ')'))
			return fail(parser, pstrdup(") is missing"));
	}
	if (strcmp(name, "double") == 0)
		accept_word(parser, "precision");
	else if (strcmp(name, "interval") == 0)
		name = psprintf("interval %s", accept_word(parser, "day") && accept_word(parser, "to") &&
											   accept_word(parser, "second") ?
										   "day to second" :
									   accept_word(parser, "year") && accept_word(parser, "to") &&
											   accept_word(parser, "month") ?
										   "year to month" :
										   "");
	else if (strcmp(name, "time") == 0 || strcmp(name, "timestamp") == 0)
	{
		bool with = accept_word(parser, "with");

		if (with || accept_word(parser, "without"))
		{
			accept_word(parser, "local");
			if (!accept_word(parser, "time") || !accept_word(parser, "zone"))
				return fail(parser, pstrdup("\"time zone\" is expected"));
			name = psprintf("%s %s time zone", name, with ? "with" : "without");
		}
	}
	for (i = 0; i < lengthof(simple_names) && type == NULL; i++)
		if (strcmp(name, simple_names[i].name) == 0)
			type = make_type(simple_names[i].kind);
	if (type == NULL)
		return fail(parser, psprintf("there is no PostgreSQL type for \"%s\"", name));
	type->precision = precision;
	type->scale = scale;
	if (type->kind == AT_DECIMAL && precision < 0)
		type->precision = 10; /* Hive's default */
	if (type->kind == AT_DECIMAL &&
		(type->precision < 1 || type->precision > 38 || scale > type->precision))
		return fail(parser, pstrdup("the precision of a decimal is from 1 to 38"));
	if (type->kind == AT_CHAR && precision < 0)
		type->precision = 1;
	return type;
}

static AthenaType *
parse_type(Parser *parser)
{
	AthenaType *type;
	char *name;

	if (++parser->depth > MAX_DEPTH)
		return fail(parser, pstrdup("nested too deeply"));
	name = word(parser);
	if (*name == '\0')
		return fail(parser, pstrdup("the name of a type is expected"));
	if (strcmp(name, "array") == 0)
		type = parse_nested(parser, AT_ARRAY);
	else if (strcmp(name, "map") == 0)
		type = parse_nested(parser, AT_MAP);
	else if (strcmp(name, "struct") == 0 || strcmp(name, "row") == 0)
		type = parse_nested(parser, AT_ROW);
	else
		type = parse_simple(parser, name);
	parser->depth--;
	return parser->error ? NULL : type;
}

/*
 * Read the name of a type, as Glue or Athena spells it.  Returns it palloc'd,
 * or NULL with *error saying what cannot be understood.
 */
AthenaType *
athena_type_parse(const char *text, char **error)
{
	Parser parser = {text, 0, NULL};
	AthenaType *type = parse_type(&parser);

	if (type)
	{
		skip_blanks(&parser);
		if (*parser.p)
			type = fail(&parser, psprintf("unexpected text \"%.32s\"", parser.p));
	}
	*error = parser.error;
	return type;
}

/* ---------- in PostgreSQL ---------- */

bool
athena_type_is_nested(const AthenaType *type)
{
	return type->kind == AT_ARRAY || type->kind == AT_MAP || type->kind == AT_ROW;
}

/* Are these one type, perhaps spelled differently? */
bool
athena_type_same(const AthenaType *a, const AthenaType *b)
{
	int i;

	if (a->kind != b->kind || a->precision != b->precision || a->scale != b->scale ||
		a->nargs != b->nargs)
		return false;
	for (i = 0; i < a->nargs; i++)
	{
		if (!athena_type_same(a->args[i], b->args[i]))
			return false;
		if (a->kind == AT_ROW &&
			pg_strcasecmp(a->names[i] ? a->names[i] : "", b->names[i] ? b->names[i] : "") != 0)
			return false;
	}
	return true;
}

static int32
time_typmod(const AthenaType *type, int otherwise)
{
	int precision = type->precision < 0 ? otherwise : type->precision;

	return Min(precision, MAX_TIMESTAMP_PRECISION);
}

/*
 * The PostgreSQL type in which a column of this type is imported.  With
 * arrays, an array of scalars becomes a PostgreSQL array; all other nested
 * types are jsonb.
 */
void
athena_type_to_pg(const AthenaType *type, bool arrays, Oid *pgtype, int32 *typmod)
{
	*typmod = -1;
	switch (type->kind)
	{
		case AT_BOOLEAN:
			*pgtype = BOOLOID;
			break;
		case AT_TINYINT:
		case AT_SMALLINT:
			*pgtype = INT2OID;
			break;
		case AT_INTEGER:
			*pgtype = INT4OID;
			break;
		case AT_BIGINT:
			*pgtype = INT8OID;
			break;
		case AT_REAL:
			*pgtype = FLOAT4OID;
			break;
		case AT_DOUBLE:
			*pgtype = FLOAT8OID;
			break;
		case AT_DECIMAL:
			*pgtype = NUMERICOID;
			*typmod = ((type->precision << 16) | (type->scale & 0x7ff)) + VARHDRSZ;
			break;
		case AT_CHAR:
			*pgtype = BPCHAROID;
			*typmod = type->precision + VARHDRSZ;
			break;
		case AT_VARCHAR:
			*pgtype = TEXTOID;
			if (type->precision > 0 && type->precision <= 10485760)
			{
				*pgtype = VARCHAROID;
				*typmod = type->precision + VARHDRSZ;
			}
			break;
		case AT_DATE:
			*pgtype = DATEOID;
			break;
		case AT_TIME:
			*pgtype = TIMEOID;
			*typmod = time_typmod(type, 6);
			break;
		case AT_TIMETZ:
			*pgtype = TIMETZOID;
			*typmod = time_typmod(type, 6);
			break;
		case AT_TIMESTAMP:
			*pgtype = TIMESTAMPOID;
			*typmod = time_typmod(type, 3); /* Hive's */
			break;
		case AT_TIMESTAMPTZ:
			*pgtype = TIMESTAMPTZOID;
			*typmod = time_typmod(type, 6);
			break;
		case AT_VARBINARY:
			*pgtype = BYTEAOID;
			break;
		case AT_UUID:
			*pgtype = UUIDOID;
			break;
		case AT_IPADDRESS:
			*pgtype = INETOID;
			break;
		case AT_INTERVAL_DS:
		case AT_INTERVAL_YM:
			*pgtype = INTERVALOID;
			break;
		case AT_ARRAY:
			*pgtype = JSONBOID;
			if (arrays && !athena_type_is_nested(type->args[0]) && type->args[0]->kind != AT_JSON)
			{
				Oid element;

				athena_type_to_pg(type->args[0], false, &element, typmod);
				*pgtype = get_array_type(element);
			}
			break;
		case AT_JSON:
		case AT_MAP:
		case AT_ROW:
			*pgtype = JSONBOID;
			break;
	}
}

/* Has a value of this type digits of a second that no PostgreSQL type keeps? */
bool
athena_type_loses_digits(const AthenaType *type)
{
	return (type->kind == AT_TIME || type->kind == AT_TIMETZ || type->kind == AT_TIMESTAMP ||
			type->kind == AT_TIMESTAMPTZ) &&
		   type->precision > MAX_TIMESTAMP_PRECISION;
}

/*
 * Do comparisons mean the same on this Athena type as on a column declared
 * with this PostgreSQL type?  Where not, they are evaluated here.
 */
bool
athena_type_natural(const AthenaType *type, Oid pgtype)
{
	Oid natural;
	int32 typmod;

	if (athena_type_loses_digits(type))
		return false;
	athena_type_to_pg(type, true, &natural, &typmod);
	if (natural == TEXTOID || natural == VARCHAROID)
		return pgtype == TEXTOID || pgtype == VARCHAROID;
	if (natural == INT2OID || natural == INT4OID || natural == INT8OID)
		return pgtype == INT2OID || pgtype == INT4OID || pgtype == INT8OID;
	return pgtype == natural;
}

/* ---------- nested values as JSON ---------- */

/* Can a value of this type be cast to JSON as it is?  Keys can do less. */
static bool
has_json_cast(const AthenaType *type, bool as_key)
{
	int i;

	switch (type->kind)
	{
		case AT_BOOLEAN:
		case AT_TINYINT:
		case AT_SMALLINT:
		case AT_INTEGER:
		case AT_BIGINT:
		case AT_REAL:
		case AT_DOUBLE:
		case AT_DECIMAL:
		case AT_VARCHAR:
			return true;
		case AT_DATE:
		case AT_TIMESTAMP:
		case AT_JSON:
			return !as_key;
		case AT_ARRAY:
		case AT_ROW:
			/* fields without a name would all be called "" */
			for (i = 0; i < type->nargs; i++)
				if (!has_json_cast(type->args[i], false) ||
					(type->kind == AT_ROW && type->names[i] == NULL))
					return false;
			return true;
		case AT_MAP:
			return has_json_cast(type->args[0], true) && has_json_cast(type->args[1], false);
		default:
			return false;
	}
}

/* A name in double quotes. */
void
athena_quote_name(StringInfo out, const char *name)
{
	appendStringInfoChar(out, '"');
	for (; *name; name++)
	{
		if (*name == '"')
			appendStringInfoChar(out, '"');
		appendStringInfoChar(out, *name);
	}
	appendStringInfoChar(out, '"');
}

/* The engine's name of the type that rewrite() gives. */
static void
rewritten_type(StringInfo out, const AthenaType *type, bool as_key)
{
	int i;

	if (!has_json_cast(type, as_key) && !athena_type_is_nested(type))
	{
		appendStringInfoString(out, "varchar");
		return;
	}
	switch (type->kind)
	{
		case AT_BOOLEAN:
			appendStringInfoString(out, "boolean");
			break;
		case AT_TINYINT:
			appendStringInfoString(out, "tinyint");
			break;
		case AT_SMALLINT:
			appendStringInfoString(out, "smallint");
			break;
		case AT_INTEGER:
			appendStringInfoString(out, "integer");
			break;
		case AT_BIGINT:
			appendStringInfoString(out, "bigint");
			break;
		case AT_REAL:
			appendStringInfoString(out, "real");
			break;
		case AT_DOUBLE:
			appendStringInfoString(out, "double");
			break;
		case AT_DECIMAL:
			appendStringInfo(out, "decimal(%d,%d)", type->precision, type->scale);
			break;
		case AT_DATE:
			appendStringInfoString(out, "date");
			break;
		case AT_TIMESTAMP:
			appendStringInfo(out, "timestamp(%d)", type->precision < 0 ? 6 : type->precision);
			break;
		case AT_JSON:
			appendStringInfoString(out, "json");
			break;
		case AT_ARRAY:
			appendStringInfoString(out, "array(");
			rewritten_type(out, type->args[0], false);
			appendStringInfoChar(out, ')');
			break;
		case AT_MAP:
			appendStringInfoString(out, "map(");
			rewritten_type(out, type->args[0], true);
			appendStringInfoString(out, ", ");
			rewritten_type(out, type->args[1], false);
			appendStringInfoChar(out, ')');
			break;
		case AT_ROW:
			appendStringInfoString(out, "row(");
			for (i = 0; i < type->nargs; i++)
			{
				if (i > 0)
					appendStringInfoString(out, ", ");
				if (type->names[i])
					athena_quote_name(out, type->names[i]);
				else
					appendStringInfo(out, "f%d", i + 1); /* as row_to_json() does */
				appendStringInfoChar(out, ' ');
				rewritten_type(out, type->args[i], false);
			}
			appendStringInfoChar(out, ')');
			break;
		default:
			appendStringInfoString(out, "varchar");
			break;
	}
}

/* Write expr with every leaf that has no cast to JSON made text. */
static void
rewrite(StringInfo out, const AthenaType *type, const char *expr, bool as_key, int depth)
{
	char *inner;
	int i;

	if (has_json_cast(type, as_key))
	{
		appendStringInfoString(out, expr);
		return;
	}
	switch (type->kind)
	{
		case AT_VARBINARY:
			appendStringInfo(out, "to_hex(%s)", expr);
			break;
		case AT_TIMESTAMPTZ:
			appendStringInfo(out, "CAST(%s AT TIME ZONE 'UTC' AS varchar)", expr);
			break;
		case AT_ARRAY:
			inner = psprintf("e%d", depth);
			appendStringInfo(out, "transform(%s, %s -> ", expr, inner);
			rewrite(out, type->args[0], inner, false, depth + 1);
			appendStringInfoChar(out, ')');
			break;
		case AT_MAP:
			/* values first: a lambda over keys may still use the old ones */
			if (!has_json_cast(type->args[0], true))
				appendStringInfoString(out, "transform_keys(");
			if (!has_json_cast(type->args[1], false))
			{
				inner = psprintf("v%d", depth);
				appendStringInfo(out, "transform_values(%s, (k%d, %s) -> ", expr, depth, inner);
				rewrite(out, type->args[1], inner, false, depth + 1);
				appendStringInfoChar(out, ')');
			}
			else
				appendStringInfoString(out, expr);
			if (!has_json_cast(type->args[0], true))
			{
				inner = psprintf("k%d", depth);
				appendStringInfo(out, ", (%s, v%d) -> ", inner, depth);
				rewrite(out, type->args[0], inner, true, depth + 1);
				appendStringInfoChar(out, ')');
			}
			break;
		case AT_ROW:
			appendStringInfo(out, "IF(%s IS NULL, NULL, CAST(ROW(", expr);
			for (i = 0; i < type->nargs; i++)
			{
				StringInfoData field;

				initStringInfo(&field);
				appendStringInfoString(&field, expr);
				if (type->names[i])
				{
					appendStringInfoChar(&field, '.');
					athena_quote_name(&field, type->names[i]);
				}
				else
					appendStringInfo(&field, "[%d]", i + 1);
				if (i > 0)
					appendStringInfoString(out, ", ");
				rewrite(out, type->args[i], field.data, false, depth + 1);
			}
			appendStringInfoString(out, ") AS ");
			rewritten_type(out, type, false);
			appendStringInfoString(out, "))");
			break;
		default:
			appendStringInfo(out, "CAST(%s AS varchar)", expr);
			break;
	}
}

/*
 * Write the expression that carries a nested value as JSON.  expr names the
 * value; type is its type, or NULL if it is not known, which then must have a
 * cast to JSON.
 */
void
athena_type_json_expr(StringInfo out, const AthenaType *type, const char *expr)
{
	appendStringInfoString(out, "CAST(");
	if (type)
		rewrite(out, type, expr, false, 1);
	else
		appendStringInfoString(out, expr);
	appendStringInfoString(out, " AS JSON)");
}
