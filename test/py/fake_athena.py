"""An Athena that does as it is told, for tests of what rarely happens.

A real HTTP server on loopback.  It answers StartQueryExecution,
GetQueryExecution, GetQueryResults, StopQueryExecution, GetWorkGroup,
ListDatabases, Glue's GetTables/GetTable, and S3 and STS as far as they are
used, in the live service's wire form.  Tests set what a query returns and which
faults happen, and read the log of calls.
"""
import collections
import gzip
import json
import re
import socket
import struct
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def column(name, type_="varchar"):
    return {
        "CaseSensitive": type_ == "varchar", "CatalogName": "hive", "Label": name, "Name": name,
        "Nullable": "UNKNOWN", "Precision": 0, "Scale": 0, "SchemaName": "", "TableName": "", "Type": type_,
    }


def page(columns, rows, token=None, header=True, update_count=0):
    """One answer of GetQueryResults, rows twice as live."""
    shown = ([[c["Name"] for c in columns]] if header else []) + rows
    datum = lambda v: {} if v is None else {"VarCharValue": v}
    body = {} if token is None else {"NextToken": token}
    body["ResultSet"] = {
        "ColumnInfos": columns,
        "ResultRows": [{"Data": row} for row in shown],
        "ResultSetMetadata": {"ColumnInfo": columns},
        "Rows": [{"Data": [datum(v) for v in row]} for row in shown],
    }
    body["UpdateCount"] = update_count
    return body


class Query:
    def __init__(self, sql, request):
        self.id = str(uuid.uuid4())
        self.sql = sql
        self.request = request
        self.state = "SUCCEEDED"
        self.stopped = False


# Faults: a handler is given one of these, or an (HTTP status, body) answer.
DROP = "drop the connection without an answer"
RESET = "reset the connection in the middle of the body"
TRUNCATE = "close the connection in the middle of the body"
HANG = "never answer"
HANG_BODY = "send the headers and never the body"


class FakeAthena:
    def __init__(self, ssl_context=None):
        self.lock = threading.Lock()
        self.reset()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def serve(self):
                fake.serve(self)

            do_GET = do_POST = do_PUT = do_DELETE = serve

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if ssl_context:
            self.server.socket = ssl_context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if ssl_context else ''}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        self.calls = []  # (action, body, headers)
        self.moments = []  # (action, seconds)
        self.queries = {}
        self.tokens = {}
        self.faults = collections.defaultdict(list)  # action -> answers to give first
        self.columns = [column("a", "integer")]
        self.rows = [["1"], ["2"], ["3"]]
        self.run_states = ["SUCCEEDED"]  # one for each poll; the last one stays
        self.failure = None  # (reason, AthenaError) with run_states FAILED
        self.make_page = None  # function (query, token, max) -> body
        self.statement_type = "DML"
        self.substatement = "SELECT"
        self.tables = {}  # (database, name) -> Glue table
        self.objects_deleted = []
        self.release = threading.Event()
        self.date_offset = 0
        self.gzip = False
        self.extra_headers = {}

    def close(self):
        self.release.set()
        self.server.shutdown()

    def count(self, action):
        return sum(1 for call in self.calls if call[0] == action)

    def of(self, action):
        return [call for call in self.calls if call[0] == action]

    def wait_for(self, action, n=1, seconds=20):
        deadline = time.monotonic() + seconds
        while self.count(action) < n:
            assert time.monotonic() < deadline, f"no {action} came; calls: {[c[0] for c in self.calls]}"
            time.sleep(0.005)

    # ---------- serving ----------

    def serve(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        raw = handler.rfile.read(length)
        target = handler.headers.get("X-Amz-Target", "")
        if target:
            action = target.split(".")[-1]
        elif raw.startswith(b"Action="):
            action = re.match(rb"Action=(\w+)", raw).group(1).decode()
        else:
            action = self.s3_action(handler.command, handler.path)
        body = json.loads(raw) if target and raw else handler.path
        with self.lock:
            self.calls.append((action, body, dict(handler.headers)))
            self.moments.append((action, time.monotonic()))
            fault = self.faults[action].pop(0) if self.faults[action] else None
        answer = getattr(self, "do_" + action)(body) if fault is None or isinstance(fault, str) else fault
        if callable(answer):
            answer = answer(body)
        self.send(handler, answer, fault if isinstance(fault, str) else None)

    def s3_action(self, method, path):
        path, _, query = path.partition("?")
        if path == "/":
            return "Reach"
        if method == "GET" and path.count("/") == 1:
            return "GetBucketLocation" if "location" in query else "ListMultipartUploads" if "uploads" in query else "ListObjects"
        if "uploads" in query:
            return "CreateMultipartUpload"
        if "uploadId" in query:
            return {"GET": "ListParts", "DELETE": "AbortMultipartUpload"}[method]
        return {"GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}[method]

    def send(self, handler, answer, fault):
        status, body = answer
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        if fault == HANG:
            self.release.wait(60)
            handler.close_connection = True
            return
        if fault == DROP:
            handler.close_connection = True
            return
        handler.send_response_only(status)
        date = time.gmtime(time.time() + self.date_offset)
        handler.send_header("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", date))
        handler.send_header("Content-Type", "application/x-amz-json-1.1" if not data.startswith(b"<") else "application/xml")
        handler.send_header("x-amzn-RequestId", "11111111-2222-3333-4444-555555555555")
        for name, value in self.extra_headers.items():
            handler.send_header(name, value)
        if self.gzip and "gzip" in handler.headers.get("Accept-Encoding", ""):
            data = gzip.compress(data)
            handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        if fault == HANG_BODY:
            handler.wfile.write(data[: len(data) // 2])
            handler.wfile.flush()
            self.release.wait(60)
            handler.close_connection = True
            return
        if fault in (TRUNCATE, RESET):
            handler.wfile.write(data[: len(data) // 2])
            handler.wfile.flush()
            if fault == RESET:
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.shutdown(socket.SHUT_RDWR) if fault == TRUNCATE else handler.connection.close()
            handler.close_connection = True
            return
        handler.wfile.write(data)

    # ---------- actions ----------

    def do_StartQueryExecution(self, body):
        token = body.get("ClientRequestToken") or ""
        if not 32 <= len(token) <= 128:
            return 400, {"__type": "InvalidRequestException", "AthenaErrorCode": "INVALID_INPUT", "Message": "clientRequestToken is null or empty"}
        with self.lock:
            if token not in self.tokens:
                query = Query(body["QueryString"], body)
                query.states = list(self.run_states)
                self.queries[query.id] = query
                self.tokens[token] = query.id
            return 200, {"QueryExecutionId": self.tokens[token]}

    def do_GetQueryExecution(self, body):
        query = self.queries[body["QueryExecutionId"]]
        if query.stopped:
            state = "CANCELLED"
        else:
            state = query.states.pop(0) if len(query.states) > 1 else query.states[0]
        query.state = state
        status = {"State": state, "SubmissionDateTime": 1.791622311998e9}
        if state == "FAILED":
            reason, error = self.failure
            status.update(StateChangeReason=reason, AthenaError=error)
        if state == "CANCELLED":
            status["StateChangeReason"] = "Query cancelled by user"
        location = query.request.get("ResultConfiguration", {}).get("OutputLocation", "s3://workgroup-results/")
        return 200, {
            "QueryExecution": {
                "EngineVersion": {"EffectiveEngineVersion": "Athena engine version 3", "SelectedEngineVersion": "AUTO"},
                "Query": query.sql,
                "QueryExecutionId": query.id,
                "ResultConfiguration": {"OutputLocation": f"{location}{query.id}.csv"},
                "StatementType": self.statement_type,
                "SubstatementType": self.substatement,
                "Statistics": {"DataScannedInBytes": 1234, "EngineExecutionTimeInMillis": 300, "QueryQueueTimeInMillis": 50,
                               "QueryPlanningTimeInMillis": 60, "TotalExecutionTimeInMillis": 400,
                               "ResultReuseInformation": {"ReusedPreviousResult": False}},
                "Status": status,
                "WorkGroup": "primary",
            },
            "QueryExecutionDetail": {"State": "CANCELED"},
        }

    def do_GetQueryResults(self, body):
        query = self.queries[body["QueryExecutionId"]]
        most, token = body.get("MaxResults", 1000), body.get("NextToken")
        if self.make_page:
            return 200, self.make_page(query, token, most)
        at = int(token) if token else 0
        room = most if token else most - 1  # the header counts
        rows = self.rows[at : at + room]
        full = len(rows) == room
        return 200, page(self.columns, rows, str(at + room) if full else None, header=not token and self.statement_type == "DML")

    def do_StopQueryExecution(self, body):
        self.queries[body["QueryExecutionId"]].stopped = True
        return 200, {}

    def do_GetWorkGroup(self, body):
        return 200, {"WorkGroup": {"Name": body["WorkGroup"], "State": "ENABLED", "Configuration": {"ResultConfiguration": {}}}}

    def do_ListDatabases(self, body):
        return 200, {"DatabaseList": [{"Name": "sales"}]}

    def do_GetTables(self, body):
        names = sorted(n for d, n in self.tables if d == body["DatabaseName"])
        at = int(body.get("NextToken") or 0)
        shown = names[at : at + body["MaxResults"]]
        answer = {"TableList": [self.tables[body["DatabaseName"], n] for n in shown]}
        if at + len(shown) < len(names):
            answer["NextToken"] = str(at + len(shown))
        return 200, answer

    def do_GetTable(self, body):
        table = self.tables.get((body["DatabaseName"], body["Name"]))
        if table is None:
            return 400, {"__type": "EntityNotFoundException", "Message": "Entity Not Found"}
        return 200, {"Table": table}

    def do_GetBucketLocation(self, path):
        return 200, b'<?xml version="1.0"?><LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'

    def do_Reach(self, path):
        return 403, b"<Error><Code>MissingAuthenticationToken</Code></Error>"

    def do_PutObject(self, path):
        return 200, b""

    def do_GetObject(self, path):
        if path.endswith(".csv"):
            return 200, b'"_col0"\n"1"\n'
        return 200, b"athena_fdw"

    def do_ListObjects(self, path):
        return 200, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"

    def do_CreateMultipartUpload(self, path):
        return 200, b"<InitiateMultipartUploadResult><UploadId>an upload</UploadId></InitiateMultipartUploadResult>"

    def do_ListParts(self, path):
        return 200, b"<ListPartsResult/>"

    def do_ListMultipartUploads(self, path):
        return 200, b"<ListMultipartUploadsResult/>"

    def do_AbortMultipartUpload(self, path):
        return 204, b""

    def do_BatchGetQueryExecution(self, body):
        return 200, {"QueryExecutions": [], "UnprocessedQueryExecutionIds": []}

    def do_ListDataCatalogs(self, body):
        return 200, {"DataCatalogsSummary": [{"CatalogName": "AwsDataCatalog", "Type": "GLUE"}]}

    def do_GetDataCatalog(self, body):
        return 200, {"DataCatalog": {"Name": body["Name"], "Type": "GLUE"}}

    def do_GetDatabase(self, body):
        return 200, {"Database": {"Name": body["DatabaseName"]}}

    def do_DeleteObject(self, path):
        self.objects_deleted.append(path)
        return 204, b""

    def do_GetCallerIdentity(self, body):
        return 200, b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:user/ana</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"
