/*
 * digits.h
 *	  Eight decimal digits at once.
 *
 * Plain C without PostgreSQL, like decimal_text.c, which includes it as convert.c
 * does.
 */
#ifndef ATHENA_DIGITS_H
#define ATHENA_DIGITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The number that the eight characters at p are; false if one of them is no digit. */
static inline bool
digits_eight(const char *p, uint32_t *number)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const uint64_t high = UINT64_C(0xF0F0F0F0F0F0F0F0);
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	if (((word & high) | (((word + UINT64_C(0x0606060606060606)) & high) >> 4)) !=
		UINT64_C(0x3333333333333333))
		return false;
	/* neighbours are joined: to numbers of two digits, of four, of eight */
	word &= UINT64_C(0x0F0F0F0F0F0F0F0F);
	word = (word * 10 + (word >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
	word = (word * 100 + (word >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
	*number = (uint32_t) (word * 10000 + (word >> 32));
	return true;
#else
	uint32_t n = 0;
	int i;

	for (i = 0; i < 8; i++)
	{
		unsigned digit = (unsigned char) p[i] - '0';

		if (digit > 9)
			return false;
		n = n * 10 + digit;
	}
	*number = n;
	return true;
#endif
}

#endif /* ATHENA_DIGITS_H */
