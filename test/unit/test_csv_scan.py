"""The CSV scanner: generated rows in Athena's dialect, at any split, and hostile input.

The reference for values is the generator: Python's csv module cannot tell NULL
from an empty string.  It checks the structure of the generated text only.
"""
import csv
import io
import json
import random
import sys

import pytest

from conftest import TOP, fields

sys.path.insert(0, str(TOP / "test/stand"))
from results import column_info, metadata, quoted  # noqa: E402

SEED = 20261124
ALPHABET = ["a", "b", '"', '""', ",", "\n", "\r", "\0", "\\", "é", "€", "\U0001f418", ' "', '",', '"\n', "x" * 15, "y" * 16, "z" * 17]


def text(rng):
    return "".join(rng.choice(ALPHABET) for _ in range(rng.choice([0, 1, 1, 2, 5, 30])))


def make(rng):
    n = rng.randint(1, 6)
    rows = [[None if rng.random() < 0.25 else text(rng) for _ in range(n)] for _ in range(rng.randint(0, 12))]
    return n, rows, "".join(",".join("" if v is None else quoted(v) for v in row) + "\n" for row in rows)


def scan(binary, *cases):
    out = binary("csv_cli", fields(*[part for n, step, body in cases for part in (str(n), str(step), body)])).decode().splitlines()
    assert len(out) == len(cases)
    return [json.loads(line) for line in out]


def values(rows):
    return [[None if v is None else bytes.fromhex(v).decode() for v in row] for row in rows]


def test_generated_rows_at_any_split(binary):
    rng = random.Random(SEED)
    made = [make(rng) for _ in range(600)]
    for n, rows, body in made:
        if "\0" not in body and "\r" not in body:
            shape = [len(row) for row in csv.reader(io.StringIO(body, newline=""))]
            assert [k for k in shape if k] == [n for row in rows if n > 1 or row != [None]]
    for step in (1, 2, 3, 7, 16, 31, 10**9):
        for (n, rows, body), (got, end) in zip(made, scan(binary, *[(n, step, body) for n, rows, body in made])):
            assert (values(got), end) == (rows, "end"), (step, body)


def test_every_cut_is_told(binary):
    """A row without its end is no row, and nothing before it is lost."""
    body = '"1","a""b",\n,"",""""\n"2","x\ny","z"\n'
    ends = [i + 1 for i in (body.index("\n"), body.index('\n"2'), len(body) - 1)]
    for cut, (got, end) in enumerate(scan(binary, *[(3, 1, body[:i]) for i in range(len(body) + 1)])):
        assert len(got) == sum(e <= cut for e in ends)
        assert end == ("end" if cut in (0, *ends) else "cut")


@pytest.mark.parametrize(
    "n, body, words",
    [(2, '"a"\n', "fewer"), (1, '"a","b"\n', "more"), (2, '"a",b\n', "quotes"), (1, '"a" \n', "quotes"), (1, '"a"\r\n', "quotes"), (1, "NULL\n", "quotes"),
     (2, "\n", "fewer"), (2, ",,\n", "more"), (1, " \n", "quotes"), (1, '"a"b"\n', "quotes")],
)
def test_what_is_not_the_dialect(binary, n, body, words):
    for step in (1, 1000):
        got, end = scan(binary, (n, step, body))[0]
        assert got == [] and words in end


def test_hostile_bytes_are_survived(binary):
    rng = random.Random(SEED)
    cases = [(rng.randint(1, 20), rng.choice([1, 3, 100]), bytes(rng.choice(b'"",,\n\r\0a\xff') for _ in range(rng.randint(0, 120)))) for _ in range(4000)]
    scan(binary, *cases)  # the sanitizers are the judge


# ---------- .metadata ----------


def columns_of(binary, *objects):
    return [json.loads(line) for line in binary("csv_cli", fields(*objects), "-m").decode().splitlines()]


SIGNATURES = [
    {"rawType": "integer"}, {"rawType": "varchar", "arguments": [{"value": 10}]}, {"rawType": "decimal", "arguments": [{"value": 38}, {"value": 5}]},
    {"rawType": "timestamp with time zone", "arguments": [{"value": 3}]}, {"rawType": "array", "arguments": []},
]


def test_metadata(binary):
    infos = [column_info(f"c é {i}" * (i * 40 + 1), s) for i, s in enumerate(SIGNATURES)]
    whole = metadata("20261124_000000_00001_abcde", infos)
    got, end = columns_of(binary, whole)[0]
    assert end == "end"
    assert [[bytes.fromhex(n).decode(), bytes.fromhex(t).decode(), p, s] for n, t, p, s in got] == [[c["Name"], c["Type"], c["Precision"], c["Scale"]] for c in infos]
    assert columns_of(binary, b"") == [[[], "end"]]
    cuts = columns_of(binary, *[whole[:i] for i in range(len(whole))])
    assert all(len(got) <= len(infos) for got, end in cuts)
    assert sum(end == "end" for got, end in cuts) == len(infos) + 1, "only between two fields"


def test_hostile_metadata_is_survived(binary):
    rng = random.Random(SEED)
    whole = metadata("id", [column_info("a", SIGNATURES[0]), column_info("b", SIGNATURES[2])])
    changed = [whole[:i] + bytes([b]) + whole[i + 1 :] for i in range(len(whole)) for b in (0, 1, 127, 128, 255, 34, 0x22, 0x0B)]
    columns_of(binary, *changed, *[bytes(rng.randrange(256) for _ in range(rng.randint(0, 60))) for _ in range(3000)])
