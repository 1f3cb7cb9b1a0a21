"""64 backends at once under the service's default quotas: no query fails.

    ATHENA_FDW_PRESSURE=seconds   how long (60)
"""
import os
import threading
import time

import psycopg

from engine_fixtures import connect, rows

SECONDS = float(os.environ.get("ATHENA_FDW_PRESSURE", 60))
BACKENDS = 64
QUOTAS = {"StartQueryExecution": [20, 80], "StopQueryExecution": [20, 80], "GetQueryExecution": [100, 200], "GetQueryResults": [100, 200]}


def test_pressure(conn, stand):
    conn.execute("CREATE FOREIGN TABLE pressed (a bigint, c text) SERVER lake OPTIONS (query 'SELECT orderkey AS a, comment AS c FROM tpch.tiny.orders')")
    stand.call("quota", QUOTAS)
    until = time.time() + SECONDS
    done, errors, lock = [0], [], threading.Lock()

    def worker(number):
        try:
            with connect() as mine:
                k = number
                while time.time() < until:
                    k += BACKENDS
                    got = rows(mine, f"SELECT count(*), min(a) FROM pressed WHERE a % 1 = 0 AND a BETWEEN {k % 50} AND {k % 50 + 4000}")
                    want = [a for a in keys if k % 50 <= a <= k % 50 + 4000]
                    if got != [(len(want), min(want))]:
                        raise AssertionError(f"{got}")
                    with lock:
                        done[0] += 1
        except (psycopg.Error, AssertionError) as e:
            with lock:
                errors.append(f"backend {number}: {e}")

    keys = [r[0] for r in stand.engine("SELECT orderkey FROM tpch.tiny.orders")[1]]
    threads = [threading.Thread(target=worker, args=(i,)) for i in range(BACKENDS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    throttled = sum(1 for e in stand.log() if e["status"] == 400)
    print(f"\n{done[0]} queries of {BACKENDS} backends in {SECONDS:.0f} s, {throttled} calls throttled, {sum(stand.counts().values())} calls")
    assert not errors, f"{len(errors)} of {BACKENDS}: {errors[:3]}"
    assert done[0] >= BACKENDS
    assert stand.running() == []
