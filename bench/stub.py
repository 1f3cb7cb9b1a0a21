"""An Athena for benches that need none: queries that take as long as they are told, and one result for all of them."""
import hashlib
import random
import re
import threading
import time
import uuid
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "stand"))

from results import metadata  # noqa: E402
from wire import Answer, Server, json_answer, read_json, s3_error  # noqa: E402


class Stub:
    """
    file: the CSV of the result; infos: its columns.  seconds(): how long the next query takes by Athena's clock.
    travel: {action: seconds} that an answer is on its way, "*" for all others.
    """

    def __init__(self, file, infos, seconds=lambda: 0):
        self.file, self.size, self.infos, self.seconds = str(file), file.stat().st_size, infos, seconds
        self.metadata = metadata("bench", infos)
        self.etag = '"' + hashlib.md5(str(self.size).encode()).hexdigest() + '"'
        self.travel, self.queries, self.calls = {}, {}, []
        self.server = Server(0, self.answer)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        action = request.header("x-amz-target").rpartition(".")[2] or "GetObject"
        self.calls.append(action)
        wire = self.travel.get(action, self.travel.get("*", 0))
        time.sleep(wire / 2)
        answer = self.object(request) if action == "GetObject" else json_answer(getattr(self, action)(read_json(request.body)))
        time.sleep(wire / 2)
        return answer, None

    def StartQueryExecution(self, body):
        id = str(uuid.uuid4())
        self.queries[id] = (time.time(), self.seconds())
        return {"QueryExecutionId": id}

    def execution(self, id):
        began, seconds = self.queries[id]
        ended = time.time() >= began + seconds
        return {
            "QueryExecutionId": id, "Query": "SELECT", "StatementType": "DML", "SubstatementType": "SELECT", "Status": {"State": "SUCCEEDED" if ended else "RUNNING"},
            "ResultConfiguration": {"OutputLocation": f"s3://bench/{id}.csv"},
            "Statistics": {"DataScannedInBytes": 0, "TotalExecutionTimeInMillis": int(min(time.time() - began, seconds) * 1000)}}

    def GetQueryExecution(self, body):
        return {"QueryExecution": self.execution(body["QueryExecutionId"])}

    def BatchGetQueryExecution(self, body):
        return {"QueryExecutions": [self.execution(id) for id in body["QueryExecutionIds"]], "UnprocessedQueryExecutionIds": []}

    def StopQueryExecution(self, body):
        began, _ = self.queries[body["QueryExecutionId"]]
        self.queries[body["QueryExecutionId"]] = (began, 0)
        return {}

    def GetQueryResults(self, body):
        rows = [line.split(",") for line in open(self.file).read().splitlines()]
        first = int(body.get("NextToken", 0))
        page = rows[first : first + body["MaxResults"]]
        more = {"NextToken": str(first + len(page))} if first + len(page) < len(rows) else {}
        return {"ResultSet": {"Rows": [{"Data": [{"VarCharValue": v.strip('"')} for v in row]} for row in page], "ResultSetMetadata": {"ColumnInfo": self.infos}}, "UpdateCount": 0, **more}

    def object(self, request):
        if request.path.endswith(".metadata"):
            return Answer(200, self.metadata, {"ETag": self.etag}, "application/octet-stream")
        if not request.path.endswith(".csv"):
            return s3_error("NoSuchKey", "The specified key does not exist.", 404).answer
        start, end = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", request.header("range")).groups())
        end = min(end, self.size - 1)
        headers = {"ETag": self.etag, "Content-Range": f"bytes {start}-{end}/{self.size}"}
        return Answer(206, b"", headers, "application/octet-stream", (self.file, start, end - start + 1))


def like_small_queries():
    """Live Athena's small queries: 240 to 400 ms."""
    return random.uniform(0.24, 0.4)
