"""
See bench/pages.  Rounds alternate between the rivals; medians are shown.  Once on the embedded endpoint, which runs a
query for each, and once on a stub that has its pages at hand.
"""
import csv
import datetime
import json
import multiprocessing
import os
import pathlib
import resource
import statistics
import sys
import tempfile
import time

import boto3
import duckdb
import psycopg
import pyathena

from stub import Answer, Stub
from wide import ATHENA, COUNTS, DECLARED, SQL, cpu_of, write_table

KEY = dict(aws_access_key_id="TESTKEY0000000000001", aws_secret_access_key="not-a-secret", region_name="us-east-1")
ROUNDS = 5
TYPES = "bigint int smallint boolean double float decimal(12,2) string string date timestamp string bigint int string double".split()


def load(endpoint, n):
    s3 = boto3.client("s3", endpoint_url=endpoint, **KEY)
    glue = boto3.client("glue", endpoint_url=endpoint, **KEY)
    s3.create_bucket(Bucket="bench")
    glue.create_database(DatabaseInput={"Name": "bench"})
    with tempfile.TemporaryDirectory() as tmp:
        duckdb.execute(f"COPY ({SQL.format(n=n)}) TO '{tmp}/f' (FORMAT parquet)")
        s3.upload_file(f"{tmp}/f", "bench", "wide/f.parquet")
    glue.create_table(
        DatabaseName="bench",
        TableInput=dict(
            Name="wide", TableType="EXTERNAL_TABLE",
            StorageDescriptor=dict(
                Columns=[dict(Name=f"c{i + 1}", Type=t) for i, t in enumerate(TYPES)], Location="s3://bench/wide/",
                InputFormat="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                OutputFormat="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                SerdeInfo={"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
            ),
        ),
    )


class Pages(Stub):
    """Serves pages of 1,000 rows, each of which it holds as it is sent: rows twice, as live."""

    def __init__(self, path):
        super().__init__(path, ATHENA)
        rows = [{"Data": [{} if v == "" else {"VarCharValue": v} for v in row]} for row in csv.reader(open(path, newline=""))]
        self.pages = []
        for first in range(0, len(rows), 1000):
            page = rows[first : first + 1000]
            body = {"ResultSet": {"ColumnInfos": self.infos, "ResultRows": page, "ResultSetMetadata": {"ColumnInfo": self.infos}, "Rows": page}, "UpdateCount": 0}
            if first + 1000 < len(rows):
                body["NextToken"] = str(first // 1000 + 1)
            self.pages.append(json.dumps(body).encode())

    def answer(self, request):
        if request.header("x-amz-target").endswith(".GetQueryResults"):
            return Answer(200, self.pages[int(json.loads(request.body).get("NextToken", 0))], {}, "application/x-amz-json-1.1"), None
        return super().answer(request)


def serve(path):
    """Starts them in a process of their own, since a client's CPU time is its process's; gives (process, URL)."""
    ours, theirs = multiprocessing.Pipe()

    def run():
        theirs.send(Pages(path).url)
        theirs.recv()  # until it is ended

    process = multiprocessing.get_context("fork").Process(target=run, daemon=True)
    process.start()
    return process, ours.recv()


def fdw(conn, table):
    pid = conn.info.backend_pid
    cpu, wall = cpu_of(pid), time.perf_counter()
    count = conn.execute(f"SELECT {COUNTS} FROM {table}").fetchone()[0]
    return count, time.perf_counter() - wall, cpu_of(pid) - cpu


def rival(endpoint):
    cursor = pyathena.connect(endpoint_url=endpoint, s3_staging_dir="s3://bench/results/", poll_interval=0.1, **KEY).cursor()
    used = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    cpu, wall = used(), time.perf_counter()
    count = sum(1 for _ in cursor.execute("SELECT * FROM bench.wide"))
    return count, time.perf_counter() - wall, used() - cpu


def compared(conn, endpoint, n):
    """A table of both, reading the same."""
    conn.execute("DROP SERVER IF EXISTS lake CASCADE")
    conn.execute(f"CREATE SERVER lake FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket 'bench', endpoint '{endpoint}', fetch_mode 'pages')")
    conn.execute("CREATE USER MAPPING FOR postgres SERVER lake OPTIONS (access_key_id 'TESTKEY0000000000001', secret_access_key 'not-a-secret')")
    conn.execute(f"CREATE FOREIGN TABLE wide ({DECLARED}) SERVER lake OPTIONS (database 'bench')")
    seen = {"athena_fdw": [], "PyAthena": []}
    for _ in range(ROUNDS):
        for name, run in (("athena_fdw", lambda: fdw(conn, "wide")), ("PyAthena", lambda: rival(endpoint))):
            count, wall, cpu = run()
            assert count == n, (name, count)
            seen[name].append((wall, cpu))
    lines = ["| Reader | rows/s | wall, s | client CPU a million rows, s |", "| --- | ---: | ---: | ---: |"]
    for name, label in (("athena_fdw", "athena_fdw, backend"), ("PyAthena", f"PyAthena {pyathena.__version__}, default cursor")):
        wall, cpu = (statistics.median(x[i] for x in seen[name]) for i in (0, 1))
        lines.append(f"| {label} | {n / wall:,.0f} | {wall:.2f} | {cpu / n * 1e6:.1f} |")
    return "\n".join(lines)


def main():
    endpoint = sys.argv[1]
    n = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2].isdigit() else 50_000
    load(endpoint, n)
    conn = psycopg.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", dbname="postgres", autocommit=True)
    conn.execute("SET client_min_messages = warning; CREATE EXTENSION athena_fdw")
    conn.execute("SET athena_fdw.pushdown = off")  # the counting is to be done here
    text = "On the embedded endpoint, which is the slower side:\n\n" + compared(conn, endpoint, n)
    with tempfile.TemporaryDirectory() as tmp:
        path = pathlib.Path(tmp) / "result.csv"
        duckdb.execute(f"COPY ({SQL.format(n=n)}) TO '{path}' (FORMAT csv, HEADER, FORCE_QUOTE *)")
        server, url = serve(path)
        text += "\n\nWith the pages at hand, in a server of this machine:\n\n" + compared(conn, url, n)
        server.terminate()
    version = conn.execute("SHOW server_version").fetchone()[0].split()[0]
    note = f"{n:,} rows of 16 mixed columns, medians of {ROUNDS} alternating rounds, {datetime.date.today()}, PostgreSQL {version}, {os.cpu_count()} cores shared with the servers."
    text += "\n\n" + note + "\n"
    print(text)
    if "--write" in sys.argv:
        write_table("bench/pages", text)


main()
