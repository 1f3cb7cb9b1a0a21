"""Results that an UNLOAD writes as files: the same rows, what can be wrong with files, and what is left of them."""
import io
import random
import select
import threading
import time

import fastavro
import psycopg
import pytest

from engine_fixtures import connect, error, quoted, rows
from stand_client import ADMIN, BUCKET
from test_readers import SEED, TYPES, analyzed, mode

DIRECTORY = "engine/athena_fdw_unload/"
ORDERS = "SELECT orderkey AS a, comment AS c, totalprice AS p FROM tpch.tiny.orders"


@pytest.fixture
def s3(stand):
    s3 = stand.client("s3", ADMIN)
    for key in objects(s3):
        s3.delete_object(Bucket=BUCKET, Key=key)
    return s3


def objects(s3, prefix=DIRECTORY):
    return [o["Key"] for o in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]


@pytest.fixture
def orders(conn, s3):
    conn.execute(f"CREATE FOREIGN TABLE o (a bigint, c text, p double precision) SERVER lake OPTIONS (query '{ORDERS}', fetch_mode 'unload')")
    return conn


def last(stand):
    return max(stand.executions(), key=lambda x: x["submitted"])


# ---------- the same rows ----------


@pytest.mark.parametrize("seed", range(4))
def test_random_rows_at_random_splits(conn, s3, seed):
    """By the object and by files, in parts of many sizes."""
    rng = random.Random(SEED + 100 + seed)
    columns = [rng.choice(TYPES) for _ in range(rng.randint(1, 7))]
    n = rng.choice([1, 20, 150])
    values = ", ".join("(" + ", ".join(f"CAST({'NULL' if rng.random() < 0.2 else make(rng)} AS {type_})" for type_, _, make in columns) + ")" for _ in range(n))
    names = [f"c{i}" for i in range(len(columns))]
    sql = f"SELECT t.*, n, IF(n % 13 = 0, array_join(repeat('\"long\"\", ', n * 100), '')) AS long FROM (VALUES {values}) t({', '.join(names)}) CROSS JOIN UNNEST(sequence(1, 40)) u(n)"
    declared = ", ".join(f"{c} {ours}" for c, (_, ours, _) in zip(names, columns)) + ", n bigint, long text"
    conn.execute(f"CREATE FOREIGN TABLE r ({declared}) SERVER lake OPTIONS (query {quoted(sql)}, fetch_mode 's3')")
    conn.execute("CREATE TEMP TABLE by_s3 AS SELECT * FROM r")
    mode(conn, "unload", "r")
    for size, parts in ((1, 16), (rng.randint(2, 9), 1), (4096, 4)):
        conn.execute(f"SET athena_fdw.fetch_part_size = '{size}kB'; SET athena_fdw.fetch_parts = {parts}; DROP TABLE IF EXISTS by_files; CREATE TEMP TABLE by_files AS SELECT * FROM r")
        for one, other in (("by_s3", "by_files"), ("by_files", "by_s3")):
            assert rows(conn, f"SELECT count(*) FROM (SELECT * FROM {one} EXCEPT ALL SELECT * FROM {other}) d") == [(0,)], (size, parts)
    assert rows(conn, "SELECT count(*) FROM by_files") == [(n * 40,)] and objects(s3) == []


MIXED = [
    ("real", "REAL '1.17549435e-38'", ["real", "double precision", "numeric", "text"]),
    ("double", "DOUBLE '1e23'", ["real", "double precision", "numeric", "text"]),
    ("decimal(20,3)", "DECIMAL '12345678901234567.890'", ["real", "double precision", "numeric", "text"]),
    ("json", "JSON '\"a \\\"b\\\" c\"'", ["text", "jsonb", "json", "varchar"]),
    ("json", "JSON '[1, {\"a\": null}]'", ["text", "jsonb"]),
    ("timestamp(3)", "TIMESTAMP '2026-11-24 01:02:03.400'", ["timestamp", "text", "date", "timestamptz"]),
    ("char(5)", "CAST('ab' AS char(5))", ["char(5)", "text", "varchar"]),
    ("bigint", "BIGINT '-9'", ["numeric", "text", "double precision", "smallint"]),
    ("varchar", "'null'", ["text", "varchar", "name"]),
    ("boolean", "true", ["boolean", "text"]),
    ("date", "DATE '-0043-03-15'", ["date"]),
]


@pytest.mark.parametrize("remote, value, locals_", MIXED, ids=[f"{i}-{r}" for i, (r, _, _) in enumerate(MIXED)])
def test_a_type_here_is_not_the_one_there(conn, s3, remote, value, locals_):
    """What the result's text gives, or refuses, the file's gives, or refuses."""
    for local in locals_:
        conn.execute("DROP FOREIGN TABLE IF EXISTS m")
        conn.execute(f"CREATE FOREIGN TABLE m (v {local}) SERVER lake OPTIONS (query {quoted(f'SELECT v FROM (VALUES CAST({value} AS {remote}), NULL) t (v)')}, fetch_mode 's3')")
        conn.execute("ALTER FOREIGN TABLE m OPTIONS (SET fetch_mode 's3')")
        seen = []
        for reader in ("s3", "unload"):
            mode(conn, reader, "m")
            seen.append(sorted(rows(conn, "SELECT v::text FROM m"), key=str))
        assert seen[0] == seen[1] and len(seen[0]) == 2, local


# a value of each type that Athena has, and texts that read as one of another type
REMOTE = {
    "tinyint": "7", "smallint": "-300", "integer": "70000", "bigint": "9007199254740993", "boolean": "false", "real": "REAL '0.1'", "double": "DOUBLE '1e10'",
    "decimal(12,2)": "DECIMAL '-0.05'", "decimal(38,2)": "DECIMAL '123456789012345678901234567890123456.78'", "date": "DATE '2024-02-29'", "timestamp(3)": "TIMESTAMP '1969-12-31 23:59:59.999'",
    "timestamp(6)": "TIMESTAMP '2024-02-29 01:02:03.456789'", "timestamp(3) with time zone": "TIMESTAMP '2024-02-29 01:02:03.456 UTC'", "time": "TIME '01:02:03'", "varchar": "'12'", "char(4)": "'true'",
    "varbinary": "X'31'", "json": "JSON '1'", "uuid": "UUID '12345678-1234-1234-1234-123456789abc'", "array(integer)": "ARRAY[1]",
}
NATIVE = ["smallint", "boolean", "real", "double precision", "numeric(12,2)", "date", "timestamp(3)"]


@pytest.mark.parametrize("remote", REMOTE)
def test_what_is_declared_as_a_number_and_is_none(conn, s3, remote):
    """Columns that may come as they are, declared over one of every type: rows, or refusals, as of the result itself."""
    outcomes = set()
    for local in NATIVE:
        conn.execute("DROP FOREIGN TABLE IF EXISTS m")
        conn.execute(f"CREATE FOREIGN TABLE m (v {local}) SERVER lake OPTIONS (query {quoted(f'SELECT CAST({REMOTE[remote]} AS {remote}) AS v UNION ALL SELECT NULL')}, fetch_mode 's3')")
        seen = []
        for reader in ("s3", "unload"):
            mode(conn, reader, "m")
            try:
                seen.append(sorted(rows(conn, "SELECT v::text FROM m"), key=str))
            except psycopg.Error as e:
                seen.append(e.sqlstate)
        refused = [isinstance(s, str) for s in seen]
        # varbinary has no text there, and its digits here are no number
        assert refused[1] if remote == "varbinary" else refused[0] == refused[1] and (refused[0] or seen[0] == seen[1]), (local, seen)
        outcomes.add(refused[1])
    assert False in outcomes or remote in ("time", "varbinary", "uuid", "array(integer)"), remote
    assert objects(s3) == []


def test_numbers_come_as_numbers(conn, s3, stand):
    """One statement, in which they are no texts; a second one only where Athena refuses that."""
    conn.execute("CREATE FOREIGN TABLE w (a bigint, b double precision, c date, d timestamp(3), e numeric(12,2), f text) SERVER lake OPTIONS (query $$SELECT 1 AS a, 1e0 AS b, current_date AS c, CAST(now() AS timestamp(3)) AS d, DECIMAL '1.50' AS e, 'x' AS f$$, fetch_mode 'unload')")
    rows(conn, "SELECT * FROM w")
    assert last(stand)["query"].startswith("UNLOAD (SELECT bitwise_or(c1, 0) AS c1, c2 AS c2, c3 AS c3, c4 AS c4, c5 AS c5, CASE WHEN c6 IS NULL")
    before = len(stand.executions())
    conn.execute("CREATE FOREIGN TABLE z (a bigint, t timestamp(3)) SERVER lake OPTIONS (query 'SELECT 1 AS a, CAST(current_date AS timestamp(6)) AS t', fetch_mode 'unload')")
    assert len(rows(conn, "SELECT * FROM z")) == 1
    assert len(stand.executions()) == before + 2


def test_names_that_are_none(conn, s3):
    """Columns without a name, or with the same one, and a statement with its own words."""
    conn.execute("CREATE FOREIGN TABLE n (a bigint, b text) SERVER lake OPTIONS (query $$WITH q AS (SELECT 1 AS a, 'it''s' AS b) SELECT a, b FROM q -- so far$$, fetch_mode 'unload')")
    assert rows(conn, "SELECT * FROM n") == [(1, "it's")]
    assert rows(conn, "SELECT a, a + 1, b, b FROM n") == [(1, 2, "it's", "it's")]
    assert rows(conn, "SELECT FROM n WHERE random() < 2") == [()]
    assert rows(conn, "SELECT count(*), count(*), max(b) FROM n") == [(1, 1, "it's")]


def test_no_rows(orders, stand):
    assert rows(orders, "SELECT * FROM o WHERE a < 0") == []
    assert "UNLOAD" in last(stand)["query"]


def test_an_order_is_kept(orders, stand):
    """Files have none, so such a statement is no UNLOAD."""
    got = rows(orders, "SELECT a FROM o ORDER BY a DESC")
    assert got == sorted(got, reverse=True) and len(got) == 15000
    assert "UNLOAD" not in last(stand)["query"]
    assert len(rows(orders, "SELECT a FROM o LIMIT 7")) == 7


def test_what_it_says(orders, stand):
    scan = analyzed(orders, "SELECT * FROM o")
    assert scan["Reader"] == "unload" and scan["Files"] >= 1 and scan["Rows Fetched"] == 15000 and scan["Bytes Fetched"] > 15000 * 20
    assert rows(orders, "SELECT reader, rows, remote_sql LIKE 'UNLOAD (SELECT %' FROM athena_queries() ORDER BY started DESC LIMIT 1") == [("unload", 15000, True)]
    counts = stand.counts()
    assert counts["athena:GetQueryResults"] == 1 and counts["s3:DeleteObject"] == scan["Files"] + 1


def test_the_manifest_is_where_athena_says(orders, s3, stand):
    stand.query_fault(manifest=".files")
    assert len(rows(orders, "SELECT a FROM o")) == 15000
    assert [k for k in objects(s3, "engine/") if k.endswith(".files")] == [] and objects(s3) == []


# ---------- when ----------


def test_large_results_are_unloaded(orders, stand):
    orders.execute("ALTER FOREIGN TABLE o OPTIONS (SET fetch_mode 'auto', ADD rows '10000000')")
    rows(orders, "SELECT a FROM o")
    assert "UNLOAD" not in last(stand)["query"]
    orders.execute("SET athena_fdw.unload_size = '50MB'")
    assert len(rows(orders, "SELECT a FROM o")) == 15000
    assert "UNLOAD" in last(stand)["query"]
    rows(orders, "SELECT count(*) FROM o")
    assert "UNLOAD" not in last(stand)["query"]
    orders.execute("SET athena_fdw.unload_size = -1")
    rows(orders, "SELECT a FROM o")
    assert "UNLOAD" not in last(stand)["query"]


def test_what_cannot_be_unloaded(conn, s3, stand):
    """A column that is no text there: refused where files were asked for, else read as a result."""
    conn.execute("CREATE FOREIGN TABLE x (v text) SERVER lake OPTIONS (query 'SELECT ARRAY[1, 2] AS v', fetch_mode 'unload', rows '1000000')")
    e = error(conn, "SELECT v FROM x")
    assert e.sqlstate == "0A000" and "fetch_mode 's3'" in e.message_hint
    conn.execute("SET athena_fdw.unload_size = 0")
    mode(conn, "auto", "x")
    assert rows(conn, "SELECT v FROM x") == [("[1, 2]",)]
    assert objects(s3) == []


def test_a_failure_that_was_paid_for_is_one(conn, s3, stand):
    conn.execute("CREATE FOREIGN TABLE x (v bigint) SERVER lake OPTIONS (query 'SELECT 1 / (orderkey - orderkey) AS v FROM tpch.tiny.orders', rows '1000000'); SET athena_fdw.unload_size = 0")
    assert error(conn, "SELECT v FROM x").sqlstate == "22012"
    assert objects(s3) == []


# ---------- what is left ----------


@pytest.mark.parametrize("keep", ["on", "off"])
def test_nothing_is_left(orders, s3, stand, keep):
    orders.execute(f"ALTER SERVER lake OPTIONS (ADD keep_results '{keep}')")
    assert len(rows(orders, "SELECT * FROM o")) == 15000
    id = last(stand)["id"]
    assert objects(s3, f"engine/{id}") == ([f"engine/{id}.metadata"] if keep == "on" else []) and objects(s3) == []


@pytest.mark.parametrize("how", ["error", "cursor", "rollback"])
def test_nothing_is_left_of_a_result_that_was_not_read_to_its_end(orders, s3, how):
    orders.execute("SET athena_fdw.fetch_part_size = '64kB'")
    if how == "error":
        assert error(orders, "SELECT 1 / (a - a) FROM o WHERE random() < 2").sqlstate == "22012"
    else:
        orders.execute("BEGIN; DECLARE k CURSOR FOR SELECT * FROM o")
        assert len(rows(orders, "FETCH 3 FROM k")) == 3 and objects(s3)
        orders.execute("CLOSE k; COMMIT" if how == "cursor" else "ROLLBACK")
    assert objects(s3) == []


def test_nothing_is_left_of_a_query_that_was_stopped_behind_its_files(orders, s3, stand):
    """Its manifest was not read: the directory is listed."""
    stand.fault("GetQueryResults", "500", count=1000)
    orders.execute("ALTER SERVER lake OPTIONS (ADD max_retries '0')")
    assert "GetQueryResults" in error(orders, "SELECT * FROM o").message_primary
    assert objects(s3) == []


def test_a_key_that_may_not_delete(conn, s3, stand):
    key = stand.key("AKIATESTNODELETE0000", "s", minus=["s3:DeleteObject"])
    conn.execute(f"ALTER USER MAPPING FOR postgres SERVER lake OPTIONS (SET access_key_id '{key[0]}', SET secret_access_key '{key[1]}')")
    conn.execute(f"CREATE FOREIGN TABLE o (a bigint) SERVER lake OPTIONS (query '{ORDERS}', rows '1000000')")
    notices = []
    conn.add_notice_handler(lambda d: notices.append((d.severity, d.message_primary)))
    conn.execute("SET athena_fdw.unload_size = 0")
    assert len(rows(conn, "SELECT a FROM o")) == 15000
    assert [n for n in notices if "could not delete the files of an UNLOAD below s3://" in n[1]] and len(objects(s3)) >= 1
    # once is enough: nobody had asked for files
    assert len(rows(conn, "SELECT a FROM o")) == 15000
    assert "UNLOAD" not in last(stand)["query"]
    time.sleep(1.5)  # S3's times have whole seconds
    with connect() as other:
        other.execute("ALTER USER MAPPING FOR postgres SERVER lake OPTIONS (SET access_key_id 'AKIATESTFULLPOLICY00', SET secret_access_key 'full/policy+secret')")
        cleaned = rows(other, "SELECT object, deleted FROM athena_clean_results('lake', '0', false)")
    assert objects(s3) == [] and sum(DIRECTORY in c[0] and c[1] for c in cleaned) >= 1


# ---------- what can be wrong ----------


@pytest.mark.parametrize("fault", ["reset", "drop", "500", "503", "throttle", "truncate"])
@pytest.mark.parametrize("skip", [0, 1, 2, 3])
def test_faults_of_files(orders, stand, fault, skip):
    """The manifest's answer, and parts of files, are asked for again from the byte where they broke off."""
    truth = rows(orders, "SELECT count(*), sum(a), count(DISTINCT c) FROM (SELECT a, c FROM o OFFSET 0) s WHERE random() < 2")
    orders.execute("SET athena_fdw.fetch_part_size = '100kB'")
    stand.fault("GetObject", fault, skip=skip)
    assert rows(orders, "SELECT count(*), sum(a), count(DISTINCT c) FROM (SELECT a, c FROM o OFFSET 0) s WHERE random() < 2") == truth
    assert [f["taken"] for f in stand.call("faults")] == [1]


def meanwhile(conn, s3, stand, change, sql):
    """The rows of a cursor, or its error, where files are changed before Athena's client hears that they are there."""
    changed = []

    def work():
        until = time.time() + 20
        while last(stand)["state"] != "SUCCEEDED" or not objects(s3, f"engine/{last(stand)['id']}-manifest.csv"):
            if time.time() > until:
                return
            time.sleep(0.01)
        change(s3, f"engine/{last(stand)['id']}-manifest.csv")
        changed.append(True)

    stand.setting(latency={"GetQueryExecution": 1})
    thread = threading.Thread(target=work)
    try:
        conn.execute(f"BEGIN; DECLARE k CURSOR FOR {sql}")
        before = len(stand.executions())
        conn.pgconn.send_query(b"FETCH ALL FROM k")
        until = time.time() + 20
        while len(stand.executions()) == before and time.time() < until:
            time.sleep(0.01)
        thread.start()
        got = []
        while result := waited(conn.pgconn):
            got.append(result)
        assert len(got) == 1
        return got[0]
    finally:
        thread.join()
        conn.execute("ROLLBACK")
        assert changed


def waited(pgconn):
    """The next result of a statement under way."""
    while True:
        pgconn.consume_input()
        if not pgconn.is_busy():
            return pgconn.get_result()
        select.select([pgconn.socket], [], [], 1)


def body(s3, key):
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def files_of(s3, manifest):
    return [line.split("/", 3)[3] for line in body(s3, manifest).decode().split()]


def foreign_object(s3, manifest):
    s3.put_object(Bucket=BUCKET, Key=manifest, Body=body(s3, manifest) + f"s3://{BUCKET}/engine/athena_fdw_unload/../secret\n".encode())


def one_less(s3, manifest):
    s3.put_object(Bucket=BUCKET, Key=manifest, Body=b"")


def cut(s3, manifest):
    key = files_of(s3, manifest)[0]
    s3.put_object(Bucket=BUCKET, Key=key, Body=body(s3, key)[:-40])


def garbled(s3, manifest):
    key = files_of(s3, manifest)[0]
    data = bytearray(body(s3, key))
    data[-1] ^= 1
    s3.put_object(Bucket=BUCKET, Key=key, Body=bytes(data))


def gone(s3, manifest):
    s3.delete_object(Bucket=BUCKET, Key=files_of(s3, manifest)[0])


def rewrite(s3, manifest, fields, record):
    """A file of so many columns, with one row."""
    out = io.BytesIO()
    fastavro.writer(out, {"type": "record", "name": "r", "fields": fields}, [record])
    s3.put_object(Bucket=BUCKET, Key=files_of(s3, manifest)[0], Body=out.getvalue())


def narrow(s3, manifest):
    rewrite(s3, manifest, [{"name": "c1", "type": ["null", "long"]}], {"c1": 1})


def an_array(s3, manifest):
    rewrite(s3, manifest, [{"name": "c1", "type": ["null", "long"]}, {"name": "c2", "type": {"type": "array", "items": "string"}}], {"c1": 1, "c2": []})


@pytest.mark.parametrize("change, words", [
    (narrow, "its columns are not those that were asked for"),
    (an_array, "column 2 of an UNLOAD's files is of a type that cannot be read"),
    (foreign_object, "names an object that is not below the query's directory"),
    (one_less, "it has 0 rows, but Athena has written 15000"),
    (cut, "ends in the middle of a row"),
    (garbled, "the mark behind a block is missing"),
    (gone, "does not exist"),
])
def test_files_that_are_not_what_they_should_be(orders, s3, stand, change, words):
    result = meanwhile(orders, s3, stand, change, "SELECT a, c FROM o WHERE random() < 2")
    assert words in result.error_message.decode()


def split(s3, manifest):
    """Each file in nine, among them one without rows."""
    names = []
    for key in files_of(s3, manifest):
        reader = fastavro.reader(io.BytesIO(body(s3, key)))
        records = list(reader)
        step = len(records) // 8 + 1
        for i in range(9):
            out = io.BytesIO()
            fastavro.writer(out, reader.writer_schema, records[step * (i - 1) : step * i] if i else [])
            s3.put_object(Bucket=BUCKET, Key=f"{key}-{i}", Body=out.getvalue())
            names.append(f"s3://{BUCKET}/{key}-{i}\n")
        s3.delete_object(Bucket=BUCKET, Key=key)
    s3.put_object(Bucket=BUCKET, Key=manifest, Body="".join(names).encode())


@pytest.mark.parametrize("parts", [1, 2, 16])
def test_many_files(orders, s3, stand, parts):
    orders.execute(f"SET athena_fdw.fetch_parts = {parts}; SET athena_fdw.fetch_part_size = '100kB'")
    result = meanwhile(orders, s3, stand, split, "SELECT a FROM o WHERE random() < 2")
    got = sorted(int(result.get_value(i, 0)) for i in range(result.ntuples))
    assert got == [r[0] for r in rows(orders, "SELECT a FROM o ORDER BY a")] and objects(s3) == []
