/*
 * slow_dns.c
 *	  A resolver that never answers for names below "never.invalid".
 *
 * Preloaded into the test cluster's server, so that cancelling a query in the
 * middle of a name look-up can be tested without touching the machine's DNS.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
			struct addrinfo **res)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		(int (*)(const char *, const char *, const struct addrinfo *,
				 struct addrinfo **)) dlsym(RTLD_NEXT, "getaddrinfo");

	if (node && strstr(node, "never.invalid"))
		for (;;)
			sleep(3600);
	return real(node, service, hints, res);
}
