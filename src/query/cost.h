/*
 * cost.h
 *	  What queries cost, and how much they may scan.
 */
#ifndef ATHENA_COST_H
#define ATHENA_COST_H

#include "postgres.h"

#include "query/query.h"

/* Settings athena_fdw.price_per_terabyte and athena_fdw.max_bytes_scanned (in MB; 0: any). */
extern double cost_price_per_terabyte;
extern int cost_max_megabytes;

extern double cost_of(const AthenaExecution *execution);
extern char *cost_text(double cost);
extern char *cost_bytes_text(int64 bytes);
extern int64 cost_limit(const QuerySettings *settings, const char **whence);

#endif /* ATHENA_COST_H */
