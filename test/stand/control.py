"""What tests ask of the stand itself: faults, quotas, keys, the log.

    GET  /_stand/health, /_stand/ready
    POST /_stand/reset           forgets faults, quotas, keys, and the log
    POST /_stand/fault           {"action", "fault", "count", "skip", "seconds"}
    POST /_stand/query-fault     {"fail": AthenaError, "reason"} or {"delay": s}, {"delete-result": true},
                                 {"empty-last-page": true}, {"empty-result": true}, {"wrong-columns": 1 or -1},
                                 {"wrong-column-info": true}, {"refuse-object": true},
                                 {"manifest": what an UNLOAD's is called behind the id}, {"beside": N}, which waits (up to 30 s)
                                 until so many were submitted since now: for the next execution, or the next one whose
                                 text matches "statement"
    POST /_stand/quota           {"action": [calls a second, burst], ...}
    POST /_stand/key             {"id", "secret", "token", "minus", "plus", "expired"}
    POST /_stand/role            {"arn", "trusts": [names of keys, or "web"], "external_id", "minus", "seconds"}
    POST /_stand/web-token       {"token", "seconds"}
    GET  /_stand/keys            what Iam knows
    GET  /_stand/assumed         what was asked of STS, for each role that was given
    POST /_stand/setting         {"need_partitions", "clock_offset", "workgroup": {...}, "latency": {action: seconds}}
    POST /_stand/expire          {"id"}: from now on its token is expired
    GET  /_stand/log             every request since the last reset
    GET  /_stand/counts          their number by action
    GET  /_stand/queries         the engine's own list of queries
    POST /_stand/engine          {"sql"}: what the engine's own protocol returns
    GET  /_stand/result?id=      where a result lies on disk, for benchmarks

action: as in IAM without the service ("GetQueryResults", "GetObject"), or "*".
"""
import collections
import threading
import time

import orjson

from engine import EngineError
from wire import WIRE_FAULTS, Answer, Refused, json_answer, json_error, read_json, s3_error


def throttled(service, kind):
    """The three forms of throttling, and S3's."""
    if service == "s3":
        return s3_error("SlowDown", "Please reduce your request rate.", 503).answer
    if kind == "too-many-requests":
        return json_error("TooManyRequestsException", "You have exceeded the limit for the number of queries you can run concurrently. Please reduce the number of concurrent queries submitted by this account.", Reason="CONCURRENT_QUERY_LIMIT_EXCEEDED").answer
    if kind == "metadata-throttle":
        return json_error("MetadataException", "Rate exceeded (Service: AmazonDataCatalog; Status Code: 400; Error Code: ThrottlingException; Request ID: c1c00c9d-315c-4437-acc0-49e4b1762f13; Proxy: null)").answer
    return json_error("ThrottlingException", "Rate exceeded", lower=True).answer


class Control:
    def __init__(self, stand):
        self.stand = stand
        self.lock = threading.Lock()
        self.release = threading.Event()  # ends every answer that hangs
        self.server = None
        self.clear()

    def clear(self):
        self.faults, self.quotas, self.buckets, self.latency = [], {}, {}, {}
        self.log = []

    def reset(self):
        with self.lock:
            self.clear()
        self.stand.iam.reset()
        self.stand.sts.reset()
        self.stand.athena.reset()
        self.server.clock_offset = 0
        self.release.set()
        self.release = self.server.release = threading.Event()

    # ---------- on the way of a request ----------

    def concerns(self, request):
        """Is it a request of those who are tested?"""
        return "AKIATESTENGINE" not in request.header("authorization") and "AKIATESTADMIN" not in request.header("authorization")

    def travel(self, action, request):
        """A wire as long as the setting says, both ways together."""
        if self.latency and self.concerns(request):
            time.sleep(self.latency.get(action, self.latency.get("*", 0)))

    def take_fault(self, service, action, request):
        if not self.faults or not self.concerns(request):
            return None
        with self.lock:
            for rule in self.faults:
                if rule["action"] not in (action, "*") or rule["count"] == 0:
                    continue
                if rule["skip"] > 0:
                    rule["skip"] -= 1
                    continue
                rule["count"] -= 1
                rule["taken"] += 1
                break
            else:
                return None
        kind = rule["fault"]
        if kind in WIRE_FAULTS:
            return {"wire": kind, "name": kind}
        if kind in ("throttle", "too-many-requests", "metadata-throttle"):
            return {"answer": throttled(service, kind), "name": kind}
        if kind in ("500", "503"):
            if service == "s3":
                answer = s3_error("InternalError" if kind == "500" else "ServiceUnavailable", "We encountered an internal error. Please try again.", int(kind)).answer
            else:
                answer = json_error("InternalServerException", "An internal error occurred.", int(kind)).answer
            return {"answer": answer, "name": kind}
        if kind == "delay":
            return {"delay": rule["seconds"], "name": kind}
        if kind == "expire":
            self.expire(rule["id"])
            return {"name": kind}
        raise ValueError(f"no fault {kind}")

    def take_quota(self, service, action):
        """A token bucket an action."""
        quota = self.quotas.get(action)
        if not quota:
            return
        rate, burst = quota
        with self.lock:
            now = time.monotonic()
            level, at = self.buckets.get(action, (burst, now))
            level = min(burst, level + (now - at) * rate)
            self.buckets[action] = (level - 1 if level >= 1 else level, now)
        if level < 1:
            raise Refused(throttled(service, "throttle"))

    def note(self, service, action, request, answer, started, fault):
        entry = {
            "at": started, "service": service, "action": action, "status": answer.status, "seconds": time.time() - started,
            "key": request.key.name if request.key else None, "fault": fault.get("name") if fault else None, "bytes": answer.length,
        }
        if service == "athena":
            try:
                entry["body"] = orjson.loads(request.body)
            except ValueError:
                pass
            if action == "StartQueryExecution" and answer.status == 200:
                entry["id"] = orjson.loads(answer.body)["QueryExecutionId"]
        elif service == "s3":
            entry["path"], entry["range"] = request.target, request.header("range")
            entry["headers"] = {h: v for h, v in request.headers.items() if h in ("x-amz-request-payer", "x-amz-expected-bucket-owner")}
        with self.lock:
            if len(self.log) < 200000:
                self.log.append(entry)

    def expire(self, id):
        key = self.stand.iam.keys.get(id)
        if key:
            key.expires = 0

    # ---------- the control address ----------

    def answer(self, request):
        name = request.path[len("/_stand/") :].replace("-", "_")
        handler = getattr(self, f"{request.method.lower()}_{name}", None)
        if handler is None:
            return Answer(404, b"the stand does not know this\n", content_type="text/plain")
        value = handler(read_json(request.body) if request.body else {}, request)
        return value if isinstance(value, Answer) else json_answer(value if value is not None else {})

    def get_health(self, body, request):
        return {"ok": True}

    def get_ready(self, body, request):
        return {"ok": True} if self.stand.engine.ready() else Answer(503, b"")

    def post_reset(self, body, request):
        self.reset()

    def post_fault(self, body, request):
        rule = {"count": 1, "skip": 0, "taken": 0, "seconds": 0, **body}
        with self.lock:
            self.faults.append(rule)

    def get_faults(self, body, request):
        return self.faults

    def post_query_fault(self, body, request):
        body["since"] = time.time()
        self.stand.athena.query_faults.append(body)

    def post_quota(self, body, request):
        with self.lock:
            self.quotas.update(body)
            self.buckets = {}

    def post_key(self, body, request):
        expired = body.pop("expired", False)
        self.stand.iam.put(**body)
        self.stand.iam.keys[body["id"]].expires = 0 if expired else None

    def post_role(self, body, request):
        self.stand.sts.roles[body["arn"]] = body

    def post_web_token(self, body, request):
        self.stand.sts.tokens[body["token"]] = time.time() + body.get("seconds", 3600)

    def get_keys(self, body, request):
        return [{"id": k.id, "name": k.name, "secret": k.secret, "token": k.token} for k in self.stand.iam.keys.values()]

    def get_assumed(self, body, request):
        return self.stand.sts.assumed

    def post_expire(self, body, request):
        self.expire(body["id"])

    def post_setting(self, body, request):
        if "need_partitions" in body:
            self.stand.athena.need_partitions = body["need_partitions"]
        if "clock_offset" in body:
            self.server.clock_offset = body["clock_offset"]
        if "latency" in body:
            self.latency = body["latency"]
        if "workgroup" in body:
            self.stand.athena.workgroups[body["workgroup"]["Name"]] = body["workgroup"]

    def get_log(self, body, request):
        return self.log

    def get_counts(self, body, request):
        counts = collections.Counter(f"{e['service']}:{e['action']}" for e in self.log if e["key"] not in ("engine", "admin"))
        return dict(counts)

    def get_queries(self, body, request):
        return self.stand.engine.list()

    def post_engine(self, body, request):
        rows = []
        try:
            run = self.stand.engine.run(body["sql"], schema=body.get("schema", "default"), on_rows=rows.extend)
        except EngineError as e:
            raise Refused(Answer(400, str(e).encode(), content_type="text/plain"))
        return {"columns": run.columns, "rows": rows}

    def get_executions(self, body, request):
        executions = list(self.stand.athena.executions.values())
        return [{"id": x.id, "state": x.state, "query": x.statement.sql, "key": x.key.name, "engine": x.run.id,
                 "submitted": x.submitted, "ended": x.ended} for x in executions]

    def get_result(self, body, request):
        x = self.stand.athena.find(request.query["id"])
        return {"object": x.result.object_path, "rows": x.result.count, "bytes": x.result.size}
