/*
 * translate_time.c
 *	  Functions and operators of dates and times in Athena's SQL.
 *
 * What depends on the session's time zone is shipped in few cases only.  A date
 * that PostgreSQL has made a timestamp with time zone (as date_trunc() and
 * to_char() of a date do) travels as that date, CLASS_MIDNIGHT, and becomes
 * midnight of the session's zone when it is read.  And where a moment is compared
 * with a date or a time without zone, and one of both is evaluated here, that one
 * is cast here: see translate_compare_moment().
 */
#include "planner/translate_call.h"

#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "pgtime.h"
#include "query/literal.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/* What may be added to a date or a moment that is somewhere in reach. */
#define MAX_MONTHS 12000
#define MAX_DAYS 366000

/* pg_operator's > and >= of timestamp with time zone, and - of date and integer. */
#define TIMESTAMPTZ_GT_OPERATOR 1324
#define TIMESTAMPTZ_GE_OPERATOR 1325
#define DATE_MINUS_OPERATOR 1101

/* between date and timestamp */
bool
call_cast(Call *call, RemoteSql *out, RemoteType *type)
{
	appendStringInfoString(&out->text, "CAST(");
	if (!call_write_class(call, out, 0, CLASS_DATETIME))
		return false;
	appendStringInfo(&out->text, " AS %s)", literal_type_name(type->type));
	return true;
}

/* to be grouped, sorted, shown, truncated and formatted, no more */
bool
call_midnight(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteType arg;

	if (!call_write(call, out, 0, &arg) || arg.type != DATEOID || arg.class != CLASS_DATETIME)
		return false;
	type->class = CLASS_MIDNIGHT;
	type->bare = arg.bare;
	return true;
}

/* of a date that was made a timestamp with time zone, as by date_trunc() */
bool
call_day_of_midnight(Call *call, RemoteSql *out, RemoteType *type)
{
	RemoteType arg;

	if (!call_write(call, out, 0, &arg) || arg.class != CLASS_MIDNIGHT)
		return false;
	type->bare = arg.bare;
	return true;
}

/* ---------- parts ---------- */

/* Seconds with their digits, as text: the last so many characters of a timestamp. */
static void
write_seconds(RemoteSql *out, const RemoteSql *value, int characters, const char *type)
{
	appendStringInfoString(&out->text, "CAST(substr(CAST(CAST(");
	remote_sql_append(out, value);
	appendStringInfo(&out->text, " AS timestamp(6)) AS varchar), -%d) AS %s)", characters, type);
}

/* The moment as a timestamp in UTC. */
static bool
write_in_utc(Call *call, RemoteSql *value)
{
	RemoteSql arg;
	RemoteType type;

	remote_sql_init(&arg);
	if (!translate_operand(call->level, &arg, call->args[1], &type))
		return false;
	if (type.class == CLASS_DATETIME)
	{
		if (type.type == DATEOID)
			appendStringInfoString(&value->text, "CAST(");
		remote_sql_append(value, &arg);
		if (type.type == DATEOID)
			appendStringInfoString(&value->text, " AS timestamp(0))");
		return true;
	}
	if (type.class != CLASS_TIMESTAMPTZ)
		return false;
	appendStringInfoString(&value->text, "CAST(");
	remote_sql_append(value, &arg);
	appendStringInfoString(&value->text, " AT TIME ZONE 'UTC' AS timestamp(6))");
	return true;
}

/* extract(epoch from ...) and extract(second from timestamp) */
static bool
extract_seconds(Call *call, RemoteSql *out, bool epoch, RemoteType *type)
{
	bool day = call->types[1] == DATEOID;
	RemoteSql value;

	remote_sql_init(&value);
	if (!write_in_utc(call, &value))
		return false;
	/* what comes of digits after the point as a double has been rounded twice here */
	if (type->class == CLASS_FLOAT && !day)
		return false;
	if (!epoch)
	{
		type->whole = 2;
		type->fraction = 6;
		write_seconds(out, &value, 9, "decimal(8,6)");
		return true;
	}
	type->whole = 12;
	type->fraction = day ? 0 : 6;
	if (day)
	{
		appendStringInfoString(&out->text, "CAST(to_unixtime(");
		remote_sql_append(out, &value);
		appendStringInfo(&out->text, ") AS %s)",
						 type->class == CLASS_FLOAT ? "double" : "decimal(12,0)");
		return true;
	}
	/* a double has not digits enough for both */
	appendStringInfoString(&out->text, "CAST(CAST(to_unixtime(date_trunc('second', ");
	remote_sql_append(out, &value);
	appendStringInfoString(&out->text, ")) AS decimal(20,0)) + ");
	write_seconds(out, &value, 7, "decimal(7,6)");
	appendStringInfoString(&out->text, " AS decimal(18,6))");
	return true;
}

/*
 * year, quarter, month, week, day, doy, dow, isodow, isoyear, epoch; hour,
 * minute, second of a timestamp; of timestamp with time zone epoch alone
 */
bool
call_extract(Call *call, RemoteSql *out, RemoteType *type)
{
	static const struct
	{
		const char *unit;
		const char *before;
		const char *after;
		bool time;
	} units[] = {
		{"year", "year(", ")", false},
		{"quarter", "quarter(", ")", false},
		{"month", "month(", ")", false},
		{"week", "week(", ")", false},
		{"day", "day(", ")", false},
		{"doy", "day_of_year(", ")", false},
		{"dow", "day_of_week(", ") % 7", false},
		{"isodow", "day_of_week(", ")", false},
		{"isoyear", "year_of_week(", ")", false},
		{"hour", "hour(", ")", true},
		{"minute", "minute(", ")", true},
	};
	char *unit = call_text(call, 0);
	size_t i;

	if (unit == NULL)
		return false;
	if (pg_strcasecmp(unit, "epoch") == 0)
		return extract_seconds(call, out, true, type);
	if (pg_strcasecmp(unit, "second") == 0 && call->types[1] == TIMESTAMPOID)
		return extract_seconds(call, out, false, type);
	for (i = 0; i < lengthof(units); i++)
	{
		if (pg_strcasecmp(unit, units[i].unit) != 0 ||
			(units[i].time && call->types[1] != TIMESTAMPOID))
			continue;
		appendStringInfo(&out->text, "CAST(%s", units[i].before);
		if (!call_write_class(call, out, 1, CLASS_DATETIME))
			return false;
		type->whole = 10;
		type->fraction = 0;
		appendStringInfo(&out->text, "%s AS %s)", units[i].after,
						 type->class == CLASS_FLOAT ? "double" : "decimal(10,0)");
		return true;
	}
	return false;
}

/* year, quarter, month, week, day; hour, minute, second of a timestamp */
bool
call_truncate(Call *call, RemoteSql *out, RemoteType *type)
{
	static const char *const units[] = {"year", "quarter", "month",  "week",
										"day",  "hour",    "minute", "second"};
	char *unit = call_text(call, 0);
	RemoteType arg;
	size_t i;

	for (i = 0; unit && i < lengthof(units); i++)
		if (pg_strcasecmp(unit, units[i]) == 0)
		{
			appendStringInfo(&out->text, "date_trunc('%s', ", units[i]);
			if (!call_write(call, out, 1, &arg))
				return false;
			appendStringInfoChar(&out->text, ')');
			/* of midnight: where the clock goes forward then, hours may differ */
			type->class = arg.class;
			return arg.class == CLASS_MIDNIGHT ?
					   i <= 4 :
					   arg.class == CLASS_DATETIME && arg.type == TIMESTAMPOID;
		}
	return false;
}

/* ---------- formats ---------- */

/* Parts of a format of to_char() that date_format() has, longest first. */
static const struct
{
	const char *here;
	const char *there;
	bool time;
	bool parse; /* is it the same when it is read? */
	const char *digits; /* what it is, as a regular expression */
} format_catalogue[] = {
	{"FMMonth", "%M", false, false, NULL}, {"FMDay", "%W", false, false, NULL},
	{"FMDD", "%e", false, false, NULL},    {"YYYY", "%Y", false, true, "[0-9]{4}"},
	{"IYYY", "%x", false, false, NULL},    {"HH24", "%H", true, false, NULL},
	{"HH12", "%I", true, false, NULL},     {"DDD", "%j", false, false, NULL},
	{"Mon", "%b", false, false, NULL},     {"YY", "%y", false, false, NULL},
	{"MM", "%m", false, true, "[0-9]{2}"}, {"DD", "%d", false, true, "[0-9]{2}"},
	{"IW", "%v", false, false, NULL},      {"HH", "%I", true, false, NULL},
	{"MI", "%i", true, false, NULL},       {"SS", "%s", true, false, NULL},
	{"AM", "%p", true, false, NULL},       {"PM", "%p", true, false, NULL},
	{"Dy", "%a", false, false, NULL},
};

/*
 * A format in the words of date_format(); false if it has others.  shape is the
 * form of the texts that are read alike by it, as a regular expression.
 */
static bool
parse_format(const char *p, StringInfo out, bool *time, bool *parses, StringInfo shape)
{
	*time = false;
	*parses = true;
	while (*p)
	{
		size_t i;

		for (i = 0; i < lengthof(format_catalogue); i++)
			if (strncmp(p, format_catalogue[i].here, strlen(format_catalogue[i].here)) == 0)
				break;
		if (i < lengthof(format_catalogue))
		{
			appendStringInfoString(out, format_catalogue[i].there);
			*time |= format_catalogue[i].time;
			*parses &= format_catalogue[i].parse;
			if (format_catalogue[i].digits)
				appendStringInfoString(shape, format_catalogue[i].digits);
			p += strlen(format_catalogue[i].here);
			/* st, th and the like */
			if (pg_strncasecmp(p, "th", 2) == 0 || strncmp(p, "SP", 2) == 0)
				return false;
		}
		else if (*p == '"')
		{
			*parses = false;
			for (p++; *p && *p != '"'; p++)
			{
				if (*p == '\\' || *p == '%')
					return false;
				appendStringInfoChar(out, *p);
			}
			if (*p++ != '"')
				return false;
		}
		else if (*p && strchr(" -/.,:;", *p))
		{
			*parses &= *p != ' ';
			appendStringInfo(shape, "[%c]", *p);
			appendStringInfoChar(out, *p++);
		}
		else
			return false;
	}
	return true;
}

/*
 * constant formats of YYYY, YY, MM, DD, HH24, HH12, MI, SS, AM, Mon, Dy, FMMonth,
 * FMDay, FMDD, DDD, IYYY, IW, signs and quoted text; without hours of a date
 */
bool
call_to_char(Call *call, RemoteSql *out, RemoteType *type)
{
	char *format = call_text(call, 1);
	StringInfoData there, shape;
	bool time, parses;
	RemoteType arg;

	initStringInfo(&there);
	initStringInfo(&shape);
	if (format == NULL || *format == '\0' || !parse_format(format, &there, &time, &parses, &shape))
		return false;
	/* date_format() rounds to milliseconds */
	appendStringInfoString(&out->text, call->types[0] == TIMESTAMPTZOID ?
										   "date_format(CAST(" :
										   "date_format(date_trunc('second', ");
	if (!call_write(call, out, 0, &arg) ||
		(arg.class == CLASS_MIDNIGHT ? time : arg.type != TIMESTAMPOID))
		return false;
	if (arg.class != CLASS_MIDNIGHT && arg.class != CLASS_DATETIME)
		return false;
	appendStringInfoString(&out->text,
						   call->types[0] == TIMESTAMPTZOID ? " AS timestamp(3)), " : "), ");
	literal_append_string(&out->text, there.data);
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* constant formats of YYYY, MM and DD and signs; texts of another form are an error there */
bool
call_to_date(Call *call, RemoteSql *out, RemoteType *type)
{
	char *format = call_text(call, 1);
	StringInfoData there, shape;
	bool time, parses;
	RemoteSql value;
	RemoteType arg;

	initStringInfo(&there);
	initStringInfo(&shape);
	remote_sql_init(&value);
	if (format == NULL || !parse_format(format, &there, &time, &parses, &shape) || !parses ||
		strstr(format, "YYYY") == NULL || strstr(format, "MM") == NULL ||
		strstr(format, "DD") == NULL ||
		!translate_value(call->level, &value, call->args[0], &arg) || arg.class != CLASS_TEXT)
		return false;
	/* what is shaped otherwise becomes a text that is no date, whose cast says so */
	appendStringInfoString(&out->text, "IF(regexp_like(");
	remote_sql_append(out, &value);
	appendStringInfo(&out->text, ", '^%s\\z'), CAST(date_parse(", shape.data);
	remote_sql_append(out, &value);
	appendStringInfoString(&out->text, ", ");
	literal_append_string(&out->text, there.data);
	appendStringInfoString(&out->text, ") AS date), CAST('to_date: ' || ");
	remote_sql_append(out, &value);
	appendStringInfoString(&out->text, " AS date))");
	return true;
}

/* ---------- days and intervals ---------- */

/* date + integer, date - integer, date - date. */
bool
translate_date_arithmetic(Level *level, RemoteSql *out, OpExpr *op, const char *name,
						  RemoteType *type)
{
	Expr *left = linitial(op->args);
	Expr *right = lsecond(op->args);
	Oid left_type = exprType((Node *) left);
	Oid right_type = exprType((Node *) right);
	RemoteType type1, type2;

	if (left_type == DATEOID && right_type == DATEOID && *name == '-')
	{
		appendStringInfoString(&out->text, "date_diff('day', ");
		if (!translate_value(level, out, right, &type1))
			return false;
		appendStringInfoString(&out->text, ", ");
		if (!translate_value(level, out, left, &type2))
			return false;
		appendStringInfoChar(&out->text, ')');
		translate_type_init(type, INT4OID, -1);
		type->whole = 7;
		type->bare = true;
		return true;
	}
	if (left_type == INT4OID && right_type == DATEOID && *name == '+')
	{
		Expr *swap = left;

		left = right;
		right = swap;
	}
	else if (left_type != DATEOID || right_type != INT4OID)
		return false;
	/* a date past 9999 cannot be read back; a moderate constant stays near its column */
	appendStringInfoString(&out->text, "date_add('day', ");
	if (*name == '-')
		appendStringInfoString(&out->text, "- ");
	if (!translate_operand(level, out, right, &type2))
		return false;
	if (!type2.is_const || type2.whole > 6)
		return false;
	appendStringInfoString(&out->text, ", ");
	if (!translate_value(level, out, left, &type1))
		return false;
	appendStringInfoChar(&out->text, ')');
	translate_type_init(type, DATEOID, -1);
	type->bare = true;
	return true;
}

/*
 * Can an interval be added to such a value there as here?  There are milliseconds
 * there, and a day of a timestamp with time zone is one of the session's zone.
 */
bool
translate_can_add(const Interval *interval, const RemoteType *to)
{
	int64 most = MAX_DAYS * USECS_PER_DAY;

	if (interval->month < -MAX_MONTHS || interval->month > MAX_MONTHS ||
		interval->day < -MAX_DAYS || interval->day > MAX_DAYS || interval->time < -most ||
		interval->time > most || interval->time % 1000 != 0)
		return false;
	if (to->class == CLASS_TIMESTAMPTZ)
		return interval->month == 0 && interval->day == 0;
	return to->class == CLASS_DATETIME;
}

static void
write_interval(StringInfo out, bool negative, int64 value, const char *unit)
{
	if (value != 0)
		appendStringInfo(out, " %c INTERVAL '" INT64_FORMAT "' %s",
						 negative == (value < 0) ? '+' : '-', value < 0 ? -value : value, unit);
}

/*
 * date or timestamp + and - a constant interval, of timestamp with time zone
 * without days: months, days and seconds one after the other, as here.
 */
bool
translate_plus_interval(Level *level, RemoteSql *out, OpExpr *op, bool negative, RemoteType *type)
{
	Expr *left = linitial(op->args);
	Const *right = lsecond(op->args);
	Interval *interval;
	RemoteType arg;
	int64 time;

	if (exprType((Node *) left) == INTERVALOID)
	{
		if (negative)
			return false;
		left = lsecond(op->args);
		right = linitial(op->args);
	}
	if (!IsA(right, Const) || right->constisnull || right->consttype != INTERVALOID)
		return false;
	interval = DatumGetIntervalP(right->constvalue);
	time = interval->time;
	if (exprType((Node *) left) == DATEOID)
		appendStringInfoString(&out->text, "CAST(");
	if (!translate_operand(level, out, left, &arg))
		return false;
	if (!translate_can_add(interval, &arg))
		return false;
	if (arg.type == DATEOID)
		appendStringInfoString(&out->text, " AS timestamp(6))");
	write_interval(&out->text, negative, interval->month, "MONTH");
	write_interval(&out->text, negative, interval->day, "DAY");
	write_interval(&out->text, negative, time / USECS_PER_SEC, "SECOND");
	if (time % USECS_PER_SEC != 0)
		appendStringInfo(&out->text, " %c INTERVAL '0.%03d' SECOND",
						 negative == (time < 0) ? '+' : '-',
						 (int) ((time < 0 ? -time : time) % USECS_PER_SEC / 1000));
	translate_type_init(type, op->opresulttype, -1);
	return true;
}

/* ---------- a date and a moment ---------- */

static Expr *
call_of(Oid function, Oid result, Expr *arg)
{
	return (Expr *) makeFuncExpr(function, result, list_make1(arg), InvalidOid, InvalidOid,
								 COERCE_EXPLICIT_CALL);
}

static Expr *
op_of(Oid operator, Oid function, Oid result, Expr *left, Expr *right)
{
	OpExpr *op =
		(OpExpr *) make_opclause(operator, result, false, left, right, InvalidOid, InvalidOid);

	op->opfuncid = function;
	return (Expr *) op;
}

/*
 * date < now() and its like: with the last day that begins before the moment, or
 * at it.  PostgreSQL compares with midnight in the session's zone.
 */
static bool
compare_date(Level *level, RemoteSql *out, OpExpr *op, const char *name, RemoteType *type)
{
	Expr *day = linitial(op->args);
	Expr *moment = lsecond(op->args);
	bool less = *name == '<';
	bool equal = name[1] == '=';
	Expr *date;
	CaseExpr *expr;
	CaseWhen *when;
	RemoteType arg;

	if (strcmp(name, "<") != 0 && strcmp(name, "<=") != 0 && strcmp(name, ">") != 0 &&
		strcmp(name, ">=") != 0)
		return false;
	if (exprType((Node *) day) == TIMESTAMPTZOID)
	{
		moment = day;
		day = lsecond(op->args);
		less = !less;
	}
	date = call_of(F_DATE_TIMESTAMPTZ, DATEOID, moment);
	when = makeNode(CaseWhen);
	/* d <= m and d > m: days that begin at m count as before it; d < m and d >= m: they do not */
	if (less == equal)
		when->expr = op_of(TIMESTAMPTZ_GT_OPERATOR, F_TIMESTAMPTZ_GT, BOOLOID,
						   call_of(F_TIMESTAMPTZ_DATE, TIMESTAMPTZOID, date), moment);
	else
		when->expr = op_of(TIMESTAMPTZ_GE_OPERATOR, F_TIMESTAMPTZ_GE, BOOLOID,
						   call_of(F_TIMESTAMPTZ_DATE, TIMESTAMPTZOID, date), moment);
	when->result = op_of(DATE_MINUS_OPERATOR, F_DATE_MII, DATEOID, date,
						 (Expr *) makeConst(INT4OID, -1, InvalidOid, sizeof(int32),
											Int32GetDatum(1), false, true));
	when->location = -1;
	expr = makeNode(CaseExpr);
	expr->casetype = DATEOID;
	expr->args = list_make1(when);
	expr->defresult = date;
	expr->location = -1;
	if (!translate_operand(level, out, day, &arg) || arg.class != CLASS_DATETIME)
		return false;
	appendStringInfoString(&out->text, less ? " <= " : " > ");
	remote_sql_hole(out, (Expr *) expr);
	translate_type_init(type, BOOLOID, -1);
	return true;
}

/* The same comparison of two values of one type. */
static bool
compare_as(Level *level, RemoteSql *out, const char *name, Oid type, Expr *left, Expr *right,
		   RemoteType *result)
{
	Oid opno = OpernameGetOprid(list_make1(makeString(pstrdup(name))), type, type);

	return OidIsValid(opno) && opno < FirstGenbkiObjectId &&
		   translate_expr(level, out, op_of(opno, get_opcode(opno), BOOLOID, left, right), result);
}

/*
 * A moment as the zone's own clock shows it, or infinity, which has no literal, if
 * the zone is not the one that the plan was made with.
 */
static Expr *
moment_on_clock(Expr *moment)
{
	const char *zone = pg_get_timezone_name(session_timezone);
	FuncExpr *setting =
		makeFuncExpr(F_CURRENT_SETTING_TEXT, TEXTOID,
					 list_make1(makeConst(TEXTOID, -1, C_COLLATION_OID, -1,
										  CStringGetTextDatum("TimeZone"), false, false)),
					 C_COLLATION_OID, C_COLLATION_OID, COERCE_EXPLICIT_CALL);
	Const *name =
		makeConst(TEXTOID, -1, C_COLLATION_OID, -1, CStringGetTextDatum(zone), false, false);
	CaseExpr *expr = makeNode(CaseExpr);
	CaseWhen *when = makeNode(CaseWhen);
	Expr *same = op_of(TextEqualOperator, F_TEXTEQ, BOOLOID, (Expr *) setting, (Expr *) name);

	((OpExpr *) same)->inputcollid = C_COLLATION_OID;
	when->expr = same;
	when->result = call_of(F_TIMESTAMP_TIMESTAMPTZ, TIMESTAMPOID, moment);
	when->location = -1;
	expr->casetype = TIMESTAMPOID;
	expr->args = list_make1(when);
	expr->defresult = (Expr *) makeConst(TIMESTAMPOID, -1, InvalidOid, sizeof(Timestamp),
										 TimestampGetDatum(DT_NOEND), false, FLOAT8PASSBYVAL);
	expr->location = -1;
	return (Expr *) expr;
}

/* Is it known before the statement is sent, and not the result of a subquery, which may be infinite? */
static bool
is_known_before(Level *level, Expr *expr)
{
	return (IsA(expr, Const) || shippable_is_hole(level, expr)) &&
		   !shippable_has_subquery_result((Node *) expr, NULL);
}

/*
 * Comparisons of a moment with a date or a time without zone.  What is known
 * before is cast here to the other side's type: to a moment always; to a time only
 * where the session's zone has no other offset than one, as UTC, since elsewhere
 * some times come twice and some never.
 */
bool
translate_compare_moment(Level *level, RemoteSql *out, OpExpr *op, const char *name,
						 RemoteType *type)
{
	Expr *left = linitial(op->args);
	Expr *right = lsecond(op->args);
	Oid left_type = exprType((Node *) left);
	Oid right_type = exprType((Node *) right);
	bool left_moment = left_type == TIMESTAMPTZOID;
	Oid other = left_moment ? right_type : left_type;
	Expr **moment = left_moment ? &left : &right;
	Expr **known = is_known_before(level, left) ? &left : &right;
	long offset;

	if (op->opresulttype != BOOLOID || (left_moment == (right_type == TIMESTAMPTZOID)) ||
		(other != DATEOID && other != TIMESTAMPOID) || !is_known_before(level, *known))
		return false;
	if (known != moment)
	{
		*known = call_of(other == DATEOID ? F_TIMESTAMPTZ_DATE : F_TIMESTAMPTZ_TIMESTAMP,
						 TIMESTAMPTZOID, *known);
		return compare_as(level, out, name, TIMESTAMPTZOID, left, right, type);
	}
	if (other == DATEOID)
		return compare_date(level, out, op, name, type);
	if (!pg_get_timezone_offset(session_timezone, &offset))
		return false;
	*moment = moment_on_clock(*moment);
	return compare_as(level, out, name, TIMESTAMPOID, left, right, type);
}
