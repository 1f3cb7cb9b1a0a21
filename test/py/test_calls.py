"""What is sent: how many calls, in which form, with which members."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import KEY_ID, SECRET, STATE, connect, descriptors, error, rows
from fake_athena import column, page


def actions(fake):
    return [call[0] for call in fake.calls]


def test_a_small_query(fake, conn):
    assert rows(conn, "SELECT * FROM t WHERE a < 5") == [(1,), (2,), (3,)]
    assert actions(fake) == ["StartQueryExecution", "GetQueryExecution", "GetQueryResults"]
    body, headers = fake.calls[0][1], fake.calls[0][2]
    assert body["QueryString"] == "SELECT a FROM sales.t WHERE a < 5"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", body["ClientRequestToken"])
    assert body["QueryExecutionContext"] == {"Catalog": "AwsDataCatalog", "Database": "sales"}
    assert body["ResultConfiguration"] == {"OutputLocation": "s3://results/here/"}
    assert set(body) == {"QueryString", "ClientRequestToken", "QueryExecutionContext", "ResultConfiguration"}
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert f"Credential={KEY_ID}/" in headers["authorization"] and "SignedHeaders=content-type;host;x-amz-date;x-amz-target," in headers["authorization"]
    assert fake.calls[2][1] == {"QueryExecutionId": body and list(fake.queries)[0], "MaxResults": 1000}


def test_planning_and_explain_send_nothing(fake, conn):
    conn.execute("EXPLAIN VERBOSE SELECT * FROM t WHERE a = 1")
    conn.execute("PREPARE p AS SELECT * FROM t")
    conn.execute("CREATE VIEW v AS SELECT * FROM t")
    rows(conn, "SELECT * FROM t WHERE false")
    assert actions(fake) == []
    rows(conn, "SELECT * FROM (SELECT 1 AS x WHERE false) e LEFT JOIN LATERAL (SELECT * FROM t) t ON true")
    assert actions(fake) == []


def test_polls_become_rarer_when_throttled(fake, conn):
    """For other sessions' sake: the polls after a throttled one wait a fifth of a second, and less again but slowly."""
    fake.run_states = ["RUNNING"] * 6 + ["SUCCEEDED"]
    fake.faults["GetQueryExecution"] = [(400, {"__type": "TooManyRequestsException", "Message": "Rate exceeded"})]
    rows(conn, "SELECT * FROM t")
    polls = [moment for action, moment in fake.moments if action == "GetQueryExecution"][1:]
    # at least so long; five polls in a row take less than 0.3 s otherwise
    assert polls[5] - polls[0] > 0.6


def test_every_setting_arrives(fake, conn):
    conn.execute(
        "ALTER SERVER lake OPTIONS (ADD workgroup 'team', ADD catalog 'other', SET output_bucket 's3://bkt/a/b/', ADD result_reuse_minutes '7',"
        " ADD encryption 'SSE_KMS', ADD kms_key 'arn:k', ADD expected_bucket_owner '123456789012', ADD fetch_size '2', ADD database 'dflt')"
    )
    rows(conn, "SELECT * FROM t")
    body = fake.calls[0][1]
    assert body["WorkGroup"] == "team" and body["QueryExecutionContext"] == {"Catalog": "other", "Database": "sales"}
    assert body["ResultConfiguration"] == {
        "OutputLocation": "s3://bkt/a/b/", "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "arn:k"}, "ExpectedBucketOwner": "123456789012",
    }
    assert body["ResultReuseConfiguration"] == {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 7}}
    assert all(c[1]["MaxResults"] == 2 for c in fake.of("GetQueryResults"))
    conn.execute("CREATE FOREIGN TABLE u (a int) SERVER lake OPTIONS (catalog 'mine', \"table\" 'Of Mine')")
    rows(conn, "SELECT * FROM u")
    body = fake.of("StartQueryExecution")[1][1]
    assert body["QueryExecutionContext"] == {"Catalog": "mine", "Database": "dflt"} and body["QueryString"] == 'SELECT a FROM dflt."Of Mine"'


def test_a_workgroup_may_bring_the_location(fake, conn):
    conn.execute("ALTER SERVER lake OPTIONS (ADD workgroup 'team', DROP output_bucket)")
    rows(conn, "SELECT * FROM t")
    assert "ResultConfiguration" not in fake.calls[0][1]


def test_pages(fake, conn):
    fake.rows = [[str(i)] for i in range(2500)]
    assert rows(conn, "SELECT count(*), sum(a) FROM (SELECT a FROM t WHERE random() < 2) s") == [(2500, 2500 * 2499 // 2)]
    assert [c[1].get("NextToken") for c in fake.of("GetQueryResults")] == [None, "999", "1999"]


def test_the_next_page_is_asked_for_early(fake, conn):
    """Page n + 1 is under way while page n is read, and no more than that."""
    fake.rows = [[str(i)] for i in range(5000)]
    with conn.transaction():
        conn.execute("DECLARE c CURSOR FOR SELECT * FROM t")
        rows(conn, "FETCH 1 FROM c")
        fake.wait_for("GetQueryResults", 2)
        rows(conn, "FETCH 900 FROM c")
        assert fake.count("GetQueryResults") == 2
        rows(conn, "FETCH 200 FROM c")
        fake.wait_for("GetQueryResults", 3)
    assert fake.count("GetQueryResults") == 3


def resident_kb(pid):
    (line,) = [l for l in open(f"/proc/{pid}/status") if l.startswith("VmRSS")]
    return int(line.split()[1])


def test_memory_does_not_grow_with_the_result(fake, conn):
    """Two pages are in memory, of 20 or of 400."""
    columns = [column("a", "integer"), column("b")]
    body = json.dumps(page(columns, [[str(i), "text " * 20] for i in range(1000)], "NEXT", header=False))
    last = json.dumps(page(columns, [], header=False))
    conn.execute("CREATE FOREIGN TABLE wide (a int, b text) SERVER lake OPTIONS (database 'sales')")
    sizes = []
    for pages in (20, 400):

        def make(query, token, most):
            n = int(token or 0) + 1
            if n > pages:
                return last.encode()
            if n == 1:
                return page(columns, [], "1")
            return body.replace("NEXT", str(n)).encode()

        fake.make_page = make
        assert rows(conn, "SELECT count(a), count(b) FROM (SELECT * FROM wide WHERE random() < 2) s") == [((pages - 1) * 1000,) * 2]
        sizes.append(resident_kb(conn.info.backend_pid))
    assert sizes[1] - sizes[0] < 8192, sizes


def test_polls_slow_down(fake, conn):
    fake.run_states = ["QUEUED"] * 2 + ["RUNNING"] * 8 + ["SUCCEEDED"]
    rows(conn, "SELECT * FROM t")
    assert fake.count("GetQueryExecution") == 11


def test_connections_are_kept(fake, conn):
    rows(conn, "SELECT * FROM t")
    before = descriptors(conn.info.backend_pid)
    for _ in range(5):
        rows(conn, "SELECT * FROM t")
    assert descriptors(conn.info.backend_pid) == before


def test_keep_results_off(fake, conn):
    conn.execute("ALTER SERVER lake OPTIONS (ADD keep_results 'off')")
    rows(conn, "SELECT * FROM t")
    (query,) = fake.queries
    assert sorted(fake.objects_deleted) == [f"/results/here/{query}.csv", f"/results/here/{query}.csv.metadata"]
    error(conn, "SELECT 1 / (a - 2) FROM t")
    assert len(fake.objects_deleted) == 4


def test_reused_result_is_not_deleted(fake, conn):
    conn.execute("ALTER SERVER lake OPTIONS (ADD keep_results 'off')")

    def reused(body):
        status, answer = fake.do_GetQueryExecution(body)
        answer["QueryExecution"]["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] = True
        return status, answer

    fake.faults["GetQueryExecution"] = [reused]
    rows(conn, "SELECT * FROM t")
    assert fake.objects_deleted == []


def test_an_unexpected_rescan_reads_the_same_result_again(fake, conn):
    """A scan that was not told that it will be repeated: no second query."""
    fake.rows = [[str(i)] for i in range(1500)]
    conn.execute("ALTER FOREIGN TABLE t OPTIONS (ADD rows '1500')")
    conn.execute("SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; SET enable_memoize = off; SET enable_seqscan = off")
    conn.execute("CREATE TEMP TABLE l AS SELECT g AS x FROM generate_series(1, 3) g; CREATE TEMP TABLE r AS SELECT g AS x FROM generate_series(1, 100000) g; CREATE INDEX ON r (x); ANALYZE l, r")
    sql = "SELECT l.x, count(*) FROM l CROSS JOIN LATERAL (SELECT * FROM t JOIN r ON r.x = t.a AND r.x <= l.x OFFSET 0) q GROUP BY 1 ORDER BY 1"
    plan = [r[0].strip() for r in rows(conn, "EXPLAIN (COSTS OFF) " + sql)]
    assert plan[-3:-1] == ["->  Foreign Scan on t", "->  Index Only Scan using r_x_idx on r"], "not the plan that this test is about"
    assert rows(conn, sql) == [(1, 1), (2, 2), (3, 3)]
    assert fake.count("StartQueryExecution") == 1
    assert fake.count("GetQueryResults") == 4, "two pages, read twice; the third pass has them"


def test_wait_events(fake, conn):
    from conftest import Background

    fake.run_states = ["RUNNING"]
    with connect() as other:
        statement = Background(other, "SELECT * FROM t")
        fake.wait_for("GetQueryExecution")
        kind, event = rows(conn, "SELECT wait_event_type, wait_event FROM pg_stat_activity WHERE pid = %s", [statement.pid])[0]
        assert kind == "Extension"
        assert event == ("AthenaQuery" if conn.info.server_version >= 170000 else "Extension")
        conn.execute("SELECT pg_cancel_backend(%s)", [statement.pid])
        statement.join()


def test_explain_analyze(fake, conn):
    plan = "\n".join(r[0] for r in rows(conn, "EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM t"))
    (query,) = fake.queries
    for words in (query, "queued 50 ms, planned 60 ms, ran 300 ms", "Data Scanned: 1234 bytes (about $0.000048)", "1 page, 3 rows", "Remote SQL: SELECT a FROM sales.t"):
        assert words in plan, plan
    (plan,) = rows(conn, "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM t")[0]
    node = plan[0]["Plan"]
    assert node["Data Scanned"] == 1234 and node["Pages"] == 1 and node["Rows Fetched"] == 3
    assert KEY_ID not in str(plan) and SECRET not in str(plan)


def test_environment_keys_are_never_used(fake, conn):
    """The server process may have keys; they are not this user's."""
    conn.execute("ALTER USER MAPPING FOR postgres SERVER lake OPTIONS (DROP secret_access_key)")
    assert error(conn, "SELECT * FROM t").sqlstate == "55000"
    assert fake.calls == []


def test_import_by_pages_and_by_name(fake, conn):
    for i in range(250):
        fake.tables["many", f"t{i:03}"] = {"Name": f"t{i:03}", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}]}}
    conn.execute("DROP SCHEMA IF EXISTS many CASCADE; CREATE SCHEMA many")
    conn.execute("IMPORT FOREIGN SCHEMA many FROM SERVER lake INTO many")
    assert rows(conn, "SELECT count(*) FROM pg_class WHERE relnamespace = 'many'::regnamespace") == [(250,)]
    assert fake.count("GetTables") == 3
    conn.execute("DROP SCHEMA many CASCADE; CREATE SCHEMA many")
    conn.execute("IMPORT FOREIGN SCHEMA many LIMIT TO (t007, t009) FROM SERVER lake INTO many")
    assert fake.count("GetTable") == 2 and fake.count("GetTables") == 3
    fake.faults["GetTables"] = [(400, {"__type": "EntityNotFoundException", "Message": "Database nowhere not found."})]
    e = error(conn, "IMPORT FOREIGN SCHEMA nowhere FROM SERVER lake INTO many")
    assert e.sqlstate == "HV00Q" and "athena_databases" in e.message_hint
    fake.faults["GetTables"] = [(400, {"__type": "AccessDeniedException", "Message": "not authorized to perform: glue:GetTables"})]
    e = error(conn, "IMPORT FOREIGN SCHEMA many FROM SERVER lake INTO many")
    assert e.sqlstate == "42501" and "glue:GetTables" in e.message_hint


def test_resource_links(fake, conn):
    """Glue shows no columns of a link to another account's table; Athena's information_schema knows them."""
    link = {"Name": "link", "TableType": "EXTERNAL_TABLE", "TargetTable": {"CatalogId": "000000000000", "DatabaseName": "theirs", "Name": "t"}}
    fake.tables["linked", "link"] = link
    fake.columns = [column(n) for n in ("table_name", "table_type", "column_name", "data_type")]
    fake.rows = [["link", "BASE TABLE", "a", "integer"], ["link", "BASE TABLE", "b", "array(varchar)"]]
    conn.execute("DROP SCHEMA IF EXISTS linked CASCADE; CREATE SCHEMA linked; IMPORT FOREIGN SCHEMA linked FROM SERVER lake INTO linked")
    assert "information_schema.columns" in fake.of("StartQueryExecution")[-1][1]["QueryString"]
    assert rows(conn, "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'linked.link'::regclass AND attnum > 0 ORDER BY attnum") == [
        ("a", "integer"), ("b", "jsonb")]
    # one that leads nowhere is skipped
    fake.rows = []
    notices = []
    conn.add_notice_handler(lambda d: notices.append(d.message_primary))
    conn.execute("DROP SCHEMA linked CASCADE; CREATE SCHEMA linked; IMPORT FOREIGN SCHEMA linked LIMIT TO (link) FROM SERVER lake INTO linked")
    assert notices == ['table "link" is skipped: it has no columns in the catalogue']


def test_two_regions_in_one_query(fake, conn):
    """Each storage signs for its own region and service, with its own key."""
    conn.execute(f"DROP SERVER IF EXISTS far CASCADE; CREATE SERVER far FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'eu-central-1', output_bucket 'far', endpoint '{fake.url}')")
    conn.execute("CREATE USER MAPPING FOR postgres SERVER far OPTIONS (access_key_id 'AKIATESTFARFARFARAWA', secret_access_key 'x')")
    conn.execute("CREATE FOREIGN TABLE u (a int) SERVER far OPTIONS (database 'sales')")
    assert rows(conn, "SELECT count(*) FROM t JOIN u USING (a)") == [(3,)]
    scopes = {re.search(r"Credential=(\w+)/\d+/([\w-]+)/(\w+)/", c[2]["authorization"]).groups() for c in fake.of("StartQueryExecution")}
    assert scopes == {(KEY_ID, "us-east-1", "athena"), ("AKIATESTFARFARFARAWA", "eu-central-1", "athena")}
    assert {c[1]["ResultConfiguration"]["OutputLocation"] for c in fake.of("StartQueryExecution")} == {"s3://results/here/", "s3://far/"}
    conn.execute("DROP SERVER far CASCADE")


def test_counters_of_all_sessions(fake, conn):
    conn.execute("SELECT athena_stats_reset()")
    conn.execute("SELECT * FROM t")
    with connect() as other:
        other.execute("SELECT * FROM t")
        error(other, "SELECT * FROM athena_query('lake', 'SELECT 1') AS t(a int, b int)")
    fake.faults["StartQueryExecution"] = [(400, {"__type": "AccessDeniedException", "Message": "no"})]
    error(conn, "SELECT * FROM t")
    assert rows(conn, "SELECT server, username, queries, succeeded, errors_permission, rows, bytes_scanned FROM athena_stats WHERE database = 'pytests'") == [
        ("lake", "postgres", 4, 3, 1, 6, 3 * 1234)]
    assert rows(conn, "SELECT count(*) FROM athena_queries()") == [(2,)]


def test_execute(fake, conn):
    fake.substatement = "INSERT"
    fake.make_page = lambda *_: page([column("rows", "bigint")], [], header=False, update_count=3)
    assert rows(conn, "SELECT athena_execute('lake', 'INSERT INTO x VALUES 1, 2, 3')") == [(3,)]
    fake.statement_type, fake.substatement = "DDL", "CREATE_TABLE"
    fake.make_page = lambda *_: {"ResultSet": {"ResultRows": [], "ResultSetMetadata": {"ColumnInfo": []}, "Rows": []}}
    assert rows(conn, "SELECT athena_execute('lake', 'CREATE TABLE x')") == [(None,)]
    fake.statement_type, fake.substatement = "UTILITY", "DESCRIBE_TABLE"
    three = [column("col_name", "string"), column("data_type", "string"), column("comment", "string")]
    fake.make_page = lambda *_: page(three, [["id  \tint  \t  "]], header=False)
    assert rows(conn, "SELECT * FROM athena_query('lake', 'DESCRIBE x') AS d(a text, b text, c text)") == [("id  \tint  \t  ", None, None)]


def test_check_finds_the_cure(fake, conn):
    def failing(action, answer):
        fake.faults.clear()
        fake.faults[action] = [answer] * 3
        found = [r for r in rows(conn, "SELECT step, ok, detail, hint FROM athena_check('lake')") if r[1] is False]
        assert len(found) >= 1
        return found[0]

    step, _, detail, hint = failing("GetCallerIdentity", (403, b"<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>"))
    assert step == "credentials" and "access_key_id" in hint
    step, _, detail, hint = failing("GetCallerIdentity", (403, b"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The request signature SECRETTEXT</Message></Error></ErrorResponse>"))
    assert step == "credentials" and "secret_access_key" in hint and "SECRETTEXT" not in detail
    step, _, detail, hint = failing("GetWorkGroup", (400, {"__type": "AccessDeniedException", "Message": "no"}))
    assert step == "workgroup" and "athena:GetWorkGroup" in hint
    step, _, detail, hint = failing("GetWorkGroup", (200, {"WorkGroup": {"State": "DISABLED"}}))
    assert step == "workgroup" and "disabled" in detail
    step, _, detail, hint = failing("GetWorkGroup", (400, {"__type": "InvalidRequestException", "AthenaErrorCode": "INVALID_INPUT", "Message": "WorkGroup is not found."}))
    assert step == "workgroup" and "option workgroup" in hint
    step, _, detail, hint = failing("GetBucketLocation", (200, b"<LocationConstraint>EU</LocationConstraint>"))
    assert step == "bucket" and "eu-west-1" in detail
    moved = b"<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong</Message><Region>eu-central-1</Region></Error>"
    fake.extra_headers = {"x-amz-bucket-region": "eu-central-1"}
    step, _, detail, hint = failing("GetBucketLocation", (400, moved))
    assert step == "bucket" and "lies in eu-central-1" in detail and "option region to eu-central-1" in hint
    fake.extra_headers = {}
    step, _, detail, hint = failing("GetBucketLocation", (404, b"<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>"))
    assert step == "bucket" and "does not exist" in detail
    step, _, detail, hint = failing("GetBucketLocation", (403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"))
    assert step == "bucket" and "s3:GetBucketLocation" in hint
    step, _, detail, hint = failing("ListDatabases", (400, {"__type": "AccessDeniedException", "Message": "no"}))
    assert step == "databases" and "athena:ListDatabases" in hint


def test_check_passes(fake, conn):
    fake.columns, fake.rows = [column("_col0", "integer")], [["1"]]
    assert all(r[0] for r in rows(conn, "SELECT ok FROM athena_check('lake')"))


@pytest.mark.parametrize("region,bucket,host", [("eu-west-1", "results", "results.s3.eu-west-1.amazonaws.com"), ("eu-west-1", "with.dots", "s3.eu-west-1.amazonaws.com")])
def test_derived_hosts(fake, conn, region, bucket, host):
    """Without endpoints the hosts are AWS's; the message shows which one was tried."""
    conn.execute(f"ALTER SERVER lake OPTIONS (DROP endpoint, SET region '{region}', SET output_bucket '{bucket}', ADD max_retries '0', ADD proxy 'http://127.0.0.1:1')")
    detail = dict(rows(conn, "SELECT step, detail FROM athena_check('lake')"))
    assert f"at athena.{region}.amazonaws.com:" in detail["query"] and f"at {host}:" in detail["bucket"] and f"at sts.{region}.amazonaws.com:" in detail["credentials"]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE USER MAPPING FOR PUBLIC SERVER lake OPTIONS (access_key_id 'x', secret_access_key 'SECRET WITH BLANK')",
        "CREATE USER MAPPING FOR PUBLIC SERVER lake OPTIONS (access_key 'x', secret_access_key 'SECRETVALUE')",
        "CREATE USER MAPPING FOR PUBLIC SERVER lake OPTIONS (region 'us-east-1', secret_access_key 'SECRETVALUE')",
        "ALTER SERVER lake OPTIONS (ADD secret_access_key 'SECRETVALUE')",
    ],
)
def test_a_mistake_does_not_put_the_secret_into_the_log(conn, server_log, sql):
    """The server logs statements that fail; these it must not."""
    conn.execute("SET log_min_messages = error; SET log_min_error_statement = error")
    e = error(conn, sql)
    assert "SECRET" not in str(e.message_primary) + str(e.message_detail) + str(e.message_hint)
    assert "option" in server_log() and "SECRET" not in server_log()


@pytest.mark.skipif(bool(os.environ.get("SERVER_ROOT")), reason="needs the server's programs on this side")
def test_single_user_mode(fake):
    """postgres --single has no postmaster whose death could be awaited."""
    folder = STATE / "single"
    folder.mkdir()
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    as_server = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    programs = pathlib.Path(os.environ["PG_BIN"])
    run = lambda *args, **kw: subprocess.run([*as_server, *map(str, args)], capture_output=True, text=True, cwd="/", **kw)
    assert run(programs / "initdb", "-D", folder, "-U", "postgres", "-N").returncode == 0
    sql = f"""CREATE EXTENSION athena_fdw;
CREATE SERVER lake FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket 'results', endpoint '{fake.url}');
CREATE USER MAPPING FOR CURRENT_USER SERVER lake OPTIONS (access_key_id '{KEY_ID}', secret_access_key '{SECRET}');
CREATE FOREIGN TABLE t (a int) SERVER lake OPTIONS (database 'sales');
SELECT sum(a) AS total FROM (SELECT a FROM t WHERE random() < 2) s;
"""
    done = run(programs / "postgres", "--single", "-D", folder, "postgres", input=sql)
    assert 'total = "6"' in done.stdout, done.stdout + done.stderr
