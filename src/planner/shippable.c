/*
 * shippable.c
 *	  What both engines understand alike: types, collations, operators,
 *	  constants, and what is evaluated here in any case.
 *
 * The catalogue that translate.c asks before it writes anything.
 */
#include "planner/translate.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_database.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "query/literal.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/*
 * The catalogue of types: what comparisons mean the same in both engines.
 * Order of char(n) does not: blanks are stripped here and padded there.
 */
static const struct
{
	Oid type;
	TypeClass class;
	bool ordered;
} type_catalogue[] = {
	{BOOLOID, CLASS_BOOL, true},
	{INT2OID, CLASS_INTEGER, true},
	{INT4OID, CLASS_INTEGER, true},
	{INT8OID, CLASS_INTEGER, true},
	{FLOAT4OID, CLASS_FLOAT, true},
	{FLOAT8OID, CLASS_FLOAT, true},
	{NUMERICOID, CLASS_NUMERIC, true},
	{TEXTOID, CLASS_TEXT, true},
	{VARCHAROID, CLASS_TEXT, true},
	{BPCHAROID, CLASS_CHAR, false},
	{DATEOID, CLASS_DATETIME, true},
	{TIMESTAMPOID, CLASS_DATETIME, true},
	{TIMESTAMPTZOID, CLASS_TIMESTAMPTZ, true},
	{TIMEOID, CLASS_TIME, true},
	{BYTEAOID, CLASS_BYTEA, true},
	{UUIDOID, CLASS_UUID, true},
};

/* The class of a type, and whether both engines order it alike. */
TypeClass
shippable_class(Oid type, bool *ordered)
{
	size_t i;

	for (i = 0; i < lengthof(type_catalogue); i++)
		if (type_catalogue[i].type == type)
		{
			if (ordered)
				*ordered = type_catalogue[i].ordered;
			return type_catalogue[i].class;
		}
	return CLASS_NONE;
}

/* ---------- collations ---------- */

static bool
locale_is_code_point_order(const char *locale)
{
	return strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0 ||
		   pg_strcasecmp(locale, "C.UTF-8") == 0 || pg_strcasecmp(locale, "C.utf8") == 0 ||
		   strcmp(locale, "PG_UNICODE_FAST") == 0;
}

/*
 * The locale that a collation has for order (or, with ctype, for characters), and
 * its provider; that of the database for the default one.  NULL if it has none.
 */
static char *
locale_of(Oid collation, bool ctype, char *provider)
{
	HeapTuple tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Datum locale;
	bool isnull = true;
	char *name;

	*provider = '\0';
	if (!HeapTupleIsValid(tuple))
		return NULL;
	*provider = ((Form_pg_collation) GETSTRUCT(tuple))->collprovider;
	if (*provider == COLLPROVIDER_DEFAULT)
	{
		ReleaseSysCache(tuple);
		tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
		if (!HeapTupleIsValid(tuple))
			return NULL;
		*provider = ((Form_pg_database) GETSTRUCT(tuple))->datlocprovider;
		locale = SysCacheGetAttr(DATABASEOID, tuple,
								 *provider != COLLPROVIDER_LIBC ? ATHENA_ANUM_DATABASE_LOCALE :
								 ctype                          ? Anum_pg_database_datctype :
																  Anum_pg_database_datcollate,
								 &isnull);
	}
	else
		locale = SysCacheGetAttr(COLLOID, tuple,
								 *provider != COLLPROVIDER_LIBC ? ATHENA_ANUM_COLLATION_LOCALE :
								 ctype                          ? Anum_pg_collation_collctype :
																  Anum_pg_collation_collcollate,
								 &isnull);
	name = isnull ? NULL : TextDatumGetCString(locale);
	ReleaseSysCache(tuple);
	return name;
}

/*
 * Does this collation order text by code points, as Athena does?  C and POSIX,
 * C.UTF-8 of libc, and all of the builtin provider.
 */
static bool
collation_is_code_point_order(Oid collation)
{
	char provider;
	char *locale;

	if (collation == C_COLLATION_OID)
		return true;
	locale = locale_of(collation, false, &provider);
	return provider == ATHENA_COLLPROVIDER_BUILTIN ||
		   (provider == COLLPROVIDER_LIBC && locale && locale_is_code_point_order(locale));
}

/* Is a comparison under this collation the same as Athena's? */
bool
shippable_collation(Oid collation, bool order)
{
	if (!OidIsValid(collation))
		return true;
	if (!get_collation_isdeterministic(collation))
		return false;
	return !order || (shippable_encoding() && collation_is_code_point_order(collation));
}

/* Does the database have the characters that Athena has? */
bool
shippable_encoding(void)
{
	return GetDatabaseEncoding() == PG_UTF8;
}

/*
 * Languages whose locales map case as Unicode has it, one character for one.  In
 * others, Turkish for one, letters of ASCII have other partners.
 */
static CaseMapping
case_of_locale(const char *locale)
{
	static const char *const languages[] = {"C",  "en", "de", "fr", "es", "it", "pt", "nl", "da",
											"nb", "nn", "sv", "fi", "pl", "cs", "ru", "uk", "ja"};
	const char *encoding = strchr(locale, '.');
	size_t len = strcspn(locale, "_.@");
	size_t i;

	if (strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0)
		return CASE_ASCII;
	if (encoding == NULL || strchr(locale, '@') ||
		(pg_strcasecmp(encoding, ".utf8") != 0 && pg_strcasecmp(encoding, ".utf-8") != 0))
		return CASE_UNKNOWN;
	for (i = 0; i < lengthof(languages); i++)
		if (len == strlen(languages[i]) && strncmp(locale, languages[i], len) == 0)
			return CASE_UNICODE;
	return CASE_UNKNOWN;
}

/* How do upper(), lower() and ILIKE map characters under this collation? */
CaseMapping
shippable_case(Oid collation)
{
	char provider;
	char *locale;

	if (!shippable_encoding())
		return CASE_UNKNOWN;
	if (collation == C_COLLATION_OID)
		return CASE_ASCII;
	locale = locale_of(collation, true, &provider);
	/* ICU has rules of languages, PG_UNICODE_FAST makes two characters of one */
	if (locale == NULL ||
		(provider != COLLPROVIDER_LIBC && provider != ATHENA_COLLPROVIDER_BUILTIN) ||
		strcmp(locale, "PG_UNICODE_FAST") == 0)
		return CASE_UNKNOWN;
	return case_of_locale(locale);
}

/* ---------- parameters: expressions without columns ---------- */

/*
 * Is this PARAM_EXEC the output of an InitPlan, hence the same for all rows?
 * Not below a correlated subquery, where InitPlans run for each outer row.
 */
static bool
is_initplan_output(PlannerInfo *root, int paramid)
{
	PlannerInfo *upper;

	for (upper = root->parent_root; upper; upper = upper->parent_root)
		if (upper->plan_params != NIL)
			return false;
	for (; root; root = root->parent_root)
	{
		ListCell *lc;

		foreach (lc, root->init_plans)
			if (list_member_int(lfirst_node(SubPlan, lc)->setParam, paramid))
				return true;
	}
	return false;
}

/*
 * Finds what an expression without columns may not hold: columns, subplans,
 * and parameters that change from row to row of an outer query.  Those would
 * make a remote query for each of its rows; evaluated here, one does for all.
 */
static bool
not_a_param_walker(Node *node, Level *level)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) || IsA(node, SubPlan) || IsA(node, AlternativeSubPlan) ||
		IsA(node, PlaceHolderVar) || IsA(node, Aggref) || IsA(node, WindowFunc) ||
		IsA(node, GroupingFunc) || IsA(node, CaseTestExpr) || IsA(node, CurrentOfExpr))
		return true;
	if (IsA(node, FuncExpr) && translate_is_remote_only(((FuncExpr *) node)->funcid))
		return true;
	if (IsA(node, Param))
	{
		Param *param = (Param *) node;

		if (param->paramkind == PARAM_EXTERN)
			return false;
		return param->paramkind != PARAM_EXEC ||
			   (!list_member_int(level->statement->known_params, param->paramid) &&
				!is_initplan_output(level->statement->root, param->paramid));
	}
	return expression_tree_walker(node, not_a_param_walker, level);
}

/* Is it evaluated here, once, to travel as a literal? */
bool
shippable_is_hole(Level *level, Expr *expr)
{
	return !IsA(expr, Const) && !not_a_param_walker((Node *) expr, level) &&
		   !contain_volatile_functions((Node *) expr);
}

/* Does it hold the result of a subquery? */
bool
shippable_has_subquery_result(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXEC;
	return expression_tree_walker(node, shippable_has_subquery_result, context);
}

/* Does it hold a subquery that depends on rows outside of it? */
bool
shippable_has_correlated_subquery(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan) && ((SubPlan *) node)->parParam != NIL)
		return true;
	return expression_tree_walker(node, shippable_has_correlated_subquery, context);
}

/* Does it hold a subquery that runs for each row? */
bool
shippable_needs_subplan(Expr *expr)
{
	return contain_subplans((Node *) expr);
}

/* Has a constant a literal there that means the same? */
bool
shippable_const(Const *c)
{
	StringInfoData text;

	if (!literal_type_known(c->consttype))
		return false;
	/* comparisons with NaN are rewritten for values that are not known */
	if (!c->constisnull && c->consttype == FLOAT8OID && isnan(DatumGetFloat8(c->constvalue)))
		return false;
	if (!c->constisnull && c->consttype == FLOAT4OID && isnan(DatumGetFloat4(c->constvalue)))
		return false;
	initStringInfo(&text);
	return literal_append(&text, c->consttype, c->constvalue, c->constisnull);
}

/* Digits that a value of this type can have before and after its point; -1 if that is not known. */
void
shippable_digits_of_type(Oid type, int32 typmod, RemoteType *digits)
{
	digits->whole = digits->fraction = -1;
	if (type == INT2OID || type == INT4OID || type == INT8OID)
	{
		digits->whole = type == INT2OID ? 5 : type == INT4OID ? 10 : 19;
		digits->fraction = 0;
	}
	else if (type == NUMERICOID && typmod >= (int32) VARHDRSZ)
	{
		int fraction = (typmod - VARHDRSZ) & 0x7ff;
		int whole = (((typmod - VARHDRSZ) >> 16) & 0xffff) - fraction;

		/* a negative scale is a large number here */
		if (fraction > MAX_DIGITS || whole < 0)
			return;
		digits->whole = whole;
		digits->fraction = fraction;
	}
}

/* Is this one of the server's own operators?  Gives its name. */
bool
shippable_builtin_operator(Oid opno, const char **name)
{
	HeapTuple tuple;
	Oid function;

	if (opno >= FirstGenbkiObjectId)
		return false;
	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(opno));
	if (!HeapTupleIsValid(tuple))
		return false;
	*name = pstrdup(NameStr(((Form_pg_operator) GETSTRUCT(tuple))->oprname));
	function = ((Form_pg_operator) GETSTRUCT(tuple))->oprcode;
	ReleaseSysCache(tuple);
	/* date against timestamptz depends on TimeZone */
	return func_volatile(function) == PROVOLATILE_IMMUTABLE;
}
