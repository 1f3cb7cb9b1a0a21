"""What queries cost, the limit of bytes, and the two lists of what was run."""
import os
import re
import signal
import time

import psycopg
import pytest

from engine_fixtures import connect, create_server, error, rows
from test_cancel import Behind, LONG, wait_running


@pytest.fixture(scope="module")
def scanned(the_stand, database):
    """A table whose scan takes a while and reads 30 MB of text."""
    from engine_fixtures import ADMIN, execute

    athena = the_stand.client("athena", ADMIN)
    execute(athena, "DROP TABLE IF EXISTS scanned", "engine")
    execute(athena, "CREATE TABLE scanned WITH (format = 'TEXTFILE', write_compression = 'NONE') AS SELECT n, rpad('x', 1000, CAST(n AS varchar)) AS x FROM UNNEST(sequence(1, 10000)) t(n) CROSS JOIN UNNEST(sequence(1, 3)) u(m)", "engine")


@pytest.fixture
def table(conn, scanned):
    conn.execute("DROP FOREIGN TABLE IF EXISTS scanned; CREATE FOREIGN TABLE scanned (n int, x text) SERVER lake OPTIONS (database 'engine')")
    return conn


def plan(conn, sql):
    return rows(conn, f"EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) {sql}")[0][0][0]["Plan"]


def test_explain_shows_the_cost(table):
    found = plan(table, "SELECT n FROM scanned")
    mb = -(-found["Data Scanned"] // 2**20)
    assert mb >= 10
    assert found["Athena Cost"] == pytest.approx(mb / 2**20 * 5, abs=1e-6)
    text = "\n".join(r[0] for r in rows(table, "EXPLAIN (ANALYZE, COSTS OFF) SELECT n FROM scanned"))
    assert re.search(r"Data Scanned: \d+ (MB|kB) \(about \$0\.000\d+\)", text)
    table.execute("SET athena_fdw.price_per_terabyte = 1000000")
    assert plan(table, "SELECT n FROM scanned")["Athena Cost"] == pytest.approx(mb / 2**20 * 1e6, rel=1e-3)


def test_the_minimum_and_what_is_free(conn, stand, admin):
    admin("DROP TABLE IF EXISTS tiny_one")
    admin("CREATE TABLE tiny_one WITH (format = 'PARQUET') AS SELECT 1 AS a")
    conn.execute("SELECT * FROM athena_query('lake', 'SELECT a FROM engine.tiny_one') AS t(a int)")
    conn.execute("SELECT * FROM athena_query('lake', 'SELECT 1') AS t(a int)")
    conn.execute("SELECT * FROM athena_query('lake', 'SHOW TABLES IN engine') AS t(a text)")
    error(conn, "SELECT * FROM athena_query('lake', 'SELECT 1 / (a - 1) FROM engine.tiny_one') AS t(a int)")
    got = rows(conn, "SELECT bytes_scanned > 0, cost FROM athena_queries() WHERE server = 'lake' ORDER BY started")
    assert [c for _, c in got] == [pytest.approx(10 / 2**20 * 5), 0, 0, 0]


@pytest.mark.parametrize("by", ["setting", "server"])
def test_a_query_that_scans_too_much_is_stopped(table, stand, by):
    if by == "setting":
        table.execute("SET athena_fdw.max_bytes_scanned = '10MB'")
    else:
        table.execute("ALTER SERVER lake OPTIONS (ADD max_bytes_scanned '10MB')")
    # slow enough to be caught at it: sleeping is what the engine cannot do
    slow = "SELECT count(*) FROM engine.scanned s JOIN engine.scanned t ON regexp_like(s.x, t.x)"
    e = error(table, f"SELECT * FROM athena_query('lake', '{slow}') AS t(n bigint)")
    assert e.sqlstate == "53400"
    assert re.match(r"Athena query was stopped after scanning \d+ (MB|kB)$", e.message_primary)
    assert "max_bytes_scanned" in e.message_detail and "10" in e.message_detail and "Query Execution ID" in e.message_detail
    deadline = time.time() + 10
    while stand.running() and time.time() < deadline:
        time.sleep(0.05)
    assert not stand.running()
    assert stand.last_states() == ["CANCELLED"]
    last = rows(table, "SELECT state, error FROM athena_queries() ORDER BY started DESC LIMIT 1")
    assert last == [("CANCELLED", "limit")]


def test_a_query_that_has_ended_was_paid_for(table):
    """Its rows are delivered, with a warning."""
    notices = []
    table.add_notice_handler(lambda d: notices.append((d.severity, d.message_primary)))
    table.execute("SET athena_fdw.max_bytes_scanned = '1MB'")
    for _ in range(5):  # it may also be caught while it runs
        try:
            assert rows(table, "SELECT count(*) FROM scanned")[0][0] == 30000
            break
        except psycopg.errors.ConfigurationLimitExceeded:
            continue
    else:
        pytest.skip("every one was caught while it ran")
    assert notices and "before it could be stopped" in notices[-1][1]


def test_what_this_session_ran(conn, stand):
    conn.execute("CREATE FOREIGN TABLE IF NOT EXISTS ran (n int) SERVER lake OPTIONS (query 'SELECT n FROM UNNEST(sequence(1, 1500)) t(n)', database 'default')")
    conn.execute("SELECT * FROM ran")
    error(conn, "SELECT * FROM athena_query('lake', 'SELECT nothing') AS t(n int)")
    error(conn, "SELECT * FROM athena_query('lake', 'SELECT )') AS t(n int)")
    got = rows(conn, """SELECT query_execution_id, remote_sql, state, error, rows, reader, reused, ended > started, total_ms > 0
        FROM athena_queries() WHERE server = 'lake' ORDER BY started""")
    ids = [e["id"] for e in stand.log("StartQueryExecution") if "id" in e]
    assert [g[0] for g in got] == ids + [None]
    assert [g[1:7] for g in got] == [
        ("SELECT n FROM (\nSELECT n FROM UNNEST(sequence(1, 1500)) t(n)\n) AS q", "SUCCEEDED", None, 1500, "s3", False),
        ("SELECT nothing", "FAILED", "statement", 0, None, False),
        ("SELECT )", "REFUSED", "statement", 0, None, False)]
    assert got[0][7] and got[0][8]


def test_only_this_session(conn, stand):
    conn.execute("SELECT * FROM athena_query('lake', 'SELECT 1') AS t(n int)")
    with connect() as other:
        assert rows(other, "SELECT count(*) FROM athena_queries()") == [(0,)]


def test_the_list_is_bounded(conn, stand, monkeypatch):
    """Refused statements cost nothing and are quick."""
    create_server(conn, "http://127.0.0.1:1", options=", max_retries '0'")
    conn.execute("""DO $$ BEGIN FOR i IN 1..1100 LOOP BEGIN
        PERFORM * FROM athena_query('lake', 'SELECT ' || i) AS t(n int); EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$""")
    n, least, errors = rows(conn, "SELECT count(*), min(replace(remote_sql, 'SELECT ', '')::int), array_agg(DISTINCT error) FROM athena_queries()")[0]
    assert n == 1000 and least == 101 and errors == ["network"]


# ---------- all sessions ----------

@pytest.fixture
def stats(conn):
    conn.execute("SELECT athena_stats_reset()")
    return lambda columns: rows(conn, f"SELECT {columns} FROM athena_stats WHERE database = 'engine' AND server = 'lake' AND username = 'postgres'")


def test_counts_of_all_sessions(conn, stand, stats):
    with connect() as other:
        other.execute("SELECT * FROM athena_query('lake', 'SELECT * FROM UNNEST(sequence(1, 30))') AS t(n int)")
    conn.execute("SELECT * FROM athena_query('lake', 'SELECT 1') AS t(n int)")
    stand.fault("GetQueryExecution", "throttle", count=2)
    stand.fault("GetObject", "500", count=1)
    conn.execute("SELECT * FROM athena_query('lake', 'SELECT 2') AS t(n int)")
    assert stats("queries, succeeded, rows, calls_throttled, calls_repeated, reused") == [(3, 3, 32, 2, 3, 0)]
    assert stats("total_ms > 0, bytes_scanned, cost, since < now() + interval '1 s'") == [(True, 0, 0, True)]


def test_errors_by_kind(conn, stand, stats):
    query = "SELECT * FROM athena_query('lake', 'SELECT 1') AS t(n int)"
    error(conn, "SELECT * FROM athena_query('lake', 'SELECT nothing') AS t(n int)")
    stand.query_fault(delay=30)
    conn.execute("SET statement_timeout = '700ms'")
    error(conn, query)
    conn.execute("RESET statement_timeout; ALTER SERVER lake OPTIONS (ADD query_timeout '300ms')")
    stand.query_fault(delay=30)
    error(conn, query)
    conn.execute("ALTER SERVER lake OPTIONS (DROP query_timeout, ADD max_retries '0')")
    stand.fault("StartQueryExecution", "throttle", count=1)
    error(conn, query)
    stand.fault("GetQueryExecution", "500", count=1)
    error(conn, query)
    conn.execute("ALTER USER MAPPING FOR postgres SERVER lake OPTIONS (SET secret_access_key 'wrong')")
    error(conn, query)
    conn.execute("ALTER USER MAPPING FOR postgres SERVER lake OPTIONS (SET access_key_id 'AKIATESTNOTHING00000', SET secret_access_key 'nothing-secret')")
    error(conn, query)
    assert stats("queries, succeeded, errors_statement, errors_cancelled, errors_limit, errors_throttled, errors_network, errors_credentials, errors_permission, errors_other") == [
        (7, 0, 1, 1, 1, 1, 1, 1, 1, 0)]


def test_counts_survive_a_crash(conn, stand, stats):
    conn.execute("SELECT * FROM athena_query('lake', 'SELECT 1') AS t(n int)")
    with connect() as victim:
        pid = victim.info.backend_pid
        os.kill(pid, signal.SIGKILL)
        deadline = time.time() + 30
        # the others are ended once the crash has been seen; before that the server takes connections
        with pytest.raises(psycopg.OperationalError):
            while time.time() < deadline:
                conn.execute("SELECT 1")
                time.sleep(0.02)
        while time.time() < deadline:
            try:
                with connect() as again:
                    again.execute("SELECT 1")
                break
            except psycopg.Error:
                time.sleep(0.1)
    with connect() as again:
        assert rows(again, "SELECT queries, succeeded FROM athena_stats WHERE server = 'lake' AND database = 'engine'") == [(1, 1)]


def test_who_sees_the_counts(conn, stand, stats):
    conn.execute("SELECT * FROM athena_query('lake', 'SELECT 1') AS t(n int)")
    conn.execute("DO $$ BEGIN CREATE ROLE ben; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    conn.execute("SET ROLE ben")
    assert rows(conn, "SELECT count(*) FROM athena_stats") == [(0,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("SELECT athena_stats_reset()")
    conn.execute("RESET ROLE; GRANT pg_read_all_stats TO ben; SET ROLE ben")
    assert rows(conn, "SELECT count(*) > 0 FROM athena_stats") == [(True,)]
    conn.execute("RESET ROLE; REVOKE pg_read_all_stats FROM ben")


# ---------- athena_cancel ----------

@pytest.mark.parametrize("named", [True, False])
def test_cancel_from_another_session(conn, stand, named):
    conn.execute(f"DROP FOREIGN TABLE IF EXISTS long; CREATE FOREIGN TABLE long (n bigint) SERVER lake OPTIONS (query '{LONG}', database 'default')")
    behind = Behind(conn, "SELECT * FROM long")
    wait_running(stand)
    id = [e["id"] for e in stand.executions() if e["state"] == "RUNNING"][-1]
    with connect() as other:
        assert rows(other, "SELECT athena_cancel(%s" + (", 'lake')" if named else ")"), (id,)) == [(True,)]
        behind.thread.join(20)
        assert behind.error.diag.sqlstate == "57014"
        assert rows(other, "SELECT athena_cancel(%s)", (id,)) == [(False,)]  # it has ended
        assert error(other, "SELECT athena_cancel('00000000-0000-0000-0000-000000000000')").sqlstate == "42704"
        assert error(other, "SELECT athena_cancel('nonsense')").sqlstate == "22023"
