/*
 * view_rebuild.h
 *	  Views in the way of a change of a column's type.
 */
#ifndef ATHENA_VIEW_REBUILD_H
#define ATHENA_VIEW_REBUILD_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern bool view_rebuild_dependent(Oid relid, int attnum, char **view);
extern List *view_rebuild_drop(Oid relid, List *attnums);
extern void view_rebuild_create(List *commands);

#endif /* ATHENA_VIEW_REBUILD_H */
