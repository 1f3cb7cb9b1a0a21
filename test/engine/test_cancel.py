"""Whoever goes away takes the engine's query along: shown by the engine's own list."""
import os
import socket
import threading
import time

import psycopg
import pytest

from engine_fixtures import connect, error, rows

LONG = "SELECT count(*) AS n FROM tpch.sf1000.lineitem a CROSS JOIN tpch.sf1000.orders b WHERE a.comment <> b.comment"


@pytest.fixture
def long(conn, stand):
    conn.execute(f"CREATE FOREIGN TABLE long (n bigint) SERVER lake OPTIONS (query '{LONG}')")
    return conn


def wait_running(stand):
    until = time.time() + 20
    while not stand.running():
        assert time.time() < until, "the engine did not begin"
        time.sleep(0.05)


def wait_gone(stand):
    """Until the engine's list is empty. A second is promised; the statement itself would take days."""
    until = time.time() + 30
    while stand.running():
        assert time.time() < until, "the engine goes on"
        time.sleep(0.02)


class Behind:
    """A statement in a thread."""

    def __init__(self, conn, sql):
        self.conn, self.sql, self.error = conn, sql, None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            self.conn.execute(self.sql).fetchall()
        except psycopg.Error as e:
            self.error = e


def test_cancel(long, stand):
    statement = Behind(long, "SELECT * FROM long")
    wait_running(stand)
    long.cancel()
    wait_gone(stand)
    statement.thread.join(10)
    assert statement.error.sqlstate == "57014"
    assert stand.last_states() == ["CANCELLED"]
    assert rows(long, "SELECT 1") == [(1,)]


def test_statement_timeout(long, stand):
    long.execute("SET statement_timeout = '1500ms'")
    assert error(long, "SELECT * FROM long").sqlstate == "57014"
    wait_gone(stand)


def test_query_timeout(long, stand):
    long.execute("ALTER SERVER lake OPTIONS (ADD query_timeout '1s')")
    assert error(long, "SELECT * FROM long").sqlstate == "57014"
    wait_gone(stand)


def test_a_client_that_vanishes(long, stand):
    other = connect()
    pid = other.info.backend_pid
    Behind(other, "SELECT * FROM long")
    wait_running(stand)
    s = socket.socket(fileno=os.dup(other.fileno()))
    s.shutdown(socket.SHUT_RDWR)
    s.close()
    wait_gone(stand)
    until = time.time() + 10
    while rows(long, "SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)):
        assert time.time() < until, "the backend goes on"
        time.sleep(0.1)


def test_a_backend_that_is_terminated(long, stand):
    other = connect()
    Behind(other, "SELECT * FROM long")
    wait_running(stand)
    rows(long, "SELECT pg_terminate_backend(%s)", (other.info.backend_pid,))
    wait_gone(stand)


def test_an_error_beside_it(long, stand):
    """Another part of the plan fails while the engine is busy for this one."""
    long.execute("CREATE FUNCTION soon_fails() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.1); RAISE 'no'; END $$")
    long.execute("CREATE FOREIGN TABLE three (a int) SERVER lake OPTIONS (query 'SELECT * FROM (VALUES 1, 2, 3) t(a)')")
    assert error(long, "SELECT a, soon_fails() FROM three").sqlstate == "P0001"
    assert stand.running() == []


def test_limit_and_cursor(long, stand):
    """A plan that ends early reads no more pages than it needs."""
    long.execute("CREATE FOREIGN TABLE many (a bigint) SERVER lake OPTIONS (query 'SELECT orderkey AS a FROM tpch.tiny.orders', fetch_mode 'pages')")
    stand.reset()
    long.execute("BEGIN; DECLARE c CURSOR FOR SELECT a FROM many")
    assert len(rows(long, "FETCH 10 FROM c")) == 10
    long.execute("COMMIT")
    assert 1 <= len(stand.log("GetQueryResults")) <= 2
