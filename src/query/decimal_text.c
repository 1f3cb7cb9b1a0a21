/*
 * decimal_text.c
 *	  Reads a number as Athena writes it, exactly.
 *
 * Called by convert.c.  Plain C without PostgreSQL: test/unit runs it under
 * sanitizers, against strtod() and strtof().
 *
 * Floating point by the method of Eisel and Lemire (Daniel Lemire, "Number Parsing
 * at a Gigabyte per Second", 2021): the digits times a power of ten of 128 bits
 * give the nearest number, except in rare cases that the product shows; these, and
 * powers beyond the table, are left to the caller, who asks the C library.
 */
#include "decimal_text.h"

#include "digits.h"

#include <float.h>
#include <string.h>

#define MAX_DIGITS 18
#define MAX_FRACTION 1000

/* Digits are taken into a number, which may overflow; returns what follows them. */
static inline const char *
take_digits(const char *p, const char *end, uint64_t *number)
{
	uint64_t n = *number;
	unsigned digit;

	for (; p < end && (digit = (unsigned char) *p - '0') <= 9; p++)
		n = n * 10 + digit;
	*number = n;
	return p;
}

/* The same where many may come. */
static inline const char *
take_many_digits(const char *p, const char *end, uint64_t *number)
{
	uint32_t eight;

	for (; end - p >= 8 && digits_eight(p, &eight); p += 8)
		*number = *number * 100000000 + eight;
	return take_digits(p, end, number);
}

static inline const char *
skip_zeros(const char *p, const char *end)
{
	while (p < end && *p == '0')
		p++;
	return p;
}

/* [-]digits[.digits][E[-]digits]; false if it is something else or has too many digits. */
bool
decimal_read(const char *p, const char *end, Decimal *d)
{
	const char *start;
	const char *first; /* digit that counts */

	memset(d, 0, sizeof(*d));
	if (p < end && *p == '-')
	{
		d->negative = true;
		p++;
	}
	start = p;
	first = skip_zeros(p, end);
	p = take_digits(first, end, &d->digits);
	if (p == start || p - first > MAX_DIGITS)
		return false;
	d->whole = (int) (p - first);
	if (p < end && *p == '.')
	{
		start = ++p;
		first = d->whole == 0 ? skip_zeros(p, end) : p;
		p = take_many_digits(first, end, &d->digits);
		if (p == start || p - first > MAX_DIGITS - d->whole)
			return false;
		d->fraction = p - start < MAX_FRACTION ? (int) (p - start) : MAX_FRACTION;
	}
	if (p < end && (*p == 'E' || *p == 'e'))
	{
		bool negative = ++p < end && *p == '-';

		p += negative;
		if (p == end || end - p > 3)
			return false;
		for (; p < end; p++)
		{
			if (*p < '0' || *p > '9')
				return false;
			d->exponent = d->exponent * 10 + (*p - '0');
		}
		if (negative)
			d->exponent = -d->exponent;
	}
	return p == end;
}

#ifdef __SIZEOF_INT128__

#define MIN_POWER (-80)
#define MAX_POWER 80

/*
 * The upper and the lower half of the first 128 bits of each power of ten, rounded
 * down; test_decimal_text.py computes them anew.
 */
static const uint64_t powers[MAX_POWER - MIN_POWER + 1][2] = {
	{UINT64_C(0x97c560ba6b0919a5), UINT64_C(0xdccd879fc967d41a)},
	{UINT64_C(0xbdb6b8e905cb600f), UINT64_C(0x5400e987bbc1c920)},
	{UINT64_C(0xed246723473e3813), UINT64_C(0x290123e9aab23b68)},
	{UINT64_C(0x9436c0760c86e30b), UINT64_C(0xf9a0b6720aaf6521)},
	{UINT64_C(0xb94470938fa89bce), UINT64_C(0xf808e40e8d5b3e69)},
	{UINT64_C(0xe7958cb87392c2c2), UINT64_C(0xb60b1d1230b20e04)},
	{UINT64_C(0x90bd77f3483bb9b9), UINT64_C(0xb1c6f22b5e6f48c2)},
	{UINT64_C(0xb4ecd5f01a4aa828), UINT64_C(0x1e38aeb6360b1af3)},
	{UINT64_C(0xe2280b6c20dd5232), UINT64_C(0x25c6da63c38de1b0)},
	{UINT64_C(0x8d590723948a535f), UINT64_C(0x579c487e5a38ad0e)},
	{UINT64_C(0xb0af48ec79ace837), UINT64_C(0x2d835a9df0c6d851)},
	{UINT64_C(0xdcdb1b2798182244), UINT64_C(0xf8e431456cf88e65)},
	{UINT64_C(0x8a08f0f8bf0f156b), UINT64_C(0x1b8e9ecb641b58ff)},
	{UINT64_C(0xac8b2d36eed2dac5), UINT64_C(0xe272467e3d222f3f)},
	{UINT64_C(0xd7adf884aa879177), UINT64_C(0x5b0ed81dcc6abb0f)},
	{UINT64_C(0x86ccbb52ea94baea), UINT64_C(0x98e947129fc2b4e9)},
	{UINT64_C(0xa87fea27a539e9a5), UINT64_C(0x3f2398d747b36224)},
	{UINT64_C(0xd29fe4b18e88640e), UINT64_C(0x8eec7f0d19a03aad)},
	{UINT64_C(0x83a3eeeef9153e89), UINT64_C(0x1953cf68300424ac)},
	{UINT64_C(0xa48ceaaab75a8e2b), UINT64_C(0x5fa8c3423c052dd7)},
	{UINT64_C(0xcdb02555653131b6), UINT64_C(0x3792f412cb06794d)},
	{UINT64_C(0x808e17555f3ebf11), UINT64_C(0xe2bbd88bbee40bd0)},
	{UINT64_C(0xa0b19d2ab70e6ed6), UINT64_C(0x5b6aceaeae9d0ec4)},
	{UINT64_C(0xc8de047564d20a8b), UINT64_C(0xf245825a5a445275)},
	{UINT64_C(0xfb158592be068d2e), UINT64_C(0xeed6e2f0f0d56712)},
	{UINT64_C(0x9ced737bb6c4183d), UINT64_C(0x55464dd69685606b)},
	{UINT64_C(0xc428d05aa4751e4c), UINT64_C(0xaa97e14c3c26b886)},
	{UINT64_C(0xf53304714d9265df), UINT64_C(0xd53dd99f4b3066a8)},
	{UINT64_C(0x993fe2c6d07b7fab), UINT64_C(0xe546a8038efe4029)},
	{UINT64_C(0xbf8fdb78849a5f96), UINT64_C(0xde98520472bdd033)},
	{UINT64_C(0xef73d256a5c0f77c), UINT64_C(0x963e66858f6d4440)},
	{UINT64_C(0x95a8637627989aad), UINT64_C(0xdde7001379a44aa8)},
	{UINT64_C(0xbb127c53b17ec159), UINT64_C(0x5560c018580d5d52)},
	{UINT64_C(0xe9d71b689dde71af), UINT64_C(0xaab8f01e6e10b4a6)},
	{UINT64_C(0x9226712162ab070d), UINT64_C(0xcab3961304ca70e8)},
	{UINT64_C(0xb6b00d69bb55c8d1), UINT64_C(0x3d607b97c5fd0d22)},
	{UINT64_C(0xe45c10c42a2b3b05), UINT64_C(0x8cb89a7db77c506a)},
	{UINT64_C(0x8eb98a7a9a5b04e3), UINT64_C(0x77f3608e92adb242)},
	{UINT64_C(0xb267ed1940f1c61c), UINT64_C(0x55f038b237591ed3)},
	{UINT64_C(0xdf01e85f912e37a3), UINT64_C(0x6b6c46dec52f6688)},
	{UINT64_C(0x8b61313bbabce2c6), UINT64_C(0x2323ac4b3b3da015)},
	{UINT64_C(0xae397d8aa96c1b77), UINT64_C(0xabec975e0a0d081a)},
	{UINT64_C(0xd9c7dced53c72255), UINT64_C(0x96e7bd358c904a21)},
	{UINT64_C(0x881cea14545c7575), UINT64_C(0x7e50d64177da2e54)},
	{UINT64_C(0xaa242499697392d2), UINT64_C(0xdde50bd1d5d0b9e9)},
	{UINT64_C(0xd4ad2dbfc3d07787), UINT64_C(0x955e4ec64b44e864)},
	{UINT64_C(0x84ec3c97da624ab4), UINT64_C(0xbd5af13bef0b113e)},
	{UINT64_C(0xa6274bbdd0fadd61), UINT64_C(0xecb1ad8aeacdd58e)},
	{UINT64_C(0xcfb11ead453994ba), UINT64_C(0x67de18eda5814af2)},
	{UINT64_C(0x81ceb32c4b43fcf4), UINT64_C(0x80eacf948770ced7)},
	{UINT64_C(0xa2425ff75e14fc31), UINT64_C(0xa1258379a94d028d)},
	{UINT64_C(0xcad2f7f5359a3b3e), UINT64_C(0x096ee45813a04330)},
	{UINT64_C(0xfd87b5f28300ca0d), UINT64_C(0x8bca9d6e188853fc)},
	{UINT64_C(0x9e74d1b791e07e48), UINT64_C(0x775ea264cf55347d)},
	{UINT64_C(0xc612062576589dda), UINT64_C(0x95364afe032a819d)},
	{UINT64_C(0xf79687aed3eec551), UINT64_C(0x3a83ddbd83f52204)},
	{UINT64_C(0x9abe14cd44753b52), UINT64_C(0xc4926a9672793542)},
	{UINT64_C(0xc16d9a0095928a27), UINT64_C(0x75b7053c0f178293)},
	{UINT64_C(0xf1c90080baf72cb1), UINT64_C(0x5324c68b12dd6338)},
	{UINT64_C(0x971da05074da7bee), UINT64_C(0xd3f6fc16ebca5e03)},
	{UINT64_C(0xbce5086492111aea), UINT64_C(0x88f4bb1ca6bcf584)},
	{UINT64_C(0xec1e4a7db69561a5), UINT64_C(0x2b31e9e3d06c32e5)},
	{UINT64_C(0x9392ee8e921d5d07), UINT64_C(0x3aff322e62439fcf)},
	{UINT64_C(0xb877aa3236a4b449), UINT64_C(0x09befeb9fad487c2)},
	{UINT64_C(0xe69594bec44de15b), UINT64_C(0x4c2ebe687989a9b3)},
	{UINT64_C(0x901d7cf73ab0acd9), UINT64_C(0x0f9d37014bf60a10)},
	{UINT64_C(0xb424dc35095cd80f), UINT64_C(0x538484c19ef38c94)},
	{UINT64_C(0xe12e13424bb40e13), UINT64_C(0x2865a5f206b06fb9)},
	{UINT64_C(0x8cbccc096f5088cb), UINT64_C(0xf93f87b7442e45d3)},
	{UINT64_C(0xafebff0bcb24aafe), UINT64_C(0xf78f69a51539d748)},
	{UINT64_C(0xdbe6fecebdedd5be), UINT64_C(0xb573440e5a884d1b)},
	{UINT64_C(0x89705f4136b4a597), UINT64_C(0x31680a88f8953030)},
	{UINT64_C(0xabcc77118461cefc), UINT64_C(0xfdc20d2b36ba7c3d)},
	{UINT64_C(0xd6bf94d5e57a42bc), UINT64_C(0x3d32907604691b4c)},
	{UINT64_C(0x8637bd05af6c69b5), UINT64_C(0xa63f9a49c2c1b10f)},
	{UINT64_C(0xa7c5ac471b478423), UINT64_C(0x0fcf80dc33721d53)},
	{UINT64_C(0xd1b71758e219652b), UINT64_C(0xd3c36113404ea4a8)},
	{UINT64_C(0x83126e978d4fdf3b), UINT64_C(0x645a1cac083126e9)},
	{UINT64_C(0xa3d70a3d70a3d70a), UINT64_C(0x3d70a3d70a3d70a3)},
	{UINT64_C(0xcccccccccccccccc), UINT64_C(0xcccccccccccccccc)},
	{UINT64_C(0x8000000000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xa000000000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xc800000000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xfa00000000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0x9c40000000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xc350000000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xf424000000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0x9896800000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xbebc200000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xee6b280000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0x9502f90000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xba43b74000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xe8d4a51000000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0x9184e72a00000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xb5e620f480000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xe35fa931a0000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0x8e1bc9bf04000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xb1a2bc2ec5000000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xde0b6b3a76400000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0x8ac7230489e80000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xad78ebc5ac620000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xd8d726b7177a8000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0x878678326eac9000), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xa968163f0a57b400), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xd3c21bcecceda100), UINT64_C(0x0000000000000000)},
	{UINT64_C(0x84595161401484a0), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xa56fa5b99019a5c8), UINT64_C(0x0000000000000000)},
	{UINT64_C(0xcecb8f27f4200f3a), UINT64_C(0x0000000000000000)},
	{UINT64_C(0x813f3978f8940984), UINT64_C(0x4000000000000000)},
	{UINT64_C(0xa18f07d736b90be5), UINT64_C(0x5000000000000000)},
	{UINT64_C(0xc9f2c9cd04674ede), UINT64_C(0xa400000000000000)},
	{UINT64_C(0xfc6f7c4045812296), UINT64_C(0x4d00000000000000)},
	{UINT64_C(0x9dc5ada82b70b59d), UINT64_C(0xf020000000000000)},
	{UINT64_C(0xc5371912364ce305), UINT64_C(0x6c28000000000000)},
	{UINT64_C(0xf684df56c3e01bc6), UINT64_C(0xc732000000000000)},
	{UINT64_C(0x9a130b963a6c115c), UINT64_C(0x3c7f400000000000)},
	{UINT64_C(0xc097ce7bc90715b3), UINT64_C(0x4b9f100000000000)},
	{UINT64_C(0xf0bdc21abb48db20), UINT64_C(0x1e86d40000000000)},
	{UINT64_C(0x96769950b50d88f4), UINT64_C(0x1314448000000000)},
	{UINT64_C(0xbc143fa4e250eb31), UINT64_C(0x17d955a000000000)},
	{UINT64_C(0xeb194f8e1ae525fd), UINT64_C(0x5dcfab0800000000)},
	{UINT64_C(0x92efd1b8d0cf37be), UINT64_C(0x5aa1cae500000000)},
	{UINT64_C(0xb7abc627050305ad), UINT64_C(0xf14a3d9e40000000)},
	{UINT64_C(0xe596b7b0c643c719), UINT64_C(0x6d9ccd05d0000000)},
	{UINT64_C(0x8f7e32ce7bea5c6f), UINT64_C(0xe4820023a2000000)},
	{UINT64_C(0xb35dbf821ae4f38b), UINT64_C(0xdda2802c8a800000)},
	{UINT64_C(0xe0352f62a19e306e), UINT64_C(0xd50b2037ad200000)},
	{UINT64_C(0x8c213d9da502de45), UINT64_C(0x4526f422cc340000)},
	{UINT64_C(0xaf298d050e4395d6), UINT64_C(0x9670b12b7f410000)},
	{UINT64_C(0xdaf3f04651d47b4c), UINT64_C(0x3c0cdd765f114000)},
	{UINT64_C(0x88d8762bf324cd0f), UINT64_C(0xa5880a69fb6ac800)},
	{UINT64_C(0xab0e93b6efee0053), UINT64_C(0x8eea0d047a457a00)},
	{UINT64_C(0xd5d238a4abe98068), UINT64_C(0x72a4904598d6d880)},
	{UINT64_C(0x85a36366eb71f041), UINT64_C(0x47a6da2b7f864750)},
	{UINT64_C(0xa70c3c40a64e6c51), UINT64_C(0x999090b65f67d924)},
	{UINT64_C(0xd0cf4b50cfe20765), UINT64_C(0xfff4b4e3f741cf6d)},
	{UINT64_C(0x82818f1281ed449f), UINT64_C(0xbff8f10e7a8921a4)},
	{UINT64_C(0xa321f2d7226895c7), UINT64_C(0xaff72d52192b6a0d)},
	{UINT64_C(0xcbea6f8ceb02bb39), UINT64_C(0x9bf4f8a69f764490)},
	{UINT64_C(0xfee50b7025c36a08), UINT64_C(0x02f236d04753d5b4)},
	{UINT64_C(0x9f4f2726179a2245), UINT64_C(0x01d762422c946590)},
	{UINT64_C(0xc722f0ef9d80aad6), UINT64_C(0x424d3ad2b7b97ef5)},
	{UINT64_C(0xf8ebad2b84e0d58b), UINT64_C(0xd2e0898765a7deb2)},
	{UINT64_C(0x9b934c3b330c8577), UINT64_C(0x63cc55f49f88eb2f)},
	{UINT64_C(0xc2781f49ffcfa6d5), UINT64_C(0x3cbf6b71c76b25fb)},
	{UINT64_C(0xf316271c7fc3908a), UINT64_C(0x8bef464e3945ef7a)},
	{UINT64_C(0x97edd871cfda3a56), UINT64_C(0x97758bf0e3cbb5ac)},
	{UINT64_C(0xbde94e8e43d0c8ec), UINT64_C(0x3d52eeed1cbea317)},
	{UINT64_C(0xed63a231d4c4fb27), UINT64_C(0x4ca7aaa863ee4bdd)},
	{UINT64_C(0x945e455f24fb1cf8), UINT64_C(0x8fe8caa93e74ef6a)},
	{UINT64_C(0xb975d6b6ee39e436), UINT64_C(0xb3e2fd538e122b44)},
	{UINT64_C(0xe7d34c64a9c85d44), UINT64_C(0x60dbbca87196b616)},
	{UINT64_C(0x90e40fbeea1d3a4a), UINT64_C(0xbc8955e946fe31cd)},
	{UINT64_C(0xb51d13aea4a488dd), UINT64_C(0x6babab6398bdbe41)},
	{UINT64_C(0xe264589a4dcdab14), UINT64_C(0xc696963c7eed2dd1)},
	{UINT64_C(0x8d7eb76070a08aec), UINT64_C(0xfc1e1de5cf543ca2)},
	{UINT64_C(0xb0de65388cc8ada8), UINT64_C(0x3b25a55f43294bcb)},
	{UINT64_C(0xdd15fe86affad912), UINT64_C(0x49ef0eb713f39ebe)},
	{UINT64_C(0x8a2dbf142dfcc7ab), UINT64_C(0x6e3569326c784337)},
	{UINT64_C(0xacb92ed9397bf996), UINT64_C(0x49c2c37f07965404)},
	{UINT64_C(0xd7e77a8f87daf7fb), UINT64_C(0xdc33745ec97be906)},
};

typedef unsigned __int128 Wide;

/* A form of floating point. */
typedef struct Form
{
	int mantissa_bits; /* that are stored */
	int bias;
	int max_exponent; /* that of infinity */
} Form;

/*
 * The bits of the number nearest to digits (not 0) times a power of ten.  False if
 * it is too near to the middle between two, no normal number, or not in the table.
 */
static inline bool
nearest(uint64_t digits, int power, Form form, uint64_t *bits)
{
	/* how many bits of the upper half lie behind the mantissa and one for rounding */
	const int below = 64 - form.mantissa_bits - 3;
	const uint64_t mask = (UINT64_C(1) << below) - 1;
	int shift;
	int64_t exponent;
	uint64_t high, low, mantissa, top;
	const uint64_t *ten;

	if (power < MIN_POWER || power > MAX_POWER)
		return false;
	ten = powers[power - MIN_POWER];
	shift = __builtin_clzll(digits);
	digits <<= shift;
	/* log2(10) is 217706 / 2^16, near enough */
	exponent = ((INT64_C(217706) * power) >> 16) + 64 + form.bias - shift;
	{
		Wide product = (Wide) digits * ten[0];

		high = (uint64_t) (product >> 64);
		low = (uint64_t) product;
	}
	/* what was cut off of the power might carry into the bits that count */
	if ((high & mask) == mask && low + digits < digits)
	{
		Wide more = (Wide) digits * ten[1];
		uint64_t merged = low + (uint64_t) (more >> 64);

		if (merged < low)
			high++;
		low = merged;
		if ((high & mask) == mask && low + 1 == 0 && (uint64_t) more + digits < digits)
			return false;
	}
	top = high >> 63;
	mantissa = high >> (top + (uint64_t) below);
	exponent -= (int64_t) (1 ^ top);
	if (low == 0 && (high & mask) == 0 && (mantissa & 3) == 1)
		return false;
	mantissa += mantissa & 1;
	mantissa >>= 1;
	if (mantissa >> (form.mantissa_bits + 1))
	{
		mantissa >>= 1;
		exponent++;
	}
	if (exponent <= 0 || exponent >= form.max_exponent)
		return false;
	*bits = ((uint64_t) exponent << form.mantissa_bits) |
			(mantissa & ((UINT64_C(1) << form.mantissa_bits) - 1));
	return true;
}

/*
 * What the product leaves open is mostly a number that is exact, like 1.0.  A
 * quotient of two exact numbers is the nearest one.
 */
static bool
divided(const Decimal *d, int mantissa_bits, int max_power, double *out)
{
	static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
								  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
								  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	int power = d->exponent - d->fraction;

	if (FLT_EVAL_METHOD != 0 || d->digits >> (mantissa_bits + 1) != 0 || power > 0 ||
		-power > max_power)
		return false;
	*out = (double) d->digits / tens[-power];
	if (d->negative)
		*out = -*out;
	return true;
}

/* What strtod() makes of the number; false if that has to be asked. */
bool
decimal_to_double(const Decimal *d, double *out)
{
	static const Form form = {52, 1023, 0x7FF};
	uint64_t bits = 0;

	if (d->digits != 0 && !nearest(d->digits, d->exponent - d->fraction, form, &bits))
		return divided(d, 52, 22, out);
	bits |= (uint64_t) d->negative << 63;
	memcpy(out, &bits, sizeof(*out));
	return true;
}

/* What strtof() makes of the number; false if that has to be asked. */
bool
decimal_to_float(const Decimal *d, float *out)
{
	static const Form form = {23, 127, 0xFF};
	uint64_t bits = 0;
	uint32_t small;
	double exact;

	if (d->digits != 0 && !nearest(d->digits, d->exponent - d->fraction, form, &bits))
	{
		/* a quotient of doubles is not rounded once more if a float holds it */
		if (!divided(d, 23, 10, &exact) || (double) (float) exact != exact)
			return false;
		*out = (float) exact;
		return true;
	}
	small = (uint32_t) bits | (uint32_t) d->negative << 31;
	memcpy(out, &small, sizeof(*out));
	return true;
}

#else

/* Without integers of 128 bits the C library is always asked. */
bool
decimal_to_double(const Decimal *d, double *out)
{
	return false;
}

bool
decimal_to_float(const Decimal *d, float *out)
{
	return false;
}

#endif
