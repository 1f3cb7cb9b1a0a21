"""Trino's client protocol, as far as the stand needs it.

Rows are handed over in the batches in which they come, so a result of any size
passes through in bounded memory.
"""
import http.client
import re
import threading
import time
from urllib.parse import quote, urlsplit

import orjson


class EngineError(Exception):
    def __init__(self, name, message, kind):
        super().__init__(f"{name}: {message}")
        self.name, self.message, self.kind = name, message, kind


class Cancelled(Exception):
    pass


class Run:
    """What a statement did; filled while it runs."""

    def __init__(self):
        self.id = None
        self.columns = None
        self.update_type = self.update_count = None
        self.stats = {}
        self.rows = 0


class Engine:
    def __init__(self, url):
        split = urlsplit(url)
        self.host, self.port = split.hostname, split.port
        self.local = threading.local()

    def call(self, method, path, body=None, headers={}):
        for attempt in (1, 2):
            connection = getattr(self.local, "connection", None)
            if connection is None:
                connection = self.local.connection = http.client.HTTPConnection(self.host, self.port, timeout=300)
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                return response.status, response.read()
            except (http.client.HTTPException, OSError):
                connection.close()
                self.local.connection = None
                if attempt == 2:
                    raise

    def ready(self):
        try:
            status, body = self.call("GET", "/v1/info")
            if status != 200 or orjson.loads(body).get("starting"):
                return False
            return self.rows("SELECT 1") == [[1]]
        except (OSError, http.client.HTTPException, ValueError, EngineError):
            return False

    def run(self, sql, catalog="awsdatacatalog", schema="default", source="stand", session=(), on_columns=None, on_rows=None, on_stats=None, cancelled=None, run=None):
        """Runs a statement to its end; cancelled() is asked between batches."""
        run = run or Run()
        headers = {
            "X-Trino-User": "athena", "X-Trino-Catalog": catalog, "X-Trino-Schema": quote(schema), "X-Trino-Time-Zone": "UTC",
            "X-Trino-Source": source, "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME", "Content-Type": "text/plain; charset=utf-8",
        }
        if session:
            headers["X-Trino-Session"] = ",".join(f"{n}={quote(v)}" for n, v in session)
        repeat = start = ("POST", "/v1/statement", sql.encode(), headers)
        patience = time.monotonic() + 30
        status, body = self.call(*repeat)
        while True:
            if status in (502, 503, 504):  # the engine asks for patience
                time.sleep(0.1)
                status, body = self.call(*repeat)
                continue
            if status != 200:
                raise EngineError("GENERIC_INTERNAL_ERROR", f"HTTP {status}: {body[:200]!r}", "INTERNAL_ERROR")
            answer = orjson.loads(body)
            run.id = answer["id"]
            run.stats = answer.get("stats", run.stats)
            if "error" in answer:
                error = answer["error"]
                # a machine that stood still for a while lets the engine lose sight of itself
                if error["errorName"] == "NO_NODES_AVAILABLE" and not run.rows and time.monotonic() < patience:
                    time.sleep(0.5)
                    repeat = start
                    status, body = self.call(*repeat)
                    continue
                raise EngineError(error["errorName"], error.get("message", ""), error["errorType"])
            if run.columns is None and "columns" in answer:
                run.columns = answer["columns"]
                if on_columns:
                    on_columns(run.columns)
            run.update_type = answer.get("updateType", run.update_type)
            run.update_count = answer.get("updateCount", run.update_count)
            if answer.get("data"):
                run.rows += len(answer["data"])
                if on_rows:
                    on_rows(answer["data"])
            if on_stats:
                on_stats(run.stats)
            if "nextUri" not in answer:
                return run
            path = urlsplit(answer["nextUri"]).path
            if cancelled and cancelled():
                self.call("DELETE", path, None, {"X-Trino-User": "athena"})
                raise Cancelled
            repeat = ("GET", path + "?targetResultSize=8MB", None, {"X-Trino-User": "athena"})
            status, body = self.call(*repeat)

    def rows(self, sql, **kwargs):
        rows = []
        self.run(sql, on_rows=rows.extend, **kwargs)
        return rows

    def parse(self, sql):
        """Raises EngineError SYNTAX_ERROR for a text that is no statement."""
        prefix = "PREPARE p FROM "
        try:
            self.run(prefix + sql)
        except EngineError as e:
            match = re.match(r"line 1:(\d+):(.*)", e.message, re.S)
            if match:
                e.message = f"line 1:{int(match[1]) - len(prefix)}:{match[2]}"
            raise e

    def kill(self, run):
        """Cancels a statement from outside of the thread that runs it."""
        if run.id:
            self.call("DELETE", f"/v1/query/{run.id}", None, {"X-Trino-User": "athena"})

    def list(self):
        """The engine's own list of queries: [(id, source, state, text)]."""
        status, body = self.call("GET", "/v1/query", None, {"X-Trino-User": "athena"})
        return [
            {"id": q["queryId"], "source": q["session"].get("source"), "state": q["state"], "query": q["query"],
             "end": q["queryStats"].get("endTime")}
            for q in orjson.loads(body)
        ]
