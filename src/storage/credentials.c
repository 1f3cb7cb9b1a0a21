/*
 * credentials.c
 *	  Where keys come from: the user mapping, and nowhere else.
 *
 * The server process may have keys of its own (environment, files, instance
 * metadata).  They are never used here, whoever asks: a role that may create
 * a server must not be able to act with the machine's identity.
 */
#include "storage/storage.h"

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "catalog/pg_user_mapping.h"
#include "utils/syscache.h"

/*
 * Find the keys of a user for a server.  Unlike GetUserMapping() this does not
 * throw where there is no mapping: what is missing is reported as a whole.
 */
void
credentials_find(ForeignServer *server, Oid userid, Credentials *c)
{
	HeapTuple tuple;
	List *options = NIL;
	Datum datum;
	bool isnull;

	memset(c, 0, sizeof(*c));
	tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(userid),
							ObjectIdGetDatum(server->serverid));
	if (!HeapTupleIsValid(tuple))
	{
		tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(InvalidOid),
								ObjectIdGetDatum(server->serverid));
		c->is_public = HeapTupleIsValid(tuple);
	}
	if (!HeapTupleIsValid(tuple))
		return;
	c->has_mapping = true;
	datum = SysCacheGetAttr(USERMAPPINGUSERSERVER, tuple, Anum_pg_user_mapping_umoptions, &isnull);
	if (!isnull)
		options = untransformRelOptions(datum);
	c->access_key_id = options_get(options, "access_key_id");
	c->secret_access_key = options_get(options, "secret_access_key");
	c->session_token = options_get(options, "session_token");
	ReleaseSysCache(tuple);
}

/* A key id as it may be shown: AKIA...QF4X. */
char *
credentials_masked(const char *access_key_id)
{
	size_t len = strlen(access_key_id);

	if (len < 12)
		return pstrdup("...");
	return psprintf("%.4s...%s", access_key_id, access_key_id + len - 4);
}
