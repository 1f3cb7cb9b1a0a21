"""See bench/endtoend.  One round: each takes its time at Athena, which is shown apart."""
import datetime
import functools
import importlib.metadata
import os
import pathlib
import statistics
import sys
import time

import awswrangler
import boto3
import psycopg
import pyarrow.csv
import pyarrow.fs
from pyathena import connect
from pyathena.arrow.cursor import ArrowCursor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from wide import COUNTS, DECLARED, write_table  # noqa: E402
from stand_client import ADMIN, BUCKET, FULL, Stand, execute  # noqa: E402

ROUNDS = 1
SQL = """
    SELECT i AS c1, CAST(i * 7 % 2000000000 AS integer) AS c2, CAST(i % 100 AS smallint) AS c3, i % 2 = 0 AS c4, i / 3e0 AS c5,
           CAST(i / 7e0 AS real) AS c6, CAST(i * 1.01 AS decimal(12, 2)) AS c7, 'text number ' || CAST(i AS varchar) AS c8,
           lower(to_hex(md5(to_utf8(CAST(i AS varchar))))) AS c9, date_add('day', i % 2000, DATE '2020-01-01') AS c10,
           date_add('second', i, TIMESTAMP '2026-01-01 00:00:00.000') AS c11, IF(i % 5 = 0, NULL, 'sometimes') AS c12,
           i * 1000003 AS c13, CAST(i % 7 AS integer) AS c14, 'status-' || CAST(i % 10 AS varchar) AS c15, i * 0.001e0 AS c16
    FROM (SELECT a * 1000 + b AS i FROM UNNEST(sequence(0, {thousands} - 1)) t (a) CROSS JOIN UNNEST(sequence(1, 1000)) u (b)) s"""


def resident(conn):
    """The most that the backend has held, shared memory and libraries included, in MiB."""
    status = pathlib.Path(f"/proc/{conn.info.backend_pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 1_000_000
    stand = Stand()
    stand.client("s3", ADMIN).create_bucket(Bucket=BUCKET)
    execute(stand.client("athena", ADMIN), "CREATE DATABASE IF NOT EXISTS bench")
    sql = SQL.format(thousands=n // 1000)
    os.environ.update(AWS_ACCESS_KEY_ID=FULL[0], AWS_SECRET_ACCESS_KEY=FULL[1], AWS_DEFAULT_REGION="us-east-1", AWS_ENDPOINT_URL=stand.url)
    awswrangler.config.athena_endpoint_url = awswrangler.config.s3_endpoint_url = awswrangler.config.glue_endpoint_url = awswrangler.config.sts_endpoint_url = stand.url

    # PyAthena gives its endpoint_url to Athena only
    pyarrow.fs.S3FileSystem = functools.partial(pyarrow.fs.S3FileSystem, endpoint_override=stand.url[7:], scheme="http")

    def session():
        return psycopg.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", dbname="postgres", autocommit=True)

    conn = session()
    conn.execute(f"""
        CREATE EXTENSION athena_fdw;
        CREATE SERVER lake FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket '{BUCKET}/bench', endpoint '{stand.url}');
        CREATE USER MAPPING FOR postgres SERVER lake OPTIONS (access_key_id '{FULL[0]}', secret_access_key '{FULL[1]}');
        CREATE FOREIGN TABLE by_s3 ({DECLARED}) SERVER lake OPTIONS (query $q${sql}$q$, fetch_mode 's3');
        CREATE FOREIGN TABLE by_unload ({DECLARED}) SERVER lake OPTIONS (query $q${sql}$q$, fetch_mode 'unload');
        SET athena_fdw.pushdown = off""")

    def pyathena(**more):
        return connect(s3_staging_dir=f"s3://{BUCKET}/bench/", region_name="us-east-1", endpoint_url=stand.url, schema_name="bench", **more).cursor

    def counted(table):
        return lambda: conn.execute(f"SELECT {COUNTS} FROM {table}").fetchone()[0]

    def arrow(**more):
        return lambda: pyathena(cursor_class=ArrowCursor)(**more).execute(sql).as_arrow().num_rows

    def wrangler(**more):
        return lambda: len(awswrangler.athena.read_sql_query(sql, database="bench", ctas_approach=False, s3_output=f"s3://{BUCKET}/wrangler-{time.time_ns()}/", boto3_session=boto3.Session(), **more))

    def fresh():
        conn.execute(f"DROP TABLE IF EXISTS copied; CREATE UNLOGGED TABLE copied ({DECLARED})")

    def inserted(table):
        def run():
            fresh()
            return conn.execute(f"INSERT INTO copied SELECT * FROM {table}").rowcount
        return run

    def copied_rows():
        fresh()
        with conn.cursor().copy("COPY copied FROM STDIN") as copy:
            for row in pyathena()().execute(sql):
                copy.write_row(row)
        return conn.execute("SELECT count(*) FROM copied").fetchone()[0]

    def copied_arrow():
        fresh()
        table = pyathena(cursor_class=ArrowCursor)().execute(sql).as_arrow()
        with conn.cursor().copy("COPY copied FROM STDIN (FORMAT csv)") as copy:
            for batch in table.to_batches(10000):
                sink = pyarrow.BufferOutputStream()
                pyarrow.csv.write_csv(pyarrow.Table.from_batches([batch]), sink, pyarrow.csv.WriteOptions(include_header=False))
                copy.write(sink.getvalue().to_pybytes())
        return conn.execute("SELECT count(*) FROM copied").fetchone()[0]

    rivals = [
        ("typed columns, all of them looked at", "athena_fdw, `s3`", counted("by_s3")),
        ("typed columns, all of them looked at", "athena_fdw, `unload`", counted("by_unload")),
        ("typed columns, all of them looked at", "PyAthena, Arrow cursor", arrow()),
        ("typed columns, all of them looked at", "PyAthena, Arrow cursor, unload", arrow(unload=True)),
        ("typed columns, all of them looked at", "awswrangler", wrangler()),
        ("typed columns, all of them looked at", "awswrangler, unload", wrangler(unload_approach=True)),
        ("rows in a Python client", "athena_fdw, `s3`, psycopg", lambda: len(conn.execute("SELECT * FROM by_s3", binary=True).fetchall())),
        ("rows in a Python client", "PyAthena, default cursor", lambda: len(pyathena()().execute(sql).fetchall())),
        ("into an unlogged table", "athena_fdw, `s3`, INSERT ... SELECT", inserted("by_s3")),
        ("into an unlogged table", "athena_fdw, `unload`, INSERT ... SELECT", inserted("by_unload")),
        ("into an unlogged table", "PyAthena, default cursor, COPY", copied_rows),
        ("into an unlogged table", "PyAthena, Arrow cursor, CSV, COPY", copied_arrow),
    ]
    for warm in ("by_s3", "by_unload"):  # the engine compiles
        counted(warm)()
    def timed(run, expected):
        before = {x["id"] for x in stand.executions()}
        began = time.perf_counter()
        got = run()
        wall = time.perf_counter() - began
        assert got == expected, got
        return wall, sum(x["ended"] - x["submitted"] for x in stand.executions() if x["id"] not in before)

    seen = {}
    for _ in range(ROUNDS):
        for what, name, run in rivals:
            wall, own = timed(run, n)
            seen.setdefault((what, name), []).append((wall, own))
            print(what, name, f"{wall:.1f} {own:.1f}", file=sys.stderr, flush=True)
    lines = ["| What | With | wall, s | of it Athena, s | beyond, s |", "| --- | --- | ---: | ---: | ---: |"]
    for (what, name), times in seen.items():
        wall, own = (statistics.median(t[i] for t in times) for i in (0, 1))
        lines.append(f"| {what} | {name} | {wall:.1f} | {own:.1f} | {wall - own:.1f} |")
    text = "\n".join(lines)

    lines = ["| Rows | most resident memory of a fresh backend, MiB: `s3` | `unload` | `pages` |", "| ---: | ---: | ---: | ---: |"]
    for rows in (100_000, 1_000_000, 10_000_000):
        cells = []
        for reader in ("s3", "unload", "pages"):
            if reader == "pages" and rows > 1_000_000:
                cells.append("")
                continue
            with session() as other:
                other.execute("SET athena_fdw.pushdown = off")
                other.execute(f"DROP FOREIGN TABLE IF EXISTS m; CREATE FOREIGN TABLE m (i bigint, t text) SERVER lake OPTIONS (fetch_mode '{reader}', query $q$SELECT a * 1000 + b AS i, 'row number ' || CAST(a * 1000 + b AS varchar) AS t FROM UNNEST(sequence(0, {rows // 1000} - 1)) x (a) CROSS JOIN UNNEST(sequence(1, 1000)) y (b)$q$)")
                assert other.execute("SELECT count(t) FROM m").fetchone()[0] == rows
                cells.append(f"{resident(other):.1f}")
        lines.append(f"| {rows:,} | {' | '.join(cells)} |")
    # more rows, as one object and as files
    large = SQL.format(thousands=5 * n // 1000)
    more = ["| Rows | athena_fdw, `s3`, s | of it Athena, s | `unload`, s | of it Athena, s |", "| ---: | ---: | ---: | ---: | ---: |"]
    cells = []
    for reader in ("s3", "unload"):
        conn.execute(f"CREATE FOREIGN TABLE large_{reader} ({DECLARED}) SERVER lake OPTIONS (query $q${large}$q$, fetch_mode '{reader}')")
        wall, own = timed(counted(f"large_{reader}"), 5 * n)
        cells += [f"{wall:.1f}", f"{own:.1f}"]
    more.append(f"| {5 * n:,} | {' | '.join(cells)} |")
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("PyAthena", "awswrangler", "psycopg"))
    note = f"{n:,} rows of 16 mixed columns over the stand (Trino 476), {ROUNDS} round, {datetime.date.today()}, PostgreSQL {conn.execute('SHOW server_version').fetchone()[0].split()[0]}, {versions}, {os.cpu_count()} cores shared with Trino and the stand."
    text += "\n\n" + "\n".join(more) + "\n\n" + "\n".join(lines) + "\n\n" + note + "\n"
    print(text)
    if "--write" in sys.argv:
        write_table("bench/endtoend", text)


main()
