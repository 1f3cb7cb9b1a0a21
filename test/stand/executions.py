"""Query executions: from StartQueryExecution to a result, or to an error.

The actions of Athena are methods do_<Action>(request, body) of Athena; what a
body may hold has been checked against the service model before.
"""
import base64
import concurrent.futures
import json
import re
import threading
import time
import traceback
import uuid

import orjson
from botocore.exceptions import ClientError

import statements
from engine import Cancelled, EngineError, Run
from hive_ddl import HiveDdl, HiveError
from iam import REGION
from results import Result, info, metadata
from statements import invalid, quote
from wire import epoch, json_error

ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
ERROR_TYPES = {
    "DIVISION_BY_ZERO": 1001, "TYPE_MISMATCH": 1002, "COLUMN_NOT_FOUND": 1006, "CATALOG_NOT_FOUND": 1006, "INVALID_CAST_ARGUMENT": 1100,
    "INVALID_PARAMETER_USAGE": 1100, "INVALID_FUNCTION_ARGUMENT": 1106, "TABLE_ALREADY_EXISTS": 1110, "NOT_SUPPORTED": 1200,
    "NOT_FOUND": 1300, "TABLE_NOT_FOUND": 1301, "SCHEMA_NOT_FOUND": 1301, "FUNCTION_NOT_FOUND": 1303,
}
# A catalogue called as those of S3 Tables are, which no catalogue of Trino's can be.
SLASHED, BEHIND_SLASHED = "s3tablescatalog/lake", "memory"
CUTOFF_TEXT = "Bytes scanned limit was exceeded"


def workgroups():
    """What GetWorkGroup answers, by name; bucket names are those of the tests."""

    def made(name, state="ENABLED", enforce=False, location=None, **more):
        return {
            "Name": name, "State": state, "CreationTime": epoch(1791604939.151),
            "Configuration": {
                "EnableMinimumEncryptionConfiguration": False, "EnforceWorkGroupConfiguration": enforce,
                "EngineVersion": {"Category": "Presto", "EffectiveEngineVersion": "Athena engine version 3", "SelectedEngineVersion": "AUTO"},
                "PublishCloudWatchMetricsEnabled": False, "QuerySchedulingType": "DEFAULT", "RequesterPaysEnabled": False,
                "ResultConfiguration": {"OutputLocation": location} if location else {}, **more,
            },
        }

    return {w["Name"]: w for w in (
        made("primary"),
        made("located", location="s3://athena-results/of-the-workgroup/"),
        made("enforced", enforce=True, location="s3://athena-results/enforced/"),
        made("cutoff", BytesScannedCutoffPerQuery=10_000_000),
        made("disabled", state="DISABLED"),
        made("managed", ManagedQueryResultsConfiguration={"Enabled": True}),
    )}


class Execution:
    def __init__(self, request, body, statement, workgroup):
        self.id = str(uuid.uuid4())
        self.key, self.body, self.statement, self.workgroup = request.key, body, statement, workgroup
        self.state, self.reason, self.error = "QUEUED", None, None
        self.submitted, self.started, self.ended = time.time(), None, None
        self.stop = False  # asked for by StopQueryExecution
        self.why = "Query cancelled by user"
        self.run = Run()
        self.scanned = 0
        self.result = None
        self.reused = None  # the execution whose result this is
        self.manifest = None
        self.fault = {}
        self.cutoff = workgroup["Configuration"].get("BytesScannedCutoffPerQuery")
        context = body.get("QueryExecutionContext", {})
        self.database = context.get("Database", "default").lower()
        self.catalog = context.get("Catalog", "awsdatacatalog").lower()
        self.output = None

    @property
    def managed(self):
        return self.workgroup["Configuration"].get("ManagedQueryResultsConfiguration", {}).get("Enabled", False)

    def place(self, location):
        """Sets where the result object goes."""
        extension = self.statement.extension
        prefix = location.rstrip("/") + "/"
        if extension == "tables":
            self.output = f"{prefix}tables/{self.id}"
        else:
            self.output = f"{prefix}{self.id}" + (f".{extension}" if extension else "")

    def describe(self):
        source = self.reused or self
        status = {"State": self.state, "SubmissionDateTime": epoch(self.submitted)}
        now = self.ended or time.time()
        total = int((now - self.submitted) * 1000)
        queue = int(((self.started or now) - self.submitted) * 1000)
        statistics = {"QueryQueueTimeInMillis": queue, "TotalExecutionTimeInMillis": total,
                      "ResultReuseInformation": {"ReusedPreviousResult": self.reused is not None}}
        if self.state != "QUEUED":
            statistics.update(DataScannedInBytes=self.scanned, EngineExecutionTimeInMillis=max(total - queue, 0),
                              ServicePreProcessingTimeInMillis=0, ServiceProcessingTimeInMillis=0)
            if self.scanned:
                statistics["QueryPlanningTimeInMillis"] = self.run.stats.get("queuedTimeMillis", 0)
        if self.manifest:
            statistics["DataManifestLocation"] = self.manifest
        if self.ended:
            status["CompletionDateTime"] = epoch(self.ended)
        if self.reason is not None:
            status["StateChangeReason"] = self.reason
        if self.error:
            status["AthenaError"] = self.error
        context = {k: v for k, v in (("Database", self.body.get("QueryExecutionContext", {}).get("Database")),
                                     ("Catalog", self.body.get("QueryExecutionContext", {}).get("Catalog", "").lower() or None)) if v}
        location = {"OutputLocation": source.output} if source.output else {}
        configuration = self.body.get("ResultConfiguration", {})
        for name in ("EncryptionConfiguration", "ExpectedBucketOwner", "AclConfiguration"):
            if name in configuration:
                location[name] = configuration[name]
        execution = {
            "EngineVersion": {"EffectiveEngineVersion": "Athena engine version 3", "SelectedEngineVersion": "AUTO"},
            "Query": self.statement.sql, "QueryExecutionId": self.id, "QueryExecutionContext": context, "ResultConfiguration": location,
            "ResultReuseConfiguration": self.body.get("ResultReuseConfiguration", {"ResultReuseByAgeConfiguration": {"Enabled": False}}),
            "StatementType": self.statement.type, "SubstatementType": self.statement.kind, "Statistics": statistics, "Status": status,
            "WorkGroup": self.workgroup["Name"],
        }
        if self.managed:
            execution["ManagedQueryResultsConfiguration"] = {"Enabled": True}
        detail = {k: execution[k] for k in ("Query", "QueryExecutionId", "QueryExecutionContext", "ResultConfiguration", "WorkGroup")}
        state = {"CANCELLED": "CANCELED", "QUEUED": "RUNNING"}.get(self.state, self.state)
        detail["Status"] = {**{k: v for k, v in status.items() if k != "AthenaError"}, "State": state}
        detail["Stats"] = {"ProcessedBytes": self.scanned}
        return execution, detail


class Athena:
    def __init__(self, engine, glue, s3, directory, iam, active=20):
        self.engine, self.glue, self.s3, self.directory, self.iam = engine, glue, s3, directory, iam
        self.hive = HiveDdl(glue, engine)
        self.lock = threading.Lock()
        self.pool = concurrent.futures.ThreadPoolExecutor(active, "query")
        self.executions, self.tokens, self.parsed = {}, {}, set()
        self.catalogs = {"awsdatacatalog": "GLUE", "tpch": "LAMBDA", "memory": "LAMBDA", SLASHED: "FEDERATED"}
        self.reset()

    def reset(self):
        self.workgroups = workgroups()
        self.query_faults = []  # taken by the executions to come
        self.need_partitions = False  # partitioned tables take glue:GetPartitions, as live

    # ---------- start ----------

    def do_StartQueryExecution(self, request, body):
        sql = statements.one_statement(body["QueryString"])
        token = body.get("ClientRequestToken")
        if not token:
            raise invalid("INVALID_INPUT", "clientRequestToken is null or empty")
        name = body.get("WorkGroup", "primary")
        workgroup = self.workgroups.get(name)
        if workgroup is None:
            raise invalid("INVALID_INPUT", "WorkGroup is not found.")
        if workgroup["State"] != "ENABLED":
            raise invalid("INVALID_INPUT", f"WorkGroup {name} is disabled.")
        location = self.location(request, body, workgroup)
        statement = statements.classify(sql)
        if statement.type == "DML" and statement.kind != "UNLOAD":
            self.parse(sql)
        elif statement.kind in ("CREATE_VIEW", "CREATE_TABLE_AS_SELECT"):
            self.parse(sql)
        if statement.kind == "CREATE_TABLE_AS_SELECT" and workgroup["Configuration"]["EnforceWorkGroupConfiguration"]:
            if statements.ctas(statement, "x", "s3://x/")[3] and "external_location" in sql.lower():
                raise invalid("INVALID_INPUT", "The Create Table As Select query failed because it was submitted with an 'external_location' property to an Athena Workgroup that enforces a centralized output location for all queries. Please remove the 'external_location' property and resubmit the query.")
        context = body.get("QueryExecutionContext", {})
        same = (body["QueryString"], context.get("Database"), context.get("Catalog"), body.get("ResultConfiguration", {}).get("OutputLocation"))
        with self.lock:
            known = self.tokens.get(token)
            if known:
                if known[0] != same:
                    raise invalid("IDEMPOTENT_PARAMETER_MISMATCH", "Idempotent parameters do not match")
                return {"QueryExecutionId": known[1]}
            execution = Execution(request, body, statement, workgroup)
            execution.sql = sql.replace(f'"{SLASHED}".', f"{BEHIND_SLASHED}.")
            self.tokens[token] = (same, execution.id)
            self.executions[execution.id] = execution
            for i, fault in enumerate(self.query_faults):
                if re.search(fault.get("statement", ""), sql):
                    execution.fault = self.query_faults.pop(i)
                    break
            if location:
                execution.place(location)
            reuse = body.get("ResultReuseConfiguration", {}).get("ResultReuseByAgeConfiguration", {})
            if reuse.get("Enabled"):
                self.reuse(execution, reuse.get("MaxAgeInMinutes", 60))
        if not execution.reused:
            self.pool.submit(self.carry_out, execution)
        return {"QueryExecutionId": execution.id}

    def parse(self, sql):
        """Refuses what the engine cannot parse."""
        if sql in self.parsed:
            return
        try:
            self.engine.parse(sql)
        except EngineError as e:
            if e.name == "SYNTAX_ERROR":
                raise invalid("MALFORMED_QUERY", e.message)
        if len(self.parsed) < 10000:
            self.parsed.add(sql)

    def location(self, request, body, workgroup):
        configuration = workgroup["Configuration"]
        own = configuration["ResultConfiguration"].get("OutputLocation")
        given = body.get("ResultConfiguration", {}).get("OutputLocation")
        if given is not None and not (given.startswith("s3://") and given[5:].split("/")[0]):
            raise invalid("INVALID_INPUT", "outputLocation is not a valid S3 path.")
        if configuration.get("ManagedQueryResultsConfiguration", {}).get("Enabled"):
            if given:
                raise invalid("INVALID_INPUT", "ResultConfiguration cannot be set for a workgroup with managed query results enabled.")
            return None
        if configuration["EnforceWorkGroupConfiguration"] and own:
            given = own
        given = given or own
        if not given:
            raise invalid("INVALID_INPUT", "No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.")
        bucket = given[5:].split("/")[0]
        if not request.key.may("s3:GetBucketLocation"):
            raise invalid("INVALID_INPUT", f"Unable to verify/create output bucket {bucket}")
        return given

    def reuse(self, execution, minutes):
        if execution.managed:
            return
        for other in reversed(list(self.executions.values())):
            if (other is not execution and other.state == "SUCCEEDED" and other.reused is None and other.statement.kind == "SELECT"
                    and other.sql == execution.sql and (other.catalog, other.database) == (execution.catalog, execution.database)
                    and other.workgroup is execution.workgroup and time.time() - other.ended <= minutes * 60):
                execution.reused, execution.state, execution.started, execution.ended = other, "SUCCEEDED", time.time(), time.time()
                return

    # ---------- running ----------

    def carry_out(self, x):
        try:
            if x.stop:
                raise Cancelled
            x.started = time.time()
            x.state = "RUNNING"
            if "delay" in x.fault:
                self.pause(x, x.fault["delay"])
            if "beside" in x.fault:
                self.pause(x, 30, over=lambda: x.fault["beside"] <= sum(y.submitted >= x.fault["since"] for y in list(self.executions.values())))
            if "fail" in x.fault:
                self.fail(x, x.fault["reason"], x.fault["fail"])
                return
            self.check_rights(x)
            result = Result(self.directory, x.id, x.statement.header, x.statement.extension if x.statement.extension in ("csv", "txt") else "none")
            self.perform(x, result)
            if x.stop:
                raise Cancelled
            x.result = result
            result.refused = bool(x.fault.get("refuse-object"))
            self.publish(x)
            x.ended = time.time()
            x.state = "SUCCEEDED"
            if x.fault.get("delete-result"):
                self.s3.forget(x.output)
        except Cancelled:
            x.ended, x.reason, x.state = time.time(), x.why, "CANCELLED"
        except EngineError as e:
            text = f"{e.name}: {e.message}"
            if e.name == "USER_CANCELED" and x.stop:
                x.ended, x.reason, x.state = time.time(), x.why, "CANCELLED"
                return
            if x.statement.kind in ("INSERT", "CREATE_TABLE_AS_SELECT"):
                text += f". You may need to manually clean the data at location '{x.output}' before retrying. Athena will not delete data in your account."
            user = e.kind in ("USER_ERROR",)
            self.fail(x, text, {"ErrorCategory": 2 if user else 1, "ErrorType": ERROR_TYPES.get(e.name, 1000), "ErrorMessage": text, "Retryable": False})
        except HiveError as e:
            self.fail(x, e.reason, {"ErrorCategory": e.category, "ErrorType": e.type, "ErrorMessage": e.text, "Retryable": False})
        except Exception as e:  # the stand's own fault: say so, loudly
            traceback.print_exc()
            self.fail(x, f"STAND: {type(e).__name__}: {e}", {"ErrorCategory": 3, "ErrorType": 9999, "ErrorMessage": "Unknown error occurred.", "Retryable": False})

    def fail(self, x, reason, error):
        x.ended, x.reason, x.error, x.state = time.time(), reason, error, "FAILED"

    def pause(self, x, seconds, over=lambda: False):
        until = time.time() + seconds
        while time.time() < until and not over():
            if x.stop:
                raise Cancelled
            time.sleep(0.02)

    def check_rights(self, x):
        """Athena reads catalogue and data as the caller."""
        key = x.key
        arn = f"arn:aws:glue:{REGION}:000000000000"
        if key.actions is None:
            return
        needed = []
        if x.statement.type == "DML" and not (key.may("glue:GetTable") and key.may("glue:GetDatabase") and not self.need_partitions and key.may("s3:GetObject")):
            for database, table in self.inputs(x):
                needed += [("glue:GetDatabase", f"{arn}:database/{database}"), ("glue:GetTable", f"{arn}:table/{database}/{table}")]
                if self.need_partitions and self.partitioned(database, table):
                    needed.append(("glue:GetPartitions", f"{arn}:table/{database}/{table}"))
                needed.append(("s3:GetObject", f"arn:aws:s3:::{database}/{table}"))
        needed += {
            "CREATE_TABLE": [("glue:CreateTable", f"{arn}:database/{x.database}")], "DROP_TABLE": [("glue:DeleteTable", f"{arn}:database/{x.database}")],
            "CREATE_DATABASE": [("glue:CreateDatabase", f"{arn}:catalog")], "DROP_DATABASE": [("glue:DeleteDatabase", f"{arn}:catalog")],
            "CREATE_TABLE_AS_SELECT": [("glue:CreateTable", f"{arn}:database/{x.database}")],
            "SHOW_TABLES": [("glue:GetTables", f"{arn}:database/{x.database}")], "SHOW_DATABASES": [("glue:GetDatabases", f"{arn}:catalog")],
        }.get(x.statement.kind, [])
        if x.statement.kind.startswith("ALTER_TABLE"):
            needed.append(("glue:UpdateTable", f"{arn}:table/{x.database}"))
        for action, resource in needed:
            if not key.may(action):
                text = f"User: {key.arn} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
                if action.startswith("glue:"):
                    text += " (Service: AmazonDataCatalog; Status Code: 400; Error Code: AccessDeniedException; Request ID: c1c00c9d-315c-4437-acc0-49e4b1762f13; Proxy: null)"
                else:
                    text = f"PERMISSION_DENIED: {text}"
                raise HiveError(text, type_=1500)
        if x.output and not key.may("s3:PutObject"):
            raise HiveError(f"Access denied when writing output to url: {x.output} . Please ensure you are allowed to access the S3 bucket. If you are encrypting query results with KMS key, please ensure you are allowed to access your KMS key", type_=1500)

    def inputs(self, x):
        """[(database, table)] that a query reads."""
        if x.statement.kind in ("EXPLAIN", "UNLOAD"):
            return []
        try:
            plan = json.loads(self.engine.rows(f"EXPLAIN (TYPE IO, FORMAT JSON) {x.sql}", catalog=x.catalog, schema=x.database)[0][0])
        except EngineError:
            return []  # it will fail by itself
        tables = [t["table"] for t in plan["inputTableColumnInfos"]]
        return [(t["schemaTable"]["schema"], t["schemaTable"]["table"]) for t in tables if t["catalog"] in ("awsdatacatalog", "iceberg") and t["schemaTable"]["schema"] != "information_schema"]

    def partitioned(self, database, table):
        try:
            found = self.glue.get_table(DatabaseName=database, Name=table)["Table"]
        except ClientError:
            return False
        return bool(found.get("PartitionKeys")) and found.get("Parameters", {}).get("projection.enabled") != "true"

    def on_stats(self, x):
        def watch(stats):
            x.scanned = stats.get("physicalInputBytes", stats.get("processedBytes", 0))
            if x.cutoff and x.scanned > x.cutoff:
                x.why, x.stop = CUTOFF_TEXT, True

        return watch

    def options(self, x):
        return dict(catalog=BEHIND_SLASHED if x.catalog == SLASHED else x.catalog, schema=x.database, source=x.id, cancelled=lambda: x.stop, run=x.run, on_stats=self.on_stats(x))

    def perform(self, x, result):
        s = x.statement
        if s.type == "DML" and s.kind in ("SELECT", "EXPLAIN"):
            sql = x.sql
            if x.body.get("ExecutionParameters"):
                sql = f"EXECUTE IMMEDIATE {statements.literal(sql)} USING {', '.join(self.parameter(p) for p in x.body['ExecutionParameters'])}"
            if s.kind == "EXPLAIN":
                plan = self.engine.rows(sql, **self.options(x))[0][0]
                if plan is not True and plan.startswith("Trino version: "):
                    plan = plan.split("\n", 1)[1]
                text = "true\n" if plan is True else plan + "\n"
                name = "Valid" if plan is True else "Query Plan"
                result.set_infos([info(name, "varchar", len(text), case_sensitive=True)])
                result.add_texts([[line] for line in text.split("\n")])
                result.finish(None, f"{name}\n{text}")
                return
            self.engine.run(sql, on_columns=result.set_columns, on_rows=result.add, **self.options(x))
            if not result.columns:
                result.set_infos([])
            result.finish(0)
            return
        if s.kind in ("INSERT", "UPDATE", "DELETE", "MERGE"):
            self.engine.run(x.sql, **self.options(x))
            result.set_infos([info("rows", "bigint", 19)])
            result.finish(x.run.update_count or 0)
            if s.kind == "INSERT":
                x.manifest = f"{x.output}-manifest.csv"
            return
        if s.kind == "UNLOAD":
            self.unload(x, result)
            return
        if s.kind == "CREATE_TABLE_AS_SELECT":
            sql, codec, iceberg, given = statements.ctas(s, x.database, x.output)
            catalog = "iceberg" if iceberg else "awsdatacatalog"
            self.engine.run(sql, session=((f"{catalog}.compression_codec", codec),), **self.options(x))
            result.set_infos([info("rows", "bigint", 19)])
            result.finish(x.run.update_count or 0)
            if not iceberg:
                x.manifest = f"{x.output}-manifest.csv"
            return
        if s.kind == "SHOW_FUNCTIONS":
            result.header = True
            self.engine.run(x.sql, on_columns=result.set_columns, on_rows=result.add, **self.options(x))
            result.finish(0)
            return
        outcome = self.hive.run(s, x.database, **self.options(x))
        if outcome:
            infos, rows = outcome
            result.set_infos(infos)
            result.add_texts([[row] for row in rows])
            result.finish(None if s.kind in ("DESCRIBE_TABLE", "SHOW_CREATE_TABLE") else 0, "\n".join(rows))
        else:
            result.set_infos([])
            result.finish(None, "")

    def parameter(self, text):
        """An execution parameter as an expression, or else as a string."""
        try:
            self.engine.parse(f"SELECT {text}")
            toks = statements.tokens(text)
            named = any(t.kind == "name" or t.word and t.word not in ("NULL", "TRUE", "FALSE", "DATE", "TIME", "TIMESTAMP", "DECIMAL", "DOUBLE", "REAL", "BIGINT", "CAST", "AS") for t in toks)
            if not named:
                return text
        except EngineError:
            pass
        return statements.literal(text)

    def unload(self, x, result):
        unload = statements.Unload(x.statement)
        if self.s3.list(unload.target):
            raise HiveError(f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{x.database}.unload' already exists: {unload.target}. You may need to manually clean the data at location '{unload.target}' before retrying. Athena will not delete data in your account.", type_=1200)
        table = f"unload_{x.id.replace('-', '')}"
        schema = self.unload_schema()
        full = f"awsdatacatalog.{schema}.{table}"
        try:
            self.engine.run(unload.sql(full), session=(("awsdatacatalog.compression_codec", unload.codec),), **self.options(x))
        finally:
            try:
                self.glue.delete_table(DatabaseName=schema, Name=table)  # the files stay
            except ClientError:
                pass
        files = self.s3.list(unload.target)
        x.manifest = f"{x.output}{x.fault.get('manifest', '-manifest.csv')}"
        self.s3.put(x.manifest, "".join(f"{f}\n" for f in files).encode())
        result.set_infos([info("rows", "bigint", 19)])
        result.finish(x.run.update_count or 0)

    def unload_schema(self):
        try:
            self.glue.create_database(DatabaseInput={"Name": "stand_unload", "LocationUri": "s3://athena-results/unload-schema/"})
        except ClientError:
            pass
        return "stand_unload"

    def publish(self, x):
        """The object of the result, where the statement's kind has one."""
        if not x.output or x.managed:
            return
        if x.statement.extension in ("csv", "txt") and x.statement.kind not in ("UPDATE", "DELETE", "MERGE"):
            self.s3.show(x.output, x.result)
        if x.statement.type == "DML" or x.result.columns:
            self.s3.put(f"{x.output}.metadata", metadata(x.id, x.result.columns))

    # ---------- the other actions ----------

    def find(self, id):
        execution = self.executions.get(id)
        if execution is None:
            raise invalid("QUERY_EXECUTION_NOT_FOUND", f"QueryExecution {id} was not found")
        return execution

    def do_GetQueryExecution(self, request, body):
        execution, detail = self.find(body["QueryExecutionId"]).describe()
        return {"QueryExecution": execution, "QueryExecutionDetail": detail}

    def do_BatchGetQueryExecution(self, request, body):
        found, missing = [], []
        for id in body["QueryExecutionIds"]:
            if id in self.executions:
                found.append(self.executions[id].describe()[0])
            else:
                missing.append({"QueryExecutionId": id, "ErrorCode": "QUERY_EXECUTION_NOT_FOUND", "ErrorMessage": f"QueryExecution {id} was not found"})
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def do_StopQueryExecution(self, request, body):
        x = self.find(body["QueryExecutionId"])
        if x.state not in ENDED:
            x.stop = True
            if x.state == "RUNNING":
                self.engine.kill(x.run)
        return {}

    def do_GetQueryResults(self, request, body):
        x = self.find(body["QueryExecutionId"])
        most = body.get("MaxResults", 1000)
        if most > 1000:
            raise invalid("INVALID_INPUT", "MaxResults is more than maximum allowed length 1000")
        if x.state in ("QUEUED", "RUNNING"):
            raise invalid("INVALID_QUERY_EXECUTION_STATE", f"Query has not yet finished. Current state: {x.state}")
        if x.state == "CANCELLED":
            raise invalid("RESULT_NOT_FOUND", "Could not find results")
        source = x.reused or x
        if x.state == "FAILED":
            if x.statement.type == "DDL":
                return {"ResultSet": {"ColumnInfos": None, "ResultRows": [], "ResultSetMetadata": None, "Rows": []}}
            raise invalid("INVALID_QUERY_EXECUTION_STATE", "Query did not finish successfully. Final query state: FAILED")
        if not x.managed:
            if not request.key.may("s3:GetObject"):
                raise self.iam.deny("glue", request.key, "s3:GetObject", f'"{source.output.replace("s3://", "arn:aws:s3:::")}"')
            if self.s3.lost(source.output, source.result) or not self.s3.bucket_exists(source.output):
                raise invalid("RESULT_NOT_FOUND", "Could not find results")
        start = 0
        if "NextToken" in body and source.result.shown:
            start = self.read_token(source, body["NextToken"])
        page, following = source.result.page(start, most)
        page = self.spoil(source, page, start, following)
        if following is not None and "NextToken" not in page:
            page["NextToken"] = self.token(source, following)
        return page

    def spoil(self, x, page, start, following):
        """Answers that a service ought not to give."""
        fault = x.fault
        if not fault:
            return page
        page = orjson.loads(orjson.dumps(page))
        rows, shown = page["ResultSet"]["Rows"], page["ResultSet"]["ResultRows"]
        if fault.get("empty-result"):
            del rows[:], shown[:]
        if "wrong-columns" in fault and (start > 0 or not fault.get("later-pages")):
            for r, s in list(zip(rows, shown))[-1:]:
                r["Data"] = r["Data"][:-1] if fault["wrong-columns"] < 0 else r["Data"] + [{"VarCharValue": "more"}]
                s["Data"] = s["Data"][:-1] if fault["wrong-columns"] < 0 else s["Data"] + ["more"]
        if fault.get("wrong-column-info"):
            page["ResultSet"]["ResultSetMetadata"] = {"ColumnInfo": page["ResultSet"]["ColumnInfos"][:-1]}
            page["ResultSet"]["ColumnInfos"] = page["ResultSet"]["ColumnInfos"][:-1]
        if fault.get("empty-last-page") and following is None and start < x.result.shown:
            page["NextToken"] = self.token(x, x.result.shown)
        return page

    def token(self, x, start):
        return base64.b64encode(f"{x.id}:{start}:{'stand' * 8}".encode()).decode()

    def read_token(self, x, token):
        try:
            id, start, _ = base64.b64decode(token, validate=True).decode().split(":")
            if id == x.id and int(start) <= x.result.shown:
                return int(start)
        except ValueError:
            pass
        raise invalid("INVALID_INPUT", f"Malformed nextPageToken {token}")

    def do_GetWorkGroup(self, request, body):
        workgroup = self.workgroups.get(body["WorkGroup"])
        if workgroup is None:
            raise invalid("INVALID_INPUT", "WorkGroup is not found.")
        return {"WorkGroup": workgroup}

    # ---------- the catalogue, as Athena shows it ----------

    def do_ListDataCatalogs(self, request, body):
        names = {"awsdatacatalog": "AwsDataCatalog"}
        return {"DataCatalogsSummary": [{"CatalogName": names.get(n, n), "Type": t} for n, t in self.catalogs.items()]}

    def do_GetDataCatalog(self, request, body):
        type_ = self.catalogs.get(body["Name"].lower())
        if type_ is None:
            raise json_error("InvalidRequestException", f"DataCatalog {body['Name']} was not found")
        return {"DataCatalog": {"Name": body["Name"], "Type": type_, "Parameters": {"catalog-id": "000000000000"} if type_ == "GLUE" else {}}}

    def databases(self, request, body):
        catalog = body["CatalogName"].lower()
        if catalog not in self.catalogs:
            raise invalid("DATACATALOG_NOT_FOUND", f"Catalog '{body['CatalogName']}' does not exist")
        if catalog != "awsdatacatalog":
            return [{"Name": r[0]} for r in self.engine.rows(f"SHOW SCHEMAS FROM {BEHIND_SLASHED if catalog == SLASHED else quote(catalog)}")]
        for action in ("glue:GetDatabases", "glue:GetDatabase"):
            if not request.key.may(action):
                raise json_error("MetadataException", f"User: {request.key.arn} is not authorized to perform: {action} (Service: AmazonDataCatalog; Status Code: 400; Error Code: AccessDeniedException; Request ID: c1c00c9d-315c-4437-acc0-49e4b1762f13; Proxy: null)")
        pages = self.glue.get_paginator("get_databases").paginate()
        found = [d for page in pages for d in page["DatabaseList"]]
        return [{"Name": d["Name"], **({"Description": d["Description"]} if d.get("Description") else {})} for d in sorted(found, key=lambda d: d["Name"]) if d["Name"] != "stand_unload"]

    def do_ListDatabases(self, request, body):
        databases, most = self.databases(request, body), body.get("MaxResults", 50)
        start = int(body.get("NextToken", 0))
        answer = {"DatabaseList": databases[start : start + most]}
        if start + most < len(databases):
            answer["NextToken"] = str(start + most)
        return answer

    def do_GetDatabase(self, request, body):
        for database in self.databases(request, body):
            if database["Name"] == body["DatabaseName"].lower():
                return {"Database": database}
        raise json_error("MetadataException", f"Database {body['DatabaseName']} not found. (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; Request ID: c1c00c9d-315c-4437-acc0-49e4b1762f13; Proxy: null)")
