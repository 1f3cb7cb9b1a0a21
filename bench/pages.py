"""See bench/pages.  Rounds alternate between the rivals; medians are shown."""
import datetime
import os
import resource
import statistics
import sys
import tempfile
import time

import boto3
import duckdb
import psycopg
import pyathena

from wide import COUNTS, DECLARED, SQL, cpu_of, write_table

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


def fdw(conn):
    pid = conn.info.backend_pid
    cpu, wall = cpu_of(pid), time.perf_counter()
    count = conn.execute(f"SELECT {COUNTS} FROM wide").fetchone()[0]
    return count, time.perf_counter() - wall, cpu_of(pid) - cpu


def rival(endpoint):
    cursor = pyathena.connect(endpoint_url=endpoint, s3_staging_dir="s3://bench/results/", poll_interval=0.1, **KEY).cursor()
    used = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    cpu, wall = used(), time.perf_counter()
    count = sum(1 for _ in cursor.execute("SELECT * FROM bench.wide"))
    return count, time.perf_counter() - wall, used() - cpu


def main():
    endpoint = sys.argv[1]
    n = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2].isdigit() else 50_000
    load(endpoint, n)
    conn = psycopg.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", dbname="postgres", autocommit=True)
    conn.execute("CREATE EXTENSION athena_fdw")
    conn.execute(f"CREATE SERVER lake FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket 'bench', endpoint '{endpoint}', fetch_mode 'pages')")
    conn.execute("CREATE USER MAPPING FOR postgres SERVER lake OPTIONS (access_key_id 'TESTKEY0000000000001', secret_access_key 'not-a-secret')")
    conn.execute("SET athena_fdw.pushdown = off")  # the counting is to be done here
    conn.execute(f"CREATE FOREIGN TABLE wide ({DECLARED}) SERVER lake OPTIONS (database 'bench')")
    seen = {"athena_fdw": [], "PyAthena": []}
    for _ in range(ROUNDS):
        for name, run in (("athena_fdw", lambda: fdw(conn)), ("PyAthena", lambda: rival(endpoint))):
            count, wall, cpu = run()
            assert count == n, (name, count)
            seen[name].append((wall, cpu))
    lines = ["| Reader | rows/s | wall, s | client CPU a million rows, s |", "| --- | ---: | ---: | ---: |"]
    for name, label in (("athena_fdw", "athena_fdw, backend"), ("PyAthena", f"PyAthena {pyathena.__version__}, default cursor")):
        wall, cpu = (statistics.median(x[i] for x in seen[name]) for i in (0, 1))
        lines.append(f"| {label} | {n / wall:,.0f} | {wall:.2f} | {cpu / n * 1e6:.1f} |")
    version = conn.execute("SHOW server_version").fetchone()[0].split()[0]
    note = f"{n:,} rows of 16 mixed columns, medians of {ROUNDS} alternating rounds, {datetime.date.today()}, PostgreSQL {version}, {os.cpu_count()} cores shared with the emulator."
    text = "\n".join(lines) + "\n\n" + note + "\n"
    print(text)
    if "--write" in sys.argv:
        write_table("bench/pages", text)


main()
