"""TLS, proxies, compression, redirects."""
import os
import pathlib
import socket
import ssl
import subprocess

import pytest

from conftest import STATE, error, rows
from fake_athena import FakeAthena

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
THREE = [(1,), (2,), (3,)]


@pytest.fixture(scope="module")
def certificate():
    """A certificate for 127.0.0.1 that nobody trusts: (folder, its path as the server sees it)."""
    root = os.environ.get("SERVER_ROOT")  # of a server in a root of its own
    seen = pathlib.Path("/athena_fdw/tls" if root else STATE / "tls")
    folder = pathlib.Path(root + str(seen)) if root else seen
    folder.mkdir(exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True,
    )
    (folder / "cert.pem").chmod(0o644)
    return folder, seen / "cert.pem"


def tls_server(certificate, most=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if most:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = most
    folder, _ = certificate
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return FakeAthena(context)


def test_tls_is_verified(conn, certificate):
    tls = tls_server(certificate)
    conn.execute(f"ALTER SERVER lake OPTIONS (SET endpoint '{tls.url}', ADD max_retries '0')")
    e = error(conn, "SELECT * FROM t")
    assert e.sqlstate == "HV00N" and "certificate" in e.message_primary and tls.calls == []
    conn.execute(f"ALTER SERVER lake OPTIONS (ADD ca_file '{certificate[1]}')")
    assert rows(conn, "SELECT * FROM t") == THREE
    conn.execute(f"ALTER SERVER lake OPTIONS (SET endpoint '{tls.url.replace('127.0.0.1', 'localhost')}')")
    assert error(conn, "SELECT * FROM t").sqlstate == "HV00N", "another name than the certificate's"
    tls.close()


def test_old_tls_is_refused(conn, certificate):
    tls = tls_server(certificate, ssl.TLSVersion.TLSv1_1)
    conn.execute(f"ALTER SERVER lake OPTIONS (SET endpoint '{tls.url}', ADD max_retries '0', ADD ca_file '{certificate[1]}')")
    assert error(conn, "SELECT * FROM t").sqlstate == "HV00N" and tls.calls == []
    tls.close()


def test_proxy(fake, conn):
    """Through the proxy that is set; the name is the proxy's to resolve."""
    conn.execute(f"ALTER SERVER lake OPTIONS (SET endpoint 'http://athena.behind.invalid', ADD proxy '{fake.url}')")
    assert rows(conn, "SELECT * FROM t") == THREE
    assert all(headers["Host"] == "athena.behind.invalid" for _, _, headers in fake.calls)


def test_compressed_answers(fake, conn):
    fake.gzip = True
    fake.rows = [[str(i)] for i in range(5000)]
    (plan,) = rows(conn, "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM t")[0]
    assert plan[0]["Plan"]["Rows Fetched"] == 5000
    assert plan[0]["Plan"]["Bytes Fetched"] < 200_000, "bytes are counted as they come over the wire"


def test_a_redirect_is_not_followed(fake, conn):
    other = FakeAthena()
    fake.faults["StartQueryExecution"] = [(307, b"")]
    assert error(conn, "SELECT * FROM t").sqlstate == "HV000"
    assert other.calls == []
    other.close()


def test_a_server_that_says_nothing(conn):
    """It accepts and never answers: request_timeout ends it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        conn.execute(f"ALTER SERVER lake OPTIONS (SET endpoint 'http://127.0.0.1:{port}', ADD max_retries '0', ADD request_timeout '300ms')")
        e = error(conn, "SELECT * FROM t")
        assert e.sqlstate == "HV00N" and "timed out" in e.message_primary.lower()


def test_a_server_that_speaks_another_protocol(conn):
    with socket.create_server(("127.0.0.1", 0)) as odd:
        port = odd.getsockname()[1]
        conn.execute(f"ALTER SERVER lake OPTIONS (SET endpoint 'http://127.0.0.1:{port}', ADD max_retries '0', ADD request_timeout '5s')")
        import threading

        def speak():
            while True:
                try:
                    c, _ = odd.accept()
                except OSError:
                    return
                c.recv(65536)
                c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
                c.close()

        threading.Thread(target=speak, daemon=True).start()
        assert error(conn, "SELECT * FROM t").sqlstate == "HV00N"
