/*
 * decimal_text.h
 *	  Reads a number as Athena writes it, exactly.
 */
#ifndef ATHENA_DECIMAL_TEXT_H
#define ATHENA_DECIMAL_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* [-]digits[.digits][E[-]digits], its value not rounded: digits * 10^(exponent - fraction). */
typedef struct Decimal
{
	bool negative;
	uint64_t digits; /* at most 18 of them */
	int whole; /* digits before the point, without leading zeros */
	int fraction; /* digits after the point */
	int exponent; /* after the E */
} Decimal;

extern bool decimal_read(const char *p, const char *end, Decimal *d);
extern bool decimal_to_double(const Decimal *d, double *out);
extern bool decimal_to_float(const Decimal *d, float *out);

#endif /* ATHENA_DECIMAL_TEXT_H */
