/*
 * glue.h
 *	  The actions of the Glue API that are used: reading tables.
 */
#ifndef ATHENA_GLUE_H
#define ATHENA_GLUE_H

#include "postgres.h"

#include "aws.h"
#include "nodes/pg_list.h"

typedef struct GlueColumn
{
	char *name;
	char *type; /* as Glue spells it: array<struct<a:int>> */
	char *comment; /* "" if there is none */
	bool partition;
} GlueColumn;

typedef struct GlueTable
{
	char *name;
	char *comment; /* "" if there is none */
	char *location; /* s3://bucket/prefix of its data; "" if there is none */
	char *kind; /* EXTERNAL_TABLE, VIRTUAL_VIEW, ... */
	char *format; /* hive, iceberg, delta, hudi, view */
	bool is_view;
	bool is_link; /* a resource link to a table elsewhere */
	double rows; /* from the table's parameters; -1 if unknown */
	double bytes; /* the same */
	List *columns; /* of GlueColumn, partition columns last */
} GlueTable;

/* Called for each table; only one page of tables is in memory at a time. */
typedef void (*GlueTableCallback)(const GlueTable *table, void *arg);

extern bool glue_get_tables(const AwsClient *client, const char *database,
							GlueTableCallback callback, void *arg, AwsError *error);
extern bool glue_get_table(const AwsClient *client, const char *database, const char *name,
						   GlueTable *table, AwsError *error);

#endif /* ATHENA_GLUE_H */
