"""TPC-H and TPC-DS through the FDW, beside Trino's own client and local PostgreSQL.

    python bench/tpc.py [FACTOR]     the addresses of stand and cluster: see bench/tpc

Every query runs three times in each of three ways, one after the other; the
least time counts.  The same remote SQL goes to the engine by its own protocol.
Writes the table of doc/pushdown.md.  With a factor: TPC-H of that size alone,
without local PostgreSQL, for doc/performance.md.
"""
import datetime
import json
import os
import pathlib
import re
import sys
import time
import urllib.request

TOP = pathlib.Path(__file__).parents[1]
sys.path[:0] = [str(TOP / "test" / "stand"), str(TOP / "test" / "tpc"), str(TOP / "bench")]

import psycopg  # noqa: E402
import tpc  # noqa: E402
from stand_client import ADMIN, BUCKET, Stand  # noqa: E402
from wide import write_table  # noqa: E402

STATE = pathlib.Path(os.environ["ATHENA_FDW_STATE"])
FACTOR = float(sys.argv[1]) if len(sys.argv) > 1 else None
FACTORS = {"tpch": FACTOR} if FACTOR else {"tpch": 0.1, "tpcds": 0.01}
BEGIN, END = "<!-- bench/tpc -->", "<!-- end of bench/tpc -->"
TIMES = 9 if FACTOR else 3


def trino(sql):
    """A statement by the engine's own protocol: the number of its rows."""
    port = re.search(r"http-server.http.port=(\d+)", (STATE / "stand/trino/etc/config.properties").read_text())[1]
    headers = {"X-Trino-User": "bench", "X-Trino-Catalog": "awsdatacatalog", "X-Trino-Source": "bench"}
    answer = json.load(urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/v1/statement", sql.encode(), headers)))
    rows = 0
    while True:
        assert "error" not in answer, answer["error"]["message"]
        rows += len(answer.get("data", []))
        if "nextUri" not in answer:
            return rows
        answer = json.load(urllib.request.urlopen(urllib.request.Request(answer["nextUri"], headers=headers)))


def least(run):
    times = []
    for _ in range(TIMES):
        began = time.time()
        result = run()
        times.append(time.time() - began)
    return min(times), result


def beside_the_engine(conn, name):
    """The FDW and the engine's own client, query by query."""
    lines = ["| Query | Through the FDW, s | Trino's own client, s | more than 1.05 times, ms |", "| --- | --: | --: | --: |"]
    within = 0
    for number, sql in tpc.queries(name).items():
        conn.execute(f"SET search_path = {name}")
        remote, _ = tpc.scans(conn, sql)
        times = [[], []]
        for _ in range(TIMES):  # in turns: the engine warms up for both
            for seen, run in zip(times, (lambda: conn.execute(sql).fetchall(), lambda: [trino(text) for text in remote])):
                began = time.time()
                run()
                seen.append(time.time() - began)
        shipped, engine = map(min, times)
        over = (shipped - 1.05 * engine) * 1000
        within += over <= 150
        lines.append(f"| {number} | {shipped:.2f} | {engine:.2f} | {over:.0f} |")
        print(lines[-1], flush=True)
    note = f"TPC-H, scale factor {FACTOR:g}, the least of {TIMES} times in turns, {datetime.date.today()}, 2 cores shared by all; {within} of {len(tpc.queries(name))} are within 1.05 times and 150 ms."
    write_table("bench/tpc", "\n".join(lines) + "\n\n" + note + "\n")
    print(note)


def main():
    stand = Stand()
    conn = psycopg.connect(dbname="postgres", autocommit=True)
    conn.execute("CREATE EXTENSION athena_fdw; SET jit = off")
    conn.execute(f"CREATE SERVER lake FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket '{BUCKET}/tpc', endpoint '{stand.url}')")
    conn.execute(f"CREATE USER MAPPING FOR postgres SERVER lake OPTIONS (access_key_id '{ADMIN[0]}', secret_access_key '{ADMIN[1]}')")
    stand.client("s3", ADMIN).create_bucket(Bucket=BUCKET)
    lines = ["| Query | Remote queries | Nodes beside | Rows | Through the FDW, s | Trino's own client, s | Local PostgreSQL, s |", "| --- | --: | --- | --: | --: | --: | --: |"]
    for name, factor in FACTORS.items():
        db = tpc.generate(name, factor)
        tpc.to_catalogue(db, name, stand.client("s3", ADMIN), stand.client("glue", ADMIN))
        tpc.declare(db, conn, name, foreign="lake")
        if FACTOR:
            return beside_the_engine(conn, name)
        tpc.declare(db, conn, f"{name}_heap")
        single = 0
        for number, sql in tpc.queries(name).items():
            conn.execute(f"SET search_path = {name}")
            remote, nodes = tpc.scans(conn, sql)
            shipped, got = least(lambda: conn.execute(sql).fetchall())
            engine, _ = least(lambda: [trino(text) for text in remote])
            conn.execute(f"SET search_path = {name}_heap")
            local, expected = least(lambda: conn.execute(sql).fetchall())
            assert tpc.bag(got) == tpc.bag(expected), (name, number)
            single += len(remote) == 1
            beside = ", ".join(sorted(nodes - {"Foreign Scan"})) or "none"
            lines.append(f"| {name[:3].upper()}-{name[3:].upper()} {number} | {len(remote)} | {beside} | {len(got)} | {shipped:.2f} | {engine:.2f} | {local:.2f} |")
            print(lines[-1], flush=True)
        summary = f"{name[:3].upper()}-{name[3:].upper()}, scale factor {factor}: {single} of {len(tpc.queries(name))} are one remote query."
        lines.insert(0, summary + "\n")
    text = (TOP / "doc/pushdown.md").read_text()
    (TOP / "doc/pushdown.md").write_text(f"{text.partition(BEGIN)[0]}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{text.partition(END)[2]}")


main()
