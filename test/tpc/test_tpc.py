"""TPC-H and TPC-DS: each text, unedited, is one remote query with PostgreSQL's own answer.

The same rows lie as Parquet in the stand and as heap tables here.  There is one
Foreign Scan in the whole plan, one StartQueryExecution is counted, and the rows
are equal: there are no doubles in them.  With every setting at its default.
"""
import pytest

import tpc
from engine_fixtures import ADMIN, BUCKET, connect

FACTORS = {"tpch": 0.1, "tpcds": 0.01}
# shipped as one scan below local joins: what they compute with is no number of Trino's decimals
PARTLY = {("tpcds", 39)}


@pytest.fixture(scope="module", params=FACTORS)
def benchmark(request, the_stand, database):
    name = request.param
    the_stand.reset()
    with connect() as conn:
        conn.execute("SET client_min_messages = warning; SET jit = off; SET timezone = 'UTC'")
        conn.execute("DROP SERVER IF EXISTS lake CASCADE")
        conn.execute(f"CREATE SERVER lake FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket '{BUCKET}/tpc', endpoint '{the_stand.url}')")
        conn.execute(f"CREATE USER MAPPING FOR postgres SERVER lake OPTIONS (access_key_id '{ADMIN[0]}', secret_access_key '{ADMIN[1]}')")
        db = tpc.generate(name, FACTORS[name])
        tpc.to_catalogue(db, name, the_stand.client("s3", ADMIN), the_stand.client("glue", ADMIN))
        tpc.declare(db, conn, f"{name}_heap")
        tpc.declare(db, conn, name, foreign="lake")
        yield name, conn
        conn.execute(f"DROP SCHEMA {name}, {name}_heap CASCADE")


def started(stand):
    return sum(e["action"] == "StartQueryExecution" for e in stand.call("log"))


def test_every_text(benchmark, the_stand):
    name, conn = benchmark
    texts = tpc.queries(name)
    assert len(texts) == {"tpch": 22, "tpcds": 99}[name]
    wrong = []
    for number, sql in texts.items():
        conn.execute(f"SET search_path = {name}")
        scans, nodes = tpc.scans(conn, sql)
        if len(scans) != 1:
            wrong.append(f"{number}: {len(scans)} scans")
            continue
        if (name, number) not in PARTLY and not nodes <= {"Foreign Scan", "Sort", "Limit", "Result"}:
            wrong.append(f"{number}: {nodes} beside the scan")
        before = started(the_stand)
        got = conn.execute(sql).fetchall()
        if started(the_stand) != before + 1:
            wrong.append(f"{number}: {started(the_stand) - before} queries started")
        conn.execute(f"SET search_path = {name}_heap")
        expected = conn.execute(sql).fetchall()
        if got != expected and tpc.bag(got) != tpc.bag(expected):
            wrong.append(f"{number}: {len(got)} rows, {len(expected)} expected, or others:\n    {scans[0]}")
    assert not wrong, "\n".join(wrong)


def test_the_first_statement_of_a_session(benchmark):
    """Nothing is preloaded, and no statement has loaded the library before."""
    name, conn = benchmark
    sql = tpc.queries(name)[3]
    with connect() as fresh:
        fresh.execute(f"SET search_path = {name}")
        assert len(tpc.scans(fresh, sql)[0]) == 1


def test_close(benchmark):
    """The setting ships what is computed with a standard deviation as well."""
    name, conn = benchmark
    if name != "tpcds":
        return
    conn.execute(f"SET search_path = {name}; SET athena_fdw.numeric_shipping = 'close'")
    scans, nodes = tpc.scans(conn, tpc.queries(name)[39])
    conn.execute("RESET athena_fdw.numeric_shipping")
    assert len(scans) == 1 and nodes <= {"Foreign Scan", "Sort"} and "stddev_samp" in scans[0]
