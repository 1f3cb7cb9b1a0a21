"""sqlsmith: random statements over foreign tables are planned, and some are run, without a crash or an internal error.

    ATHENA_FDW_SMITH=n    number of statements that are planned (200; the long form takes 10,000)

One in ten of those that can be planned is also run on the engine, under a
statement_timeout.  That statements fail is to be expected: sqlsmith divides by
zero, and calls functions with whatever they take.
"""
import collections
import os
import re
import subprocess

import psycopg
import pytest

import queries
from engine_fixtures import connect, create_server

SEED = int(os.environ.get("ATHENA_FDW_SEED", 20261123))
SMITH = int(os.environ.get("ATHENA_FDW_SMITH", 200))


@pytest.fixture(scope="module")
def smith(the_stand, database, admin):
    the_stand.reset()
    columns = ", ".join(f"{c} {t}" for c, t in queries.COLUMNS)
    with connect() as conn:
        create_server(conn, the_stand.url)
        conn.execute("DROP SCHEMA IF EXISTS smith CASCADE; CREATE SCHEMA smith")
        for i, table in enumerate(queries.TABLES):
            the_stand.engine(f"DROP TABLE IF EXISTS memory.default.smith_{table}")
            the_stand.engine(f"CREATE TABLE memory.default.smith_{table} AS SELECT CAST(n AS integer) k, CAST(n % {i + 2} AS integer) v, CAST(n AS decimal(8,2)) n, CAST(n AS varchar) s, DATE '2024-01-01' d, CAST(n AS double) f, n > 3 b, TIMESTAMP '2024-01-01 00:00:00' ts, n i8 FROM UNNEST(sequence(1, 5)) t(n)")
            conn.execute(f"CREATE FOREIGN TABLE smith.{table} ({columns}, f float8, b boolean, ts timestamp(0), i8 bigint) SERVER lake OPTIONS (catalog 'memory', database 'default', \"table\" 'smith_{table}', rows '1000')")
    yield


def test_sqlsmith(smith):
    target = f"host={os.environ['PGHOST']} port={os.environ['PGPORT']} user=postgres dbname=engine"
    # without --exclude-catalog's help it would call functions that end backends; nothing is sent, it only writes
    written = subprocess.run(["sqlsmith", "--dry-run", "--exclude-catalog", f"--max-queries={SMITH}", f"--seed={SEED}", f"--target={target}"], capture_output=True, text=True)
    statements = [s.strip() for s in written.stdout.split(";\n") if s.strip()]
    assert len(statements) >= SMITH * 0.9, written.stderr[-500:]
    seen, bad, planned, run, whole = collections.Counter(), [], 0, 0, 0
    conn = connect()
    conn.execute("SET jit = off; SET statement_timeout = '10s'")

    def without_us(sql):
        """Is it an internal error of PostgreSQL's own?"""
        try:
            conn.execute("SET athena_fdw.pushdown = off")
            conn.execute(sql if sql.startswith("EXPLAIN") else f"EXPLAIN {sql}", prepare=False)
            return False
        except psycopg.Error as e:
            return e.sqlstate == "XX000"
        finally:
            conn.execute("RESET athena_fdw.pushdown")

    def check(sql):
        nonlocal conn
        try:
            return conn.execute(sql, prepare=False).fetchall()
        except psycopg.Error as e:
            seen[e.sqlstate] += 1
            if conn.closed or (e.sqlstate == "XX000" and not without_us(sql)):
                bad.append(f"{e}\n    {sql}")
            if conn.closed:
                conn = connect()
                conn.execute("SET jit = off; SET statement_timeout = '10s'")
            return None

    for sql in statements:
        plan = check(f"EXPLAIN (VERBOSE) {sql}")
        if plan is None:
            continue
        planned += 1
        whole += any("Relations:" in line[0] for line in plan)
        # what does more than read is not run
        harmless = re.match(r"\(*\s*(select|with)\b", sql, re.I) and not re.search(r"\b(insert|update|delete|merge)\b|\bpg_(?!catalog\.)|athena_|lo_|setval|nextval|set_config|_to_xml|current_query|for (update|share)", sql, re.I)
        if harmless and planned >= 10 * (run + 1):
            check(sql)
            run += 1
    print(f"\nseed {SEED}: {len(statements)} statements of sqlsmith, {planned} planned, {whole} with a query that is shipped whole, {run} run; errors {dict(seen)}")
    conn.close()
    assert not bad, "\n".join(bad[:5])
    assert planned > 0
