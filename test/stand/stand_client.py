"""Helpers for tests and benchmarks that use the stand."""
import json
import os
import pathlib
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config

ADMIN = ("AKIATESTADMIN0000000", "admin")
FULL = ("AKIATESTFULLPOLICY00", "full/policy+secret")
NO_S3_READ = ("AKIATESTNOS3READ0000", "no-s3-read-secret")
NO_GLUE = ("AKIATESTNOGLUE000000", "no-glue-secret")
NOTHING = ("AKIATESTNOTHING00000", "nothing-secret")
PARTITIONS = ("AKIATESTPARTITIONS00", "partitions-secret")
TEMPORARY = ("ASIATESTTEMPORARY000", "temporary-secret", "a-session-token/of+the+stand==")
BUCKET = "athena-results"
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


def address():
    return (pathlib.Path(os.environ["ATHENA_FDW_STATE"]) / "stand.url").read_text().strip()


class Stand:
    """The stand's control address."""

    def __init__(self, url=None):
        self.url = url or address()

    def call(self, name, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/_stand/{name}", data), timeout=60) as answer:
            return json.load(answer)

    def reset(self):
        self.call("reset", {})

    def fault(self, action, fault, **more):
        self.call("fault", {"action": action, "fault": fault, **more})

    def query_fault(self, **fault):
        self.call("query-fault", fault)

    def setting(self, **setting):
        self.call("setting", setting)

    def key(self, id, secret, **more):
        """A key with the documented policy, less "minus" and with "plus"."""
        self.call("key", {"id": id, "secret": secret, **more})
        return (id, secret) + ((more["token"],) if "token" in more else ())

    def counts(self):
        return self.call("counts")

    def log(self, action=None):
        return [e for e in self.call("log") if (action is None or e["action"] == action) and e["key"] not in ("admin", "engine")]

    def executions(self):
        return self.call("executions")

    def last_states(self, count=1):
        """How the last executions have ended: the stand learns that a moment after the engine."""
        until = time.time() + 30
        while True:
            states = [x["state"] for x in sorted(self.executions(), key=lambda x: x["submitted"])[-count:]]
            if time.time() > until or not {"QUEUED", "RUNNING"} & set(states):
                return states
            time.sleep(0.02)

    def running(self):
        """What the engine itself is still running for Athena's clients."""
        return [q for q in self.call("queries") if q["state"] not in ("FINISHED", "FAILED") and len(q["source"] or "") == 36]

    def engine(self, sql):
        """(type signatures, rows) by the engine's own protocol, past Athena's."""
        try:
            answer = self.call("engine", {"sql": sql})
        except urllib.error.HTTPError as e:
            raise RuntimeError(e.read().decode()) from None
        return [c["typeSignature"] for c in answer["columns"]], answer["rows"]

    def client(self, service, key=FULL, **more):
        id, secret, *token = key
        settings = {"endpoint_url": self.url, "region_name": "us-east-1", **more}
        return boto3.client(
            service, aws_access_key_id=id, aws_secret_access_key=secret, aws_session_token=token[0] if token else None,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=120), **settings)


class Failed(Exception):
    def __init__(self, execution):
        super().__init__(execution["Status"].get("StateChangeReason"))
        self.execution = execution


def execute(athena, sql, database="default", location=f"s3://{BUCKET}/tests/", catalog=None, **more):
    """Runs a statement to its end; the QueryExecution."""
    context = {"Database": database, **({"Catalog": catalog} if catalog else {})}
    given = {"ResultConfiguration": {"OutputLocation": location}} if location else {}
    id = athena.start_query_execution(QueryString=sql, QueryExecutionContext=context, **{**given, **more})["QueryExecutionId"]
    while True:
        execution = athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]
        if execution["Status"]["State"] in ENDED:
            break
        time.sleep(0.02)
    if execution["Status"]["State"] != "SUCCEEDED":
        raise Failed(execution)
    return execution


def texts(page):
    return [[d.get("VarCharValue") for d in row["Data"]] for row in page["ResultSet"]["Rows"]]


def fetch(athena, sql, *args, **kwargs):
    """All rows, header included, by pages."""
    id = execute(athena, sql, *args, **kwargs)["QueryExecutionId"]
    rows, more = [], {}
    while True:
        page = athena.get_query_results(QueryExecutionId=id, **more)
        rows += texts(page)
        if "NextToken" not in page:
            return rows
        more = {"NextToken": page["NextToken"]}
