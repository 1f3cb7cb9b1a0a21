/*
 * endpoint.c
 *	  Which host serves an AWS service in a region.
 *
 * The rules are those of botocore's endpoint rule sets for the partitions
 * aws, aws-cn and aws-us-gov; test/unit/test_endpoint.py compares them for
 * every region of these partitions.
 */
#include "endpoint.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const service_names[AWS_SERVICES] = {
	[AWS_ATHENA] = "athena",
	[AWS_GLUE] = "glue",
	[AWS_S3] = "s3",
	[AWS_STS] = "sts",
};

/* The name in a host, in a credential scope and in an IAM action. */
const char *
endpoint_service_name(AwsService service)
{
	return service_names[service];
}

/*
 * Is this the form of a region's name: two letters, words and a number, as in
 * us-east-1, us-gov-west-1, mx-central-1?  It becomes part of a host name, so
 * nothing else may pass.
 */
bool
endpoint_region_valid(const char *region)
{
	size_t len = strlen(region);
	int dashes = 0;
	size_t i;

	if (len < 7 || len > 32 || !islower((unsigned char) region[0]) ||
		!isdigit((unsigned char) region[len - 1]))
		return false;
	for (i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) region[i];

		if (c == '-')
		{
			if (i == 0 || region[i - 1] == '-')
				return false;
			dashes++;
		}
		else if (!islower(c) && !isdigit(c))
			return false;
		else if (isdigit(c) && dashes < 2)
			return false;
	}
	return dashes >= 2 && dashes <= 3 && region[2] == '-';
}

/*
 * Write https://host for a service.  Returns false if the region is not one.
 * S3 spells its dual-stack hosts s3.dualstack.REGION, all others use the
 * partition's newer domain.
 */
bool
endpoint_derive(AwsService service, const char *region, bool fips, bool dualstack,
				char out[ENDPOINT_MAX])
{
	const char *suffix = "amazonaws.com";
	const char *middle = "";
	bool china;
	int n;

	if (!endpoint_region_valid(region))
		return false;
	china = strncmp(region, "cn-", 3) == 0;
	if (service == AWS_S3)
	{
		if (dualstack)
			middle = ".dualstack";
		if (china)
			suffix = "amazonaws.com.cn";
	}
	else if (dualstack)
		suffix = china ? "api.amazonwebservices.com.cn" : "api.aws";
	else if (china)
		suffix = "amazonaws.com.cn";
	/* there the usual STS hosts are the FIPS ones */
	if (service == AWS_STS && !dualstack && strncmp(region, "us-gov-", 7) == 0)
		fips = false;

	n = snprintf(out, ENDPOINT_MAX, "https://%s%s%s.%s.%s", service_names[service],
				 fips ? "-fips" : "", middle, region, suffix);
	return n > 0 && n < ENDPOINT_MAX;
}

/*
 * Does this URL name the machine itself: localhost, 127.0.0.0/8 or [::1]?
 * Only such may be spoken to without TLS by everybody.  A name that merely
 * resolves to such an address does not count: DNS can change its mind.
 */
bool
endpoint_is_loopback(const char *url)
{
	const char *host = strstr(url, "://");
	size_t len;
	unsigned a, b, c, d;
	char tail;
	char text[64];

	if (host == NULL)
		return false;
	host += 3;
	if (strncmp(host, "[::1]", 5) == 0)
		return host[5] == '\0' || host[5] == ':' || host[5] == '/';
	len = strcspn(host, ":/");
	if (len == 9 && strncasecmp(host, "localhost", 9) == 0)
		return true;
	if (len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	return strspn(text, "0123456789.") == len &&
		   sscanf(text, "%3u.%3u.%3u.%3u%c", &a, &b, &c, &d, &tail) == 4 && a == 127 && b < 256 &&
		   c < 256 && d < 256;
}
