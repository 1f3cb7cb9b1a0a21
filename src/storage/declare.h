/*
 * declare.h
 *	  Tables and columns of Athena's as PostgreSQL declares them.
 */
#ifndef ATHENA_DECLARE_H
#define ATHENA_DECLARE_H

#include "postgres.h"

#include "aws/glue.h"
#include "lib/stringinfo.h"
#include "tcop/utility.h"

/* How columns are declared. */
typedef struct DeclareStyle
{
	bool arrays; /* arrays of scalars as PostgreSQL arrays, else as jsonb */
	bool collate_c; /* text in Athena's own order */
} DeclareStyle;

/* One column's declaration; all texts are in the database's encoding. */
typedef struct ColumnDeclaration
{
	char *name; /* here */
	char *remote_name;
	char *remote_type; /* as the catalogue spells it */
	bool keep_type; /* is the option remote_type needed? */
	Oid pgtype;
	int32 typmod;
	bool collate_c;
	char *comment; /* "" for none */
} ColumnDeclaration;

extern char *declare_name(const char *remote, List *used);
extern ColumnDeclaration *declare_column(const GlueTable *table, const GlueColumn *column,
										 DeclareStyle style, List *used, char **error);
extern void declare_append_column(StringInfo out, const ColumnDeclaration *column);
extern char *declare_type_text(const ColumnDeclaration *column);
extern List *declare_columns(const GlueTable *table, DeclareStyle style, char **column,
							 char **error);
extern void declare_append_option(StringInfo out, bool *first, const char *name, const char *value);
extern char *declare_table(const char *qualified, const char *server, List *columns,
						   const char *const *options);
extern char *declare_comments(const char *qualified, const char *comment, List *columns);
extern void declare_run(const char *sql, ProcessUtilityContext context);

#endif /* ATHENA_DECLARE_H */
