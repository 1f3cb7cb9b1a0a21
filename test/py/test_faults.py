"""Faults of the service and of the wire: retried or clearly said, never a wrong result."""
import time

import pytest

from conftest import KEY_ID, SECRET, connect, error, rows
from fake_athena import DROP, RESET, TRUNCATE, column, page

THREE = [(1,), (2,), (3,)]
THROTTLES = [
    (400, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
    (400, {"__type": "TooManyRequestsException", "Message": "You have exceeded the limit", "Reason": "CONCURRENT_QUERY_LIMIT_EXCEEDED"}),
    (503, b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"),
    (500, {"__type": "InternalServerException", "Message": "oops"}),
    (502, b"<html>Bad Gateway</html>"),
    DROP, RESET, TRUNCATE, (200, b"not json"), (200, b'{"QueryExecutionId": "cut'),
]
ACTIONS = ["StartQueryExecution", "GetQueryExecution", "GetQueryResults"]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", THROTTLES, ids=lambda f: f if isinstance(f, str) else f"{f[0]}-{str(f[1])[:30]}")
def test_passing_fault(fake, conn, action, fault):
    fake.faults[action] = [fault]
    assert rows(conn, "SELECT * FROM t") == THREE
    assert fake.count(action) == 2
    assert len(fake.queries) == 1, "a repeated start must not start a second query"


@pytest.mark.parametrize("action", ACTIONS)
def test_lasting_fault(fake, conn, action):
    conn.execute("ALTER SERVER lake OPTIONS (ADD max_retries '1')")
    # throttling is waited for four times as often as other faults
    for answer, sqlstate, calls in ((400, {"__type": "ThrottlingException", "message": "Rate exceeded"}), "53400", 5), ((500, {}), "HV000", 2), ((200, b"not json"), "08P01", 2):
        fake.reset()
        fake.faults[action] = [answer] * calls
        e = error(conn, "SELECT * FROM t")
        assert e.sqlstate == sqlstate and f"athena:{action}" in e.message_primary and "11111111-2222" in e.message_detail
        # a start in doubt is repeated with its token, to learn what has to be stopped
        in_doubt = action == "StartQueryExecution" and sqlstate != "53400"
        assert fake.count(action) == calls + in_doubt
        assert fake.count("StopQueryExecution") == (1 if action == "GetQueryExecution" or in_doubt else 0)
        assert len(fake.queries) <= 1


def test_lost_in_the_middle_of_a_large_result(fake, conn):
    fake.rows = [[str(i)] for i in range(10_000)]
    for fault in (DROP, RESET, TRUNCATE):
        fake.faults["GetQueryResults"] = [None] * 4 + [fault]
        assert rows(conn, "SELECT count(*), sum(a), count(DISTINCT a) FROM (SELECT a FROM t WHERE random() < 2) s") == [(10_000, 49_995_000, 10_000)]


@pytest.mark.parametrize(
    "answer,sqlstate,words",
    [
        ((400, {"__type": "AccessDeniedException", "Message": "User: arn:aws:iam::1:user/x is not authorized to perform: athena:StartQueryExecution"}), "42501", "athena:StartQueryExecution"),
        ((400, {"__type": "UnrecognizedClientException", "message": "The security token included in the request is invalid."}), "28000", "access key"),
        ((400, {"__type": "ExpiredTokenException", "message": "The security token included in the request is expired"}), "28000", "expired"),
        ((400, {"__type": "InvalidRequestException", "AthenaErrorCode": "MALFORMED_QUERY", "Message": "line 1:8: mismatched input"}), "42601", "mismatched input"),
        ((400, {"__type": "InvalidRequestException", "AthenaErrorCode": "INVALID_INPUT", "Message": "WorkGroup is not found."}), "42704", "WorkGroup is not found"),
        ((400, {"__type": "com.amazonaws.athena#InvalidRequestException", "Message": "something"}), "HV000", "something"),
        ((404, b"<UnknownOperationException/>"), "HV000", "404"),
        ((200, {}), "08P01", "QueryExecutionId"),
        ((301, b""), "HV000", "301"),
    ],
)
def test_refused_start(fake, conn, answer, sqlstate, words):
    fake.faults["StartQueryExecution"] = [answer] * 2
    e = error(conn, "SELECT * FROM t")
    assert e.sqlstate == sqlstate and words in e.message_primary + (e.message_detail or "")
    assert fake.count("StartQueryExecution") == 1, "what cannot be mended by repeating is not repeated"


def test_hints_name_the_setting(fake, conn):
    hint = lambda answer: (fake.faults["StartQueryExecution"].append(answer), error(conn, "SELECT * FROM t").message_hint)[1]
    assert "secret_access_key" in hint((400, {"__type": "InvalidSignatureException", "message": "The request signature we calculated does not match"}))
    assert "access_key_id" in hint((400, {"__type": "UnrecognizedClientException", "message": "x"}))
    assert "session_token" in hint((400, {"__type": "ExpiredTokenException", "message": "x"}))
    assert "output_bucket" in hint((400, {"__type": "InvalidRequestException", "AthenaErrorCode": "INVALID_INPUT", "Message": "No output location provided. An output location is required"}))
    assert "athena:StartQueryExecution" in hint((400, {"__type": "AccessDeniedException", "Message": "no"}))


def test_signature_error_shows_no_secret(fake, conn, server_log):
    """Its text holds the canonical request, and so the session token."""
    token = "FwoGZXIvYXdzSESSIONTOKEN"
    conn.execute(f"ALTER USER MAPPING FOR postgres SERVER lake OPTIONS (ADD session_token '{token}')")
    text = f"The Canonical String for this request should have been 'POST / host:x x-amz-security-token:{token}' {SECRET}"
    fake.faults["StartQueryExecution"] = [(400, {"__type": "InvalidSignatureException", "message": text})]
    e = error(conn, "SELECT * FROM t")
    shown = " ".join(str(x) for x in (e.message_primary, e.message_detail, e.message_hint, e.context))
    assert e.sqlstate == "28P01"
    for secret in (token, SECRET, "Canonical"):
        assert secret not in shown and secret not in server_log().replace(f"session_token '{token}'", "")
    assert fake.calls[0][2]["x-amz-security-token"] == token


def test_clock_is_corrected_once(fake, conn):
    """A signature error whose Date says that our clock is wrong: repeated with AWS's time."""
    fake.date_offset = 3600
    fake.faults["StartQueryExecution"] = [(400, {"__type": "InvalidSignatureException", "message": "Signature not yet current: 2026"})]
    assert rows(conn, "SELECT * FROM t") == THREE
    first, second = [h["x-amz-date"] for _, _, h in fake.of("StartQueryExecution")]
    seconds = lambda s: time.mktime(time.strptime(s, "%Y%m%dT%H%M%SZ"))
    assert 3500 < seconds(second) - seconds(first) < 3700
    fake.faults["StartQueryExecution"] = [(400, {"__type": "InvalidSignatureException", "message": "Signature expired: 2026"})] * 2
    assert error(conn, "SELECT * FROM t").sqlstate == "28000"
    assert fake.count("StartQueryExecution") == 3


def test_unknown_session_token_mid_query(fake, conn):
    fake.run_states = ["RUNNING"]
    fake.faults["GetQueryExecution"] = [None, (400, {"__type": "ExpiredTokenException", "message": "expired"})]
    assert error(conn, "SELECT * FROM t").sqlstate == "28000"
    assert fake.count("StopQueryExecution") == 1


FAILURES = [
    ("TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.sales.t' does not exist", 2, 1301, "42P01"),
    ("SCHEMA_NOT_FOUND: line 1:15: Schema 'nope' does not exist", 2, 1301, "3F000"),
    ("COLUMN_NOT_FOUND: line 1:8: Column 'a' cannot be resolved", 2, 1006, "42703"),
    ("FUNCTION_NOT_FOUND: line 1:8: Function 'f' not registered", 2, 1303, "42883"),
    ("SYNTAX_ERROR: line 1:8: x", 2, 1000, "42601"),
    ("TYPE_MISMATCH: line 1:8: Cannot apply operator: bigint = varchar", 2, 1002, "42804"),
    ("DIVISION_BY_ZERO: Division by zero", 2, 1001, "22012"),
    ("INVALID_CAST_ARGUMENT: Value cannot be cast", 2, 1100, "22P02"),
    ("PERMISSION_DENIED: Access denied", 2, 1500, "42501"),
    ("HIVE_BAD_DATA: Error parsing column 'a'", 2, 1000, "22000"),
    ("com.amazonaws.services.s3.model.AmazonS3Exception: Access Denied (Service: Amazon S3; Status Code: 403)", 3, 9999, "42501"),
    ("EXCEEDED_MEMORY_LIMIT: Query exceeded", 1, 1200, "53000"),
    ("GENERIC_INTERNAL_ERROR: oops", 1, 1300, "HV000"),
]


@pytest.mark.parametrize("reason,category,type_,sqlstate", FAILURES)
def test_failed_query(fake, conn, reason, category, type_, sqlstate):
    fake.run_states = ["QUEUED", "RUNNING", "FAILED"]
    fake.failure = (reason, {"ErrorCategory": category, "ErrorType": type_, "ErrorMessage": "less", "Retryable": False})
    e = error(conn, "SELECT * FROM t")
    (query,) = fake.queries.values()
    assert e.sqlstate == sqlstate and reason in e.message_primary
    assert query.id in e.message_detail and f"type {type_}" in e.message_detail and "Remote SQL: SELECT a FROM sales.t" in e.message_detail
    assert 'foreign table "t"' in e.context
    assert fake.count("StopQueryExecution") == 0 and fake.count("GetQueryResults") == 0


def test_query_cancelled_by_another(fake, conn):
    fake.run_states = ["RUNNING", "CANCELLED"]
    e = error(conn, "SELECT * FROM t")
    assert e.sqlstate == "57014" and "cancelled" in e.message_primary


# ---------- odd pages ----------

ONE = [column("a", "integer")]


def pages_of(fake, *pages):
    def make(query, token, most):
        return pages[int(token) if token else 0]

    fake.make_page = make


def test_empty_last_page(fake, conn):
    pages_of(fake, page(ONE, [["1"], ["2"]], "1"), page(ONE, [["3"]], "2", header=False), page(ONE, [], header=False))
    assert rows(conn, "SELECT * FROM t") == THREE


def test_empty_page_in_the_middle(fake, conn):
    pages_of(fake, page(ONE, [["1"], ["2"]], "1"), page(ONE, [], "2", header=False), page(ONE, [["3"]], header=False))
    assert rows(conn, "SELECT * FROM t") == THREE


def test_no_rows(fake, conn):
    pages_of(fake, page(ONE, []))
    assert rows(conn, "SELECT * FROM t") == []


@pytest.mark.parametrize(
    "pages",
    [
        [{**page(ONE, [["1"]]), "ResultSet": {"Rows": [{"Data": [{"VarCharValue": "a"}]}, {"Data": []}], "ResultSetMetadata": {"ColumnInfo": ONE}}}],
        [page(ONE * 2, [["1", "2"]])],
        [page(ONE, [["1", "2"]])],
        [page(ONE, [["1"]], "1"), page(ONE * 2, [["1", "2"]], header=False)],
        [page(ONE, [["1"]], "1"), page([], [], header=False)],
        [page(ONE, [["1"]], "1"), {"UpdateCount": 0}],
        [page(ONE, [["1"]], "1"), page(ONE, [["2"]], "1", header=False)],
        [{"ResultSet": {"ResultSetMetadata": {"ColumnInfo": ONE}}}],
        [{"ResultSet": {"ResultSetMetadata": None, "Rows": []}}],
        [{}],
    ],
)
def test_malformed_pages(fake, conn, pages):
    """Whatever is missing or too much: an error that names query and place, not fewer rows."""
    pages_of(fake, *pages)
    e = error(conn, "SELECT * FROM t")
    assert e.sqlstate in ("08P01", "HV021") and "Query Execution ID" in e.message_detail


def test_null_and_empty(fake, conn):
    conn.execute("CREATE FOREIGN TABLE s (x text, y text) SERVER lake OPTIONS (database 'sales')")
    fake.columns = [column("x"), column("y")]
    fake.rows = [[None, ""], ["", None], ["null", "NULL"]]
    assert rows(conn, "SELECT * FROM s") == [(None, ""), ("", None), ("null", "NULL")]


def test_zero_byte_and_bad_utf8(fake, conn):
    conn.execute("CREATE FOREIGN TABLE s (x text) SERVER lake OPTIONS (database 'sales')")
    fake.columns, fake.rows = [column("x")], [["a\0b"]]
    e = error(conn, "SELECT * FROM s")
    assert e.sqlstate == "22P05" and 'column "x" of foreign table "s"' in e.context


@pytest.mark.parametrize("pgtype,value", [("text", b"\xff\xfe"), ("varchar(9)", b"a\xc3"), ("char(3)", b"\xed\xa0\x80"), ("jsonb", b'{\\"a\\":\\"\xff\\"}'), ("text[]", b'[\\"\xff\\"]'), ("bytea", b"\xff")])
def test_bad_utf8(fake, conn, pgtype, value):
    """Bytes that are no UTF-8 never get into a value."""
    conn.execute(f"CREATE FOREIGN TABLE s (x {pgtype}) SERVER lake OPTIONS (database 'sales')")
    head = b'{"ResultSet":{"ResultSetMetadata":{"ColumnInfo":[{"Name":"x","Type":"varchar"}]},"Rows":[{"Data":[{"VarCharValue":"x"}]},{"Data":[{"VarCharValue":"'
    fake.make_page = lambda *_: head + value + b'"}]}]}}'
    e = error(conn, "SELECT * FROM s")
    assert e.sqlstate in ("22021", "22P02") and 'column "x" of foreign table "s"' in e.context


def test_wide_values(fake, conn):
    conn.execute("CREATE FOREIGN TABLE s (x text) SERVER lake OPTIONS (database 'sales')")
    fake.columns, fake.rows = [column("x")], [["\u00e9" * 5_000_000], ["y"]]
    assert rows(conn, "SELECT octet_length(x) FROM s") == [(10_000_000,), (1,)]
