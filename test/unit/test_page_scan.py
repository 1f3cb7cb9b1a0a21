"""The page scanner: generated pages against Python's json, and hostile input."""
import json
import random
import subprocess

import pytest

from conftest import FLAGS, TOP, fields

SEED = 20261123
PAGES = 400


def scan(binary, *bodies):
    out = binary("page_cli", fields(*bodies)).decode().splitlines()
    assert len(out) == len(bodies)
    return [line if line.startswith("error ") else json.loads(line) for line in out]


def unhex(value):
    return None if value is None else bytes.fromhex(value)


def text(rng):
    alphabet = ["a", "b", '"', "\\", "/", "\n", "\r", "\t", "\b", "\f", "\0", "\x1f", "\u00e9", "\u20ac", "\U0001f418", "'", ",", "{", "}", "[", "]", ":"]
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(0, rng.choice([2, 10, 300]))))


def make_page(rng):
    columns = [(text(rng), rng.choice(["varchar", "integer"])) for _ in range(rng.randint(0, 6))]
    rows = [[None if rng.random() < 0.2 else text(rng) for _ in columns] for _ in range(rng.randint(0, 20))]
    datum = lambda v: rng.choice([{}, {"VarCharValue": None}]) if v is None else {"VarCharValue": v}
    result = {
        "ColumnInfos": [{"Name": "decoy", "Type": "decoy"}],
        "ResultRows": [{"Data": row} for row in rows],
        "ResultSetMetadata": {"ColumnInfo": [{"Name": n, "Type": t, "Precision": 5, "Nullable": "UNKNOWN", "Extra": [1, {"x": None}]} for n, t in columns]},
        "Rows": [{"Data": [datum(v) for v in row]} for row in rows],
        "Unknown": [[[]], {}, -1.5e-7, True, False, None, "x\"]}"],
    }
    members = list(result.items())
    rng.shuffle(members)
    token = rng.choice([None, "token/+=" + text(rng).replace("\0", "")])
    count = rng.choice([None, 0, 5, 2**40])
    body = [("ResultSet", dict(members)), ("Output", "ignored\n")]
    if token is not None:
        body.append(("NextToken", token))
    if count is not None:
        body.append(("UpdateCount", count))
    rng.shuffle(body)
    separators = rng.choice([None, (",", ":"), (" ,\n", "\t: ")])
    page = json.dumps(dict(body), ensure_ascii=rng.random() < 0.5, separators=separators)
    columns = [[n.partition("\0")[0].encode().hex(), t.encode().hex()] for n, t in columns]
    expected = [None if not token else token.encode().hex(), -1 if count is None else count, columns, rows]
    return page, expected


def test_generated_pages(binary):
    rng = random.Random(SEED)
    pages = [make_page(rng) for _ in range(PAGES)]
    for (page, (token, count, columns, rows)), got in zip(pages, scan(binary, *[p for p, _ in pages])):
        assert got[0] == token and got[1] == count and got[2] == columns and got[4] == "end", page
        assert [[unhex(v) for v in row] for row in got[3]] == [[None if v is None else v.encode() for v in row] for row in rows], page


GOOD = '{"ResultSet":{"ResultSetMetadata":{"ColumnInfo":[{"Name":"a","Type":"varchar"}]},"Rows":[{"Data":[{"VarCharValue":"x\\u00e9\\ud83d\\udc18\\n"}]},{"Data":[{}]}]},"NextToken":"t"}'


def test_every_truncation_is_an_error(binary):
    data = GOOD.encode()
    for got in scan(binary, *[data[:i] for i in range(len(data))]):
        assert isinstance(got, str) and got.startswith("error "), got


def test_every_changed_byte_is_survived(binary):
    data = GOOD.encode()
    rng = random.Random(SEED)
    bodies = []
    for i in range(len(data)):
        for byte in (0, 34, 92, 123, 125, 91, 93, 44, 58, 255, rng.randrange(256)):
            bodies.append(data[:i] + bytes([byte]) + data[i + 1 :])
    scan(binary, *bodies)  # the sanitizers are the judge


def test_random_bytes_are_survived(binary):
    rng = random.Random(SEED)
    alphabet = b'{}[]",:\\untrfalse0123456789.-+eE \xff\x00VarCharValueRowsData'
    bodies = [bytes(rng.choice(alphabet) for _ in range(rng.randint(0, 200))) for _ in range(3000)]
    scan(binary, *bodies)


WRAP = '{"ResultSet":{"ResultSetMetadata":{"ColumnInfo":[{"Name":"a","Type":"varchar"}]},"Rows":[{"Data":[{"VarCharValue":%s}]}]}}'


@pytest.mark.parametrize("value", ['"\\ud800"', '"\\udc00x"', '"\\ud800\\u0041"', '"\\u12g4"', '"\\u12"', '"\\x"', "5", "true", '{"a":1}'])
def test_bad_strings(binary, value):
    got = scan(binary, WRAP % value)[0]
    assert (isinstance(got, str) and got.startswith("error ")) or got[4] == "error", got


@pytest.mark.parametrize(
    "body",
    ["", " ", "null", "[]", '"x"', "{}", '{"ResultSet":5}', '{"ResultSet":{"Rows":5}}', '{"ResultSet":{}} x', '{"ResultSet":{},"ResultSet":{}}',
     '{"ResultSet":{"ResultSetMetadata":{"ColumnInfo":[{"Name":"a"}]}}}', '{"ResultSet":{},}', '{"ResultSet":{"Rows":[,]}}', '{"a":tru,"ResultSet":{}}',
     '{"ResultSet":{},"x":' + "[" * 1000 + "]" * 1000 + "}", '{"ResultSet":{},"x":' + '{"a":' * 100 + "1" + "}" * 100 + "}", '{"ResultSet":{},"UpdateCount":' + "9" * 100 + "}"],
)
def test_bad_documents(binary, body):
    assert str(scan(binary, body)[0]).startswith("error ")


def test_odd_but_right(binary):
    """As DDL that failed answers: no metadata, empty result set."""
    assert scan(binary, '{"ResultSet":{"ResultSetMetadata":null,"Rows":null}}')[0] == [None, -1, [], [], "end"]
    assert scan(binary, '{"ResultSet":{"Rows":[]},"NextToken":""}')[0][0] is None
    deep = '{"ResultSet":{"Rows":[]},"x":' + "[" * 60 + "]" * 60 + "}"
    assert scan(binary, deep)[0][4] == "end"


def test_a_row_of_another_width_is_told(binary):
    got = scan(binary, '{"ResultSet":{"ResultSetMetadata":{"ColumnInfo":[{"Name":"a","Type":"x"}]},"Rows":[{"Data":[]},{"Data":[{},{}]}]}}')[0]
    assert got[3] == [[], [None, "more"]]


def test_huge_values(binary):
    big = "y" * 20_000_000
    got = scan(binary, WRAP % json.dumps(big + "\u00e9"))[0]
    assert bytes.fromhex(got[3][0][0]) == (big + "\u00e9").encode()


def test_many_escapes_are_linear(binary):
    got = scan(binary, WRAP % ('"' + "\\\\" * 2_000_000 + '\\""'))[0]
    assert len(got[3][0][0]) == 2 * 2_000_001


@pytest.mark.parametrize(
    "tag,doc,text",
    [
        ("Code", "<?xml version='1.0'?><Error><Code>NoSuchBucket</Code></Error>", "NoSuchBucket"),
        ("Code", "<Error><CodeX>a</CodeX><Code>b</Code></Error>", "b"),
        ("L", '<L xmlns="x">eu-west-1</L>', "eu-west-1"), ("L", "<L/>", ""), ("L", '<L xmlns="x"/>', ""), ("L", "<L></L>", ""),
        ("M", "<M>a &lt;b&gt; &amp; &quot;c&quot; &apos; &x;</M>", "a <b> & \"c\" ' &"), ("Code", "<Code", "none"), ("Code", "<", "none"),
        ("Code", "", "none"), ("Code", "<Code>" + "z" * 100, "z" * 15), ("Code", "<Code>a", "a"), ("Code", "</Code>", "none"),
    ],
)
def test_xml(binary, tag, doc, text):
    out = binary("page_cli", fields(tag, doc), "-x").decode().rstrip("\n")
    assert out == text[:15]


def test_the_fuzz_target_builds(tmp_path):
    """gcc has no libFuzzer, but the target must not rot: it is linked with a driver and fed once."""
    driver = tmp_path / "driver.c"
    driver.write_text("#include <stdint.h>\n#include <stddef.h>\nint LLVMFuzzerTestOneInput(const uint8_t *, size_t);\nint main(void) { return LLVMFuzzerTestOneInput((const uint8_t *) \"{\\\"a\\\":[\", 6); }\n")
    sources = [str(TOP / s) for s in ("test/unit/page_cli.c", "src/query/page_scan.c", "src/aws/xml.c")]
    subprocess.run(["gcc", *FLAGS, "-DFUZZ", "-D_GNU_SOURCE", f"-I{TOP}/src", "-o", str(tmp_path / "fuzz"), *sources, str(driver)], check=True)
    subprocess.run([str(tmp_path / "fuzz")], check=True)
