"""The Avro scanner: files that fastavro writes, at any split, every cut, and hostile input."""
import io
import json
import random

import fastavro
import pytest

from conftest import fields

SEED = 20261124
ALPHABET = ["a", "b", "\0", "é", "€", "\U0001f418", "x" * 63, "y" * 64, "z" * 8191, "\n", '"']
UNIONS = {"0": ["null", "string"], "1": ["string", "null"], "2": "string"}


def schema(branches):
    return {"type": "record", "name": "r", "fields": [{"name": f"c{i}", "type": UNIONS[b]} for i, b in enumerate(branches, 1)]}


def write(branches, rows, codec="null", interval=16000):
    out = io.BytesIO()
    records = [{f"c{i}": v for i, v in enumerate(row, 1)} for row in rows]
    fastavro.writer(out, fastavro.parse_schema(schema(branches)), records, codec=codec, sync_interval=interval)
    return out.getvalue()


def make(rng):
    branches = "".join(rng.choice("012") for _ in range(rng.randint(1, 6)))
    rows = [
        [None if b != "2" and rng.random() < 0.25 else "".join(rng.choice(ALPHABET) for _ in range(rng.choice([0, 1, 1, 2, 5]))) for b in branches]
        for _ in range(rng.choice([0, 1, 5, 30]))
    ]
    return branches, rows, write(branches, rows, interval=rng.choice([1, 100, 16000]))


def scan(binary, *cases):
    out = binary("avro_cli", fields(*[part for branches, step, body in cases for part in (branches, str(step), body)])).decode().splitlines()
    assert len(out) == len(cases)
    return [json.loads(line) for line in out]


def values(rows):
    return [[None if v is None else bytes.fromhex(v).decode() for v in row] for row in rows]


def test_generated_files_at_any_split(binary):
    rng = random.Random(SEED)
    made = [make(rng) for _ in range(120)]
    for step in (1, 2, 7, 61, 4096, 10**9):
        some = made[:25] if step < 61 else made
        for (branches, rows, body), (got, end) in zip(some, scan(binary, *[(b, step, body) for b, _, body in some])):
            assert (values(got), end) == (rows, "end"), (step, body[:300])


def test_every_cut_is_told(binary):
    """Before the end of a block no row is lost, and only between blocks may a file end."""
    rows = [["a", None], ["", "bc"], ["d" * 70, "e"]]
    body = write("00", rows, interval=1)
    sync = body[-16:]
    ends = [i + 16 for i in range(len(body)) if body[i : i + 16] == sync]
    assert len(ends) == 4  # the header's, and one for each row
    for cut, (got, end) in enumerate(scan(binary, *[("00", 1, body[:i]) for i in range(len(body) + 1)])):
        assert (end == "end") == (cut in ends), cut
        assert len(got) >= sum(e <= cut for e in ends[1:])
        assert values(got) == rows[: len(got)]


@pytest.mark.parametrize("codec", ["deflate"])
def test_compressed_files_are_refused(binary, codec):
    assert scan(binary, ("0", 9, write("0", [["a"]], codec)))[0] == [[], "it is compressed in a way that is not known"]


def test_garbled_files(binary):
    """Bytes that are changed make other rows or an error, never a fault of memory; of the structure, an error."""
    rng = random.Random(SEED)
    body = write("01", [[str(i), None if i % 3 else "x" * i] for i in range(40)], interval=200)
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
        cases.append(("01", rng.choice([1, 50, 10**6]), bytes(changed)))
    ended = [end for _, end in scan(binary, *cases)]
    assert len(set(ended)) >= 6, set(ended)
    # a mark that differs in a bit, a count that is one more or less, a size likewise
    sync = body.rindex(body[-16:])
    for at, change in ((sync, 1), (len(body) - 1, 128)):
        changed = bytearray(body)
        changed[at] ^= change
        assert scan(binary, ("01", 10**6, bytes(changed)))[0][1] == "the mark behind a block is missing"
    single = write("0", [["abc"], ["d"]])
    head = single.index(single[-16:]) + 16
    for offset, delta in ((0, 2), (0, -2), (1, 2), (1, -2)):
        changed = bytearray(single)
        changed[head + offset] += delta
        assert scan(binary, ("0", 10**6, bytes(changed)))[0][1] not in ("end",), (offset, delta)


@pytest.mark.parametrize("number", [b"\xff" * 9 + b"\x01", b"\xff" * 9 + b"\x02", b"\xff" * 10, b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x01"])
def test_lengths_that_no_file_has(binary, number):
    """The least and the largest of 64 bits, one of more, and -1: as the length of a value, of a block, of an entry."""
    whole = write("0", [["abc"]])
    head = whole.index(whole[-16:]) + 16
    for case in (whole[:head] + b"\x02\x0a\x02" + number + b"abc", whole[:head] + number + number, whole[:head] + b"\x02" + number, b"Obj\x01" + number + number, b"Obj\x01\x02" + number):
        got, end = scan(binary, ("0", 10**6, case))[0]
        assert got == [] and end != "end"
