"""HTTP as the stand speaks it: a threaded server, answers, and faults on the way.

A Request is what came; an Answer is what goes.  Faults that concern the wire
(a dropped connection, a cut body, garbage, a delay) are carried out here, so
that no action knows of them.
"""
import http.client
import io
import json
import os
import re
import socket
import struct
import sys
import threading
import time
import uuid
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

JSON_TYPE = "application/x-amz-json-1.1"
# What may happen to an answer on its way.
WIRE_FAULTS = ("drop", "drop-body", "reset-body", "short", "garbage", "hang", "hang-body")


class Request:
    """One request: method, path as sent, query pairs, headers (lower case), body."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        split = urlsplit(target)
        self.raw_path, self.raw_query = split.path, split.query
        self.path = unquote(split.path)
        self.query = dict(parse_qsl(split.query, keep_blank_values=True))
        self.key = None  # filled in by iam

    def header(self, name, default=""):
        return self.headers.get(name, default)


class Answer:
    def __init__(self, status, body=b"", headers=None, content_type=JSON_TYPE, file=None):
        self.status, self.body, self.headers, self.content_type = status, body, headers or {}, content_type
        self.file = file  # (path, offset, length) instead of a body
        self.stream = None  # (reader, length) instead of a body

    @property
    def length(self):
        if self.file:
            return self.file[2]
        return self.stream[1] if self.stream else len(self.body)


class Refused(Exception):
    """An answer that is an error; raised anywhere below an action."""

    def __init__(self, answer):
        self.answer = answer


_EPOCH = re.compile(rb'"@epoch ([0-9.]+)"')


def epoch(seconds):
    """A time; json_bytes writes it as the service does, with an exponent."""
    return f"@epoch {seconds:.3f}"


def json_bytes(value):
    """Keys in order, times as 1.791622311998E9."""

    def number(match):
        mantissa, exponent = f"{float(match[1]):.12e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}E{int(exponent)}".encode()

    return _EPOCH.sub(number, orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def json_answer(value, status=200):
    return Answer(status, json_bytes(value))


def json_error(type_, message=None, status=400, lower=False, **more):
    body = {"__type": type_, **more}
    if message is not None:
        body["message" if lower else "Message"] = message
    return Refused(Answer(status, json_bytes(body)))


def xml_answer(text, status=200):
    return Answer(status, ('<?xml version="1.0" encoding="UTF-8"?>\n' + text).encode(), content_type="application/xml")


def s3_error(code, message, status):
    return Refused(xml_answer(f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>STAND</RequestId></Error>", status))


def _read_chunked(rfile):
    parts = []
    while True:
        size = int(rfile.readline().split(b";")[0], 16)
        if size == 0:
            while rfile.readline().strip():
                pass
            return b"".join(parts)
        parts.append(rfile.read(size))
        rfile.readline()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 0
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def serve(self):
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            body = _read_chunked(self.rfile)
        else:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length) if length else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer, fault = self.server.answer(Request(self.command, self.path, headers, body))
        self.send(answer, fault)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = serve

    def head(self, answer, length):
        lines = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, '')}"]
        headers = {
            "Date": formatdate(time.time() + self.server.clock_offset, usegmt=True),
            "Content-Type": answer.content_type,
            "Content-Length": str(length),
            "x-amzn-RequestId": str(uuid.uuid4()),
            **answer.headers,
        }
        if answer.status == 204:
            del headers["Content-Type"], headers["Content-Length"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def close(self, reset=False):
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connection.close()

    def send(self, answer, fault=None):
        if fault == "drop":
            return self.close()
        if fault == "hang":
            self.server.release.wait(120)
            return self.close()
        if fault == "garbage":
            answer = Answer(200, os.urandom(200), answer.headers, answer.content_type)
        length = answer.length
        if fault == "short":  # a whole answer, by HTTP's account, of half the bytes
            length = length // 2
        head = self.head(answer, length)
        if self.command == "HEAD" or answer.status == 204:
            self.connection.sendall(head)
            return
        if fault in ("drop-body", "reset-body", "hang-body"):
            length = length // 2
        if answer.file:
            self.connection.sendall(head, socket.MSG_MORE)
            self.send_file(answer.file[0], answer.file[1], length)
        elif answer.stream:
            self.connection.sendall(head)
            left = length
            while left:
                part = answer.stream[0].read(min(left, 1 << 20))
                if not part:
                    return self.close()
                self.connection.sendall(part)
                left -= len(part)
        else:
            self.connection.sendall(head + answer.body[:length] if length < 65536 else head)
            if length >= 65536:
                self.connection.sendall(memoryview(answer.body)[:length])
        if fault == "hang-body":
            self.server.release.wait(120)
        if fault in ("drop-body", "reset-body", "hang-body"):
            self.close(reset=fault == "reset-body")

    def send_file(self, path, offset, length):
        with open(path, "rb") as f:
            while length:
                sent = os.sendfile(self.connection.fileno(), f.fileno(), offset, min(length, 1 << 24))
                if not sent:
                    break
                offset += sent
                length -= sent


class Server(ThreadingHTTPServer):
    """answer(request) -> (Answer, fault or None) is the application."""

    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = True

    def __init__(self, port, answer):
        super().__init__(("127.0.0.1", port), Handler)
        self.answer = answer
        self.clock_offset = 0
        self.release = threading.Event()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError, ValueError)):
            super().handle_error(request, client_address)


class Backing:
    """MiniStack, one connection a thread."""

    def __init__(self, url):
        split = urlsplit(url)
        self.host, self.port = split.hostname, split.port
        self.local = threading.local()

    def forward(self, request, stream=False):
        """Passes the request on as it is; an Answer comes back."""
        headers = {n: v for n, v in request.headers.items() if n not in ("connection", "transfer-encoding", "content-length", "expect")}
        for attempt in (1, 2):
            connection = getattr(self.local, "connection", None)
            if connection is None or stream:
                connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
                if not stream:
                    self.local.connection = connection
            try:
                connection.request(request.method, request.target, request.body or None, headers)
                response = connection.getresponse()
                break
            except (http.client.HTTPException, OSError):
                connection.close()
                self.local.connection = None
                if attempt == 2:
                    raise
        kept = {n: v for n, v in response.getheaders() if n.lower() in ("etag", "last-modified", "content-range", "accept-ranges", "location") or n.lower().startswith("x-amz")}
        kept = {n: v for n, v in kept.items() if n.lower() != "x-amzn-requestid"}
        content_type = response.getheader("Content-Type") or "application/octet-stream"
        length = response.getheader("Content-Length")
        if request.method == "HEAD":
            response.read()
            answer = Answer(response.status, b"", kept, content_type)
            answer.stream = (io.BytesIO(), int(length or 0))
        elif stream and length is not None:
            answer = Answer(response.status, b"", kept, content_type)
            answer.stream = (response, int(length))
        else:
            answer = Answer(response.status, response.read(), kept, content_type)
        return answer


def read_json(body):
    try:
        value = json.loads(body)
    except ValueError:
        raise json_error("SerializationException")
    if not isinstance(value, dict):
        raise json_error("SerializationException")
    return value
