"""See bench/object.  Rounds alternate between the rivals; medians are shown.

The file is written once, in Athena's dialect, and is both the rivals' file and
the result object.  Athena itself is a stub here that answers at once: what is
measured is the way from S3 into PostgreSQL, with HTTP over the loopback.
"""
import datetime
import hashlib
import os
import pathlib
import re
import statistics
import sys
import threading
import time
import uuid

import duckdb
import psycopg

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "test" / "stand"))

from wide import COUNTS, DECLARED, SQL, cpu_of, write_table  # noqa: E402
from results import column_info, metadata  # noqa: E402
from wire import Answer, Server, json_answer, read_json, s3_error  # noqa: E402

ROUNDS = 3
ATHENA = "bigint integer smallint boolean double real decimal varchar varchar date timestamp varchar bigint integer varchar double".split()


class Stub:
    """Queries that have succeeded when they are started, with one object for all of them."""

    def __init__(self, path):
        infos = [column_info(f"c{i + 1}", {"rawType": t, "arguments": [{"value": 12}, {"value": 2}] if t == "decimal" else []}) for i, t in enumerate(ATHENA)]
        self.path, self.size, self.metadata = str(path), path.stat().st_size, metadata("bench", infos)
        self.etag = '"' + hashlib.md5(str(self.size).encode()).hexdigest() + '"'

    def answer(self, request):
        action = request.header("x-amz-target").rpartition(".")[2]
        if action == "StartQueryExecution":
            return json_answer({"QueryExecutionId": str(uuid.uuid4())}), None
        if action:
            id = read_json(request.body)["QueryExecutionId"]
            return json_answer({"QueryExecution": {
                "QueryExecutionId": id, "Query": "", "StatementType": "DML", "SubstatementType": "SELECT", "Status": {"State": "SUCCEEDED"},
                "ResultConfiguration": {"OutputLocation": f"s3://bench/{id}.csv"}, "Statistics": {"DataScannedInBytes": 0}}}), None
        if request.path.endswith(".metadata"):
            start, end, body, file = 0, len(self.metadata) - 1, self.metadata, None
        else:
            start, end = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", request.header("range")).groups())
            end = min(end, self.size - 1)
            body, file = b"", (self.path, start, end - start + 1)
        if not request.path.endswith((".csv", ".metadata")):
            return s3_error("NoSuchKey", "The specified key does not exist.", 404).answer, None
        headers = {"ETag": self.etag}
        if file:
            headers["Content-Range"] = f"bytes {start}-{end}/{self.size}"
        return Answer(206 if file else 200, body, headers, "application/octet-stream", file), None


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
    server = Server(0, Stub(path).answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    conn = psycopg.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", dbname="postgres", autocommit=True)
    conn.execute(f"""
        CREATE EXTENSION athena_fdw; CREATE EXTENSION file_fdw;
        CREATE SERVER lake FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket 'bench', fetch_mode 's3', endpoint 'http://127.0.0.1:{server.server_address[1]}');
        CREATE USER MAPPING FOR postgres SERVER lake OPTIONS (access_key_id 'TESTKEY0000000000001', secret_access_key 'not-a-secret');
        CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
        CREATE FOREIGN TABLE by_s3 ({DECLARED}) SERVER lake OPTIONS (database 'bench');
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
