/*
 * size.h
 *	  How large is a table, without reading it?
 */
#ifndef ATHENA_SIZE_H
#define ATHENA_SIZE_H

#include "postgres.h"

#include "query/query.h"

/* -1 for what is not known. */
typedef struct TableSize
{
	double rows;
	double bytes; /* of its files; infinite if there are very many */
	bool can_sample; /* it has files of its own, unlike a view */
} TableSize;

extern void size_of_table(Oid relid, const QuerySettings *settings, TableSize *size);
extern double size_by_explain(const QuerySettings *settings, const char *sql);

#endif /* ATHENA_SIZE_H */
