/*
 * layout.c
 *	  A long statement with one clause a line, for EXPLAIN.
 *
 * Works on the text alone: quotes are passed over, and parentheses tell where
 * a query begins inside of another.
 */
#include "executor/layout.h"

/* A statement of this length fits a line. */
#define LINE_LENGTH 150
/* Deeper queries go on in their line. */
#define MAX_DEPTH 64

/* What begins a line, the longer ones first. */
static const char *const clauses[] = {
	"LEFT JOIN ", "RIGHT JOIN ", "FULL JOIN ", "CROSS JOIN ", "JOIN ",   "FROM ",
	"WHERE ",     "GROUP BY ",   "HAVING ",    "ORDER BY ",   "OFFSET ", "LIMIT ",
	"FETCH ",     "UNION ",      "INTERSECT ", "EXCEPT ",     "SELECT ",
};

static void
new_line(StringInfo out, int indent, int depth)
{
	appendStringInfoChar(out, '\n');
	appendStringInfoSpaces(out, indent + 2 * depth);
}

/* The length of a clause's first words at p; 0 if none begins there. */
static size_t
clause_at(const char *p)
{
	size_t i;

	for (i = 0; i < lengthof(clauses); i++)
		if (strncmp(p, clauses[i], strlen(clauses[i])) == 0)
			return strlen(clauses[i]);
	return 0;
}

static bool
begins_query(const char *p)
{
	return strncmp(p, "SELECT ", 7) == 0 || strncmp(p, "WITH ", 5) == 0 ||
		   strncmp(p, "(SELECT ", 8) == 0;
}

/* The statement as it is to be shown, lines after the first with so many blanks before them. */
char *
layout_statement(const char *sql, int indent)
{
	StringInfoData out;
	bool queries[MAX_DEPTH]; /* is it a query that each open parenthesis holds? */
	int open = 0;
	int depth = 0;
	const char *p;

	if (strlen(sql) <= LINE_LENGTH || strchr(sql, '\n'))
		return pstrdup(sql);
	initStringInfo(&out);
	new_line(&out, indent, 0);
	for (p = sql; *p; p++)
	{
		bool in_query = open == 0 || (open <= MAX_DEPTH && queries[open - 1]);

		if (*p == '\'' || *p == '"')
		{
			const char *end = strchr(p + 1, *p);

			if (end == NULL)
				end = p + strlen(p) - 1;
			appendBinaryStringInfo(&out, p, (int) (end - p) + 1);
			p = end;
			continue;
		}
		if (*p == '(')
		{
			bool query = open < MAX_DEPTH && begins_query(p + 1);

			appendStringInfoChar(&out, '(');
			if (open < MAX_DEPTH)
				queries[open] = query;
			open++;
			if (query)
				new_line(&out, indent, ++depth);
			continue;
		}
		if (*p == ')' && open > 0)
		{
			open--;
			if (open < MAX_DEPTH && queries[open])
				new_line(&out, indent, --depth);
		}
		else if (*p == ' ' && in_query)
		{
			size_t length = clause_at(p + 1);

			if (length > 0)
			{
				new_line(&out, indent, depth);
				appendBinaryStringInfo(&out, p + 1, (int) length);
				p += length;
				continue;
			}
		}
		appendStringInfoChar(&out, *p);
	}
	return out.data;
}
