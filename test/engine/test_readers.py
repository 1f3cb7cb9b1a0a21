"""The readers of results against each other, and what only the object in S3 can do wrong."""
import json
import random
import time

import psycopg
import pytest

from engine_fixtures import connect, create_server, error, quoted, rows
from stand_client import BUCKET, execute

SEED = 20261124
# (Trino's type, ours, a value)
TYPES = [
    ("bigint", "bigint", lambda rng: str(rng.randint(-(2**63) + 1, 2**63 - 1))),
    ("double", "double precision", lambda rng: f"DOUBLE '{rng.choice([rng.random(), rng.uniform(-1e300, 1e300), rng.randint(-99, 99) / 8, rng.random() * 10 ** rng.randint(-30, 30)])!r}'"),
    ("decimal(18,4)", "numeric(18,4)", lambda rng: f"DECIMAL '{rng.randint(-(10**17), 10**17) / 10**4:.4f}'"),
    ("integer", "integer", lambda rng: str(rng.randint(-(2**31), 2**31 - 1))),
    ("smallint", "smallint", lambda rng: str(rng.randint(-(2**15), 2**15 - 1))),
    ("real", "real", lambda rng: f"REAL '{rng.choice([rng.random(), rng.uniform(-1e38, 1e38), rng.randint(-99, 99) / 8, -0.0])!r}'"),
    ("double", "double precision", lambda rng: rng.choice(["nan()", "infinity()", "-infinity()", "DOUBLE '-0'", "DOUBLE '5e-324'"])),
    ("decimal(38,10)", "numeric(38,10)", lambda rng: f"DECIMAL '{rng.choice(['', '-'])}{rng.randint(0, 10 ** rng.randint(1, 28) - 1)}.{rng.randint(0, 10**10 - 1):010}'"),
    ("decimal(20,0)", "numeric(20,0)", lambda rng: f"DECIMAL '{rng.randint(-(10**20) + 1, 10**20 - 1)}'"),
    ("timestamp(3)", "timestamp(3)", lambda rng: f"TIMESTAMP '{rng.randint(1, 9999):04}-{rng.randint(1, 12):02}-02 {rng.randint(0, 23):02}:00:{rng.randint(0, 59):02}.{rng.randint(0, 999):03}'"),
    ("boolean", "boolean", lambda rng: rng.choice(["true", "false"])),
    ("date", "date", lambda rng: f"DATE '{rng.randint(1, 9999):04}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}'"),
    ("timestamp(3)", "timestamp", lambda rng: f"TIMESTAMP '{rng.randint(1900, 2100)}-01-02 {rng.randint(0, 23):02}:00:{rng.randint(0, 59):02}.{rng.randint(0, 999):03}'"),
    ("varchar", "text", lambda rng: quoted("".join(rng.choice(["a", '"', ",", "\\n", "\\\\", "é", "\U0001f418", "''", " ", "x" * 40]).replace("\\n", "\n") for _ in range(rng.choice([0, 1, 3, 12]))))),
]


def mode(conn, word, table):
    conn.execute(f"ALTER FOREIGN TABLE {table} OPTIONS (SET fetch_mode '{word}')")


def analyzed(conn, sql):
    """The scan of EXPLAIN ANALYZE."""
    node = rows(conn, f"EXPLAIN (ANALYZE, VERBOSE, TIMING off, FORMAT JSON) {sql}")[0][0][0]["Plan"]
    while "Remote SQL" not in node:
        node = node["Plans"][0]
    return node


# ---------- the same rows ----------


@pytest.mark.parametrize("seed", range(6))
def test_random_rows_at_random_splits(conn, stand, seed):
    """By pages, and from the object in parts of many sizes; some values are longer than a part."""
    rng = random.Random(SEED + seed)
    columns = [rng.choice(TYPES) for _ in range(rng.randint(1, 7))]
    n = rng.choice([0, 1, 20, 150])
    values = ", ".join("(" + ", ".join(f"CAST({'NULL' if rng.random() < 0.2 else make(rng)} AS {type_})" for type_, _, make in columns) + ")" for _ in range(n))
    names = [f"c{i}" for i in range(len(columns))]
    source = f"SELECT * FROM (VALUES {values}) t({', '.join(names)})" if n else "SELECT " + ", ".join(f"CAST(NULL AS {t}) AS {c}" for c, (t, _, _) in zip(names, columns)) + " WHERE false"
    # times 40, and a long value now and then
    sql = f"SELECT t.*, n, IF(n % 13 = 0, array_join(repeat('\"long\"\", ', n * 100), '')) AS long FROM ({source}) t CROSS JOIN UNNEST(sequence(1, 40)) u(n)"
    declared = ", ".join(f"{c} {ours}" for c, (_, ours, _) in zip(names, columns)) + ", n bigint, long text"
    conn.execute(f"CREATE FOREIGN TABLE r ({declared}) SERVER lake OPTIONS (query {quoted(sql)}, fetch_mode 'pages')")
    conn.execute("CREATE TEMP TABLE by_pages AS SELECT * FROM r")
    assert rows(conn, "SELECT count(*) FROM by_pages") == [(n * 40,)]
    mode(conn, "s3", "r")
    # 1 kB is the smallest; the object of some of these has hundreds of parts
    for size, parts in ((1, 16), (rng.randint(2, 9), 1), (rng.randint(10, 200), rng.randint(2, 5)), (4096, 4)):
        conn.execute(f"SET athena_fdw.fetch_part_size = '{size}kB'; SET athena_fdw.fetch_parts = {parts}; DROP TABLE IF EXISTS by_s3; CREATE TEMP TABLE by_s3 AS SELECT * FROM r")
        for one, other in (("by_pages", "by_s3"), ("by_s3", "by_pages")):
            assert rows(conn, f"SELECT count(*) FROM (SELECT * FROM {one} EXCEPT ALL SELECT * FROM {other}) d") == [(0,)], (size, parts)
    objects = stand.log("GetObject")
    assert all(e["status"] in (200, 206) for e in objects)


def test_wide_values(conn, stand):
    """A value of 36 MB beside small ones, in parts of a hundredth of it."""
    sql = "SELECT n, IF(n = 2, array_join(transform(sequence(1, 400), i -> array_join(repeat('0123456789', 9000), '')), '\"'), 'small') AS v FROM UNNEST(sequence(1, 3)) t(n)"
    conn.execute(f"CREATE FOREIGN TABLE w (n bigint, v text) SERVER lake OPTIONS (query {quoted(sql)}, fetch_mode 's3')")
    conn.execute("SET athena_fdw.fetch_part_size = '400kB'")
    long = '"'.join(["0123456789" * 9000] * 400)
    got = rows(conn, "SELECT n, length(v), v = %s, left(v, 9) FROM w ORDER BY n", (long,))
    assert got == [(1, 5, False, "small"), (2, len(long), True, "012345678"), (3, 5, False, "small")]


def test_rescans_and_cursors(conn):
    sql = "SELECT orderkey AS a, comment AS c FROM tpch.tiny.orders"
    conn.execute(f"CREATE FOREIGN TABLE o (a bigint, c text) SERVER lake OPTIONS (query '{sql}', fetch_mode 's3')")
    conn.execute("SET athena_fdw.fetch_part_size = '64kB'; SET athena_fdw.semi_join_keys = 0; SET enable_material = off; SET enable_hashjoin = off; SET enable_mergejoin = off")
    conn.execute("CREATE TEMP TABLE two AS SELECT * FROM (VALUES (1::bigint), (60000)) v(k)")
    assert rows(conn, "SELECT k, (SELECT count(*) FROM o WHERE a <= k AND random() < 2) FROM two ORDER BY k") == [(1, 1), (60000, 15000)]
    with conn.transaction():
        conn.execute("DECLARE c SCROLL CURSOR FOR SELECT a FROM o")
        there = rows(conn, "FETCH 12000 FROM c")
        back = rows(conn, "FETCH BACKWARD 11999 FROM c")
        assert there[:-1] == back[::-1]


# ---------- which reader ----------


def test_what_is_read_how(conn, stand):
    conn.execute("CREATE FOREIGN TABLE o (a bigint) SERVER lake OPTIONS (query 'SELECT orderkey AS a FROM tpch.tiny.orders', fetch_mode 'auto')")
    scan = analyzed(conn, "SELECT a FROM o")
    assert (scan["Reader"], scan["Pages"], scan["Rows Fetched"]) == ("s3", 0, 15000) and scan["Parts"] >= 1 and "Not From S3" not in scan
    # the header, and each number in quotes on a line
    assert scan["Bytes Fetched"] == 4 + sum(len(str(a)) + 3 for a, in rows(conn, "SELECT a FROM o"))
    assert rows(conn, "SELECT reader, rows FROM athena_queries() ORDER BY started DESC LIMIT 1") == [("s3", 15000)]
    mode(conn, "pages", "o")
    scan = analyzed(conn, "SELECT a FROM o")
    assert (scan["Reader"], scan["Pages"], scan["Parts"]) == ("pages", 16, 0)
    stand.reset()
    rows(conn, "SELECT a FROM o LIMIT 1")
    assert stand.log("GetObject") == []


def test_few_calls(conn, stand):
    """One small query: start, polls, and the object beside its metadata."""
    conn.execute("CREATE FOREIGN TABLE one (a bigint) SERVER lake OPTIONS (query 'SELECT 1 AS a')")
    rows(conn, "SELECT a FROM one")
    stand.reset()
    assert rows(conn, "SELECT a FROM one") == [(1,)]
    counts = stand.counts()
    polls = counts.pop("athena:GetQueryExecution")
    assert polls <= 4 and counts == {"athena:StartQueryExecution": 1, "s3:GetObject": 2}


@pytest.mark.parametrize("fault, words", [("503", "s3:GetObject failed"), ("drop", "could not get an answer"), ("garbage", "metadata"), ("hang", "could not get an answer")])
def test_where_the_object_cannot_be_read(stand, database, fault, words):
    """Pages instead, with no second query; and nobody asks again."""
    with connect() as conn:
        conn.execute("SET client_min_messages = warning")
        create_server(conn, stand.url, options=", request_timeout '1s'")
        conn.execute("CREATE FOREIGN TABLE o (a bigint) SERVER lake OPTIONS (query 'SELECT orderkey AS a FROM tpch.tiny.orders', fetch_mode 'auto')")
        stand.fault("GetObject", fault, count=1000)
        scan = analyzed(conn, "SELECT a FROM o")
        assert (scan["Reader"], scan["Rows Fetched"], scan["Parts"]) == ("pages", 15000, 0) and words in scan["Not From S3"], scan
        assert stand.counts()["athena:StartQueryExecution"] == 1
        asked = len(stand.log("GetObject"))
        scan = analyzed(conn, "SELECT a FROM o")
        assert scan["Reader"] == "pages" and words in scan["Not From S3"] and len(stand.log("GetObject")) == asked
        mode(conn, "s3", "o")
        diag = error(conn, "SELECT a FROM o")
        assert diag.sqlstate[:2] in ("08", "HV")


def test_a_refused_object(stand, database):
    """S3 refuses a direct caller: pages, which go through Athena; said once."""
    with connect() as conn:
        conn.execute("SET client_min_messages = debug1")
        notices = []
        conn.add_notice_handler(lambda n: notices.append(n.message_primary))
        create_server(conn, stand.url)
        conn.execute("CREATE FOREIGN TABLE o (a bigint) SERVER lake OPTIONS (query 'SELECT orderkey AS a FROM tpch.tiny.orders')")
        stand.query_fault(**{"refuse-object": True})
        assert len(rows(conn, "SELECT a FROM o WHERE random() < 2")) == 15000
        assert len(rows(conn, "SELECT a FROM o WHERE random() < 2")) == 15000
        assert sum("read by pages" in n for n in notices) == 1, notices


# ---------- an object that is not what it was ----------


def slow_read(conn, stand, between):
    """Reads ten rows, lets something happen, and reads the rest."""
    conn.execute("CREATE FOREIGN TABLE o (a bigint, c text) SERVER lake OPTIONS (query 'SELECT orderkey AS a, comment AS c FROM tpch.tiny.orders', fetch_mode 's3')")
    conn.execute("SET athena_fdw.fetch_part_size = '32kB'")
    with conn.transaction():
        conn.execute("DECLARE c CURSOR FOR SELECT a, c FROM o")
        assert len(rows(conn, "FETCH 10 FROM c")) == 10
        id = rows(conn, "SELECT query_execution_id FROM athena_queries() ORDER BY started DESC LIMIT 1")[0][0]
        between(id)
        return rows(conn, "FETCH ALL FROM c")


def test_an_object_that_is_replaced(conn, stand, the_stand):
    s3 = the_stand.client("s3")

    def replace(id):
        key = f"engine/{id}.csv"
        old = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        s3.put_object(Bucket=BUCKET, Key=key, Body=old.replace(b"a", b"b"))

    with pytest.raises(psycopg.Error) as e:
        slow_read(conn, stand, replace)
    assert "PreconditionFailed" in str(e.value)


def test_an_object_that_is_removed(conn, stand, the_stand):
    s3 = the_stand.client("s3")
    with pytest.raises(psycopg.Error) as e:
        slow_read(conn, stand, lambda id: s3.delete_object(Bucket=BUCKET, Key=f"engine/{id}.csv"))
    assert "NoSuchKey" in str(e.value)


def test_a_pause_longer_than_the_timeout(conn, stand):
    """A client that thinks between two FETCHes: parts under way time out, and go on."""
    conn.execute("ALTER SERVER lake OPTIONS (ADD request_timeout '0.5s')")
    assert len(slow_read(conn, stand, lambda id: time.sleep(1.5))) == 14990


@pytest.mark.parametrize("cut", ["short", "drop-body", "reset-body"])
def test_every_part_breaks_off(conn, stand, cut):
    """Half of what is left comes with each answer: it goes on from the byte where it stopped."""
    conn.execute("CREATE FOREIGN TABLE o (a bigint, c text) SERVER lake OPTIONS (query 'SELECT orderkey AS a, comment AS c FROM tpch.tiny.orders', fetch_mode 's3')")
    truth = rows(conn, "SELECT count(*), sum(a), sum(length(c)) FROM o WHERE random() < 2")
    conn.execute("SET athena_fdw.fetch_part_size = '256kB'")
    stand.reset()
    stand.fault("GetObject", cut, count=14, skip=2)
    assert rows(conn, "SELECT count(*), sum(a), sum(length(c)) FROM o WHERE random() < 2") == truth
    log = [e for e in stand.log("GetObject") if e["range"]]
    assert len(log) > 14
    offsets = [int(e["range"][6:].split("-")[0]) for e in log]
    assert sum(b > a for a, b in zip(offsets, offsets[1:])) >= len(offsets) // 2, "parts begin again"


def test_only_what_is_needed(conn, stand):
    """A plan that ends early leaves most of the object where it is."""
    conn.execute("CREATE FOREIGN TABLE o (a bigint, c text) SERVER lake OPTIONS (query 'SELECT orderkey AS a, comment AS c FROM tpch.sf1.orders WHERE orderkey <= 600000', fetch_mode 's3')")
    conn.execute("SET athena_fdw.fetch_part_size = '64kB'")
    stand.reset()
    with conn.transaction():
        conn.execute("DECLARE c CURSOR FOR SELECT a, c FROM o")
        assert len(rows(conn, "FETCH 10 FROM c")) == 10
    assert len(stand.log("GetObject")) <= 4
    assert sum(e["bytes"] for e in stand.log("GetObject")) < 4 * 65536


def test_memory_stays(conn, stand):
    """The backend's own memory after 18 MB and after 90 MB of object: the parts under way, each in a buffer that is used again."""
    def peak(limit):
        with connect() as other:
            other.execute("SET client_min_messages = warning; SET athena_fdw.fetch_part_size = '1MB'")
            other.execute(f"CREATE FOREIGN TABLE m{limit} (a bigint, c text) SERVER lake OPTIONS (query 'SELECT orderkey AS a, comment AS c FROM tpch.sf1.orders WHERE orderkey <= {limit}', fetch_mode 's3')")
            assert rows(other, f"SELECT count(a) = count(c) FROM (SELECT * FROM m{limit} WHERE random() < 2) s") == [(True,)]
            status = open(f"/proc/{other.info.backend_pid}/status").read()
            return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
    conn.execute("SELECT 1")
    least, small, large = peak(100), peak(1200000), peak(6000000)
    assert large - small < 2 * 1024 and large - least < 10 * 1024, f"{least}, {small} and {large} kB"
