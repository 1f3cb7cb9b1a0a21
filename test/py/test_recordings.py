"""Replays exchanges recorded from the live service, where they are at hand.

They lie beside the checkout in shared/reference/recordings and are not part
of it; without them these tests are skipped.
"""
import datetime
import json
import pathlib
import uuid

import pytest

from conftest import error, rows

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "shared" / "reference" / "recordings"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no recordings here")


def recording(number):
    (path,) = FOLDER.glob(f"{number:03}-*.json")
    response = json.loads(path.read_text())["response"]
    return response["status"], response["body"].encode()


def replay(fake, results, execution=2):
    fake.faults["GetQueryExecution"] = [recording(execution)]
    fake.faults["GetQueryResults"] = [recording(n) for n in results]


def query(conn, definition):
    return rows(conn, f"SELECT * FROM athena_query('lake', 'SELECT 1') AS t({definition})")


def test_header_row(fake, conn):
    replay(fake, [3])
    assert query(conn, "a int, b text") == [(1, "x")]


def test_every_type(fake, conn):
    replay(fake, [13])
    conn.execute("SET timezone = 'UTC'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex'")
    columns = (
        "c0 smallint, c1 smallint, c2 int, c3 bigint, c4 real, c5 double precision, c6 numeric(38,2), c7 text, c8 char(4), c9 boolean, c10 date, c11 time, "
        "c12 timestamp, c13 timestamptz, c14 bytea, c15 text, c16 text, c17 text, c18 jsonb, c19 inet, c20 uuid, c21 interval, c22 interval, c23 int"
    )
    (got,) = rows(conn, f"SELECT t.*, c6::text, c19::text, c21::text, c22::text FROM athena_query('lake', 'SELECT 1') AS t({columns})")
    utc = datetime.timezone.utc
    assert got[:6] == (1, 1, 1, 9223372036854775807, 1.5, 1.5)
    assert got[7:12] == ("héllo", "ab  ", True, datetime.date(2026, 10, 10), datetime.time(12, 34, 56, 123000))
    assert got[12] == datetime.datetime(2026, 10, 10, 12, 34, 56, 123000)
    assert got[13] == datetime.datetime(2026, 10, 10, 5, 34, 56, 123000, utc)
    assert got[14] == bytes.fromhex("deadbeef")
    assert got[15:19] == ("[1, 2, 3]", "{a=1, b=2}", "{a=1, b=x}", {"a": 1})
    assert got[20] == uuid.UUID("12345678-1234-5678-1234-567812345678") and got[23] is None
    assert got[24:] == ("12345678.91", "2001:db8::1/128", "1 day", "1 year")


@pytest.mark.parametrize("number,text", [(10, "NaN"), (11, "-Infinity")])
def test_doubles(fake, conn, number, text):
    replay(fake, [number])
    assert rows(conn, "SELECT c::text FROM athena_query('lake', 'SELECT 1') AS t(c double precision)") == [(text,)]


def test_unknown_null(fake, conn):
    replay(fake, [14])
    assert query(conn, "c int") == [(None,)]


def test_timestamps(fake, conn):
    replay(fake, [15])
    assert query(conn, "c timestamp") == [(datetime.datetime(2026, 10, 10, 1, 2, 3),)]
    conn.execute("SET timezone = 'UTC'")
    replay(fake, [34])
    ((value,),) = rows(conn, "SELECT c::text FROM athena_query('lake', 'SELECT 1') AS t(c timestamptz)")
    assert value == "2026-10-10 10:34:56+00"
    replay(fake, [33])
    assert rows(conn, "SELECT c::text FROM athena_query('lake', 'SELECT 1') AS t(c timetz)") == [("12:34:56+07",)]
    replay(fake, [34])
    assert "time zone" in error(conn, "SELECT * FROM athena_query('lake', 'SELECT 1') AS t(c timestamp)").message_primary


def test_null_and_empty(fake, conn):
    replay(fake, [35])
    body = json.loads(recording(35)[1])["ResultSet"]
    names = [c["Name"] for c in body["ColumnInfos"]]
    expected = [tuple(r["Data"]) for r in body["ResultRows"][1:]]
    assert query(conn, ", ".join(f'"{n}" text' for n in names)) == expected
    replay(fake, [36])
    body = json.loads(recording(36)[1])["ResultSet"]
    names = [c["Name"] for c in body["ColumnInfos"]]
    assert query(conn, ", ".join(f'"{n}" text' for n in names)) == [tuple(r["Data"]) for r in body["ResultRows"][1:]]


def test_pages(fake, conn):
    replay(fake, [16, 17, 18])
    bodies = [json.loads(recording(n)[1]) for n in (16, 17, 18)]
    expected = [tuple(int(v) for v in r["Data"]) for b, skip in zip(bodies, (1, 0, 0)) for r in b["ResultSet"]["ResultRows"][skip:]]
    assert query(conn, "n bigint") == expected
    tokens = [c[1].get("NextToken") for c in fake.of("GetQueryResults")]
    assert tokens == [None, bodies[0]["NextToken"], bodies[1]["NextToken"]]


def test_no_rows(fake, conn):
    replay(fake, [9])
    names = [c["Name"] for c in json.loads(recording(9)[1])["ResultSet"]["ColumnInfos"]]
    assert query(conn, ", ".join(f'"{n}" text' for n in names)) == []


def test_containers_are_refused(fake, conn):
    replay(fake, [45])
    columns = json.loads(recording(45)[1])["ResultSet"]["ColumnInfos"]
    assert {c["Type"] for c in columns} & {"array", "map", "row"}
    e = error(conn, "SELECT * FROM athena_query('lake', 'SELECT 1') AS t(" + ", ".join(f'c{i} jsonb' for i in range(len(columns))) + ")")
    assert e.sqlstate == "HV006"


@pytest.mark.parametrize("execution,results,count", [(5, 6, 3), (5, 7, 2)])
def test_update_counts(fake, conn, execution, results, count):
    replay(fake, [results], execution)
    assert rows(conn, "SELECT athena_execute('lake', 'INSERT')") == [(count,)]


def test_utility_statements_have_no_header(fake, conn):
    fake.statement_type, fake.substatement = "UTILITY", "SHOW_TABLES"
    fake.faults["GetQueryResults"] = [recording(28)]
    expected = [tuple(r["Data"]) for r in json.loads(recording(28)[1])["ResultSet"]["ResultRows"]]
    assert query(conn, "tab_name text") == expected
    fake.substatement = "DESCRIBE_TABLE"
    fake.faults["GetQueryResults"] = [recording(32)]
    expected = [(r["Data"][0], None, None) for r in json.loads(recording(32)[1])["ResultSet"]["ResultRows"]]
    assert query(conn, "a text, b text, c text") == expected


def test_msck(fake, conn):
    fake.statement_type, fake.substatement = "DDL", "MSCK_REPAIR"
    fake.faults["GetQueryResults"] = [recording(37)]
    assert rows(conn, "SELECT athena_execute('lake', 'MSCK REPAIR TABLE t')") == [(None,)]


@pytest.mark.parametrize("number,sqlstate", [(20, "42601"), (23, "42501"), (25, "28P01"), (24, "HV000"), (8, "HV000")])
def test_refused_starts(fake, conn, number, sqlstate):
    fake.faults["StartQueryExecution"] = [recording(number)]
    e = error(conn, "SELECT * FROM t")
    assert e.sqlstate == sqlstate
    assert fake.count("StartQueryExecution") == 1


@pytest.mark.parametrize("number,sqlstate", [(21, "42P01"), (43, None), (44, "42501")])
def test_failed_executions(fake, conn, number, sqlstate):
    fake.faults["GetQueryExecution"] = [recording(number)]
    e = error(conn, "SELECT * FROM t")
    reason = json.loads(recording(number)[1])["QueryExecution"]["Status"]["StateChangeReason"]
    assert e.message_primary == "Athena query failed: " + reason
    if sqlstate:
        assert e.sqlstate == sqlstate


def test_states(fake, conn):
    """QUEUED, RUNNING and CANCELLED as recorded, whatever the unmodelled detail says."""
    fake.faults["GetQueryExecution"] = [recording(41), recording(46), recording(48)]
    assert error(conn, "SELECT * FROM t").sqlstate == "57014"
    assert fake.count("GetQueryExecution") == 3


def test_errors_of_results(fake, conn):
    for number in (19, 22, 49):
        fake.faults["GetQueryResults"] = [recording(number)]
        assert error(conn, "SELECT * FROM t").sqlstate == "HV000"


def test_reused_result(fake, conn):
    replay(fake, [3], 42)
    conn.execute("CREATE FOREIGN TABLE ab (a int, b text) SERVER lake OPTIONS (database 'sales')")
    plan = "\n".join(r[0] for r in rows(conn, "EXPLAIN (ANALYZE) SELECT * FROM ab"))
    assert "Data Scanned: 0 bytes (about $0.00), result reused" in plan


def test_work_group_and_databases(fake, conn):
    fake.faults["GetWorkGroup"] = [recording(26)]
    fake.faults["ListDatabases"] = [recording(27)]
    steps = {r[0]: r[1:] for r in rows(conn, "SELECT step, ok, detail, hint FROM athena_check('lake')")}
    assert steps["workgroup"][0] and "engine version 3" in steps["workgroup"][1]
    assert steps["databases"][0]
