"""Ending: cancel at every stage, lost clients, killed backends, aborts."""
import os
import signal
import time

import psycopg
import pytest

from conftest import Background, connect, descriptors, error, rows
from fake_athena import HANG, HANG_BODY

# Cancelling must begin within 0.1 s; here only: it does not wait for what never comes.
AT_ONCE = 10.0


def running(fake, conn, sql="SELECT * FROM t"):
    return Background(conn, sql)


def cancel(statement):
    with connect() as other:
        other.execute("SELECT pg_cancel_backend(%s)", [statement.pid])
        began = time.monotonic()
    statement.join()
    assert statement.error is not None and statement.error.sqlstate == "57014", statement.error
    return statement.ended - began


def stages(fake):
    def start():
        fake.faults["StartQueryExecution"] = [HANG]
        return "StartQueryExecution"

    def poll_wait():
        fake.run_states = ["RUNNING"]
        return "GetQueryExecution"

    def poll_answer():
        fake.run_states = ["RUNNING"]
        fake.faults["GetQueryExecution"] = [HANG]
        return "GetQueryExecution"

    def headers():
        fake.faults["GetQueryResults"] = [HANG]
        return "GetQueryResults"

    def body():
        fake.faults["GetQueryResults"] = [HANG_BODY]
        return "GetQueryResults"

    return dict(start=start, poll_wait=poll_wait, poll_answer=poll_answer, headers=headers, body=body)


@pytest.mark.parametrize("stage", ["start", "poll_wait", "poll_answer", "headers", "body"])
def test_cancel(fake, conn, stage):
    action = stages(fake)[stage]()
    conn.execute("SET athena_fdw.cancel_timeout = '500ms'")
    before = None
    statement = running(fake, conn)
    fake.wait_for(action)
    time.sleep(0.1)
    took = cancel(statement)
    # with a start in flight its answer is awaited, up to cancel_timeout
    assert took < AT_ONCE + (0.5 if stage == "start" else 0)
    if stage.startswith("poll"):
        assert fake.count("StopQueryExecution") == 1
    assert fake.count("StartQueryExecution") == 1
    fake.release.set()
    fake.faults.clear()
    fake.run_states = ["SUCCEEDED"]
    assert rows(conn, "SELECT * FROM t") == [(1,), (2,), (3,)]


def test_cancel_while_the_start_is_answered(fake, conn):
    """The id comes after the cancel; the query is stopped all the same."""
    fake.run_states = ["RUNNING"]

    def late(body):
        time.sleep(0.6)
        return fake.do_StartQueryExecution(body)

    fake.faults["StartQueryExecution"] = [late]
    statement = running(fake, conn)
    fake.wait_for("StartQueryExecution")
    cancel(statement)
    assert fake.count("StopQueryExecution") == 1
    (query,) = fake.queries.values()
    assert query.stopped


def test_cancel_when_the_start_is_lost(fake, conn):
    """The connection breaks under the start: it is repeated with its token, and its id stopped."""
    fake.run_states = ["RUNNING"]

    def lost(body):
        fake.do_StartQueryExecution(body)
        time.sleep(0.4)
        return 500, {"__type": "InternalServerException"}

    fake.faults["StartQueryExecution"] = [lost]
    statement = running(fake, conn)
    fake.wait_for("StartQueryExecution")
    cancel(statement)
    tokens = {body["ClientRequestToken"] for _, body, _ in fake.of("StartQueryExecution")}
    assert len(tokens) == 1 and len(fake.queries) == 1
    assert all(q.stopped for q in fake.queries.values())


@pytest.mark.parametrize("stage", ["resolve", "connect"])
def test_cancel_before_anything_was_sent(fake, conn, stage):
    # test/check preloads a resolver that never answers for this name; 192.0.2.1 is nobody's
    endpoint = "http://x.never.invalid:1" if stage == "resolve" else "http://192.0.2.1:1"
    conn.execute(f"ALTER SERVER lake OPTIONS (SET endpoint '{endpoint}')")
    statement = running(fake, conn)
    time.sleep(0.3)
    if statement.ended is not None:
        pytest.skip("connecting fails at once on this machine")
    assert cancel(statement) < AT_ONCE


def test_cancel_while_backing_off(fake, conn):
    conn.execute("ALTER SERVER lake OPTIONS (ADD max_retries '20')")
    fake.faults["StartQueryExecution"] = [(400, {"__type": "TooManyRequestsException", "Message": "Rate exceeded"})] * 50
    statement = running(fake, conn)
    fake.wait_for("StartQueryExecution", 3)
    before = fake.count("StartQueryExecution")
    assert cancel(statement) < AT_ONCE
    # each was refused: nothing is in doubt, and no query is started to be stopped
    assert fake.count("StartQueryExecution") <= before + 1 and fake.queries == {}


def test_cancel_while_a_throttled_start_is_answered(fake, conn):
    """The answer to the start in flight is a refusal: it is not repeated to be stopped."""

    def late(body):
        time.sleep(0.5)
        return 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}

    fake.faults["StartQueryExecution"] = [late]
    statement = running(fake, conn)
    fake.wait_for("StartQueryExecution")
    cancel(statement)
    assert fake.count("StartQueryExecution") == 1 and fake.queries == {}


def test_a_start_in_doubt_is_found_and_stopped(fake, conn):
    """Lost once, throttled ever after: at the end it is asked once more with its token."""
    conn.execute("ALTER SERVER lake OPTIONS (ADD max_retries '1')")
    fake.run_states = ["RUNNING"]

    def lost(body):
        fake.do_StartQueryExecution(body)
        return 500, {"__type": "InternalServerException"}

    throttled = (400, {"__type": "ThrottlingException", "message": "Rate exceeded"})
    fake.faults["StartQueryExecution"] = [lost] + [throttled] * 5
    with pytest.raises(psycopg.Error) as e:
        conn.execute("SELECT * FROM t")
    assert e.value.sqlstate == "53400"
    assert len(fake.queries) == 1 and all(q.stopped for q in fake.queries.values())


def test_statement_timeout(fake, conn):
    fake.run_states = ["RUNNING"]
    conn.execute("SET statement_timeout = '400ms'")
    assert error(conn, "SELECT * FROM t").sqlstate == "57014"
    assert fake.count("StopQueryExecution") == 1


def test_query_timeout(fake, conn):
    fake.run_states = ["RUNNING"]
    conn.execute("ALTER SERVER lake OPTIONS (ADD query_timeout '400ms')")
    e = error(conn, "SELECT * FROM t")
    assert e.sqlstate == "57014" and "query_timeout" in e.message_hint
    assert fake.count("StopQueryExecution") == 1


def test_check_survives_a_query_timeout_but_not_a_cancel(fake, conn):
    fake.run_states = ["RUNNING"]
    conn.execute("ALTER SERVER lake OPTIONS (ADD query_timeout '300ms')")
    steps = {r[0]: r[1:] for r in rows(conn, "SELECT step, ok, hint FROM athena_check('lake')")}
    assert not steps["query"][0] and "query_timeout" in steps["query"][1] and steps["databases"][0]
    conn.execute("ALTER SERVER lake OPTIONS (SET query_timeout '60s')")
    statement = running(fake, conn, "SELECT * FROM athena_check('lake')")
    fake.wait_for("GetQueryExecution", fake.count("GetQueryExecution") + 1)
    cancel(statement)


def test_lost_client(fake, conn):
    """A client that vanishes: its query is stopped, unasked."""
    fake.run_states = ["RUNNING"]
    lost = connect()
    pid = lost.info.backend_pid
    statement = Background(lost, "SELECT * FROM t")
    fake.wait_for("GetQueryExecution")
    os.close(os.dup2(os.open(os.devnull, os.O_RDWR), lost.fileno()))  # closes the socket under libpq
    fake.wait_for("StopQueryExecution", seconds=10)
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("how", ["terminate", "sigterm"])
def test_killed_backend(fake, conn, how):
    fake.run_states = ["RUNNING"]
    victim = connect()
    statement = Background(victim, "SELECT * FROM t")
    fake.wait_for("GetQueryExecution")
    if how == "terminate":
        conn.execute("SELECT pg_terminate_backend(%s)", [statement.pid])
    else:
        os.kill(statement.pid, signal.SIGTERM)
    fake.wait_for("StopQueryExecution", seconds=10)
    statement.join()


def test_cancel_inside_a_subtransaction(fake, conn):
    fake.run_states = ["RUNNING"]
    conn.execute("SET statement_timeout = '10s'")
    statement = Background(conn, "DO $$ BEGIN PERFORM * FROM t; EXCEPTION WHEN division_by_zero THEN NULL; END $$; SELECT 1")
    fake.wait_for("GetQueryExecution")
    cancel(statement)
    assert fake.count("StopQueryExecution") == 1


def test_stop_that_is_not_answered(fake, conn):
    """Cleaning up is bounded, and says what it could not do."""
    notices = []
    conn.add_notice_handler(lambda n: notices.append(n.message_primary))
    conn.execute("SET athena_fdw.cancel_timeout = '300ms'")
    fake.run_states = ["RUNNING"]
    fake.faults["StopQueryExecution"] = [HANG] * 5
    statement = running(fake, conn)
    fake.wait_for("GetQueryExecution")
    assert cancel(statement) < AT_ONCE + 0.3
    assert any("may still be running" in n for n in notices), notices


def test_nothing_is_stopped_that_has_ended(fake, conn):
    fake.rows = [[str(i)] for i in range(5000)]
    with conn.transaction():
        conn.execute("DECLARE c CURSOR FOR SELECT * FROM t")
        assert rows(conn, "FETCH 2 FROM c") == [(0,), (1,)]
        conn.execute("CLOSE c")
    assert error(conn, "SELECT 1 / (a - 1500) FROM t").sqlstate == "22012"
    assert fake.count("StopQueryExecution") == 0


def test_no_descriptor_is_lost(fake, conn):
    fake.run_states = ["RUNNING"]
    pid = conn.info.backend_pid
    counts = []
    for i in range(6):
        statement = running(fake, conn)
        fake.wait_for("GetQueryExecution", i + 1)
        cancel(statement)
        counts.append(descriptors(pid))
    assert counts[-1] <= counts[1] + 1, counts


def test_memory_is_given_back(fake, conn):
    """No context of ours outlives its statement, whatever its end; but the list of what was run."""
    query = "SELECT coalesce(sum(total_bytes), 0) FROM pg_backend_memory_contexts WHERE name LIKE 'Athena%' AND name <> 'Athena history'"
    rows(conn, "SELECT * FROM t")
    error(conn, "SELECT 1 / (a - 2) FROM t")
    fake.run_states = ["FAILED"]
    fake.failure = ("SYNTAX_ERROR: line 1:1: x", {"ErrorCategory": 2, "ErrorType": 1000})
    error(conn, "SELECT * FROM t")
    assert rows(conn, query) == [(0,)]
