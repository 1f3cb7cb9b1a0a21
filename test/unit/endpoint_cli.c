/*
 * endpoint_cli.c
 *	  Prints what endpoint.c derives, a line for each line of input.
 *
 * "host SERVICE REGION FIPS DUALSTACK" prints the address or "none";
 * "region X" and "loopback URL" print yes or no.
 */
#include <stdio.h>
#include <string.h>

#include "aws/endpoint.h"

int
main(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin))
	{
		char word[512];
		char region[512];
		char out[ENDPOINT_MAX];
		int fips, dualstack;
		AwsService service;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "host %511s %511s %d %d", word, region, &fips, &dualstack) == 4)
		{
			for (service = 0; service < AWS_SERVICES; service++)
				if (strcmp(endpoint_service_name(service), word) == 0)
					puts(endpoint_derive(service, region, fips, dualstack, out) ? out : "none");
		}
		else if (strncmp(line, "region ", 7) == 0)
			puts(endpoint_region_valid(line + 7) ? "yes" : "no");
		else if (strncmp(line, "loopback ", 9) == 0)
			puts(endpoint_is_loopback(line + 9) ? "yes" : "no");
	}
	return 0;
}
