/*
 * cost.c
 *	  What queries cost, and how much they may scan.
 *
 * AWS bills the bytes that a query scans, rounded up to whole megabytes, ten at
 * least; nothing for DDL, for queries that failed, and for results that were
 * used again; what was scanned until then for queries that were cancelled.
 * Its megabyte is taken to be 2^20 bytes and its terabyte 2^40, and a query that
 * scans nothing to cost nothing: its price list says neither.
 */
#include "query/cost.h"

#define MEGABYTE ((int64) 1024 * 1024)
#define MINIMUM_MB 10

double cost_price_per_terabyte = 5.0;
int cost_max_megabytes = 0;

/* In the currency of athena_fdw.price_per_terabyte. */
double
cost_of(const AthenaExecution *x)
{
	int64 mb;

	if (x->bytes_scanned <= 0 || x->reused || !x->is_dml || x->state == ATHENA_FAILED)
		return 0;
	mb = Max((x->bytes_scanned + MEGABYTE - 1) / MEGABYTE, MINIMUM_MB);
	return (double) mb / (1024 * 1024) * cost_price_per_terabyte;
}

/* With as many digits as say something. */
char *
cost_text(double cost)
{
	return psprintf("$%.*f", cost >= 1 ? 2 : cost >= 0.01 ? 4 : cost > 0 ? 6 : 2, cost);
}

/* A number of bytes as a person reads it; units are PostgreSQL's, of 1024. */
char *
cost_bytes_text(int64 bytes)
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
	double value = (double) bytes;
	size_t unit = 0;

	if (bytes == 1)
		return pstrdup("1 byte");
	while (value >= 10 * 1024 && unit + 1 < lengthof(units))
	{
		value /= 1024;
		unit++;
	}
	return psprintf("%.0f %s", value, units[unit]);
}

/*
 * How many bytes may a query scan?  0 for any number.  Says which of the
 * limits it is.
 */
int64
cost_limit(const QuerySettings *settings, const char **whence)
{
	int64 limit = (int64) cost_max_megabytes * MEGABYTE;

	*whence = "Setting athena_fdw.max_bytes_scanned";
	if (settings->max_bytes_scanned > 0 && (limit == 0 || settings->max_bytes_scanned < limit))
	{
		*whence = psprintf("%s of server \"%s\"",
						   settings->for_analyze ? "Option analyze_max_bytes" :
												   "Option max_bytes_scanned",
						   settings->server_name);
		limit = settings->max_bytes_scanned;
	}
	return limit;
}
