"""See bench/object.  Rounds alternate between the rivals; medians are shown.

The file is written once, in Athena's dialect, and is both the rivals' file and
the result object.  Athena itself is a stub here that answers at once: what is
measured is the way from S3 into PostgreSQL, with HTTP over the loopback.
"""
import datetime
import os
import pathlib
import statistics
import sys
import time

import duckdb
import psycopg

from stub import Stub
from wide import ATHENA, COUNTS, DECLARED, SQL, cpu_of, write_table

ROUNDS = 3

def timed(conn, sql):
    pid = conn.info.backend_pid
    cpu, wall = cpu_of(pid), time.perf_counter()
    cursor = conn.execute(sql)
    got = cursor.fetchone() if cursor.description else None
    return got, time.perf_counter() - wall, cpu_of(pid) - cpu


def main():
    state = pathlib.Path(sys.argv[1])
    n = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2].isdigit() else 5_000_000
    path = state / "result.csv"
    duckdb.execute(f"COPY ({SQL.format(n=n)}) TO '{path}' (FORMAT csv, HEADER, FORCE_QUOTE *)")
    path.chmod(0o644)
    stub = Stub(path, ATHENA)
    conn = psycopg.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", dbname="postgres", autocommit=True)
    conn.execute(f"""
        CREATE EXTENSION athena_fdw; CREATE EXTENSION file_fdw;
        CREATE SERVER lake FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket 'bench', fetch_mode 's3', endpoint '{stub.url}');
        CREATE USER MAPPING FOR postgres SERVER lake OPTIONS (access_key_id 'TESTKEY0000000000001', secret_access_key 'not-a-secret');
        CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
        CREATE FOREIGN TABLE by_s3 ({DECLARED}) SERVER lake OPTIONS (database 'bench', rows '{n}');
        CREATE FOREIGN TABLE by_file ({DECLARED}) SERVER files OPTIONS (filename '{path}', format 'csv', header 'true');
        SET athena_fdw.pushdown = off""")
    new = f"DROP TABLE IF EXISTS copied; CREATE UNLOGGED TABLE copied ({DECLARED})"
    rivals = [
        ("aggregate of all columns", "athena_fdw", f"SELECT {COUNTS} FROM by_s3"),
        ("aggregate of all columns", "file_fdw, local file", f"SELECT {COUNTS} FROM by_file"),
        ("into an unlogged table", "athena_fdw, INSERT ... SELECT", "INSERT INTO copied SELECT * FROM by_s3"),
        ("into an unlogged table", "COPY FROM, local file", f"COPY copied FROM '{path}' (FORMAT csv, HEADER)"),
    ]
    seen, answers = {}, set()
    for _ in range(ROUNDS):
        for what, name, sql in rivals:
            conn.execute(new)
            conn.execute("CHECKPOINT")
            got, wall, cpu = timed(conn, sql)
            if got is None:
                got = conn.execute(f"SELECT {COUNTS} FROM copied").fetchone()
            answers.add(got)
            seen.setdefault((what, name), []).append((wall, cpu))
    assert len(answers) == 1 and next(iter(answers))[0] == n, answers
    lines = ["| What | Reader | rows/s | wall, s | backend CPU, s |", "| --- | --- | ---: | ---: | ---: |"]
    for (what, name), times in seen.items():
        wall, cpu = (statistics.median(t[i] for t in times) for i in (0, 1))
        lines.append(f"| {what} | {name} | {n / wall:,.0f} | {wall:.2f} | {cpu:.2f} |")
    version = conn.execute("SHOW server_version").fetchone()[0].split()[0]
    note = f"{n:,} rows of 16 mixed columns, {path.stat().st_size / 1e6:,.0f} MB, medians of {ROUNDS} alternating rounds, {datetime.date.today()}, PostgreSQL {version}, {os.cpu_count()} cores shared with the HTTP server."
    text = "\n".join(lines) + "\n\n" + note + "\n"
    print(text)
    if "--write" in sys.argv:
        write_table("bench/object", text)


main()
