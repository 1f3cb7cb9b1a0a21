"""Every type, from the engine to a Datum, against what the engine's own protocol says.

The values travel twice: through Athena's API and the extension, and by Trino's
own client protocol, which neither Athena's texts nor casts to JSON have touched.
"""
import base64
import json
import math
import re
from decimal import Decimal

import pytest

from engine_fixtures import DATA, error, quoted, rows


@pytest.fixture(params=["pages", "s3", "unload"])
def conn(conn, request):
    """Each reader of results has to agree."""
    conn.execute(f"ALTER SERVER lake OPTIONS (ADD fetch_mode '{request.param}')")
    return conn


TEXTS = [
    "''", "' '", "'a'", "'null'", "'NULL'", "'it''s'", """'say "hi"'""", "'a,b'", "'{a=1}'", "'[1, 2]'", "'back\\slash'", r"'\n \u0041'",
    "'tab\there'", "'new\nline'", "'cr\rlf\r\n'", "U&'\\+01F418'", "'\u00e9\u00df\u0130\u01c5'", "'e\u0301'", "U&'\\+10FFFF'", "U&'\\FFFD\\200B\\FEFF'",
    "chr(1) || chr(31) || chr(127) || chr(128)", "'%_'", "'</script>&amp;'", "'\u202eright to left'", "array_join(repeat('long ', 5000), '')",
]
MOMENTS = ["0001-01-01 00:00:00", "1500-02-28 23:59:59", "1582-10-10 12:00:00", "1969-12-31 23:59:59", "1970-01-01 00:00:00", "1999-12-31 23:59:59",
           "2024-02-29 12:34:56", "2026-11-23 00:00:00", "9999-12-31 23:59:59"]
# (Trino's type, ours, values)
SCALARS = [
    ("boolean", "boolean", ["true", "false"]),
    ("tinyint", "smallint", ["-128", "0", "127"]),
    ("smallint", "smallint", ["-32768", "0", "32767"]),
    ("integer", "integer", ["-2147483648", "-1", "0", "2147483647"]),
    ("bigint", "bigint", ["BIGINT '-9223372036854775808'", "0", "9223372036854775807", "9007199254740993"]),
    ("real", "real", ["0.1", "REAL '-0'", "nan()", "infinity()", "-infinity()", "REAL '3.4028235e38'", "REAL '1e-45'", "REAL '1.17549435e-38'", "16777216", "REAL '0.30000001'", "REAL '1e-5'"]),
    ("double", "double precision", ["0.1", "DOUBLE '-0'", "nan()", "infinity()", "-infinity()", "DOUBLE '1.7976931348623157e308'", "DOUBLE '5e-324'",
                                    "DOUBLE '2.2250738585072014e-308'", "9007199254740993", "DOUBLE '0.30000000000000004'", "1e22", "1e23", "DOUBLE '123456789.125'", "DOUBLE '1e-7'", "DOUBLE '0.001'"]),
    ("decimal(38,0)", "numeric", ["DECIMAL '99999999999999999999999999999999999999'", "DECIMAL '-99999999999999999999999999999999999999'", "0", "1"]),
    ("decimal(38,38)", "numeric", ["DECIMAL '0.99999999999999999999999999999999999999'", "DECIMAL '-0.00000000000000000000000000000000000001'", "0"]),
    ("decimal(12,2)", "numeric(12,2)", ["DECIMAL '9999999999.99'", "DECIMAL '-0.10'", "0"]),
    ("decimal(5,0)", "numeric(5,0)", ["99999", "-1"]),
    ("varchar", "text", TEXTS),
    ("varchar(40)", "varchar(40)", TEXTS[:-1]),
    ("char(7)", "char(7)", ["''", "'a'", "'a  b'", "'it''s'", "'seven  '", "U&'\\+01F418'"]),
    ("date", "date", ["DATE '0001-01-01'", "DATE '1500-02-28'", "DATE '1970-01-01'", "DATE '2024-02-29'", "DATE '9999-12-31'", "DATE '+12345-06-07'", "DATE '-0043-03-15'", "DATE '0000-12-31'"]),
    *[(f"time({p})", "time", [f"TIME '00:00:00{fraction}'", f"TIME '23:59:59{fraction}'", f"TIME '12:34:56{fraction}'"])
      for p in range(0, 13) for fraction in [("." + "123456500000"[:p]) if p else ""]],
    ("time(3) with time zone", "timetz", ["TIME '12:34:56.789+07:00'", "TIME '00:00:00.000-03:30'", "TIME '23:59:59.999+00:00'"]),
    *[(f"timestamp({p})", "timestamp", [f"TIMESTAMP '{m}{fraction}'" for m in MOMENTS for fraction in ([("." + d[:p]) for d in ("999999999999", "500000000000", "123456499999", "123456500000")] if p else [""])])
      for p in range(0, 13)],
    ("timestamp(6)", "timestamp", ["TIMESTAMP '+12345-06-07 08:09:10.123456'", "TIMESTAMP '-0043-03-15 00:00:00'", "TIMESTAMP '0000-01-01 00:00:00'"]),
    *[(f"timestamp({p}) with time zone", "timestamptz", [f"TIMESTAMP '{m}{fraction} {zone}'" for m in MOMENTS[2:-1] for zone in ("UTC", "+07:00", "-03:30", "Europe/Paris", "America/New_York")
                                                     for fraction in [("." + "123456789012"[:p]) if p else ""]]) for p in (0, 3, 6, 9)],
    # an hour that comes twice, each of its two instants, and one that does not come
    ("timestamp(3) with time zone", "timestamptz", ["from_unixtime(1730612700) AT TIME ZONE 'America/New_York'", "from_unixtime(1730616300) AT TIME ZONE 'America/New_York'",
                                                    "from_unixtime(1729990800) AT TIME ZONE 'Europe/Paris'", "from_unixtime(1729987200) AT TIME ZONE 'Europe/Paris'",
                                                    "from_unixtime(1712415600) AT TIME ZONE 'Australia/Lord_Howe'"]),
    ("varbinary", "bytea", ["X''", "X'00'", "X'DEADBEEF'", "to_utf8('\u00e9')", "X'5C275C78'", "CAST(from_hex(array_join(repeat('00ff', 1000), '')) AS varbinary)"]),
    ("uuid", "uuid", ["UUID '00000000-0000-0000-0000-000000000000'", "UUID 'ffffffff-ffff-ffff-ffff-ffffffffffff'", "UUID '12345678-1234-5678-1234-567812345678'"]),
    ("ipaddress", "inet", [f"IPADDRESS '{a}'" for a in ("0.0.0.0", "255.255.255.255", "10.0.0.1", "::", "::1", "2001:db8::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:1.2.3.4", "fe80::1")]),
    ("interval day to second", "interval", ["INTERVAL '0' SECOND", "INTERVAL '1' DAY", "INTERVAL '-1' DAY", "INTERVAL '-26' HOUR", "INTERVAL '12 10:45:01.234' DAY TO SECOND", "INTERVAL '-0.001' SECOND", "INTERVAL '100000' DAY"]),
    ("interval year to month", "interval", ["INTERVAL '0' MONTH", "INTERVAL '1' YEAR", "INTERVAL '-14' MONTH", "INTERVAL '11' MONTH", "INTERVAL '-1' MONTH", "INTERVAL '1000' YEAR"]),
    ("json", "jsonb", ["JSON '{\"a\": [1, null, \"x\", true], \"b\": {}}'", "JSON '1'", "JSON '\"s\"'", "JSON 'null'", "JSON '[]'", "JSON '1234567890123456789'", "JSON '\"\\u00e9 \\\" \\n\"'"]),
]


def values(type_, expressions):
    """A query over id and v, with a NULL at the end."""
    cast = [f"CAST({e} AS {type_})" if not type_.startswith("json") else e for e in expressions] + [f"CAST(NULL AS {type_})"]
    return "SELECT * FROM (VALUES " + ", ".join(f"({i}, {e})" for i, e in enumerate(cast)) + ") t(id, v)"


def declare(conn, query, pgtype, remote=None):
    option = f" OPTIONS (remote_type {quoted(remote)})" if remote else ""
    conn.execute("DROP FOREIGN TABLE IF EXISTS typed")
    conn.execute(f"CREATE FOREIGN TABLE typed (id int, v {pgtype}{option}) SERVER lake OPTIONS (query {quoted(query)})")


def year_of(text):
    """A date or timestamp of Trino's as PostgreSQL writes years before 1 and after 9999."""
    sign, year, rest = re.match(r"([+-]?)(\d{4,})(.*)$", text, re.S).groups()
    if sign == "-" or int(year) == 0:
        return f"{int(year) + 1:04}{rest} BC"
    return year + rest


def scalar(conn, native, raw, pgtype):
    """What PostgreSQL's own input makes of the engine's own text."""
    if native is None:
        return None
    if raw == "varbinary":
        return base64.b64decode(native)
    if raw == "real":  # PostgreSQL's own shortest text
        return float(rows(conn, "SELECT %s::real::text", (str(native),))[0][0])
    if raw == "double":
        return float(native)
    if raw in ("date", "timestamp"):
        native = year_of(native)
    if raw == "json":
        return rows(conn, "SELECT %s::jsonb::text", (native,))[0][0]
    if raw == "interval year to month":
        sign, y, m = re.match(r"(-?)(\d+)-(\d+)$", native).groups()
        months = (int(y) * 12 + int(m)) * (-1 if sign else 1)
        return rows(conn, "SELECT make_interval(months => %s)::text", (months,))[0][0]
    if raw == "interval day to second":
        sign, d, h, mi, s = re.match(r"(-?)(\d+) (\d+):(\d+):([\d.]+)$", native).groups()
        return rows(conn, f"SELECT ({sign}1 * make_interval(days => %s, hours => %s, mins => %s, secs => %s::float8))::text", (int(d), int(h), int(mi), s))[0][0]
    if raw == "timestamp with time zone":
        return None  # compared otherwise
    shown = "format('%%s', %s::{})" if pgtype.startswith("char") else "%s::{}::text"
    return rows(conn, f"SELECT {shown.format(pgtype)}", (str(native) if not isinstance(native, bool) else native,))[0][0]


@pytest.mark.parametrize("type_,pgtype,expressions", SCALARS, ids=[f"{t}-{i}" for i, (t, _, _) in enumerate(SCALARS)])
def test_scalar(conn, stand, type_, pgtype, expressions):
    query = values(type_, expressions)
    declare(conn, query, pgtype, type_ if pgtype == "jsonb" else None)
    signatures, native = stand.engine(query)
    raw = signatures[1]["rawType"]
    shown = {"bytea": "v", "real": "v", "double precision": "v"}.get(pgtype, "format('%s', v)" if pgtype.startswith("char") else "v::text")
    got = dict(rows(conn, f"SELECT id, CASE WHEN v IS NOT NULL THEN {shown} END FROM typed"))
    assert len(got) == len(expressions) + 1
    for id, value in native:
        if raw == "timestamp with time zone":
            continue
        expected = scalar(conn, value, raw, pgtype)
        if raw in ("real", "double") and expected is not None:
            assert math.isnan(got[id]) if math.isnan(expected) else (got[id] == expected and math.copysign(1, got[id]) == math.copysign(1, expected)), expressions[id]
        else:
            assert got[id] == expected, expressions[id] if value is not None else "NULL"
    if raw == "timestamp with time zone":
        _, seconds = stand.engine(f"SELECT id, to_unixtime(v), CAST(CAST(v AT TIME ZONE 'UTC' AS timestamp(12)) AS varchar) FROM ({query})")
        epochs = dict(rows(conn, "SELECT id, extract(epoch from v)::float8 FROM typed"))
        for id, second, text in seconds:
            if second is None:
                assert got[id] is None
                continue
            assert abs(epochs[id] - second) < 2e-5, expressions[id]
            assert rows(conn, "SELECT (%s || '+00')::timestamptz::text", (text,)) == [(got[id],)], expressions[id]


@pytest.mark.parametrize("type_", ["boolean", "bigint", "decimal(12,2)", "varchar", "date", "uuid", "json"])
def test_scalar_as_text(conn, stand, type_):
    """Any type can be declared as text."""
    pgtype, expressions = next((p, e) for t, p, e in SCALARS if t == type_)
    # casts write years past 9999 without the sign that results have
    query = values(type_, [e for e in expressions if "+12345" not in e])
    declare(conn, query, "text")
    _, native = stand.engine(f"SELECT id, {'json_format(v)' if type_ == 'json' else 'CAST(v AS varchar)'} FROM ({query})")
    assert sorted(rows(conn, "SELECT id, v FROM typed")) == sorted((i, v) for i, v in native)


@pytest.mark.parametrize("query, where", [
    ("SELECT 1 AS id, 'a' || chr(0) AS v", "text"), ("SELECT 1 AS id, ARRAY['a' || chr(0)] AS v", "jsonb"), ("SELECT 1 AS id, JSON '\"\\u0000\"' AS v", "jsonb")])
def test_a_zero_character(conn, query, where):
    declare(conn, query, where, "array(varchar)" if "ARRAY" in query else None)
    diag = error(conn, "SELECT v FROM typed")
    assert diag.sqlstate in ("22021", "22P05")
    assert "typed" in (diag.message_primary + (diag.context or "") + (diag.message_detail or "")) and '"v"' in (diag.message_primary + (diag.context or "") + (diag.message_detail or ""))
    assert rows(conn, "SELECT id FROM typed") == [(1,)]


# ---------- nested values ----------

SAMPLE = {  # leaf -> a few values of it
    "boolean": ["true"], "tinyint": ["-128"], "bigint": ["9223372036854775807"], "real": ["0.1", "nan()"], "double": ["DOUBLE '1e22'", "-infinity()", "DOUBLE '0.30000000000000004'"],
    "decimal(38,0)": ["DECIMAL '99999999999999999999999999999999999999'"], "decimal(38,38)": ["DECIMAL '0.00000000000000000000000000000000000001'"],
    "varchar": ["'a,b'", "'q\"\\ \n\t'", "U&'\\+01F418'", "'null'", "''"], "char(3)": ["'a'", "'a b'"], "date": ["DATE '0001-01-01'", "DATE '9999-12-31'"],
    "time(3)": ["TIME '12:34:56.700'"], "time(6)": ["TIME '12:34:56.700001'"], "timestamp(3)": ["TIMESTAMP '1969-12-31 23:59:59.999'"], "timestamp(6)": ["TIMESTAMP '2026-01-01 00:00:00.000001'"],
    "timestamp(3) with time zone": ["TIMESTAMP '2026-01-01 00:00:00.123 +07:00'"], "varbinary": ["X'DEAD'", "X''"], "uuid": ["UUID '12345678-1234-5678-1234-567812345678'"],
    "ipaddress": ["IPADDRESS '10.0.0.1'", "IPADDRESS '2001:db8::1'"], "interval day to second": ["INTERVAL '-26' HOUR"], "interval year to month": ["INTERVAL '14' MONTH"],
    "json": ["JSON '{\"k\": [1.50, null]}'"],
}


def shapes(leaf, vs):
    """(type, expression) of every nesting of a leaf: once, twice, and as a key."""
    cast = lambda e: e if leaf == "json" else f"CAST({e} AS {leaf})"
    items = [cast(v) for v in vs] + [f"CAST(NULL AS {leaf})"]
    array = f"ARRAY[{', '.join(items)}]"
    keys = ", ".join(f"'k{i}'" for i in range(len(items)))
    map_ = f"MAP(ARRAY[{keys}], {array})"
    yield f"array({leaf})", array
    yield f"map(varchar, {leaf})", map_
    yield f'row("x" {leaf}, "Y y" {leaf})', f'ROW({items[0]}, NULL)'
    yield f"row({leaf}, integer)", f"ROW({items[0]}, 1)"
    yield f"array(array({leaf}))", f"ARRAY[{array}, NULL, ARRAY[]]"
    yield f"array(row(a {leaf}, m map(varchar, array({leaf}))))", f"ARRAY[ROW({items[0]}, MAP(ARRAY['x', 'y'], ARRAY[{array}, NULL])), NULL, ROW(NULL, NULL)]"
    yield f"map(varchar, array(row(a {leaf})))", f"MAP(ARRAY['x', 'y'], ARRAY[ARRAY[ROW({items[0]}), NULL], NULL])"
    yield f"row(p array(map(varchar, {leaf})), q row(r row(s {leaf})))", f"ROW(ARRAY[{map_}, NULL, MAP()], ROW(ROW({items[0]})))"
    if leaf not in ("json", "real", "double"):
        yield f"map({leaf}, integer)", f"MAP(ARRAY[{', '.join(items[:-1])}], ARRAY[{', '.join('1' for _ in items[:-1])}])"
        yield f"map({leaf}, map({leaf}, {leaf}))", f"MAP(ARRAY[{items[0]}], ARRAY[MAP(ARRAY[{items[0]}], ARRAY[{items[-1]}])])"


def leaf_text(value, raw, signature):
    """A leaf as a JSON value, from the engine's own protocol."""
    if raw in ("tinyint", "smallint", "integer", "bigint"):
        return Decimal(value)
    if raw in ("real", "double"):
        return value if isinstance(value, str) else float(value)
    if raw == "decimal":
        return Decimal(value)
    if raw == "varbinary":
        return base64.b64decode(value).hex().upper()
    if raw == "json":
        return normal(json.loads(value, parse_float=Decimal, parse_int=Decimal))
    if raw == "timestamp with time zone":  # the only one in SAMPLE
        assert value == "2026-01-01 00:00:00.123 +07:00"
        return "2025-12-31 17:00:00.123 UTC"
    return value


def key_text(key, signature):
    raw = signature["rawType"]
    if raw == "varbinary":
        return base64.b64decode(key).hex().upper()
    if raw == "timestamp with time zone":
        return leaf_text(key, raw, signature)
    return key


def expected_json(value, signature):
    raw = signature["rawType"]
    if value is None:
        return None
    args = [a["value"] for a in signature.get("arguments", ())]
    if raw == "array":
        return [expected_json(v, args[0]) for v in value]
    if raw == "map":
        return {key_text(k, args[0]): expected_json(v, args[1]) for k, v in value.items()}
    if raw == "row":
        names = [(f.get("fieldName") or {}).get("name") or f"f{i + 1}" for i, f in enumerate(args)]
        return {n: expected_json(v, f["typeSignature"]) for n, f, v in zip(names, args, value)}
    return leaf_text(value, raw, signature)


def normal(value, like=None):
    """Numbers comparable: floats where a float is expected."""
    if isinstance(value, list):
        return [normal(v, like[i] if isinstance(like, list) and i < len(like) else None) for i, v in enumerate(value)]
    if isinstance(value, dict):
        return {k: normal(v, like.get(k) if isinstance(like, dict) else None) for k, v in value.items()}
    if isinstance(like, float) and isinstance(value, Decimal):
        return float(value)
    return value


@pytest.mark.parametrize("leaf", SAMPLE)
def test_nested(conn, stand, leaf):
    """One table a leaf: a column for each nesting."""
    cases = list(shapes(leaf, SAMPLE[leaf]))
    columns = ", ".join(f"CAST({e} AS {t}) AS c{i}" if t != f"array({leaf})" else f"{e} AS c{i}" for i, (t, e) in enumerate(cases))
    nulls = ", ".join(f"CAST(NULL AS {t}) AS c{i}" for i, (t, e) in enumerate(cases))
    query = f"SELECT 1 AS id, {columns} UNION ALL SELECT 2, {nulls}"
    conn.execute("DROP FOREIGN TABLE IF EXISTS typed")
    conn.execute(
        "CREATE FOREIGN TABLE typed (id int, " + ", ".join(f"c{i} jsonb OPTIONS (remote_type {quoted(t)})" for i, (t, _) in enumerate(cases)) + f") SERVER lake OPTIONS (query {quoted(query)})"
    )
    signatures, native = stand.engine(query)
    got = dict((r[0], r[1:]) for r in rows(conn, "SELECT id, " + ", ".join(f"c{i}::text" for i in range(len(cases))) + " FROM typed"))
    native = {r[0]: r[1:] for r in native}
    assert got[2] == tuple([None] * len(cases))
    for (type_, expression), text, value, signature in zip(cases, got[1], native[1], signatures[1:]):
        expected = expected_json(value, signature)
        found = normal(json.loads(text, parse_float=Decimal, parse_int=Decimal), expected)
        assert found == expected, (type_, expression, text)


@pytest.mark.parametrize("leaf,pgtype", [("integer", "integer"), ("bigint", "bigint"), ("double", "double precision"), ("varchar", "text"), ("date", "date"), ("boolean", "boolean"),
                                         ("decimal(38,10)", "numeric"), ("timestamp(6)", "timestamp"), ("varbinary", "bytea"), ("uuid", "uuid")])
def test_arrays_as_arrays(conn, stand, leaf, pgtype):
    vs = {"integer": ["1", "-2147483648"], "decimal(38,10)": ["DECIMAL '1234567890123456789012345678.0123456789'"]}.get(leaf) or SAMPLE.get(leaf)
    items = ", ".join(f"CAST({v} AS {leaf})" for v in vs + ["NULL"])
    query = f"SELECT 1 AS id, ARRAY[{items}] AS v UNION ALL SELECT 2, CAST(ARRAY[] AS array({leaf})) UNION ALL SELECT 3, NULL"
    declare(conn, query, f"{pgtype}[]", f"array({leaf})")
    one_by_one = f"SELECT pos AS id, CAST(x AS {leaf}) AS v FROM UNNEST(ARRAY[{items}]) WITH ORDINALITY t(x, pos)"
    got = {i: v for i, v in rows(conn, "SELECT id, v::text[] FROM typed")}
    declare(conn, one_by_one, pgtype)
    assert got == {1: [v for _, v in rows(conn, "SELECT id, v::text FROM typed ORDER BY id")], 2: [], 3: None}


# ---------- tables of the catalogue ----------

STORED = ["boolean", "smallint", "integer", "bigint", "real", "double", "decimal(38,10)", "varchar", "date", "varbinary", "array(varchar)", "map(varchar, integer)",
          "row(a integer, b row(c varchar))", "array(row(a integer, m map(varchar, double)))"]


@pytest.mark.parametrize("kind,types", [
    ("hive", STORED + ["tinyint", "char(5)", "varchar(10)", "timestamp(3)"]), ("iceberg", STORED + ["timestamp(6)", "timestamp(6) with time zone", "time(6)", "uuid"])])
def test_stored_tables(conn, stand, admin, kind, types):
    """IMPORT FOREIGN SCHEMA of a table with all the types that it can hold."""
    types = [t for t in types if not (kind == "iceberg" and t in ("smallint",))]
    value = {"smallint": "-32768", "integer": "2147483647", "varchar": "'x\u00e9'", "varchar(10)": "'ten'", "array(varchar)": "ARRAY['a', NULL]", "char(5)": "'abc'", "decimal(38,10)": "DECIMAL '1.5'",
             "map(varchar, integer)": "MAP(ARRAY['a'], ARRAY[1])", "row(a integer, b row(c varchar))": "ROW(1, ROW('x'))", "timestamp(6) with time zone": "TIMESTAMP '2026-01-01 00:00:00.123456 UTC'",
             "array(row(a integer, m map(varchar, double)))": "ARRAY[ROW(1, MAP(ARRAY['x'], ARRAY[nan()]))]"}
    columns = ", ".join(f"CAST({value.get(t) or SAMPLE[t][0]} AS {t}) AS c{i}" for i, t in enumerate(types))
    nulls = ", ".join(f"CAST(NULL AS {t})" for t in types)
    admin(f"DROP TABLE IF EXISTS engine.all_{kind}")
    properties = "format = 'ORC'" if kind == "hive" else f"table_type = 'ICEBERG', location = 's3://{DATA}/all-iceberg/', is_external = false"
    admin(f"CREATE TABLE engine.all_{kind} WITH ({properties}) AS SELECT 1 AS id, {columns} UNION ALL SELECT 2, {nulls}")
    conn.execute("DROP SCHEMA IF EXISTS engine CASCADE; CREATE SCHEMA engine")
    conn.execute(f"IMPORT FOREIGN SCHEMA engine LIMIT TO (all_{kind}) FROM SERVER lake INTO engine")
    signatures, native = stand.engine(f"SELECT * FROM engine.all_{kind} ORDER BY id")
    assert rows(conn, f"SELECT * FROM engine.all_{kind} WHERE id = 2") == [tuple([2] + [None] * len(types))]
    declared = rows(conn, f"SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'engine.all_{kind}'::regclass AND attnum > 1 ORDER BY attnum")
    for (name, pgtype), signature, expected, type_ in zip(declared, signatures[1:], native[0][1:], types):
        raw = signature["rawType"]
        shown = name if pgtype in ("bytea", "real", "double precision") else f"format('%s', {name})" if pgtype.startswith("char") else f"{name}::text"
        got = rows(conn, f"SELECT {shown} FROM engine.all_{kind} WHERE id = 1")[0][0]
        if pgtype == "jsonb":
            expected = expected_json(expected, signature)
            assert normal(json.loads(got, parse_float=Decimal, parse_int=Decimal), expected) == expected, type_
        elif raw == "timestamp with time zone":
            # the catalogue calls it timestamp, and its values are in UTC
            assert (pgtype, got) == ("timestamp(6) without time zone", "2026-01-01 00:00:00.123456")
        else:
            assert got == scalar(conn, expected, raw, pgtype), (type_, pgtype)
