"""PyAthena, which we did not write, over the stand; and the faults, as a client without retries sees them."""
import functools
import time

import pyarrow.fs
import pyathena
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from pyathena.arrow.cursor import ArrowCursor

from stand_client import BUCKET, FULL, TEMPORARY, Failed, execute, fetch

TYPES = (
    "SELECT true AS b, 1 AS i, BIGINT '9223372036854775807' AS i8, DOUBLE '1.5' AS f, DECIMAL '12.30' AS n, 'x''\"y' AS s, "
    "DATE '2026-10-10' AS d, TIMESTAMP '2026-10-10 12:34:56.789' AS ts, X'DEAD' AS bin, CAST(NULL AS varchar) AS nothing"
)


def connect(stand, **more):
    return pyathena.connect(
        endpoint_url=stand.url, region_name="us-east-1", aws_access_key_id=FULL[0], aws_secret_access_key=FULL[1],
        s3_staging_dir=f"s3://{BUCKET}/pyathena/", poll_interval=0.05, **more)


def test_the_default_cursor(stand):
    cursor = connect(stand).cursor()
    row = cursor.execute(TYPES).fetchone()
    assert row[:3] == (True, 1, 9223372036854775807) and str(row[4]) == "12.30" and row[5] == "x'\"y" and row[8] == b"\xde\xad" and row[9] is None
    assert str(row[6]) == "2026-10-10" and str(row[7]) == "2026-10-10 12:34:56.789000"
    assert [n[0] for n in cursor.execute("SELECT n FROM UNNEST(sequence(1, 2500)) t(n) ORDER BY n").description] == ["n"]
    assert [r[0] for r in cursor.fetchall()] == list(range(1, 2501))
    assert cursor.execute("SELECT %(a)s AS a", {"a": "it's"}).fetchall() == [("it's",)]
    with pytest.raises(pyathena.error.OperationalError, match="DIVISION_BY_ZERO"):
        cursor.execute("SELECT 1/0")


@pytest.fixture
def s3_by_environment(stand, monkeypatch):
    """PyAthena gives its endpoint_url to Athena only."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", stand.url)
    monkeypatch.setattr(pyarrow.fs, "S3FileSystem", functools.partial(pyarrow.fs.S3FileSystem, endpoint_override=stand.url[7:], scheme="http"))


def test_the_arrow_cursor(stand, s3_by_environment):
    """Reads the object in S3 with Arrow's own reader."""
    cursor = connect(stand, cursor_class=ArrowCursor).cursor()
    table = cursor.execute(TYPES).as_arrow()
    row = table.to_pylist()[0]
    assert row["i8"] == 9223372036854775807 and str(row["n"]) == "12.30" and row["s"] == "x'\"y" and row["b"] is True
    table = cursor.execute("SELECT n, 'v' || cast(n AS varchar) AS s FROM UNNEST(sequence(1, 5000)) t(n) ORDER BY n").as_arrow()
    assert table.num_rows == 5000 and table["s"][4999].as_py() == "v5000"


def test_the_arrow_cursor_over_unload(stand, s3_by_environment):
    cursor = connect(stand, cursor_class=ArrowCursor, schema_name="stand").cursor(unload=True)
    table = cursor.execute("SELECT n, 'v' || cast(n AS varchar) AS s FROM UNNEST(sequence(1, 1000)) t(n)").as_arrow()
    assert sorted(table["n"].to_pylist()) == list(range(1, 1001))


# ---------- faults ----------


@pytest.mark.parametrize(
    "fault, error",
    [
        ("throttle", "ThrottlingException"), ("too-many-requests", "TooManyRequestsException"), ("metadata-throttle", "MetadataException"),
        ("500", "InternalServerException"), ("503", "InternalServerException"), ("drop", None), ("drop-body", None), ("reset-body", None),
        ("garbage", None),
    ],
)
def test_a_fault_happens_once(stand, athena, fault, error):
    stand.fault("GetQueryExecution", fault)
    id = athena.start_query_execution(QueryString="SELECT 1", ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/f/"})["QueryExecutionId"]
    with pytest.raises((ClientError, BotoCoreError, ValueError)) as e:
        athena.get_query_execution(QueryExecutionId=id)
    if error:
        assert e.value.response["Error"]["Code"] == error
    assert athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]["QueryExecutionId"] == id
    assert [e["fault"] for e in stand.log("GetQueryExecution")] == [fault, None]


def test_a_short_answer(stand, athena):
    """Whole by HTTP's account, half of it by JSON's; botocore takes it for an empty one."""
    stand.fault("GetWorkGroup", "short")
    assert "WorkGroup" not in athena.get_work_group(WorkGroup="primary")
    assert "WorkGroup" in athena.get_work_group(WorkGroup="primary")


def test_faults_of_queries(stand, athena):
    failure = {"ErrorCategory": 1, "ErrorType": 233, "ErrorMessage": "short", "Retryable": True}
    stand.query_fault(fail=failure, reason="the long story")
    with pytest.raises(Failed, match="the long story") as e:
        execute(athena, "SELECT 1")
    assert e.value.execution["Status"]["AthenaError"] == failure
    stand.query_fault(**{"delete-result": True})
    with pytest.raises(ClientError, match="Could not find results"):
        fetch(athena, "SELECT 1")
    stand.query_fault(**{"empty-last-page": True})
    assert fetch(athena, "SELECT 1") == [["_col0"], ["1"]]
    assert len(stand.log("GetQueryResults")) == 3
    stand.query_fault(**{"empty-result": True})
    assert fetch(athena, "SELECT 1") == []
    stand.query_fault(**{"wrong-columns": 1})
    assert fetch(athena, "SELECT 1")[-1] == ["1", "more"]
    stand.query_fault(delay=0.5)
    started = time.time()
    execute(athena, "SELECT 1")
    assert time.time() - started >= 0.5


def test_expiry_in_the_middle(stand):
    athena = stand.client("athena", TEMPORARY)
    stand.fault("GetQueryResults", "expire", id=TEMPORARY[0])
    id = execute(athena, "SELECT 1")["QueryExecutionId"]
    with pytest.raises(ClientError, match="expired"):
        athena.get_query_results(QueryExecutionId=id)


def test_quotas(stand, athena):
    stand.call("quota", {"GetQueryExecution": [0.001, 3]})
    id = athena.start_query_execution(QueryString="SELECT 1", ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/f/"})["QueryExecutionId"]
    for _ in range(3):
        athena.get_query_execution(QueryExecutionId=id)
    with pytest.raises(ClientError, match="Rate exceeded"):
        athena.get_query_execution(QueryExecutionId=id)


def test_s3_faults(stand, athena, s3):
    execution = execute(athena, "SELECT 1 AS a")
    bucket, key = execution["ResultConfiguration"]["OutputLocation"][5:].split("/", 1)
    for fault, error in (("throttle", "SlowDown"), ("500", "InternalError"), ("503", "ServiceUnavailable")):
        stand.fault("GetObject", fault)
        with pytest.raises(ClientError) as e:
            s3.get_object(Bucket=bucket, Key=key)
        assert e.value.response["Error"]["Code"] == error
    stand.fault("GetObject", "drop-body")
    with pytest.raises(BotoCoreError):
        s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b'"a"\n"1"\n'
