"""Whole queries written from the planner's own tree, in PostgreSQL's words.

athena_fdw.debug_dialect = 'postgresql' writes the statement that is shipped for
PostgreSQL.  Nothing is sent: the text is run over heap tables of the same rows,
and must give what the query gives there.  So joins, subqueries, CTEs, set
operations, placeholders and removed joins are settled on every version, whatever
the expressions; what Athena's SQL makes of those is test/differential's and
test/tpc's.

    ATHENA_FDW_SEED=n       another seed
    ATHENA_FDW_QUERIES=n    number of random queries (400)
"""
import collections
import os
import pathlib
import random
import sys

import psycopg
import pytest

from conftest import connect

TEST = pathlib.Path(__file__).parents[1]
sys.path[:0] = [str(TEST / "differential"), str(TEST / "tpc")]

import queries  # noqa: E402
import tpc  # noqa: E402

SEED = int(os.environ.get("ATHENA_FDW_SEED", 20261123))
QUERIES = int(os.environ.get("ATHENA_FDW_QUERIES", 400))


def nodes(plan):
    return [plan, *(n for p in plan.get("Plans", []) for n in nodes(p))]


def bag(result):
    plain = lambda v: v.normalize() if hasattr(v, "normalize") else v
    return collections.Counter(tuple(plain(v) for v in row) for row in result)


@pytest.fixture(scope="module")
def conn(fake_server):
    """Foreign tables in schema X, heap tables of the same names in X_heap; the endpoint is never asked."""
    with connect() as conn:
        conn.execute("SET client_min_messages = warning; SET jit = off; SET statement_timeout = '60s'")
        conn.execute("DROP SERVER IF EXISTS nowhere CASCADE")
        conn.execute("CREATE SERVER nowhere FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket 'none', endpoint 'http://127.0.0.1:9')")
        conn.execute("CREATE USER MAPPING FOR postgres SERVER nowhere OPTIONS (access_key_id 'AKIATESTTESTTESTQF4X', secret_access_key 'none')")
        rng = random.Random(SEED)
        conn.execute("DROP SCHEMA IF EXISTS small, small_heap CASCADE; CREATE SCHEMA small; CREATE SCHEMA small_heap")
        columns = ", ".join(f"{c} {t}" for c, t in queries.COLUMNS)
        for table in queries.TABLES:
            conn.execute(f"CREATE FOREIGN TABLE small.{table} ({columns}) SERVER nowhere OPTIONS (database 'small')")
            conn.execute(f"CREATE TABLE small_heap.{table} ({columns})")
            with conn.cursor() as cursor:
                cursor.executemany(f"INSERT INTO small_heap.{table} VALUES (%s, %s, %s, %s, %s)", queries.make_rows(rng))
            conn.execute(f"ANALYZE small_heap.{table}")
        yield conn
        conn.execute("DROP SERVER nowhere CASCADE")


def shipped(conn, schema, sql):
    """The statement that is shipped, and the number of nodes of the plan; None if there is not one scan."""
    conn.execute(f"SET search_path = {schema}; SET athena_fdw.debug_dialect = 'postgresql'")
    plan = nodes(conn.execute(f"EXPLAIN (VERBOSE, FORMAT JSON) {sql}").fetchone()[0][0]["Plan"])
    conn.execute(f"SET search_path = {schema}_heap")
    found = [n for n in plan if "Remote SQL" in n]
    if len(found) != 1:
        return None, len(plan)
    # a scan of one table, which needs no more, is not written by levels
    return (sql if " columns" in found[0]["Shipped"] else found[0]["Remote SQL"]), len(plan)


def differs(conn, schema, sql):
    """What is wrong with the shipped form of a query; None if nothing is."""
    remote, count = shipped(conn, schema, sql)
    if remote is None:
        return "not one scan"
    if count > 1:
        return f"{count} nodes"
    expected = conn.execute(sql).fetchall()
    try:
        got = conn.execute(remote).fetchall()
    except psycopg.Error as e:
        return f"{e}\n    {remote}"
    width = len(expected[0]) if expected else 0
    if bag(row[:width] for row in got) != bag(expected):
        return f"{len(got)} rows, {len(expected)} expected, or others\n    {remote}"
    return None


def test_random_queries(conn):
    """Joins, subqueries, CTEs, set operations, groups and windows, nested."""
    generator = queries.Queries(SEED)
    done, whole, wrong = 0, 0, []
    while done < QUERIES:
        sql = generator.query()
        try:
            conn.execute(f"SET search_path = small_heap; EXPLAIN {sql}")
        except psycopg.Error:
            continue
        done += 1
        found = differs(conn, "small", sql)
        if found is None:
            whole += 1
        elif not (found.startswith("not one scan") or found.endswith(" nodes")):
            wrong.append(f"{sql}\n    {found}")
    print(f"seed {SEED}: {done} queries, {whole} shipped whole")
    assert not wrong, f"seed {SEED}: {len(wrong)} queries differ:\n" + "\n".join(wrong[:10])
    assert whole > done * 0.9


@pytest.mark.parametrize("benchmark,factor", [("tpch", 0.01), ("tpcds", 0.01)])
def test_benchmarks(conn, benchmark, factor):
    """Every text of TPC-H and TPC-DS is one scan and no other node."""
    db = tpc.generate(benchmark, factor)
    tpc.declare(db, conn, f"{benchmark}_heap")
    tpc.declare(db, conn, benchmark, foreign="nowhere")
    texts = tpc.queries(benchmark)
    wrong = [f"query {n}: {found}" for n, sql in texts.items() if (found := differs(conn, benchmark, sql))]
    conn.execute(f"DROP SCHEMA {benchmark}, {benchmark}_heap CASCADE")
    assert len(texts) in (22, 99)
    assert not wrong, "\n".join(wrong)


def test_is_not_run(conn):
    conn.execute("SET search_path = small; SET athena_fdw.debug_dialect = 'postgresql'")
    with pytest.raises(psycopg.Error, match="written for PostgreSQL"):
        conn.execute("SELECT count(*) FROM q1")
