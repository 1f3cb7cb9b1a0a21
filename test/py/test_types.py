"""From the texts that Athena writes to values: every type, its extremes, what does not fit."""
import json
import random
import re

import pytest

from conftest import error, rows
from fake_athena import column

VALUES = [
    ("boolean", "true", "true"), ("boolean", "false", "false"), ("boolean", "t", "true"),
    ("smallint", "-32768", "-32768"), ("smallint", "32767", "32767"), ("integer", "-2147483648", "-2147483648"),
    ("bigint", "9223372036854775807", "9223372036854775807"), ("bigint", "-9223372036854775808", "-9223372036854775808"), ("bigint", "0", "0"),
    ("bigint", " 7 ", "7"),
    ("real", "1.5", "1.5"), ("real", "1.0E20", "1e+20"), ("real", "3.4028235E38", "3.4028235e+38"), ("real", "1.4E-45", "1e-45"), ("real", "NaN", "NaN"),
    ("double precision", "0.30000000000000004", "0.30000000000000004"), ("double precision", "1.0E-7", "1e-07"),
    ("double precision", "1.7976931348623157E308", "1.7976931348623157e+308"), ("double precision", "4.9E-324", "5e-324"),
    ("double precision", "-Infinity", "-Infinity"), ("double precision", "-0.0", "-0"),
    ("numeric(38,2)", "123456789012345678901234567890123456.78", "123456789012345678901234567890123456.78"),
    ("numeric(38,38)", "0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001"),
    ("numeric", "1.500000000", "1.500000000"), ("numeric(12,2)", "1.505", "1.51"),
    ("text", "", ""), ("text", 'a "quoted" \\ back\nslash\t\U0001f418', 'a "quoted" \\ back\nslash\t\U0001f418'),
    ("varchar(3)", "abc", "abc"), ("varchar(3)", "abc  ", "abc"), ("char(5)", "ab   ", "ab   "),
    ("date", "2026-10-10", "2026-10-10"), ("date", "0001-01-01", "0001-01-01"), ("date", "9999-12-31", "9999-12-31"),
    ("date", "+10000-01-01", "10000-01-01"), ("date", "0000-12-31", "0001-12-31 BC"), ("date", "-0043-03-15", "0044-03-15 BC"),
    ("date", "2024-02-29", "2024-02-29"), ("date", "1900-02-28", "1900-02-28"), ("date", "1500-02-28", "1500-02-28"),
    ("time", "12:34:56.123", "12:34:56.123"), ("time", "23:59:59.999999", "23:59:59.999999"), ("time(0)", "12:34:56", "12:34:56"),
    ("timetz", "12:34:56+07:00", "12:34:56+07"), ("timetz", "12:34:56.789-03:30", "12:34:56.789-03:30"),
    ("timestamp", "2026-10-10 12:34:56", "2026-10-10 12:34:56"), ("timestamp", "2026-10-10 12:34:56.123", "2026-10-10 12:34:56.123"),
    ("timestamp", "2026-10-10 12:34:56.123456", "2026-10-10 12:34:56.123456"), ("timestamp(3)", "2026-10-10 12:34:56.123500", "2026-10-10 12:34:56.124"),
    ("timestamp(0)", "1999-12-31 23:59:59.500", "1999-12-31 23:59:59"), ("timestamp(0)", "2000-01-01 00:00:00.500", "2000-01-01 00:00:01"),
    ("timestamp", "2026-10-10 12:34:56.123456789", "2026-10-10 12:34:56.123457"), ("timestamp", "2026-12-31 23:59:59.999999999999", "2027-01-01 00:00:00"),
    ("timestamp", "2026-10-10 12:34:56.000 UTC", "2026-10-10 12:34:56"), ("timestamp", "+12345-01-01 00:00:00", "12345-01-01 00:00:00"),
    ("timestamp", "0000-01-01 00:00:00.000", "0001-01-01 00:00:00 BC"),
    ("timestamptz", "2026-10-10 12:34:56.123 UTC", "2026-10-10 12:34:56.123+00"), ("timestamptz", "2026-10-10 12:34:56.123", "2026-10-10 12:34:56.123+00"),
    ("timestamptz", "2026-10-10 12:34:56.123 +07:00", "2026-10-10 05:34:56.123+00"), ("timestamptz", "2026-10-10 12:34:56 Europe/Paris", "2026-10-10 10:34:56+00"),
    ("timestamptz", "2026-10-10 12:34:56.123456789 UTC", "2026-10-10 12:34:56.123457+00"),
    ("bytea", "de ad be ef", "\\xdeadbeef"), ("bytea", "DEADBEEF", "\\xdeadbeef"), ("bytea", "", "\\x"), ("bytea", "00", "\\x00"),
    ("uuid", "12345678-1234-5678-1234-567812345678", "12345678-1234-5678-1234-567812345678"),
    ("inet", "2001:db8::1", "2001:db8::1"), ("inet", "10.0.0.1", "10.0.0.1"),
    ("interval", "1 00:00:00.000", "1 day"), ("interval", "-1 02:03:04.005", "-1 days -02:03:04.005"), ("interval", "0 00:00:00.001", "00:00:00.001"),
    ("interval", "1-0", "1 year"), ("interval", "-1-1", "-1 years -1 mons"), ("interval", "0-11", "11 mons"),
    ("jsonb", '{"a": [1, 2.50, null, "x"]}', '{"a": [1, 2.50, null, "x"]}'), ("jsonb", "1234567890123456789012345678.0123456789", "1234567890123456789012345678.0123456789"),
    ("integer[]", "[1,null,3]", "{1,NULL,3}"), ("integer[]", "[]", "{}"), ("integer[]", "[[1,2],[3,4]]", "{{1,2},{3,4}}"),
    ("text[]", '["a,b","c\\"d","null",null,"\\u00e9"]', '{"a,b","c\\"d","null",NULL,\u00e9}'), ("double precision[]", '["NaN","Infinity",1.0E20,0.1]', "{NaN,Infinity,1e+20,0.1}"),
    ("numeric[]", "[1234567890123456789012345678.0123456789]", "{1234567890123456789012345678.0123456789}"), ("boolean[]", "[true,false,null]", "{t,f,NULL}"),
    ("date[]", '["0001-01-01"]', "{0001-01-01}"), ("timestamptz[]", '["2026-10-10 12:34:56.123 UTC"]', '{"2026-10-10 12:34:56.123+00"}'),
    ("bytea[]", '["DEAD",null]', '{"\\\\xdead",NULL}'), ("jsonb[]", '[{"a":1},[2],3,"x",null]', '{"{\\"a\\": 1}",[2],3,"\\"x\\"",NULL}'),
    ("integer[]", "[[],[]]", "{}"),
]
MISFITS = [
    ("smallint", "32768", "22003"), ("integer", "1.5", "22P02"), ("bigint", "9223372036854775808", "22003"), ("integer", "", "22P02"),
    ("real", "1.0E300", "22003"), ("double precision", "x", "22P02"), ("boolean", "maybe", "22P02"), ("numeric(4,2)", "123.45", "22003"),
    ("varchar(3)", "abcd", "22001"), ("char(3)", "abcd", "22001"), ("date", "2026-02-30", "22008"), ("date", "soon", "22007"), ("date", "2026-10-10x", "22007"),
    ("timestamp", "2026-10-10 25:00:00", "22008"), ("timestamp", "2026-10-10 12:34:56.000 Europe/Paris", "HV004"),
    ("timestamp", "2026-10-10 12:34:56.123456789 +07:00", "HV004"),
    ("bytea", "de a", "22P02"), ("bytea", "xyz", "22P02"), ("uuid", "123", "22P02"), ("inet", "a.b", "22P02"), ("interval", "forever", "22007"),
    ("jsonb", "{a=1}", "22P02"), ("integer[]", "[1,[2]]", "2202E"), ("integer[]", "[[1],[2,3]]", "2202E"), ("integer[]", '{"a":1}', "22P02"),
    ("integer[]", '["x"]', "22P02"), ("integer[]", '[{"a":1}]', "22P02"), ("integer[]", "5", "22P02"), ("integer[]", "[[],[1]]", "2202E"),
    ("uuid", "\U0001f418", "22P02"),
]


@pytest.fixture
def read(fake, conn):
    conn.execute("SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'")

    def prepare(pgtype, text):
        fake.columns, fake.rows = [column("v")], [[text], [None]]
        conn.execute("DROP FOREIGN TABLE IF EXISTS typed")
        conn.execute(f"CREATE FOREIGN TABLE typed (v {pgtype}) SERVER lake OPTIONS (database 'sales')")
        return conn

    return prepare


@pytest.mark.parametrize("pgtype,text,expected", VALUES)
def test_value(read, pgtype, text, expected):
    # format() keeps the blanks of char(n)
    assert rows(read(pgtype, text), "SELECT format('%s', v) FROM typed WHERE v IS NOT NULL OR random() < 0") == [(expected if pgtype != "boolean" else expected[0],)]
    assert rows(read(pgtype, text), "SELECT count(*), count(v) FROM (SELECT v FROM typed WHERE random() < 2) s") == [(2, 1)]


@pytest.mark.parametrize("pgtype,text,sqlstate", MISFITS)
def test_misfit(read, pgtype, text, sqlstate):
    e = error(read(pgtype, text), "SELECT v FROM typed")
    assert e.sqlstate == sqlstate, (e.sqlstate, e.message_primary)
    assert 'column "v" of foreign table "typed"' in e.context


def test_domains(read, conn):
    conn.execute("DROP DOMAIN IF EXISTS small CASCADE; CREATE DOMAIN small AS int CHECK (value < 10)")
    assert rows(read("small", "9"), "SELECT v FROM typed LIMIT 1") == [(9,)]
    assert error(read("small", "11"), "SELECT v FROM typed").sqlstate == "23514"


def test_no_column_is_trusted_to_be_not_null(read):
    """count(v) must not become count(*)."""
    assert rows(read("int", "1"), "SELECT count(v) FROM (SELECT v FROM typed WHERE random() < 2) s") == [(1,)]


def test_another_encoding(fake, conn):
    """A database in LATIN1: values and conditions are converted both ways, and no order is shipped."""
    import psycopg

    from conftest import KEY_ID, SECRET, connect

    conn.execute("DROP DATABASE IF EXISTS latin")
    conn.execute("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    info = conn.info
    with psycopg.connect(host=info.host, port=info.port, user="postgres", dbname="latin", autocommit=True) as latin:
        latin.execute("CREATE EXTENSION athena_fdw")
        latin.execute(f"CREATE SERVER lake FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket 'results', endpoint '{fake.url}')")
        latin.execute(f"CREATE USER MAPPING FOR postgres SERVER lake OPTIONS (access_key_id '{KEY_ID}', secret_access_key '{SECRET}')")
        latin.execute('CREATE FOREIGN TABLE s (x text, j jsonb, a text[]) SERVER lake OPTIONS (database \'sales\')')
        fake.columns, fake.rows = [column("x"), column("j", "json"), column("a", "json")], [["h\u00e9llo", '{"\u00e9":"\u00fc"}', '["\u00e9"]']]
        assert rows(latin, "SELECT x, octet_length(x), j::text, a FROM s WHERE x = 'h\u00e9llo'") == [("h\u00e9llo", 5, '{"\u00e9": "\u00fc"}', ["\u00e9"])]
        assert fake.calls[0][1]["QueryString"].endswith("WHERE x = 'h\u00e9llo'")
        fake.columns, fake.rows = [column("x")], [["a"]]
        rows(latin, "SELECT x FROM s WHERE x < 'z'")
        assert "WHERE" not in fake.of("StartQueryExecution")[1][1]["QueryString"]
        fake.rows = [["\u4e2d"]]
        e = error(latin, "SELECT x FROM s")
        assert e.sqlstate == "22P05" and 'column "x"' in e.context
        fake.run_states, fake.failure = ["FAILED"], ("SYNTAX_ERROR: \u4e2d", {"ErrorCategory": 2, "ErrorType": 1})
        assert error(latin, "SELECT x FROM s").sqlstate == "42601"
    conn.execute("DROP DATABASE latin")


def test_numbers_are_what_the_input_functions_read(fake, conn):
    """Numbers that are read without the input function, against it, by their text (and so by scale and sign of zero)."""
    rng = random.Random(20261124)
    whole = lambda digits: str(rng.randrange(10 ** rng.randint(1, digits)))
    texts = ["0", "-0", "0.0", "-0.00", "00012.500", "9007199254740992", "9007199254740993", "16777216", "16777217", "1E22", "1E23", "1.0E-22", "1.0E-23",
             "999999999999999999", "9999999999999999999", "0.000000000000000001", "123456789012345.678", "1.0E10", "1.0E11", "0.30000000000000004", "4.9E-324"]
    texts += [f"{rng.choice(['', '-'])}{whole(19)}{rng.choice(['', '.' + whole(19), '.000' + whole(4)])}{rng.choice(['', '', '', f'E{rng.randint(-30, 30)}'])}" for _ in range(4000)]
    # a real has fewer digits, as Athena prints it
    small = [t if re.fullmatch(r"-?\d{1,7}(\.\d{1,4})?(E-?\d)?", t) else "1.5" for t in texts]
    plain = [t if "E" not in t else "7" for t in texts]
    exact = [f"{rng.choice(['', '-'])}{rng.randrange(10**10)}.{rng.randrange(10**4):04}" for _ in texts]
    fake.columns = [column("t"), column("d", "double"), column("s"), column("r", "float"), column("p"), column("n", "decimal"), column("e"), column("x", "decimal")]
    fake.rows = [[t, t, s, s, p, p, e, e] for t, s, p, e in zip(texts, small, plain, exact)]
    conn.execute("CREATE FOREIGN TABLE numbers (t text, d float8, s text, r float4, p text, n numeric, e text, x numeric(14,4)) SERVER lake OPTIONS (database 'sales')")
    conn.execute("SET extra_float_digits = 3")
    wrong = rows(conn, """SELECT t, d, s, r, p, n, e, x FROM numbers WHERE d::text <> t::float8::text OR r::text <> s::float4::text
        OR n::text <> p::numeric::text OR x::text <> e::numeric(14,4)::text OR random() > 2""")
    assert wrong == []
    assert len(rows(conn, "SELECT t, d, s, r, p, n, e, x FROM numbers")) == len(texts)


def test_partial_states(conn, fake):
    """States that are made of sums and counts are those that this server's own aggregates go on with."""
    conn.execute("DROP TABLE IF EXISTS parted, plain CASCADE; CREATE TABLE parted (k int, n numeric(12,2), i int, b bigint, c bigint, f float8) PARTITION BY LIST (k); CREATE TABLE plain (LIKE parted)")
    for k in (1, 2):
        conn.execute(f"CREATE FOREIGN TABLE parted_{k} PARTITION OF parted FOR VALUES IN ({k}) SERVER lake OPTIONS (database 'sales')")
    conn.execute("INSERT INTO plain SELECT 1, (x * 37 % 1000) / 8.0, x, x % 9 * 1000000000000000007, -x % 7 * 1000000000000000009, x / 4.0 FROM generate_series(-5, 40) x"); conn.execute("INSERT INTO plain (k) VALUES (1)")
    sums = rows(conn, "SELECT sum(n)::text, count(n)::text, sum(i::numeric)::text, count(i)::text, sum(b)::text, count(b)::text, sum(c)::text, count(c)::text, sum(f)::text, count(f)::text, sum(n * n)::text, sum(i::numeric * i)::text, sum(b::numeric * b)::text FROM plain")[0]
    n, i, b, c, f = (sums[j : j + 2] for j in range(0, 10, 2))
    assert int(b[0]) > 2**65 and int(c[0]) < -(2**65)
    forms = {
        "sum(n)": n, "avg(n)": n, "avg(i)": i, "avg(i::smallint)": i, "sum(b)": b, "avg(b)": b, "sum(c)": c, "avg(c)": c, "avg(f)": f,
        "var_pop(n)": (sums[10], *n), "stddev(n)": (sums[10], *n), "variance(i)": (sums[11], *i), "stddev_pop(b)": (sums[12], *b),
    }
    conn.execute("SET enable_partitionwise_aggregate = on")
    try:
        for form, parts in forms.items():
            fake.columns = [column(f"c{j}") for j in range(len(parts))]
            fake.rows = [list(parts)]
            plan = "\n".join(r[0] for r in rows(conn, f"EXPLAIN (VERBOSE) SELECT {form} FROM parted"))
            assert plan.count("PARTIAL") >= 2 and plan.count("Remote SQL: SELECT sum(") == 2, plan
            assert rows(conn, f"SELECT {form} FROM parted") == rows(conn, f"SELECT {form} FROM (TABLE plain UNION ALL TABLE plain) x"), form
            # of one part there are no rows
            fake.rows = [[None] * (len(parts) - 1) + ["0"]]
            assert rows(conn, f"SELECT {form} FROM parted") == rows(conn, f"SELECT {form} FROM plain WHERE false"), form
    finally:
        conn.execute("RESET enable_partitionwise_aggregate")
