"""The stand: one address that speaks Athena, Glue, S3 and STS as AWS does.

    python server.py --port N --backing MINISTACK --engine TRINO --directory DIR

Every request is authenticated (iam.py), checked against AWS's service model
(model.py), authorized, and logged; then Athena's actions run here
(executions.py), STS in sts.py, Glue is passed on to MiniStack, and S3 goes
through s3front.py.  What tests ask of the stand itself, faults and quotas among it, goes
to /_stand/ (control.py).
"""
import argparse
import gc
import os
import threading
import time
import traceback

import boto3
import orjson
from botocore.config import Config
from botocore.exceptions import ClientError

import sts
from control import Control
from engine import Engine
from executions import Athena
from iam import REGION, Iam
from model import Models
from s3front import S3Front, action_of
from wire import Backing, Refused, Server, json_answer, json_error, read_json

TARGETS = {"AmazonAthena": "athena", "AWSGlue": "glue"}
ACTIONS = {  # what the stand's Athena can do
    "StartQueryExecution", "StopQueryExecution", "GetQueryExecution", "BatchGetQueryExecution", "GetQueryResults", "GetWorkGroup",
    "ListDataCatalogs", "GetDataCatalog", "ListDatabases", "GetDatabase",
}


def mend(value):
    """MiniStack writes "" where AWS leaves a member out, which hides Trino's views."""
    if isinstance(value, dict):
        return {k: mend(v) for k, v in value.items() if not (v == "" and k in ("Description", "Owner", "ViewOriginalText", "ViewExpandedText"))}
    if isinstance(value, list):
        return [mend(v) for v in value]
    return value


class Stand:
    def __init__(self, backing_url, engine_url, directory):
        def client(service):
            return boto3.client(
                service, endpoint_url=backing_url, region_name=REGION, aws_access_key_id="TESTKEYOFTHESTAND000", aws_secret_access_key="stand",
                config=Config(s3={"addressing_style": "path"}, max_pool_connections=64, retries={"total_max_attempts": 3}))

        self.iam = Iam()
        self.sts = sts.Sts(self.iam)
        self.models = Models()
        self.engine = Engine(engine_url)
        self.backing = Backing(backing_url)
        self.s3 = S3Front(client("s3"), self.backing)
        self.athena = Athena(self.engine, client("glue"), self.s3, directory, self.iam)
        self.control = Control(self)

    def answer(self, request):
        """(Answer, wire fault or None)"""
        if request.path.startswith("/_stand/"):
            try:
                return self.control.answer(request), None
            except Refused as e:
                return e.answer, None
        started = time.time()
        service, action = self.name(request)
        self.control.travel(action, request)
        fault = self.control.take_fault(service, action, request)
        answer = None
        if fault and fault.get("delay"):
            self.control.release.wait(fault["delay"])
        if fault and "answer" in fault:
            answer = fault["answer"]
        else:
            try:
                answer = self.serve(service, action, request)
            except Refused as e:
                answer = e.answer
            except Exception as e:  # the stand's own fault
                traceback.print_exc()
                answer = json_error("InternalServerException", f"STAND: {type(e).__name__}: {e}", 500).answer
        self.control.note(service, action, request, answer, started, fault)
        return answer, fault.get("wire") if fault else None

    def name(self, request):
        target = request.header("x-amz-target")
        if target:
            prefix, _, action = target.partition(".")
            return TARGETS.get(prefix, "unknown"), action
        if "/sts/aws4_request" in request.header("authorization") or (request.method == "POST" and request.body.startswith(b"Action=")):
            return "sts", sts.action_of(request)
        return "s3", action_of(request).partition(":")[2]

    def serve(self, service, action, request):
        if service == "unknown":
            raise json_error("UnknownOperationException")
        if service == "sts" and action == "AssumeRoleWithWebIdentity":
            return self.sts.answer(request)  # the token is what authenticates
        self.iam.authenticate(request, service)
        if service == "s3":
            self.iam.authorize(request, service, action_of(request), f"arn:aws:s3:::{request.path.lstrip('/')}")
            return self.s3.answer(request)
        if service == "sts":
            return self.sts.answer(request)
        if not request.header("content-type").startswith("application/x-amz-json-1.1"):
            raise json_error("UnknownOperationException", status=404)
        if service == "athena" and action not in ACTIONS:
            raise json_error("UnknownOperationException")
        body = read_json(request.body)
        if request.key.name != "engine":  # Trino's SDK is another matter
            self.models.check(service, action, body)
        self.iam.authorize(request, service, f"{service}:{action}")
        self.control.take_quota(service, action)
        if service == "athena":
            return json_answer(getattr(self.athena, "do_" + action)(request, body))
        answer = self.backing.forward(request)
        if answer.status == 200 and action.startswith("Get"):
            found = mend(orjson.loads(answer.body))
            if action == "GetTables":
                self.page_tables(body, found)
            answer.body = orjson.dumps(found)
        return answer

    def page_tables(self, body, found):
        """MiniStack gives all tables at once, and none for a database that is missing."""
        try:
            self.athena.glue.get_database(Name=body["DatabaseName"])
        except ClientError as e:
            raise json_error("EntityNotFoundException", e.response["Error"]["Message"])
        most, start = body.get("MaxResults", 100), int(body.get("NextToken", 0))
        tables = sorted(found["TableList"], key=lambda t: t["Name"])
        found["TableList"] = tables[start : start + most]
        found.pop("NextToken", None)
        if start + most < len(tables):
            found["NextToken"] = str(start + most)


def main():
    parser = argparse.ArgumentParser()
    for name in ("port", "backing", "engine", "directory"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    results = os.path.join(args.directory, "results")
    os.makedirs(results, exist_ok=True)
    stand = Stand(args.backing, args.engine, results)
    server = Server(int(args.port), stand.answer)
    stand.control.release = server.release
    stand.control.server = server
    threading.stack_size(512 * 1024)
    gc.set_threshold(1_000_000, 20, 20)  # a page is thousands of small dicts
    server.serve_forever()


if __name__ == "__main__":
    main()
