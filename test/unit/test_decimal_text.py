"""Numbers: what the fast reader makes of them is what the C library does, or it leaves them to it."""
import random
import re
import struct

from conftest import TOP, fields

SEED = 20261124


def read(binary, *texts):
    out = binary("decimal_cli", fields(*texts)).decode().splitlines()
    assert len(out) == len(texts)
    return out


def compare(binary, texts, least):
    """All are the same or left, at least a share of them the same."""
    seen = read(binary, *texts)
    wrong = [(t, s) for t, s in zip(texts, seen) if "other" in s]
    assert not wrong, wrong[:10]
    for i in (0, 1):
        assert sum(s != "none" and s.split()[i] == "same" for s in seen) >= least[i] * len(texts), (i, seen[:50])


def test_random_doubles(binary):
    """As Java and the engine write them, and in other forms."""
    rng = random.Random(SEED)
    texts = []
    for _ in range(40000):
        number = rng.choice([rng.random(), rng.uniform(-1e9, 1e9), rng.randint(1, 10**7) / 3, rng.randint(1, 10**7) * 0.001, rng.random() * 10 ** rng.randint(-60, 60)])
        texts.append(rng.choice([repr(number).replace("e", "E").replace("E+", "E"), f"{number:.17g}".replace("e", "E").replace("E+", "E"), f"{number:.5f}"]))
    compare(binary, texts, (0.8, 0.8))


def test_all_bits(binary):
    """Doubles and floats of any bits, many of them beyond the table."""
    rng = random.Random(SEED)
    doubles = [struct.unpack("<d", rng.randbytes(8))[0] for _ in range(20000)]
    floats = [struct.unpack("<f", rng.randbytes(4))[0] for _ in range(20000)]
    texts = [repr(x).replace("e+", "E").replace("e", "E") for x in doubles + floats if x == x and abs(x) != float("inf")]
    compare(binary, texts, (0.3, 0.3))


def middles(mantissa, exponent, bits, rng):
    """Decimals of at most 18 digits at, just below and just above the middle between two numbers."""
    middle = (2 * mantissa + 1) * 2 ** (exponent - 1) if exponent > 0 else None
    return [] if middle is None or middle >= 10**17 else [str(middle), str(middle - 1), str(middle + 1), f"{middle}.0", f"{middle * 10 - 1}E-1"]


def test_middles(binary):
    """Numbers between two neighbours, where the last bit of a product decides."""
    rng = random.Random(SEED)
    texts = []
    for _ in range(3000):
        texts += middles(rng.getrandbits(52) | 1 << 52, rng.randint(1, 4), 53, rng)
        texts += middles(rng.getrandbits(23) | 1 << 23, rng.randint(1, 32), 24, rng)
    # halves of floats, below one
    for _ in range(3000):
        n = rng.getrandbits(24) | 1
        texts.append(repr(n / 2**25).replace("e", "E"))
    assert len(texts) > 10000
    compare(binary, texts, (0.5, 0.3))


def test_edges(binary):
    texts = ["0", "-0", "0.0", "-0.000", "0E-400"[:6], "1E22", "1E23", "9007199254740993", "9007199254740992", "9007199254740991", "16777217", "16777216", "16777219",
             "3.4028235E38", "3.4028236E38", "3.40282357E38", "1.17549435E-38", "1.17549421E-38", "1.4E-45", "7.0E-46", "1E38", "1E39", "4.9E-324", "2.2250738585072014E-308",
             "1.7976931348623157E308", "1E80", "1E81", "1E-80", "1E-81", "999999999999999999E62", "999999999999999999E63", "0.000001", "123456789012345678", "0.1", "0.3", "1E0"]
    compare(binary, texts, (0.5, 0.4))
    for text in ("", "-", ".", ".5", "5.", "+1", "1e", "1E", "1E-", "1E+5", "1E1000", "NaN", "Infinity", " 1", "1 ", "1_0", "0x10", "--1", "1.2.3", "1234567890123456789"):
        assert read(binary, text) == ["none"], text


def test_the_table():
    """Each power is what exact arithmetic gives."""
    source = (TOP / "src/query/decimal_text.c").read_text()
    low, high = (int(re.search(rf"define {name} \(?(-?\d+)", source)[1]) for name in ("MIN_POWER", "MAX_POWER"))
    table = [(int(a, 16) << 64) + int(b, 16) for a, b in re.findall(r"\{UINT64_C\((0x\w+)\),\s*UINT64_C\((0x\w+)\)\}", source)]
    assert len(table) == high - low + 1
    for e, m in zip(range(low, high + 1), table):
        n, d = (10**e, 1) if e >= 0 else (1, 10**-e)
        assert 2**127 <= m < 2**128
        # m * 2^k <= 10^e < (m + 1) * 2^k
        k = n.bit_length() - d.bit_length() - 128
        while not (m * (1 << max(k, 0)) * d <= n * (1 << max(-k, 0)) < (m + 1) * (1 << max(k, 0)) * d):
            k += 1
            assert k < n.bit_length() - d.bit_length() - 120, e
