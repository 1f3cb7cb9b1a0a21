"""See bench/latency.  Athena is a stub: what is measured is everything but Athena."""
import datetime
import os
import pathlib
import statistics
import sys
import tempfile
import threading
import time

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from stub import Stub, like_small_queries  # noqa: E402
from wide import write_table  # noqa: E402
from results import column_info  # noqa: E402

ROUNDS = 25
SIZES = (1, 900, 5000, 20000)  # of results, in rows
LONG = 5_000_000  # rows, which nobody reads to their end
SCANS = 4


def beyond(conn, stub, sql, rounds=ROUNDS):
    """The median of what a statement takes beyond its query's own time, in ms, and of the calls that it makes."""
    times, calls = [], []
    for i in range(rounds + 5):  # the first ones warm connections, and tell how long queries take
        stub.calls.clear()
        began = time.perf_counter()
        conn.execute(sql).fetchall()
        wall = time.perf_counter() - began
        own = conn.execute("SELECT total_ms FROM athena_queries() ORDER BY started DESC LIMIT 1").fetchone()[0]
        if i >= 5:
            times.append(wall * 1000 - own)
            calls.append(len(stub.calls))
    return statistics.median(times), statistics.median(calls)


def cancelled(conn, sql, after):
    """How long a running statement takes to end once it is cancelled, in ms."""
    ended = []

    def run():
        try:
            conn.execute(sql).fetchall()
        except psycopg.errors.QueryCanceled:
            ended.append(time.perf_counter())

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(after)
    began = time.perf_counter()
    conn.cancel()
    thread.join()
    return (ended[0] - began) * 1000


def result(directory, rows):
    path = pathlib.Path(directory) / f"{rows}.csv"
    path.write_text('"n"\n' + "".join(f'"{i}"\n' for i in range(rows)))
    return path


def main():
    directory = tempfile.mkdtemp()
    conn = psycopg.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", dbname="postgres", autocommit=True)
    conn.execute("CREATE EXTENSION athena_fdw")
    infos = [column_info("n", {"rawType": "bigint", "arguments": []})]
    stubs = {rows: Stub(result(directory, rows), infos, like_small_queries) for rows in (*SIZES, LONG)}
    for rows, stub in stubs.items():
        conn.execute(f"""
            CREATE SERVER s{rows} FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket 'bench', endpoint '{stub.url}');
            CREATE USER MAPPING FOR postgres SERVER s{rows} OPTIONS (access_key_id 'TESTKEY0000000000001', secret_access_key 'not-a-secret');
            CREATE FOREIGN TABLE by_s3_{rows} (n bigint) SERVER s{rows} OPTIONS (database 'bench', fetch_mode 's3');
            CREATE FOREIGN TABLE by_pages_{rows} (n bigint) SERVER s{rows} OPTIONS (database 'bench', fetch_mode 'pages')""")

    lines = ["| Round trip, ms | beyond Athena's own time, ms | target: 60 + 3 round trips | calls |", "| ---: | ---: | ---: | ---: |"]
    for trip in (0, 20, 80):
        stubs[1].travel = {"*": trip / 1000}
        took, calls = beyond(conn, stubs[1], "SELECT * FROM by_s3_1")
        lines.append(f"| {trip} | {took:.0f} | {60 + 3 * trip} | {calls:g} |")
    note = f"Medians of {ROUNDS} statements of one row on warm connections; queries take 240 to 400 ms by Athena's clock."
    one = "\n".join(lines) + "\n\n" + note

    lines = ["| Rows | from the object, ms | by pages, ms |", "| ---: | ---: | ---: |"]
    for rows in SIZES:
        stub = stubs[rows]
        stub.travel = {"GetQueryResults": 0.2, "GetObject": 0.04, "*": 0.02}
        got = [beyond(conn, stub, f"SELECT * FROM by_{reader}_{rows}", 9)[0] for reader in ("s3", "pages")]
        lines.append(f"| {rows:,} | {got[0]:.0f} | {got[1]:.0f} |")
    note = "Beyond Athena's own time, medians of 9; GetQueryResults takes 200 ms and S3 40 ms to its first byte, as measured on the live service, all else 20 ms."
    two = "\n".join(lines) + "\n\n" + note

    stub = stubs[900]
    stub.travel, stub.seconds = {"*": 0.02}, lambda: 3
    conn.execute("CREATE TABLE parts (n bigint) PARTITION BY HASH (n)")
    for i in range(SCANS):
        conn.execute(f"CREATE FOREIGN TABLE part{i} PARTITION OF parts FOR VALUES WITH (MODULUS {SCANS}, REMAINDER {i}) SERVER s900 OPTIONS (database 'bench', table 'by_{i}')")
    one_scan = "SELECT count(*) FROM part0 WHERE random() < 2"
    statements = [
        ("one scan", one_scan),
        (f"{SCANS} partitions", "SELECT count(*) FROM parts WHERE random() < 2"),
        (f"{SCANS} joined here", "SELECT count(*) FROM part0 a JOIN part1 b ON a.n = b.n AND random() < 2 JOIN part2 c ON b.n = c.n AND random() < 2 JOIN part3 d ON c.n = d.n AND random() < 2"),
    ]
    conn.execute("SET enable_nestloop = off; SET athena_fdw.semi_join_keys = 0")
    lines = ["| What | s | of one scan | `athena_fdw.start_early` off, s |", "| --- | ---: | ---: | ---: |"]
    alone = None
    for what, sql in statements:
        took = []
        for early in ("on", "off"):
            conn.execute(f"SET athena_fdw.start_early = {early}")
            each = []
            for _ in range(3):
                began = time.perf_counter()
                conn.execute(sql).fetchall()
                each.append(time.perf_counter() - began)
            took.append(statistics.median(each))
        alone = alone or took[0]
        lines.append(f"| {what} | {took[0]:.2f} | {took[0] / alone:.2f} | {took[1]:.2f} |")
    note = "Each query takes 3 s by Athena's clock; a round trip takes 20 ms; medians of 3. The target is 1.2 of one scan."
    three = "\n".join(lines) + "\n\n" + note

    stub = stubs[LONG]
    lines = ["| Cancelled while | median, ms | the longest, ms |", "| --- | ---: | ---: |"]
    for what, travel, seconds in (("the query runs", {"*": 0.02}, 30), ("the first byte of the object is on its way", {"GetObject": 5, "*": 0.02}, 0.1), ("rows are read from the object", {"*": 0.02}, 0.1)):
        stub.travel, stub.seconds = travel, lambda seconds=seconds: seconds
        sql = f"SELECT count(md5(repeat(n::text, 20))) FROM by_s3_{LONG} WHERE random() < 2"
        each = [cancelled(conn, sql, 0.7 + i / 40) for i in range(20)]
        lines.append(f"| {what} | {statistics.median(each):.0f} | {max(each):.0f} |")
    note = "From the cancel request to the error in the client, 20 times; a round trip takes 20 ms, and stopping the query at Athena is one. The target is 100 ms."
    four = "\n".join(lines) + "\n\n" + note

    version = conn.execute("SHOW server_version").fetchone()[0].split()[0]
    text = f"{one}\n\n{two}\n\n{three}\n\n{four}\n\n{datetime.date.today()}, PostgreSQL {version}, {os.cpu_count()} cores.\n"
    print(text)
    if "--write" in sys.argv:
        write_table("bench/latency", text)


main()
