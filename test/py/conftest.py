"""The throw-away cluster that test/check has started, and a fake Athena."""
import os
import pathlib
import re
import subprocess
import threading
import time
import uuid

import psycopg
import pytest

from fake_athena import FakeAthena, column

KEY_ID = "AKIATESTTESTTESTQF4X"
SECRET = "a-very-secret/secret+key"
STATE = pathlib.Path(os.environ["ATHENA_FDW_STATE"])


def connect(**kwargs):
    return psycopg.connect(
        host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", dbname="pytests", autocommit=True, **kwargs
    )


@pytest.fixture(scope="session", autouse=True)
def database():
    with psycopg.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", dbname="postgres", autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS pytests")
        conn.execute("CREATE DATABASE pytests")
    with connect() as conn:
        conn.execute("CREATE EXTENSION athena_fdw")


@pytest.fixture(scope="session")
def fake_server():
    fake = FakeAthena()
    yield fake
    fake.close()


@pytest.fixture
def fake(fake_server):
    fake_server.reset()
    yield fake_server
    fake_server.release.set()


@pytest.fixture
def conn(fake):
    """A connection with server "lake" on the fake, which has pages but no objects, and table t(a int) there."""
    with connect() as conn:
        conn.execute("SET client_min_messages = warning")
        conn.execute("DROP SERVER IF EXISTS lake CASCADE")
        conn.execute(
            f"CREATE SERVER lake FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket 'results/here', endpoint '{fake.url}', fetch_mode 'pages')"
        )
        conn.execute(f"CREATE USER MAPPING FOR postgres SERVER lake OPTIONS (access_key_id '{KEY_ID}', secret_access_key '{SECRET}')")
        conn.execute("CREATE FOREIGN TABLE t (a int) SERVER lake OPTIONS (database 'sales')")
        yield conn


@pytest.fixture
def server_log():
    """What the server's log has grown by since the test began."""
    path = pathlib.Path(os.environ["SERVER_LOG"])
    start = path.stat().st_size

    def read():
        with open(path, "rb") as f:
            f.seek(start)
            return f.read().decode(errors="replace")

    return read


def rows(conn, sql, *args):
    return conn.execute(sql, *args).fetchall()


def error(conn, sql):
    """The diagnostics of a statement that must fail."""
    with pytest.raises(psycopg.Error) as e:
        conn.execute(sql).fetchall()
    return e.value.diag


class Background:
    """A statement that runs in a thread, with the time at which it ended."""

    def __init__(self, conn, sql):
        self.conn, self.sql, self.error, self.ended = conn, sql, None, None
        self.pid = conn.info.backend_pid
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            self.result = self.conn.execute(self.sql).fetchall()
        except psycopg.Error as e:
            self.error = e
        self.ended = time.monotonic()

    def join(self, seconds=30):
        self.thread.join(seconds)
        assert not self.thread.is_alive(), "the statement did not end"


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
