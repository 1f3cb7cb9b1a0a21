/*
 * endpoint.h
 *	  Host names of AWS services.  Plain C, without PostgreSQL.
 */
#ifndef ATHENA_ENDPOINT_H
#define ATHENA_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum AwsService
{
	AWS_ATHENA,
	AWS_GLUE,
	AWS_S3,
	AWS_STS,
	AWS_SERVICES /* how many there are */
} AwsService;

#define ENDPOINT_MAX 256

extern const char *endpoint_service_name(AwsService service);
extern bool endpoint_region_valid(const char *region);
extern bool endpoint_derive(AwsService service, const char *region, bool fips, bool dualstack,
							char out[ENDPOINT_MAX]);
extern bool endpoint_is_loopback(const char *url);

#endif /* ATHENA_ENDPOINT_H */
