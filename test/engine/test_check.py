"""athena_check: planted mistakes are found, each with the right cure; and every permission of the policy."""
import pathlib
import re

import pytest

from engine_fixtures import BUCKET, connect, create_server, error, rows
from stand_client import FULL

POLICY = (
    "athena:ListDataCatalogs athena:GetDataCatalog athena:ListDatabases athena:GetDatabase athena:StartQueryExecution "
    "athena:StopQueryExecution athena:GetQueryExecution athena:GetQueryResults athena:GetWorkGroup athena:BatchGetQueryExecution "
    "glue:CreateTable glue:UpdateTable glue:DeleteTable glue:GetDatabases glue:GetDatabase glue:GetTable glue:GetTables "
    "glue:CreateDatabase glue:DeleteDatabase s3:ListBucket s3:GetBucketLocation s3:GetObject s3:ListBucketMultipartUploads "
    "s3:ListMultipartUploadParts s3:AbortMultipartUpload s3:PutObject s3:DeleteObject").split()


def check(conn, *args):
    marks = ", ".join(["%s"] * (1 + len(args)))
    return {r[0]: r[1:] for r in rows(conn, f"SELECT step, ok, detail, hint FROM athena_check({marks})", ["lake", *args])}


@pytest.fixture
def shop(admin, conn):
    """A database with a table, and foreign tables over it."""
    admin("DROP TABLE IF EXISTS checked")
    admin("CREATE TABLE checked WITH (format = 'PARQUET') AS SELECT 1 AS id, 'x' AS name, DATE '2026-01-01' AS day")
    conn.execute("DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop; IMPORT FOREIGN SCHEMA engine LIMIT TO (checked) FROM SERVER lake INTO shop")


def test_all_is_well(conn, shop):
    found = check(conn, "engine.checked")
    assert list(found) == [
        "settings", "hosts", "credentials", "clock", "workgroup", "bucket", "write", "read", "list", "delete", "multipart", "query", "stop",
        "pages", "object", "catalog", "databases", "tables", "table", "columns", "rows"]
    assert all(ok for ok, _, _ in found.values()), found
    assert all(t >= 0 for t, in rows(conn, "SELECT milliseconds FROM athena_check('lake')"))


def test_it_leaves_nothing_behind(conn, stand, shop):
    stand.reset()
    check(conn)
    s3 = stand.client("s3")
    left = [o["Key"] for o in s3.list_objects_v2(Bucket=BUCKET, Prefix="engine/").get("Contents", [])]
    assert not [k for k in left if "athena_fdw_check" in k]
    assert not s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    assert not stand.running()


def server(**options):
    """What to do to the server's options: a value adds or sets one, None drops it."""

    def plant(conn, stand):
        have = {r[0] for r in rows(conn, "SELECT option_name FROM pg_foreign_server, pg_options_to_table(srvoptions) WHERE srvname = 'lake'")}
        for name, value in options.items():
            change = f"DROP {name}" if value is None else f"{'SET' if name in have else 'ADD'} {name} '{value}'"
            conn.execute(f"ALTER SERVER lake OPTIONS ({change})")

    return plant


def mapping(options):
    def plant(conn, stand):
        conn.execute("DROP USER MAPPING FOR postgres SERVER lake")
        if options is not None:
            conn.execute(f"CREATE USER MAPPING FOR postgres SERVER lake OPTIONS ({options})")

    return plant


def both(*plants):
    def plant(conn, stand):
        for p in plants:
            p(conn, stand)

    return plant


def workgroup(**configuration):
    """A workgroup "planted" of the account, which the server names."""

    def plant(conn, stand):
        base = {
            "EnableMinimumEncryptionConfiguration": False, "EnforceWorkGroupConfiguration": False, "ResultConfiguration": {},
            "EngineVersion": {"EffectiveEngineVersion": "Athena engine version 3", "SelectedEngineVersion": "AUTO"}, **configuration}
        stand.setting(workgroup={"Name": "planted", "State": "ENABLED", "Configuration": base})
        server(workgroup="planted")(conn, stand)

    return plant


KEY = f"access_key_id '{FULL[0]}', secret_access_key "
MISTAKES = {
    # what is wrong: (how, step, words of the detail, words of the hint)
    "no region": (server(region=None), "settings", "region", "ADD region"),
    "no bucket": (server(output_bucket=None), "settings", "output_bucket", "ADD output_bucket"),
    "no mapping": (mapping(None), "settings", "access_key_id, secret_access_key", "CREATE USER MAPPING FOR postgres SERVER lake"),
    "no secret": (mapping(f"access_key_id '{FULL[0]}'"), "settings", "secret_access_key", "ALTER USER MAPPING FOR postgres SERVER lake OPTIONS (ADD secret"),
    "no role": (mapping(f"credentials 'assume_role', {KEY} 'x'"), "settings", "role_arn", "ADD role_arn"),
    "wrong secret": (mapping(KEY + "'wrong'"), "credentials", "signature of sts:GetCallerIdentity", "secret_access_key does not belong"),
    "unknown key": (mapping("access_key_id 'AKIATESTUNKNOWN00000', secret_access_key 'x'"), "credentials", "access key", "mistyped"),
    "temporary key without its token": (
        mapping("access_key_id 'ASIATESTTEMPORARY000', secret_access_key 'temporary-secret'"), "credentials", "access key", "session_token is missing"),
    "no keys in the environment": (
        both(lambda c, s: c.execute(
            "SELECT set_env('AWS_ACCESS_KEY_ID', NULL), set_env('AWS_SECRET_ACCESS_KEY', NULL), set_env('AWS_SESSION_TOKEN', NULL)"),
            mapping("credentials 'environment'")),
        "credentials", "holds no AWS keys", "AWS_ACCESS_KEY_ID"),
    "unknown host": (server(athena_endpoint="https://athena.us-esat-1.invalid", max_retries=0), "hosts", "athena.us-esat-1.invalid", "region"),
    "nobody listens": (server(s3_endpoint="http://127.0.0.1:1", max_retries=0), "hosts", "Amazon S3 at 127.0.0.1:1", "endpoint"),
    "a proxy that is none": (server(proxy="http://127.0.0.1:1", max_retries=0), "hosts", "could not get an answer", "proxy"),
    "wrong clock": (lambda c, s: s.setting(clock_offset=1000), "clock", "s behind AWS's", "NTP"),
    "unknown workgroup": (server(workgroup="nowhere"), "workgroup", "WorkGroup is not found", "belongs to one region"),
    "disabled workgroup": (server(workgroup="disabled"), "workgroup", "workgroup disabled is disabled", "Enable it"),
    "workgroup without a location": (both(server(output_bucket=None), workgroup()), "workgroup", "no output location", "ADD output_bucket"),
    "bucket for managed results": (server(workgroup="managed"), "workgroup", "keeps results itself", "DROP output_bucket"),
    "missing bucket": (server(output_bucket="no-such-bucket-here"), "bucket", "does not exist", "Create it in region us-east-1"),
    "missing bucket of the workgroup": (
        both(server(output_bucket=None), workgroup(ResultConfiguration={"OutputLocation": "s3://no-such-bucket-here/x/"})),
        "bucket", "no-such-bucket-here does not exist", "Create it"),
    "bucket elsewhere": (server(output_bucket="athena-elsewhere"), "bucket", "lies in eu-west-1, the server says us-east-1", "choose a bucket in us-east-1"),
    "unknown catalogue": (server(catalog="nowhere"), "catalog", "no catalogue nowhere", "option catalog"),
    "unknown database": (server(database="nowhere"), "databases", "no database nowhere", "option database"),
}


def set_env_function(conn):
    from test_credentials import SET_ENV

    conn.execute(f"CREATE OR REPLACE FUNCTION set_env(text, text) RETURNS void AS '{SET_ENV}' LANGUAGE C")


@pytest.fixture(scope="module")
def elsewhere(the_stand):
    from botocore.exceptions import ClientError

    try:
        the_stand.client("s3", ("AKIATESTADMIN0000000", "admin")).create_bucket(
            Bucket="athena-elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    except ClientError:
        pass


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_found(conn, stand, elsewhere, mistake):
    plant, step, detail, hint = MISTAKES[mistake]
    set_env_function(conn)
    plant(conn, stand)
    found = check(conn)
    wrong = [s for s, (ok, _, _) in found.items() if ok is False]
    assert wrong and wrong[0] == step, found  # the first that fails is the one to blame
    assert detail in found[step][1] and hint in found[step][2], found[step]
    if step != "settings":
        assert len(found) == 18  # the later steps ran, or say why not


def test_enough_mistakes():
    assert len(MISTAKES) >= 20


@pytest.mark.parametrize("table, setup, step, detail, hint", [
    ("engine.nothing", None, "table", 'no table "nothing"', "athena_tables"),
    ("nowhere.checked", None, "table", 'database "nowhere"', "athena_tables"),
    ("engine.checked", "ALTER FOREIGN TABLE shop.checked ALTER COLUMN id TYPE text", "columns", "id (type changed)", "athena_sync"),
    ("engine.checked", "ALTER FOREIGN TABLE shop.checked DROP COLUMN name", "columns", "name (new)", "athena_sync"),
])
def test_a_mistake_of_a_table_is_found(conn, shop, table, setup, step, detail, hint):
    if setup:
        conn.execute(setup)
    found = check(conn, table)
    assert [s for s, (ok, _, _) in found.items() if ok is False] == [step]
    assert detail in found[step][1] and hint in found[step][2]


def test_a_table_without_its_partitions_right(conn, stand, admin):
    admin("DROP TABLE IF EXISTS parted")
    admin("CREATE TABLE parted WITH (format = 'PARQUET', partitioned_by = ARRAY['p']) AS SELECT 1 AS a, 'x' AS p")
    stand.setting(need_partitions=True)
    found = check(conn, "engine.parted")
    assert found["rows"][0] is False
    assert "glue:GetPartitions" in found["rows"][1] and "glue:GetPartitions" in found["rows"][2]


# ---------- the policy, one action less ----------

DDL = {
    "glue:CreateTable": "CREATE EXTERNAL TABLE made (a int) LOCATION 's3://engine-data/made/'",
    "glue:UpdateTable": "ALTER TABLE checked ADD COLUMNS (more int)",
    "glue:DeleteTable": "DROP TABLE checked",
    "glue:CreateDatabase": "CREATE DATABASE made",
    "glue:DeleteDatabase": "DROP DATABASE made",
}


@pytest.mark.parametrize("action", POLICY)
def test_a_missing_permission_is_named(conn, stand, shop, action):
    key = stand.key("AKIATESTLESS00000000", "less-secret", minus=[action])
    create_server(conn, stand.url, key=key, options=", database 'engine'")
    if action in DDL:
        e = error(conn, f"SELECT athena_execute('lake', $${DDL[action]}$$)")
        assert e.sqlstate == "42501"
        assert action in e.message_primary and action in e.message_hint
        return
    found = check(conn, "engine.checked")
    failed = {s: (detail, hint) for s, (ok, detail, hint) in found.items() if ok is False}
    assert failed, found
    # each failing step says what is missing, in its message or in its cure
    assert all(action in f"{d} {h}" for d, h in failed.values()), failed


def test_the_policy_is_the_stands_and_the_readmes():
    from iam import POLICY as stands

    readme = (pathlib.Path(__file__).parents[2] / "README.md").read_text()
    assert set(POLICY) == set(stands)
    policy = readme.partition('"Action": [')[2].partition("]")[0]
    assert set(re.findall(r'"(\w+:\w+)"', policy)) == set(POLICY)


def test_what_nobody_may_see(conn, stand):
    """Neither key nor secret in any row."""
    create_server(conn, stand.url, key=("AKIATESTUNKNOWN00000", "a-secret-of-nobody"))
    text = str(rows(conn, "SELECT * FROM athena_check('lake')"))
    assert "a-secret-of-nobody" not in text and "AKIATESTUNKNOWN00000" not in text
