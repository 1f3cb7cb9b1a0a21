"""What planning costs, in milliseconds: see bench/planning."""
import os
import statistics
import sys

import psycopg

from wide import write_table

ROUNDS = 60
TABLES = 8
KINDS = {"local tables": "heap", "postgres_fdw": "postgres", "athena_fdw": "lake", "athena_fdw, pushdown off": "lake"}


def chain(n):
    """Each table refers to the one before."""
    joins = " ".join(f"JOIN t{i} ON t{i}.ref = t{i - 1}.id" for i in range(2, n + 1))
    return f"SELECT t1.a, t{n}.b FROM t1 {joins} WHERE t1.a < 10 AND t{n}.b LIKE 'x%'"


def star(n):
    """One table refers to all others; groups of it, in order."""
    joins = " ".join(f"JOIN t{i} ON t{i}.id = t1.r{i}" for i in range(2, n + 1))
    return f"SELECT t2.b, sum(t1.n), count(*) FROM t1 {joins} WHERE t3.d > DATE '2026-01-01' GROUP BY t2.b ORDER BY 2 DESC LIMIT 10"


def with_local(n):
    return chain(n).replace(" WHERE", " JOIN l ON l.id = t1.id WHERE")


STATEMENTS = {
    "6 tables, a chain": chain(6), "6 tables, a star, grouped": star(6), "8 tables, a chain": chain(8),
    "6 tables, a chain, and a local one": with_local(6),
}


def main():
    with psycopg.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", dbname="postgres", autocommit=True) as conn:
        conn.execute("CREATE EXTENSION athena_fdw; CREATE EXTENSION postgres_fdw")
        conn.execute("CREATE SERVER athena FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket 'bench', endpoint 'http://127.0.0.1:1')")
        conn.execute("CREATE USER MAPPING FOR postgres SERVER athena OPTIONS (access_key_id 'TESTKEY0000000000001', secret_access_key 'not-a-secret')")
        conn.execute("CREATE SERVER postgres FOREIGN DATA WRAPPER postgres_fdw; CREATE USER MAPPING FOR postgres SERVER postgres")
        columns = "id bigint, ref bigint, a int, b text COLLATE \"C\", n numeric(12,2), d date, " + ", ".join(f"r{i} bigint" for i in range(2, TABLES + 1))
        for kind, how in (("heap", "TABLE {} ({})"), ("postgres", "FOREIGN TABLE {} ({}) SERVER postgres"), ("lake", "FOREIGN TABLE {} ({}) SERVER athena OPTIONS (database 'bench', rows '100000')")):
            conn.execute(f"CREATE SCHEMA {kind}; SET search_path = {kind}")
            for i in range(1, TABLES + 1):
                conn.execute("CREATE " + how.format(f"t{i}", columns))
            conn.execute("CREATE TABLE l (id bigint); INSERT INTO l SELECT generate_series(1, 50000); ANALYZE l")
        times = {}
        for _ in range(ROUNDS):
            for what, sql in STATEMENTS.items():
                for kind, schema in KINDS.items():
                    conn.execute(f"SET search_path = {schema}; SET athena_fdw.pushdown = {'off' if 'off' in kind else 'on'}")
                    plan = conn.execute(f"EXPLAIN (SUMMARY, FORMAT JSON) {sql}").fetchone()[0][0]
                    times.setdefault((what, kind), []).append(plan["Planning Time"])
        text = "| Statement | " + " | ".join(KINDS) + " |\n| --- |" + " ---: |" * len(KINDS) + "\n"
        for what in STATEMENTS:
            text += f"| {what} | " + " | ".join(f"{statistics.median(times[what, kind]):.1f}" for kind in KINDS) + " |\n"
        text += f"\nMilliseconds of planning, medians of {ROUNDS} alternating rounds, PostgreSQL {conn.info.server_version // 10000}.\n"
    print(text)
    if "--write" in sys.argv:
        write_table("bench/planning", text)


main()
