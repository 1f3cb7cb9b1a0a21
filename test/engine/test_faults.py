"""Every fault at every stage: the right rows, or an error that says what it was; and nothing left behind."""
import os
import time

import psycopg
import pytest

from engine_fixtures import connect, create_server, error, rows
from stand_client import NO_GLUE, NO_S3_READ, NOTHING, TEMPORARY

SQL = "SELECT orderkey AS a, comment AS c FROM tpch.tiny.orders WHERE orderkey <= 12000"  # 4 pages
CHECK = "SELECT count(*), sum(a), count(DISTINCT c) FROM (SELECT a, c FROM o WHERE random() < 2) s"  # the rows are to come here
# GetObject: the object and its metadata, at once; then the parts after the first
STAGES = [("StartQueryExecution", 0), ("GetQueryExecution", 0), ("GetQueryResults", 0), ("GetQueryResults", 2), ("GetQueryResults", 3),
          ("GetObject", 0), ("GetObject", 1), ("GetObject", 2), ("GetObject", 4), ("GetObject", 8)]
READERS = {"GetQueryResults": "pages", "GetObject": "s3"}
PASSING = ["throttle", "too-many-requests", "metadata-throttle", "500", "503", "drop", "drop-body", "reset-body"]
LYING = ["short", "garbage"]


@pytest.fixture(scope="module")
def truth(the_stand):
    _, native = the_stand.engine(f"SELECT count(*), sum(a), count(DISTINCT c) FROM ({SQL})")
    assert native[0][0] == 3000  # 3001 with the header: 4 pages
    return [tuple(native[0])]


@pytest.fixture
def table(conn, stand):
    conn.execute("ALTER SERVER lake OPTIONS (ADD request_timeout '3s')")
    conn.execute(f"CREATE FOREIGN TABLE o (a bigint, c text) SERVER lake OPTIONS (query '{SQL}', fetch_mode 'auto')")
    conn.execute("SET athena_fdw.fetch_part_size = '8kB'")  # some 30 parts
    return conn


def read_by(conn, action, table="o"):
    """Lets the reader work in which the fault is to happen."""
    conn.execute(f"ALTER FOREIGN TABLE {table} OPTIONS (SET fetch_mode '{READERS.get(action, 'auto')}')")


def left_running(stand):
    """Queries that nobody stopped."""
    until = time.time() + 30
    while stand.running() and time.time() < until:
        time.sleep(0.1)
    return stand.running()


def executed(stand, before):
    return [x for x in stand.executions() if x["id"] not in before and x["key"] not in ("admin",)]


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: f"{s[0]}-{s[1]}")
@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes(table, stand, truth, fault, stage):
    read_by(table, stage[0])
    before = {x["id"] for x in stand.executions()}
    stand.fault(stage[0], fault, skip=stage[1])
    assert rows(table, CHECK) == truth
    assert [f["taken"] for f in stand.call("faults")] == [1]
    assert len(executed(stand, before)) == 1, "a second query was paid for"


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: f"{s[0]}-{s[1]}")
@pytest.mark.parametrize("fault", PASSING + LYING + ["hang", "hang-body"])
def test_a_fault_that_stays(table, stand, truth, fault, stage):
    read_by(table, stage[0])
    before = {x["id"] for x in stand.executions()}
    table.execute("ALTER SERVER lake OPTIONS (ADD max_retries '1', SET request_timeout '1s')")
    table.execute("SET athena_fdw.cancel_timeout = '1s'")
    stand.fault(stage[0], fault, skip=stage[1], count=1000)
    diag = error(table, CHECK)
    assert diag.sqlstate[:2] in ("08", "HV", "53", "57") and diag.message_primary and diag.context
    stand.call("reset", {})
    assert left_running(stand) == []
    assert len(executed(stand, before)) <= 1
    assert rows(table, CHECK) == truth


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: f"{s[0]}-{s[1]}")
@pytest.mark.parametrize("fault", LYING)
def test_an_answer_that_is_none(table, stand, truth, fault, stage):
    """Whole by HTTP's account: an error or the truth, never other rows."""
    read_by(table, stage[0])
    before = {x["id"] for x in stand.executions()}
    stand.fault(stage[0], fault, skip=stage[1])
    try:
        assert rows(table, CHECK) == truth
    except psycopg.Error as e:
        assert e.diag.sqlstate == "08P01" and "cannot be read" in e.diag.message_primary + (e.diag.message_detail or ""), e
    assert len(executed(stand, before)) <= 1
    assert left_running(stand) == []
    assert rows(table, CHECK) == truth


def test_a_slow_answer(table, stand, truth):
    for reader in ("pages", "s3"):
        read_by(table, {"pages": "GetQueryResults", "s3": "GetObject"}[reader])
        for action, skip in STAGES:
            if READERS.get(action, reader) == reader:
                stand.fault(action, "delay", seconds=0.7, skip=skip)
        assert rows(table, CHECK) == truth
        assert sum(f["taken"] for f in stand.call("faults")) >= 4
        stand.reset()


# ---------- results that are not what they should be ----------


@pytest.mark.parametrize("fault", [{"wrong-columns": -1}, {"wrong-columns": 1}, {"wrong-columns": -1, "later-pages": True}, {"wrong-column-info": True}, {"empty-result": True}, {"delete-result": True}],
                         ids=lambda f: "-".join(f))
def test_a_result_that_is_cut_or_odd(table, stand, truth, fault):
    read_by(table, "GetQueryResults")
    stand.query_fault(**fault)
    diag = error(table, CHECK)
    assert diag.sqlstate.startswith(("HV", "08")), diag.sqlstate
    assert rows(table, CHECK) == truth


def test_an_empty_last_page(table, stand, truth):
    read_by(table, "GetQueryResults")
    stand.query_fault(**{"empty-last-page": True})
    assert rows(table, CHECK) == truth


def test_a_result_of_no_rows(table, stand):
    """The header row alone."""
    table.execute("CREATE FOREIGN TABLE none (a bigint) SERVER lake OPTIONS (query 'SELECT 1 AS a WHERE false')")
    assert rows(table, "SELECT * FROM none") == []


def test_a_failed_query(table, stand, truth):
    failure = {"ErrorCategory": 1, "ErrorType": 233, "ErrorMessage": "Query exhausted resources at this scale factor", "Retryable": True}
    stand.query_fault(fail=failure, reason="Query exhausted resources at this scale factor")
    diag = error(table, CHECK)
    assert "Query exhausted resources" in diag.message_primary + diag.message_detail
    assert rows(table, CHECK) == truth


def test_a_token_that_expires(stand, database, truth):
    with connect() as conn:
        conn.execute("SET client_min_messages = warning")
        create_server(conn, stand.url, "temporary", TEMPORARY)
        conn.execute(f"CREATE FOREIGN TABLE IF NOT EXISTS ot (a bigint, c text) SERVER temporary OPTIONS (query '{SQL}', fetch_mode 'auto')")
        conn.execute("SET athena_fdw.fetch_part_size = '16kB'")
        check = CHECK.replace("FROM o", "FROM ot")
        assert rows(conn, check) == truth
        for action, skip in STAGES:
            read_by(conn, action, "ot")
            stand.fault(action, "expire", id=TEMPORARY[0], skip=skip)
            diag = error(conn, check)
            assert diag.sqlstate == "28000" and "expired" in diag.message_primary + diag.message_detail and "session_token" in diag.message_hint
            stand.reset()
            assert left_running(stand) == []
        assert rows(conn, check) == truth


@pytest.mark.parametrize("key,words", [(NO_S3_READ, "s3:GetObject"), (NOTHING, "athena:StartQueryExecution"), (NO_GLUE, "glue:GetDatabase")], ids=["s3", "nothing", "glue"])
def test_a_missing_permission_is_named(stand, database, admin, key, words):
    admin("CREATE EXTERNAL TABLE IF NOT EXISTS engine.rights (a int) STORED AS PARQUET LOCATION 's3://engine-data/rights/'")
    with connect() as conn:
        conn.execute("SET client_min_messages = warning")
        create_server(conn, stand.url, "poor", key)
        conn.execute("CREATE FOREIGN TABLE rights (a int) SERVER poor OPTIONS (database 'engine')")
        diag = error(conn, "SELECT * FROM rights")
        assert diag.sqlstate == "42501" and words in diag.message_primary + (diag.message_detail or "") + (diag.message_hint or "")


def test_partitions_without_their_permission(stand, conn, admin):
    admin("CREATE EXTERNAL TABLE IF NOT EXISTS engine.parted (a int) PARTITIONED BY (p string) STORED AS PARQUET LOCATION 's3://engine-data/parted/'")
    stand.setting(need_partitions=True)
    conn.execute("CREATE FOREIGN TABLE parted (a int, p text) SERVER lake OPTIONS (database 'engine')")
    diag = error(conn, "SELECT * FROM parted")
    assert diag.sqlstate == "42501" and "glue:GetPartitions" in diag.message_primary + (diag.message_detail or "") + (diag.message_hint or "")


# ---------- leaks ----------


def context_bytes(conn):
    return rows(conn, "SELECT sum(used_bytes)::bigint FROM pg_backend_memory_contexts")[0][0]


def descriptors(pid):
    """The open descriptors of a backend: how many are sockets, and how many are not."""
    names = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            names.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:  # closed just now
            pass
    sockets = sum(name.startswith("socket:") for name in names)
    return sockets, len(names) - sockets


def test_nothing_leaks(table, stand, truth):
    """
    The same faults over and over: descriptors and memory stay where they are.  How many
    connections are kept for the next request is a matter of chance, up to a limit.
    """
    pid = table.info.backend_pid
    table.execute("ALTER SERVER lake OPTIONS (ADD max_retries '0')")
    faults = [("StartQueryExecution", "drop"), ("GetQueryExecution", "500"), ("GetQueryResults", "drop-body"), ("GetQueryResults", "garbage"), ("GetQueryResults", "reset-body"),
              ("GetObject", "500"), ("GetObject", "garbage"), ("GetObject", "short")]

    def lap():
        for action, fault in faults:
            read_by(table, action)
            stand.fault(action, fault, skip=2 if fault == "garbage" else 0, count=1000)
            error(table, CHECK)
            stand.call("reset", {})
        assert rows(table, CHECK) == truth

    for _ in range(2):
        lap()
    memory, (sockets, others) = context_bytes(table), descriptors(pid)
    for _ in range(5):
        lap()
    sockets_now, others_now = descriptors(pid)
    assert others_now <= others
    assert sockets_now < sockets + 5, "one is left by each lap, or by each fault"
    assert context_bytes(table) - memory < 64 * 1024
    assert left_running(stand) == []
