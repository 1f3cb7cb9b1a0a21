/*
 * layout.h
 *	  A long statement with one clause a line, for EXPLAIN.
 */
#ifndef ATHENA_LAYOUT_H
#define ATHENA_LAYOUT_H

#include "postgres.h"

#include "lib/stringinfo.h"

extern char *layout_statement(const char *sql, int indent);

#endif /* ATHENA_LAYOUT_H */
