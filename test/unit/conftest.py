"""Builds the C test binaries with sanitizers; they need no PostgreSQL."""
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
FLAGS = "-std=gnu11 -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all".split()
BINARIES = {
    "sigv4_cli": ["src/aws/sigv4.c"],
    "endpoint_cli": ["src/aws/endpoint.c"],
    "page_cli": ["src/query/page_scan.c", "src/aws/xml.c"],
    "avro_cli": ["src/query/avro_scan.c"],
    "decimal_cli": ["src/query/decimal_text.c"],
    "csv_cli": ["src/query/csv_scan.c", "src/query/metadata_scan.c"],
}


def fields(*texts):
    """The input form of the binaries: length, newline, bytes."""
    out = b""
    for text in texts:
        data = text if isinstance(text, bytes) else text.encode()
        out += b"%d\n" % len(data) + data
    return out


def parse_fields(data):
    out = []
    while data:
        length, _, data = data.partition(b"\n")
        out.append(data[: int(length)])
        data = data[int(length) :]
    return out


@pytest.fixture(scope="session")
def binary(tmp_path_factory):
    built = {}

    def run(name, stdin, *args):
        if name not in built:
            path = tmp_path_factory.mktemp("bin") / name
            sources = [str(TOP / s) for s in [f"test/unit/{name}.c", *BINARIES[name]]]
            subprocess.run(["gcc", *FLAGS, "-D_GNU_SOURCE", f"-I{TOP}/src", "-o", str(path), *sources, "-lcrypto"], check=True)
            built[name] = path
        done = subprocess.run([str(built[name]), *args], input=stdin, capture_output=True, timeout=300)
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-4000:]
        return done.stdout

    return run
