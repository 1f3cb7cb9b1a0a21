/*
 * identity.c
 *	  Who signs: keys, kept per backend, renewed before they expire.
 *
 * Made by storage/credentials.c from what a user mapping says; used by aws.c
 * for every request.  Identities are kept by content: two mappings that say the
 * same share one, and a mapping that is altered (or whose alteration is rolled
 * back) gets another one with its next statement, so nothing here has to be
 * invalidated.  An AwsClient holds its identity as long as the client's memory
 * context lives; those that nobody holds are forgotten, oldest first.
 *
 * Renewing talks to others and may throw.  It happens before a request is sent
 * (aws_call_begin) and while one is awaited (aws_call_wait), never while a
 * transaction is being aborted: that uses the keys that are there.
 */
#include "identity.h"

#include "lib/ilist.h"
#include "utils/memutils.h"

/* Keys are renewed when they have less than this left. */
#define RENEW_BEFORE_S 300
/* After renewing failed, keys that still work are used for this long. */
#define RETRY_AFTER_S 30
/* How many that nobody holds are kept. */
#define MAX_IDLE 16

struct AwsIdentity
{
	dlist_node node;
	MemoryContext context;
	int holders;
	bool cached;
	AwsIdentitySpec spec;
	AwsClient client; /* how STS is called; has no identity of its own */
	AwsKeys keys; /* access_key_id is NULL before the first are there */
	int64 generation; /* counts the keys that there have been */
	char *origin; /* in words: where the keys come from */
	time_t next_try; /* not before this is renewing tried again */
};

static dlist_head identities = DLIST_STATIC_INIT(identities);
static int cached_identities = 0;

static char *
copy_or_null(const char *text)
{
	return text ? pstrdup(text) : NULL;
}

static void
wipe(char *text)
{
	if (text == NULL)
		return;
	explicit_bzero(text, strlen(text));
	pfree(text);
}

static void
wipe_keys(AwsKeys *keys)
{
	wipe(keys->access_key_id);
	wipe(keys->secret_access_key);
	wipe(keys->session_token);
	memset(keys, 0, sizeof(*keys));
}

static void
copy_keys(AwsKeys *to, const AwsKeys *from)
{
	to->access_key_id = copy_or_null(from->access_key_id);
	to->secret_access_key = copy_or_null(from->secret_access_key);
	to->session_token = copy_or_null(from->session_token);
	to->expires = from->expires;
}

static void
forget(AwsIdentity *identity)
{
	if (identity->cached)
	{
		dlist_delete(&identity->node);
		cached_identities--;
	}
	wipe_keys(&identity->keys);
	if (identity->spec.secret_access_key)
		explicit_bzero((char *) identity->spec.secret_access_key,
					   strlen(identity->spec.secret_access_key));
	MemoryContextDelete(identity->context);
}

static void
release(void *arg)
{
	AwsIdentity *identity = arg;

	if (--identity->holders == 0 && !identity->cached)
		forget(identity);
}

/* Keep an identity as long as the current memory context lives. */
void
identity_hold(AwsIdentity *identity)
{
	MemoryContextCallback *cb = palloc0(sizeof(MemoryContextCallback));

	cb->func = release;
	cb->arg = identity;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, cb);
	identity->holders++;
}

/* Forget the oldest that nobody holds; the list has the latest used first. */
static void
forget_idle(void)
{
	dlist_node *node = dlist_is_empty(&identities) ? NULL : dlist_tail_node(&identities);

	while (node && cached_identities > MAX_IDLE)
	{
		AwsIdentity *identity = dlist_container(AwsIdentity, node, node);

		node = dlist_has_prev(&identities, node) ? dlist_prev_node(&identities, node) : NULL;
		if (identity->holders == 0)
			forget(identity);
	}
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
same_spec(const AwsIdentitySpec *a, const AwsIdentitySpec *b)
{
	return a->source == b->source && same(a->access_key_id, b->access_key_id) &&
		   same(a->secret_access_key, b->secret_access_key) &&
		   same(a->session_token, b->session_token) && same(a->profile, b->profile) &&
		   same(a->token_file, b->token_file) && same(a->web_role_arn, b->web_role_arn) &&
		   a->allow_process == b->allow_process && same(a->role_arn, b->role_arn) &&
		   same(a->external_id, b->external_id) && same(a->session_name, b->session_name) &&
		   a->duration_s == b->duration_s;
}

/* Does STS answer both in the same place? */
static bool
same_sts(const AwsClient *a, const AwsClient *b)
{
	return same(a->region, b->region) && same(a->endpoint[AWS_STS], b->endpoint[AWS_STS]) &&
		   same(a->proxy, b->proxy) && same(a->ca_file, b->ca_file);
}

static AwsIdentity *
make_identity(void)
{
	MemoryContext context =
		AllocSetContextCreate(TopMemoryContext, "AWS identity", ALLOCSET_SMALL_SIZES);
	AwsIdentity *identity = MemoryContextAllocZero(context, sizeof(AwsIdentity));

	identity->context = context;
	return identity;
}

/*
 * The identity that a spec describes, held for the current memory context.
 * Asks nobody anything.  The client says where STS is; its own identity is not
 * looked at.
 */
AwsIdentity *
identity_get(const AwsIdentitySpec *spec, const AwsClient *client)
{
	AwsIdentity *identity;
	MemoryContext caller;
	AwsClient bare = *client;
	dlist_iter iter;

	dlist_foreach (iter, &identities)
	{
		identity = dlist_container(AwsIdentity, node, iter.cur);
		if (same_spec(&identity->spec, spec) &&
			(spec->source == AWS_KEYS_STATIC && spec->role_arn == NULL ?
				 true :
				 same_sts(&identity->client, client)))
		{
			dlist_move_head(&identities, &identity->node);
			identity_hold(identity);
			return identity;
		}
	}
	forget_idle();

	identity = make_identity();
	caller = MemoryContextSwitchTo(identity->context);
	bare.identity = NULL;
	identity->client = *aws_client_copy(&bare);
	identity->spec = *spec;
#define COPY(field) identity->spec.field = copy_or_null(spec->field)
	COPY(access_key_id);
	COPY(secret_access_key);
	COPY(session_token);
	COPY(profile);
	COPY(token_file);
	COPY(web_role_arn);
	COPY(role_arn);
	COPY(external_id);
	COPY(session_name);
#undef COPY
	identity->origin = pstrdup("");
	if (spec->source == AWS_KEYS_STATIC && spec->role_arn == NULL)
		keys_fetch(&identity->spec, &identity->client, &identity->keys, &identity->origin);
	MemoryContextSwitchTo(caller);
	identity->cached = true;
	dlist_push_head(&identities, &identity->node);
	cached_identities++;
	identity_hold(identity);
	return identity;
}

/* An identity with these keys only, held for the current memory context. */
AwsIdentity *
identity_of_keys(const AwsKeys *keys)
{
	AwsIdentity *identity = make_identity();
	MemoryContext caller = MemoryContextSwitchTo(identity->context);

	copy_keys(&identity->keys, keys);
	identity->keys.expires = 0; /* whoever found them renews them */
	identity->origin = pstrdup("");
	MemoryContextSwitchTo(caller);
	identity_hold(identity);
	return identity;
}

/* Can there be other keys than those at hand? */
static bool
renewable(const AwsIdentity *identity)
{
	return identity->spec.source != AWS_KEYS_STATIC || identity->spec.role_arn != NULL;
}

/* Fetch keys; throws if there are none. */
static void
fetch(AwsIdentity *identity)
{
	MemoryContext scratch =
		AllocSetContextCreate(CurrentMemoryContext, "AWS keys", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	AwsKeys keys = {0};
	char *origin;

	keys_fetch(&identity->spec, &identity->client, &keys, &origin);
	MemoryContextSwitchTo(identity->context);
	wipe_keys(&identity->keys);
	copy_keys(&identity->keys, &keys);
	identity->generation++;
	pfree(identity->origin);
	identity->origin = pstrdup(origin);
	MemoryContextSwitchTo(caller);
	wipe_keys(&keys);
	MemoryContextDelete(scratch);
}

/* Are there keys that will still be valid after this many seconds? */
static bool
valid_for(const AwsIdentity *identity, int seconds)
{
	return identity->keys.access_key_id != NULL &&
		   (identity->keys.expires == 0 || identity->keys.expires > time(NULL) + seconds);
}

/* Try to fetch keys while those at hand still work; only interrupts are thrown. */
static void
fetch_early(AwsIdentity *identity)
{
	MemoryContext caller = CurrentMemoryContext;

	identity->next_try = time(NULL) + RETRY_AFTER_S;
	PG_TRY();
	{
		fetch(identity);
	}
	PG_CATCH();
	{
		ErrorData *edata;

		MemoryContextSwitchTo(caller);
		edata = CopyErrorData();
		if (edata->funcname && strcmp(edata->funcname, "ProcessInterrupts") == 0)
			PG_RE_THROW();
		FlushErrorState();
		elog(DEBUG1, "athena_fdw: AWS keys could not be renewed yet: %s", edata->message);
		FreeErrorData(edata);
	}
	PG_END_TRY();
}

/*
 * See to it that there are keys which will not expire at once.  May wait for
 * others; throws if there are no keys.
 */
void
identity_make_ready(AwsIdentity *identity)
{
	if (!renewable(identity) || valid_for(identity, RENEW_BEFORE_S))
		return;
	if (!valid_for(identity, 0))
		fetch(identity);
	else if (time(NULL) >= identity->next_try)
		fetch_early(identity);
}

/*
 * AWS does not accept keys: fetch others, unless those at hand have come since.
 * False if there can be none.  May wait, may throw.
 */
bool
identity_renew(AwsIdentity *identity, int64 refused)
{
	if (!renewable(identity))
		return false;
	if (identity->generation == refused)
		fetch(identity);
	return true;
}

/* Counts the keys that there have been, so that a call knows whose it was sent with. */
int64
identity_generation(const AwsIdentity *identity)
{
	return identity->generation;
}

/* The keys at hand.  Throws nothing. */
const AwsKeys *
identity_keys(const AwsIdentity *identity)
{
	return &identity->keys;
}

/* Where they come from, in words: "the user mapping". */
const char *
identity_origin(const AwsIdentity *identity)
{
	return identity->origin;
}
