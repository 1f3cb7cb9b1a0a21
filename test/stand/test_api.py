"""Athena's actions, as boto3 sees them and as they are on the wire."""
import datetime
import json
import pathlib
import re
import time
import urllib.error
import urllib.request
import uuid

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from stand_client import ADMIN, BUCKET, FULL, NO_GLUE, NO_S3_READ, NOTHING, PARTITIONS, TEMPORARY, Failed, execute, fetch, texts

RECORDINGS = pathlib.Path(__file__).parents[3] / "shared" / "reference" / "recordings"


def raw(stand, action, body, key=FULL, service="athena", region="us-east-1", change=None, prefix="AmazonAthena"):
    """(status, answer) of a request that boto3 would not send."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = AWSRequest("POST", stand.url + "/", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{prefix}.{action}"}, data)
    SigV4Auth(Credentials(*key), service, region).add_auth(request)
    headers = dict(request.headers)
    if change:
        data = change(headers, data) or data
    try:
        with urllib.request.urlopen(urllib.request.Request(stand.url + "/", data, headers), timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read() or b"{}")


def start(sql="SELECT 1", **more):
    return {"QueryString": sql, "ClientRequestToken": str(uuid.uuid4()), "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/raw/"}, **more}


def code(error):
    return error.value.response["Error"]["Code"]


# ---------- requests ----------


@pytest.mark.parametrize(
    "body, type_, words",
    [
        ({"ClientRequestToken": None}, "InvalidRequestException", "clientRequestToken is null or empty"),
        ({"ClientRequestToken": "short"}, "InvalidRequestException", "greater than or equal to 32"),
        ({"ClientRequestToken": "x" * 129}, "InvalidRequestException", "less than or equal to 128"),
        ({"QueryString": None}, "InvalidRequestException", "Value null at 'queryString'"),
        ({"QueryString": "SELECT '" + "x" * 262144 + "'"}, "InvalidRequestException", "less than or equal to 262144"),
        ({"QueryStrin": "SELECT 1"}, "InvalidRequestException", "not what AWS's model allows"),
        ({"QueryString": 1}, "InvalidRequestException", "not what AWS's model allows"),
        ({"QueryString": "SELECT 1; SELECT 2"}, "InvalidRequestException", "Only one sql statement is allowed"),
        ({"QueryString": ";"}, "InvalidRequestException", "Empty sql statement"),
        ({"QueryString": "SELEC 1"}, "InvalidRequestException", "line 1:1: mismatched input 'SELEC'"),
        ({"QueryString": "START TRANSACTION"}, "InvalidRequestException", "not supported"),
        ({"ResultConfiguration": {"OutputLocation": "results"}}, "InvalidRequestException", "not a valid S3 path"),
        ({"ResultConfiguration": None}, "InvalidRequestException", "No output location provided"),
        ({"WorkGroup": "nosuch"}, "InvalidRequestException", "WorkGroup is not found."),
        ({"WorkGroup": "disabled"}, "InvalidRequestException", "disabled"),
    ],
    ids=lambda v: str(v)[:40] if isinstance(v, dict) else "",
)
def test_refused_at_start(stand, body, type_, words):
    status, answer = raw(stand, "StartQueryExecution", {k: v for k, v in {**start(), **body}.items() if v is not None})
    assert (status, answer["__type"]) == (400, type_)
    assert words in answer["Message"] and answer["AthenaErrorCode"] == answer["ErrorCode"]


def test_bodies_that_are_no_json(stand):
    for body in (b"", b"null", b'"x"', b"{,}", b'{"a":'):
        assert raw(stand, "StartQueryExecution", body) == (400, {"__type": "SerializationException"})
    assert raw(stand, "NoSuchAction", {}) == (400, {"__type": "UnknownOperationException"})


def test_a_token_names_one_execution(stand):
    body = start()
    first = raw(stand, "StartQueryExecution", body)
    assert first[0] == 200 and raw(stand, "StartQueryExecution", body) == first
    status, answer = raw(stand, "StartQueryExecution", {**body, "QueryString": "SELECT 2"})
    assert (status, answer["AthenaErrorCode"]) == (400, "IDEMPOTENT_PARAMETER_MISMATCH")
    assert len({e["id"] for e in stand.log("StartQueryExecution") if "id" in e}) == 1


# ---------- who calls ----------


def shift(stamp):
    def change(headers, data):
        headers["X-Amz-Date"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + stamp))

    return change


def unsigned_header(headers, data):
    headers["X-Amz-Extra"] = "1"


@pytest.mark.parametrize(
    "how, type_",
    [
        (dict(key=(FULL[0], "wrong")), "InvalidSignatureException"),
        (dict(key=("AKIATESTUNKNOWN00000", "x")), "UnrecognizedClientException"),
        (dict(key=TEMPORARY[:2]), "UnrecognizedClientException"),
        (dict(key=(*TEMPORARY[:2], "another token")), "UnrecognizedClientException"),
        (dict(region="eu-west-1"), "InvalidSignatureException"),
        (dict(service="glue"), "InvalidSignatureException"),
        (dict(change=shift(60)), "InvalidSignatureException"),
        (dict(change=unsigned_header), "InvalidSignatureException"),
        (dict(change=lambda headers, data: data.replace(b"SELECT 1", b"SELECT 2")), "InvalidSignatureException"),
        (dict(change=lambda headers, data: headers.pop("Authorization") and None), "MissingAuthenticationTokenException"),
    ],
    ids=range(10),
)
def test_who_is_refused(stand, how, type_):
    status, answer = raw(stand, "StartQueryExecution", start(), **how)
    assert (status, answer["__type"]) == (400, type_)
    assert "message" in answer


def test_old_signatures_are_refused(stand, monkeypatch):
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=20)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a, **k: past, raising=False)
    status, answer = raw(stand, "StartQueryExecution", start())
    assert (status, answer["__type"]) == (400, "InvalidSignatureException") and "expired" in answer["message"]


def test_a_temporary_key_until_it_expires(stand):
    client = stand.client("athena", TEMPORARY)
    assert fetch(client, "SELECT 1") == [["_col0"], ["1"]]
    stand.call("expire", {"id": TEMPORARY[0]})
    with pytest.raises(ClientError) as e:
        fetch(client, "SELECT 1")
    assert code(e) == "ExpiredTokenException"
    with pytest.raises(ClientError) as e:
        stand.client("s3", TEMPORARY).get_object(Bucket=BUCKET, Key="x")
    assert code(e) == "ExpiredToken"


def test_what_each_key_may_not(stand, athena):
    execute(athena, "CREATE EXTERNAL TABLE IF NOT EXISTS stand.parts (a int) PARTITIONED BY (p string) STORED AS PARQUET LOCATION 's3://stand-data/parts/'")
    with pytest.raises(ClientError) as e:
        stand.client("athena", NOTHING).start_query_execution(**start())
    assert code(e) == "AccessDeniedException"
    with pytest.raises(ClientError) as e:
        fetch(stand.client("athena", NO_S3_READ), "SELECT 1")
    assert code(e) == "AccessDeniedException" and "s3:GetObject" in str(e.value)
    assert fetch(stand.client("athena", NO_GLUE), "SELECT 1") == [["_col0"], ["1"]]
    with pytest.raises(Failed, match="not authorized to perform: glue:GetDatabase"):
        fetch(stand.client("athena", NO_GLUE), "SELECT * FROM stand.parts")
    with pytest.raises(ClientError) as e:
        stand.client("glue", NO_GLUE).get_tables(DatabaseName="stand")
    assert code(e) == "AccessDeniedException"
    with pytest.raises(ClientError) as e:
        stand.client("s3", NO_S3_READ).get_object(Bucket=BUCKET, Key="x")
    assert code(e) == "AccessDenied"
    # only the documented policy: none of these actions is in it
    with pytest.raises(ClientError) as e:
        stand.client("glue").get_partitions(DatabaseName="stand", TableName="parts")
    assert code(e) == "AccessDeniedException"
    assert fetch(athena, "SELECT * FROM stand.parts") == [["a", "p"]]
    stand.setting(need_partitions=True)
    with pytest.raises(Failed, match="glue:GetPartitions"):
        fetch(athena, "SELECT * FROM stand.parts")
    assert fetch(stand.client("athena", PARTITIONS), "SELECT * FROM stand.parts") == [["a", "p"]]
    stand.call("key", {"id": "AKIATESTLESS00000000", "secret": "s", "minus": ["athena:GetQueryResults"]})
    with pytest.raises(ClientError) as e:
        fetch(stand.client("athena", ("AKIATESTLESS00000000", "s")), "SELECT 1")
    assert code(e) == "AccessDeniedException" and "athena:GetQueryResults" in str(e.value)


# ---------- pages ----------


@pytest.mark.parametrize("rows, sizes", [(0, [1]), (998, [999]), (999, [1000, 0]), (1000, [1000, 1]), (2500, [1000, 1000, 501])])
def test_pages(athena, rows, sizes):
    id = execute(athena, f"SELECT n, 'r' || cast(n AS varchar) AS s FROM UNNEST(sequence(1, {max(rows, 1)})) t(n) WHERE n <= {rows} ORDER BY n")["QueryExecutionId"]
    seen, got, more = [], [], {}
    while True:
        page = athena.get_query_results(QueryExecutionId=id, **more)
        assert [c["Name"] for c in page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]] == ["n", "s"]
        seen.append(len(page["ResultSet"]["Rows"]))
        got += texts(page)
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert seen == sizes
    assert got == [["n", "s"]] + [[str(n), f"r{n}"] for n in range(1, rows + 1)]


def test_page_tokens_and_states(stand, athena):
    id = execute(athena, "SELECT n FROM UNNEST(sequence(1, 3)) t(n)")["QueryExecutionId"]
    assert len(athena.get_query_results(QueryExecutionId=id, MaxResults=2)["ResultSet"]["Rows"]) == 2
    with pytest.raises(ClientError, match="Malformed nextPageToken"):
        athena.get_query_results(QueryExecutionId=id, NextToken="nonsense")
    with pytest.raises(ClientError, match="more than maximum allowed length 1000"):
        athena.get_query_results(QueryExecutionId=id, MaxResults=1001)
    with pytest.raises(ClientError, match="was not found"):
        athena.get_query_execution(QueryExecutionId="nosuch")
    with pytest.raises(Failed) as e:
        execute(athena, "SELECT 1/0")
    status = e.value.execution["Status"]
    assert status["AthenaError"]["ErrorType"] == 1001 and status["AthenaError"]["ErrorCategory"] == 2
    with pytest.raises(ClientError, match="Final query state: FAILED"):
        athena.get_query_results(QueryExecutionId=e.value.execution["QueryExecutionId"])
    batch = athena.batch_get_query_execution(QueryExecutionIds=[id, "nosuch"])
    assert [q["QueryExecutionId"] for q in batch["QueryExecutions"]] == [id]
    assert batch["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "nosuch"


def test_stop(stand, athena):
    id = athena.start_query_execution(**start("SELECT count(*) FROM tpch.sf1000.lineitem a CROSS JOIN tpch.sf1000.orders b"))["QueryExecutionId"]
    while athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"]["State"] != "RUNNING" or not stand.running():
        time.sleep(0.05)
    with pytest.raises(ClientError, match="Query has not yet finished"):
        athena.get_query_results(QueryExecutionId=id)
    assert athena.stop_query_execution(QueryExecutionId=id)["ResponseMetadata"]["HTTPStatusCode"] == 200
    until = time.time() + 10
    while time.time() < until and (stand.running() or athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"]["State"] == "RUNNING"):
        time.sleep(0.05)
    status = athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Query cancelled by user")
    assert stand.running() == []
    with pytest.raises(ClientError, match="Could not find results"):
        athena.get_query_results(QueryExecutionId=id)


# ---------- against the recordings ----------

RECORDED = {  # whose statements can be told from the answer
    "003": "SELECT 1 AS a, 'x' AS b",
    "009": "SELECT id, name FROM (VALUES (1, CAST('x' AS varchar))) t(id, name) WHERE id > 1",
    "010": "SELECT nan() AS v",
    "011": "SELECT -infinity() AS v",
    "012": "SELECT ST_Point(1, 2) AS v",
    "014": "SELECT NULL",
    "015": "SELECT TIMESTAMP '2026-10-10 01:02:03'",
    "033": "SELECT TIME '12:34:56+07:00' AS v",
    "034": "SELECT TIMESTAMP '2026-10-10 12:34:56 Europe/Paris' AS v",
    "035": "SELECT '' AS e, CAST(NULL AS varchar) AS n",
    "045": """SELECT ARRAY['a,b', 'c"d'] AS a, MAP(ARRAY['k,1'], ARRAY['v"2']) AS m, CAST(ROW('x,y', 'z"w') AS ROW(a varchar, b varchar)) AS r""",
}


def recorded(number):
    paths = sorted(RECORDINGS.glob(f"{number}-*.json"))
    if not paths:
        pytest.skip("the recordings are not here")
    return json.loads(paths[0].read_text())["response"]


def shape(value):
    """The keys and types of a value, without its content."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_every_type_as_recorded(stand, athena):
    """The row of 23 types of recording 013, from the engine."""
    live = json.loads(recorded("013")["body"])["ResultSet"]
    values = [d for d in live["ResultRows"][1]["Data"]]
    types = [(c["Type"], c["Precision"], c["Scale"]) for c in live["ColumnInfos"]]

    def expression(value, type_, precision, scale):
        if value is None:
            return f"CAST(NULL AS {type_})"
        name = {"float": "real", "decimal": f"decimal({precision},{scale})", "char": f"char({precision})",
                "varchar": "varchar" if precision == 2147483647 else f"varchar({precision})"}.get(type_, type_)
        if type_ == "array":
            return "ARRAY[1, 2, 3]"
        if type_ == "map":
            return "MAP(ARRAY['a', 'b'], ARRAY[1, 2])"
        if type_ == "row":
            return "CAST(ROW(1, 'x') AS ROW(a integer, b varchar))"
        if type_ == "varbinary":
            return f"X'{value.replace(' ', '')}'"
        if type_ == "json":
            return f"JSON '{value}'"
        if type_.startswith("timestamp") or type_.startswith("time"):
            return f"{'TIME' if type_.startswith('time') and not type_.startswith('timestamp') else 'TIMESTAMP'} '{value}'"
        if type_ == "interval day to second":
            days, rest = value.split(" ")
            return f"INTERVAL '{days} {rest}' DAY TO SECOND"
        if type_ == "interval year to month":
            return f"INTERVAL '{value}' YEAR TO MONTH"
        return f"CAST('{value}' AS {name})" if name != "real" and name != "double" else f"{name.upper()} '{value}'"

    sql = "SELECT " + ", ".join(f"{expression(v, *t)} AS c{i}" for i, (v, t) in enumerate(zip(values, types)))
    id = execute(athena, sql)["QueryExecutionId"]
    status, page = raw(stand, "GetQueryResults", {"QueryExecutionId": id})
    assert page["ResultSet"]["ColumnInfos"] == live["ColumnInfos"]
    shown = page["ResultSet"]["ResultRows"][1]["Data"]
    for info, value, ours in zip(live["ColumnInfos"], values, shown):
        if info["Type"] not in ("array", "map", "row"):  # whose values are not the recorded ones
            assert ours == value, info


@pytest.mark.parametrize("number", RECORDED)
def test_results_as_recorded(stand, athena, number):
    live = json.loads(recorded(number)["body"])
    id = execute(athena, RECORDED[number])["QueryExecutionId"]
    status, page = raw(stand, "GetQueryResults", {"QueryExecutionId": id})
    assert page == live


def test_executions_and_errors_as_recorded(stand, athena):
    """The members of GetQueryExecution, and errors' own, are the live service's."""

    def execution_of(id):
        return raw(stand, "GetQueryExecution", {"QueryExecutionId": id})[1]

    def described(sql, **more):
        try:
            return execution_of(execute(athena, sql, "stand", **more)["QueryExecutionId"])
        except Failed as e:
            return execution_of(e.execution["QueryExecutionId"])

    for number, sql in (("002", "SELECT 1 AS a, 'x' AS b"), ("021", "SELECT * FROM nosuch_table")):
        live, ours = json.loads(recorded(number)["body"])["QueryExecution"], described(sql)["QueryExecution"]
        assert set(ours) == set(live), number
        assert shape(ours["Status"]) == shape(live["Status"]), number
        assert shape(ours["ResultConfiguration"]) == shape(live["ResultConfiguration"])
        assert set(live["Statistics"]) - {"QueryPlanningTimeInMillis"} <= set(ours["Statistics"]), number
        assert (ours["StatementType"], ours["SubstatementType"]) == (live["StatementType"], live["SubstatementType"])
    live = json.loads(recorded("020")["body"])
    ours = raw(stand, "StartQueryExecution", start("SELEC 1"))[1]
    assert set(ours) == set(live) and ours["Message"][:40] == live["Message"][:40]
    live = json.loads(recorded("025")["body"])
    assert set(raw(stand, "StartQueryExecution", start(), key=(FULL[0], "wrong"))[1]) == set(live)
    live = json.loads(recorded("026")["body"])["WorkGroup"]
    ours = raw(stand, "GetWorkGroup", {"WorkGroup": "enforced"})[1]["WorkGroup"]
    assert set(ours) == set(live)
    assert set(ours["Configuration"]) | {"BytesScannedCutoffPerQuery"} == set(live["Configuration"])


def test_times_are_written_with_an_exponent(stand, athena):
    id = execute(athena, "SELECT 1")["QueryExecutionId"]
    data = json.dumps({"QueryExecutionId": id}).encode()
    request = AWSRequest("POST", stand.url + "/", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonAthena.GetQueryExecution"}, data)
    SigV4Auth(Credentials(*FULL), "athena", "us-east-1").add_auth(request)
    text = urllib.request.urlopen(urllib.request.Request(stand.url + "/", data, dict(request.headers))).read().decode()
    assert re.search(r'"SubmissionDateTime":\d\.\d+E9[,}]', text)


def test_roles(stand):
    """AssumeRole by boto3: the keys work until they expire."""
    role = "arn:aws:iam::000000000000:role/tested"
    stand.call("role", {"arn": role, "trusts": ["full"], "external_id": "xyz", "minus": ["athena:GetWorkGroup"]})
    sts = stand.client("sts")
    assert sts.get_caller_identity()["Arn"].endswith(":user/full")
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=role, RoleSessionName="me")
    keys = sts.assume_role(RoleArn=role, RoleSessionName="me", ExternalId="xyz")["Credentials"]
    key = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert stand.client("athena", key).list_data_catalogs()["DataCatalogsSummary"]
    with pytest.raises(ClientError, match="AccessDenied"):
        stand.client("athena", key).get_work_group(WorkGroup="primary")
    stand.call("expire", {"id": key[0]})
    with pytest.raises(ClientError, match="ExpiredToken"):
        stand.client("athena", key).list_data_catalogs()


def test_web_identities(stand):
    role = "arn:aws:iam::000000000000:role/tested"
    stand.call("role", {"arn": role, "trusts": ["web"]})
    stand.call("web-token", {"token": "good-token"})
    stand.call("web-token", {"token": "old-token", "seconds": -1})
    sts = stand.client("sts")
    call = lambda token: sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="me", WebIdentityToken=token)
    assert call("good-token")["Credentials"]["SessionToken"]
    for token, code in (("old-token", "ExpiredTokenException"), ("no-token", "InvalidIdentityToken")):
        with pytest.raises(ClientError, match=code):
            call(token)


def test_tables_by_pages(stand):
    glue = stand.client("glue", ADMIN)
    glue.create_database(DatabaseInput={"Name": "paged"})
    for n in range(5):
        glue.create_table(DatabaseName="paged", TableInput={"Name": f"t{n}", "StorageDescriptor": {"Columns": []}})
    first = glue.get_tables(DatabaseName="paged", MaxResults=3)
    assert [t["Name"] for t in first["TableList"]] == ["t0", "t1", "t2"]
    rest = glue.get_tables(DatabaseName="paged", MaxResults=3, NextToken=first["NextToken"])
    assert [t["Name"] for t in rest["TableList"]] == ["t3", "t4"] and "NextToken" not in rest
    with pytest.raises(ClientError, match="EntityNotFound"):
        glue.get_tables(DatabaseName="nowhere")
    glue.delete_database(Name="paged")
