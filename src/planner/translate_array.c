/*
 * translate_array.c
 *	  Arrays in Athena's SQL: columns that are arrays there, of what is compared
 *	  alike, and what is in them.
 *
 * An array that is a value of its own is not shipped: comparisons of arrays
 * treat NULLs in them in other ways there.
 */
#include "planner/translate_call.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "query/literal.h"
#include "query/types.h"
#include "storage/storage.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Are elements of this type found by = alike?  Not where NaN may be among them. */
static bool
is_plain_element(Oid element)
{
	switch (shippable_class(element, NULL))
	{
		case CLASS_BOOL:
		case CLASS_INTEGER:
		case CLASS_TEXT:
		case CLASS_DATETIME:
		case CLASS_UUID:
			return true;
		default:
			return false;
	}
}

/* Is it a column that is an array here? */
bool
translate_is_array_column(Expr *expr)
{
	while (IsA(expr, RelabelType))
		expr = ((RelabelType *) expr)->arg;
	return IsA(expr, Var) && OidIsValid(get_element_type(exprType((Node *) expr)));
}

/* Write a column that is an array there as it is here; gives the type of its elements. */
static bool
write_array(Level *level, RemoteSql *out, Expr *expr, Oid *element)
{
	RemoteType type;
	ColumnOptions options;
	AthenaType *remote;
	char *error;

	if (!translate_is_array_column(expr))
		return false;
	while (IsA(expr, RelabelType))
		expr = ((RelabelType *) expr)->arg;
	*element = get_element_type(exprType((Node *) expr));
	if (!is_plain_element(*element) || !translate_expr(level, out, expr, &type) ||
		!OidIsValid(type.relid))
		return false;
	options = storage_column(type.relid, type.attnum);
	remote = options.remote_type ? athena_type_parse(options.remote_type, &error) : NULL;
	/* what is not said to be an array there may be JSON */
	return remote && remote->kind == AT_ARRAY &&
		   athena_type_natural(remote, exprType((Node *) expr));
}

/* ARRAY[...] of a constant without NULLs; gives how many elements there are. */
static bool
write_const_array(RemoteSql *out, Expr *expr, Oid element, int *count)
{
	Const *c = (Const *) expr;
	Datum *values;
	bool *nulls;
	int16 len;
	bool byval;
	char align;
	int i;

	while (IsA(expr, RelabelType))
		expr = ((RelabelType *) expr)->arg;
	c = (Const *) expr;
	if (!IsA(c, Const) || c->constisnull || get_element_type(c->consttype) != element)
		return false;
	get_typlenbyvalalign(element, &len, &byval, &align);
	deconstruct_array(DatumGetArrayTypeP(c->constvalue), element, len, byval, align, &values,
					  &nulls, count);
	if (*count == 0)
		return false;
	appendStringInfoString(&out->text, "ARRAY[");
	for (i = 0; i < *count; i++)
	{
		if (i > 0)
			appendStringInfoString(&out->text, ", ");
		if (nulls[i] || !literal_append(&out->text, element, values[i], false))
			return false;
	}
	appendStringInfoChar(&out->text, ']');
	return true;
}

/* x = ANY (column) and x <> ALL (column). */
bool
translate_array_contains(Level *level, RemoteSql *out, ScalarArrayOpExpr *op)
{
	const char *name;
	RemoteType type;
	Oid element;

	if (!shippable_builtin_operator(op->opno, &name) || strcmp(name, op->useOr ? "=" : "<>") != 0 ||
		!shippable_collation(op->inputcollid, false))
		return false;
	appendStringInfoString(&out->text, op->useOr ? "contains(" : "NOT contains(");
	if (!write_array(level, out, lsecond(op->args), &element))
		return false;
	appendStringInfoString(&out->text, ", ");
	if (!translate_value(level, out, linitial(op->args), &type) ||
		type.class != shippable_class(element, NULL))
		return false;
	appendStringInfoChar(&out->text, ')');
	return true;
}

/* column && constant, column @> constant and constant <@ column. */
bool
translate_array_operator(Level *level, RemoteSql *out, const char *name, OpExpr *op,
						 RemoteType *type)
{
	Expr *column = linitial(op->args);
	Expr *other = lsecond(op->args);
	RemoteSql array;
	Oid element;
	int count;

	if (!translate_is_array_column(column))
	{
		column = other;
		other = linitial(op->args);
		/* what is contained is the constant */
		if (strcmp(name, "@>") == 0)
			return false;
	}
	else if (strcmp(name, "<@") == 0)
		return false;
	remote_sql_init(&array);
	if (!shippable_collation(op->inputcollid, false) ||
		!write_array(level, &array, column, &element))
		return false;
	translate_type_init(type, BOOLOID, -1);
	if (strcmp(name, "&&") != 0)
	{
		appendStringInfoString(&out->text, "cardinality(array_except(");
		if (!write_const_array(out, other, element, &count))
			return false;
		appendStringInfoString(&out->text, ", ");
		remote_sql_append(out, &array);
		appendStringInfoString(&out->text, ")) = 0");
		return true;
	}
	/* NULLs in an array make it NULL there */
	appendStringInfoString(&out->text, "IF(");
	remote_sql_append(out, &array);
	appendStringInfoString(&out->text, " IS NOT NULL, coalesce(arrays_overlap(");
	remote_sql_append(out, &array);
	appendStringInfoString(&out->text, ", ");
	if (!write_const_array(out, other, element, &count))
		return false;
	appendStringInfoString(&out->text, "), false))");
	type->bare = true;
	return true;
}

/* column[n], n a constant. */
bool
translate_array_element(Level *level, RemoteSql *out, SubscriptingRef *ref, RemoteType *type)
{
	Const *n = list_length(ref->refupperindexpr) == 1 ? linitial(ref->refupperindexpr) : NULL;
	Oid element;

	if (n == NULL || !IsA(n, Const) || n->constisnull || n->consttype != INT4OID ||
		DatumGetInt32(n->constvalue) < 1 || ref->reflowerindexpr != NIL || ref->refassgnexpr)
		return false;
	appendStringInfoString(&out->text, "element_at(");
	if (!write_array(level, out, ref->refexpr, &element))
		return false;
	appendStringInfo(&out->text, ", %d)", DatumGetInt32(n->constvalue));
	translate_type_init(type, element, -1);
	type->bare = true;
	return true;
}

/* array_length(column, 1), cardinality(column), array_position(column, constant). */
bool
translate_array_function(Call *call, RemoteSql *out, RemoteType *type)
{
	Oid element;
	int dimension;

	if (strcmp(call->name, "cardinality") == 0 && call->nargs == 1)
	{
		appendStringInfoString(&out->text, "cardinality(");
		if (!write_array(call->level, out, call->args[0], &element))
			return false;
		appendStringInfoChar(&out->text, ')');
	}
	else if (strcmp(call->name, "array_length") == 0 && call->nargs == 2 &&
			 call_int(call, 1, 1, &dimension) && dimension == 1)
	{
		appendStringInfoString(&out->text, "nullif(cardinality(");
		if (!write_array(call->level, out, call->args[0], &element))
			return false;
		appendStringInfoString(&out->text, "), 0)");
	}
	else if (strcmp(call->name, "array_position") == 0 && call->nargs == 2 &&
			 IsA(call->args[1], Const) && !((Const *) call->args[1])->constisnull)
	{
		RemoteType value;

		appendStringInfoString(&out->text, "nullif(array_position(");
		if (!shippable_collation(call->func->inputcollid, false) ||
			!write_array(call->level, out, call->args[0], &element))
			return false;
		appendStringInfoString(&out->text, ", ");
		if (!call_write(call, out, 1, &value) || value.class != shippable_class(element, NULL))
			return false;
		appendStringInfoString(&out->text, "), 0)");
	}
	else
		return false;
	translate_type_init(type, INT4OID, -1);
	type->bare = true;
	return true;
}
