"""Workgroups, encryption and owners, and several storages in one query."""
import time

import pytest

from engine_fixtures import BUCKET, create_server, error, rows
from stand_client import ADMIN, FULL


def locations(stand):
    return {e["id"]: e for e in stand.executions()}


def start_body(stand):
    return stand.log("StartQueryExecution")[-1]["body"]


def set_workgroup(conn, name, keep_bucket=False):
    conn.execute(f"ALTER SERVER lake OPTIONS (ADD workgroup '{name}')")
    if not keep_bucket:
        conn.execute("ALTER SERVER lake OPTIONS (DROP output_bucket)")


def one(conn):
    return rows(conn, "SELECT n FROM athena_query('lake', 'SELECT 1') AS t(n int)") == [(1,)]


def objects(stand, prefix):
    s3 = stand.client("s3", ADMIN)
    return [o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix) for o in page.get("Contents", [])]


def last_id(conn):
    return rows(conn, "SELECT query_execution_id FROM athena_queries() ORDER BY started DESC LIMIT 1")[0][0]


def test_the_workgroups_own_location(conn, stand):
    set_workgroup(conn, "located")
    assert one(conn)
    assert "ResultConfiguration" not in start_body(stand)
    assert f"of-the-workgroup/{last_id(conn)}.csv" in objects(stand, "of-the-workgroup/")


def test_the_servers_bucket_goes_before_a_suggestion(conn, stand):
    set_workgroup(conn, "located", keep_bucket=True)
    assert one(conn)
    assert f"engine/{last_id(conn)}.csv" in objects(stand, "engine/")


def test_an_enforced_location(conn, stand):
    set_workgroup(conn, "enforced", keep_bucket=True)
    assert one(conn)
    assert f"enforced/{last_id(conn)}.csv" in objects(stand, "enforced/")
    found = {r[0]: r[1:] for r in rows(conn, "SELECT step, ok, detail, hint FROM athena_check('lake')")}
    assert all(ok for ok, _, _ in found.values())
    assert "enforces s3://athena-results/enforced/" in found["workgroup"][1] and "output_bucket is not used" in found["workgroup"][2]
    # what is deleted is what Athena says, not what was asked for
    conn.execute("ALTER SERVER lake OPTIONS (ADD keep_results 'off')")
    assert one(conn)
    assert f"enforced/{last_id(conn)}.csv" not in objects(stand, "enforced/")


def test_managed_results(conn, stand):
    set_workgroup(conn, "managed")
    assert one(conn)
    assert rows(conn, "SELECT count(*) FROM athena_query('lake', 'SELECT * FROM UNNEST(sequence(1, 2500))') AS t(n int)") == [(2500,)]
    found = {r[0]: r[1:] for r in rows(conn, "SELECT step, ok, detail FROM athena_check('lake')")}
    assert not [s for s, (ok, _) in found.items() if ok is False]
    assert "keeps results itself" in found["workgroup"][1]
    # with a bucket, Athena's refusal says what to do
    conn.execute(f"ALTER SERVER lake OPTIONS (ADD output_bucket '{BUCKET}')")
    e = error(conn, "SELECT n FROM athena_query('lake', 'SELECT 1') AS t(n int)")
    assert e.sqlstate == "55000" and "DROP output_bucket" in e.message_hint


def test_a_disabled_workgroup(conn):
    set_workgroup(conn, "disabled", keep_bucket=True)
    e = error(conn, "SELECT n FROM athena_query('lake', 'SELECT 1') AS t(n int)")
    assert e.sqlstate == "55000" and "Enable the workgroup" in e.message_hint


def test_a_workgroups_cutoff(conn, admin):
    conn.execute("CREATE SCHEMA IF NOT EXISTS big")
    admin("DROP TABLE IF EXISTS cut")
    admin("CREATE TABLE cut WITH (format = 'TEXTFILE', write_compression = 'NONE') AS SELECT rpad('x', 1000, CAST(n AS varchar)) AS x FROM UNNEST(sequence(1, 10000)) t(n) CROSS JOIN UNNEST(sequence(1, 4)) u(m)")
    set_workgroup(conn, "cutoff", keep_bucket=True)
    found = dict(rows(conn, "SELECT step, detail FROM athena_check('lake')"))
    assert "stops queries at" in found["workgroup"]
    e = error(conn, "SELECT * FROM athena_query('lake', 'SELECT sum(length(x)) FROM engine.cut') AS t(n bigint)")
    assert e.sqlstate == "57014" and "Bytes scanned limit" in e.message_primary


@pytest.mark.parametrize("options, expected", [
    ("encryption 'SSE_S3'", {"EncryptionConfiguration": {"EncryptionOption": "SSE_S3"}}),
    ("encryption 'SSE_KMS', kms_key 'arn:aws:kms:us-east-1:000000000000:key/k'",
     {"EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "arn:aws:kms:us-east-1:000000000000:key/k"}}),
    ("encryption 'CSE_KMS', kms_key 'k'", {"EncryptionConfiguration": {"EncryptionOption": "CSE_KMS", "KmsKey": "k"}}),
    ("expected_bucket_owner '000000000000'", {"ExpectedBucketOwner": "000000000000"}),
    ("acl 'BUCKET_OWNER_FULL_CONTROL'", {"AclConfiguration": {"S3AclOption": "BUCKET_OWNER_FULL_CONTROL"}}),
])
def test_what_is_asked_for_results(conn, stand, options, expected):
    create_server(conn, stand.url, options=", " + options)
    assert one(conn)
    assert start_body(stand)["ResultConfiguration"] == {"OutputLocation": f"s3://{BUCKET}/engine/", **expected}


def test_requester_pays_and_owner_go_to_s3(conn, stand):
    create_server(conn, stand.url, options=", requester_pays 'on', expected_bucket_owner '000000000000'")
    assert all(ok is not False for ok, in rows(conn, "SELECT ok FROM athena_check('lake')"))
    calls = stand.log("PutObject") + stand.log("ListBucket") + stand.log("DeleteObject")
    assert calls and all(c["headers"] == {"x-amz-request-payer": "requester", "x-amz-expected-bucket-owner": "000000000000"} for c in calls)


def test_two_accounts_in_one_query(conn, stand, admin):
    """Two storages, each with its own key, catalogue and workgroup."""
    admin("DROP TABLE IF EXISTS left_side")
    admin("CREATE TABLE left_side WITH (format = 'PARQUET') AS SELECT * FROM (VALUES (1, 'a'), (2, 'b')) t (id, x)")
    create_server(conn, stand.url)
    conn.execute("DROP SERVER IF EXISTS other CASCADE")
    conn.execute(f"CREATE SERVER other FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', workgroup 'located', catalog 'tpch', database 'tiny', endpoint '{stand.url}')")
    conn.execute("CREATE USER MAPPING FOR postgres SERVER other OPTIONS (access_key_id 'AKIATESTPARTITIONS00', secret_access_key 'partitions-secret')")
    conn.execute("DROP FOREIGN TABLE IF EXISTS left_side, nation; CREATE FOREIGN TABLE left_side (id int, x text) SERVER lake OPTIONS (database 'engine')")
    conn.execute("CREATE FOREIGN TABLE nation (nationkey bigint, name text) SERVER other")
    got = rows(conn, "SELECT l.x, n.name FROM left_side l JOIN nation n ON n.nationkey = l.id ORDER BY 1")
    assert got == [("a", "ARGENTINA"), ("b", "BRAZIL")]
    starts = stand.log("StartQueryExecution")
    assert {(s["key"], s["body"].get("WorkGroup"), s["body"]["QueryExecutionContext"]["Catalog"]) for s in starts} == {
        ("full", None, "AwsDataCatalog"), ("partitions", "located", "tpch")}
    conn.execute("DROP SERVER other CASCADE")
