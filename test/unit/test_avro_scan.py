"""The Avro scanner: files that fastavro writes, at any split, every cut, and hostile input."""
import io
import json
import random
import struct

import fastavro
import pytest

from conftest import fields

SEED = 20261124
ALPHABET = ["a", "b", "\0", "é", "€", "\U0001f418", "x" * 63, "y" * 64, "z" * 8191, "\n", '"']
INTEGERS = [0, 1, -1, 63, 64, -64, -65, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63)]
REALS = [0.0, -0.0, 1.5, -3.25, 0.1, 1e300, 5e-324, float("inf"), float("-inf"), float("nan")]
# what a value is: Avro's type, and how one is drawn
FORMS = {
    "t": ("string", lambda rng: "".join(rng.choice(ALPHABET) for _ in range(rng.choice([0, 1, 1, 2, 5])))),
    "d": ("bytes", lambda rng: rng.randbytes(rng.randint(1, 16))),
    "b": ("boolean", lambda rng: rng.random() < 0.5),
    "i": ("long", lambda rng: rng.choice(INTEGERS)),
    "f": ("float", lambda rng: struct.unpack("<f", struct.pack("<f", rng.choice([r for r in REALS if r != 1e300])))[0]),
    "r": ("double", lambda rng: rng.choice(REALS)),
}


def pairs(columns):
    """[(branch, form)] of "0t1i": which branch of the union is null (2: it is none), and what values are."""
    return list(zip(columns[::2], columns[1::2]))


def union(branch, form):
    type_ = FORMS[form][0]
    return {"0": ["null", type_], "1": [type_, "null"], "2": type_}[branch]


def schema(columns):
    return {"type": "record", "name": "r", "fields": [{"name": f"c{i}", "type": union(*p)} for i, p in enumerate(pairs(columns), 1)]}


def write(branches, rows, codec="null", interval=16000):
    out = io.BytesIO()
    records = [{f"c{i}": v for i, v in enumerate(row, 1)} for row in rows]
    fastavro.writer(out, fastavro.parse_schema(schema(branches)), records, codec=codec, sync_interval=interval)
    return out.getvalue()


def make(rng):
    branches = "".join(rng.choice("012") + rng.choice("tttdbifr") for _ in range(rng.randint(1, 6)))
    rows = [
        [None if b != "2" and rng.random() < 0.25 else FORMS[f][1](rng) for b, f in pairs(branches)]
        for _ in range(rng.choice([0, 1, 5, 30]))
    ]
    return branches, rows, write(branches, rows, interval=rng.choice([1, 100, 16000]))


def scan(binary, *cases):
    out = binary("avro_cli", fields(*[part for branches, step, body in cases for part in (branches, str(step), body)])).decode().splitlines()
    assert len(out) == len(cases)
    return [json.loads(line) for line in out]


def shown(value):
    """A value as avro_cli.c shows it; floating point by its bits, so that -0 and NaN count."""
    if isinstance(value, float):
        return "nan" if value != value else value.hex()
    return value.encode().hex() if isinstance(value, str) else value.hex() if isinstance(value, bytes) else value


def same(got, rows):
    real = lambda v: shown(float.fromhex(v)) if isinstance(v, str) and ("x" in v or "n" in v) else v
    return [[real(v) for v in row] for row in got] == [[shown(v) for v in row] for row in rows]


def values(rows):
    return [[None if v is None else bytes.fromhex(v).decode() for v in row] for row in rows]


def test_generated_files_at_any_split(binary):
    rng = random.Random(SEED)
    made = [make(rng) for _ in range(120)]
    for step in (1, 2, 7, 61, 4096, 10**9):
        some = made[:25] if step < 61 else made
        for (branches, rows, body), (got, end) in zip(some, scan(binary, *[(b, step, body) for b, _, body in some])):
            assert same(got, rows) and end == "end", (step, branches, got[:3], rows[:3])


def test_every_cut_is_told(binary):
    """Before the end of a block no row is lost, and only between blocks may a file end."""
    rows = [["a", None], ["", "bc"], ["d" * 70, "e"]]
    body = write("0t0t", rows, interval=1)
    sync = body[-16:]
    ends = [i + 16 for i in range(len(body)) if body[i : i + 16] == sync]
    assert len(ends) == 4  # the header's, and one for each row
    for cut, (got, end) in enumerate(scan(binary, *[("0t0t", 1, body[:i]) for i in range(len(body) + 1)])):
        assert (end == "end") == (cut in ends), cut
        assert len(got) >= sum(e <= cut for e in ends[1:])
        assert values(got) == rows[: len(got)]


@pytest.mark.parametrize("codec", ["deflate"])
def test_compressed_files_are_refused(binary, codec):
    assert scan(binary, ("0t", 9, write("0t", [["a"]], codec)))[0] == [[], "it is compressed in a way that is not known"]


def test_garbled_files(binary):
    """Bytes that are changed make other rows or an error, never a fault of memory; of the structure, an error."""
    rng = random.Random(SEED)
    body = write("0t1t", [[str(i), None if i % 3 else "x" * i] for i in range(40)], interval=200)
    cases = []
    for _ in range(3000):
        changed = bytearray(body)
        for _ in range(rng.choice([1, 1, 2, 8])):
            at = rng.randrange(len(changed))
            if rng.random() < 0.5:
                changed[at] = rng.choice([0, 1, 2, 3, 0x7F, 0x80, 0xFF, rng.randrange(256)])
            elif rng.random() < 0.5:
                del changed[at : at + rng.randint(1, 9)]
            else:
                changed[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 9)))
        cases.append(("0t1t", rng.choice([1, 50, 10**6]), bytes(changed)))
    ended = [end for _, end in scan(binary, *cases)]
    assert len(set(ended)) >= 6, set(ended)
    # a mark that differs in a bit, a count that is one more or less, a size likewise
    sync = body.rindex(body[-16:])
    for at, change in ((sync, 1), (len(body) - 1, 128)):
        changed = bytearray(body)
        changed[at] ^= change
        assert scan(binary, ("0t1t", 10**6, bytes(changed)))[0][1] == "the mark behind a block is missing"
    single = write("0t", [["abc"], ["d"]])
    head = single.index(single[-16:]) + 16
    for offset, delta in ((0, 2), (0, -2), (1, 2), (1, -2)):
        changed = bytearray(single)
        changed[head + offset] += delta
        assert scan(binary, ("0t", 10**6, bytes(changed)))[0][1] not in ("end",), (offset, delta)


def test_booleans_are_two(binary):
    whole = write("0b", [[True], [False]])
    assert scan(binary, ("0b", 1, whole))[0] == [[[1], [0]], "end"]
    at = whole.rindex(b"\x02\x01\x02\x00")
    assert scan(binary, ("0b", 1, whole[: at + 1] + b"\x02" + whole[at + 2 :]))[0] == [[], "a value, or its length, is garbled"]


@pytest.mark.parametrize("number", [b"\xff" * 9 + b"\x01", b"\xff" * 9 + b"\x02", b"\xff" * 10, b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x01"])
def test_lengths_that_no_file_has(binary, number):
    """The least and the largest of 64 bits, one of more, and -1: as the length of a value, of a block, of an entry."""
    whole = write("0t", [["abc"]])
    head = whole.index(whole[-16:]) + 16
    for case in (whole[:head] + b"\x02\x0a\x02" + number + b"abc", whole[:head] + number + number, whole[:head] + b"\x02" + number, b"Obj\x01" + number + number, b"Obj\x01\x02" + number):
        got, end = scan(binary, ("0t", 10**6, case))[0]
        assert got == [] and end != "end"
