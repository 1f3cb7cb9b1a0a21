"""Result objects: kept, removed, never another's; and old ones cleaned up."""
import time

import pytest

from engine_fixtures import BUCKET, connect, create_server, error, rows
from stand_client import ADMIN
from test_cancel import Behind, LONG, wait_running


def keys(stand, prefix="engine/"):
    s3 = stand.client("s3", ADMIN)
    return {o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix) for o in page.get("Contents", [])}


@pytest.fixture
def off(conn, stand):
    """A server that keeps nothing, and an empty prefix."""
    s3 = stand.client("s3", ADMIN)
    for key in keys(stand):
        s3.delete_object(Bucket=BUCKET, Key=key)
    create_server(conn, stand.url, options=", keep_results 'off'")
    stand.reset()
    return conn


def table(conn, sql):
    conn.execute("DROP FOREIGN TABLE IF EXISTS result_of")
    conn.execute(f"CREATE FOREIGN TABLE result_of (n bigint) SERVER lake OPTIONS (query '{sql}', database 'default')")


def test_removed_after_reading(off, stand):
    table(off, "SELECT n FROM UNNEST(sequence(1, 2500)) t(n)")
    assert rows(off, "SELECT count(*) FROM result_of") == [(2500,)]
    off.execute("SELECT * FROM result_of LIMIT 3")
    off.execute("SELECT * FROM athena_query('lake', 'SELECT 1') AS t(n int)")
    off.execute("SELECT athena_execute('lake', 'SHOW DATABASES')")
    assert keys(stand) == set()


def test_kept_by_default(conn, stand):
    before = keys(stand)
    conn.execute("SELECT * FROM athena_query('lake', 'SELECT 1') AS t(n int)")
    assert len(keys(stand) - before) == 2


def test_removed_on_error_while_reading(off, stand):
    off.execute("DROP FOREIGN TABLE IF EXISTS bad; CREATE FOREIGN TABLE bad (n smallint) SERVER lake OPTIONS (query 'SELECT 100000 + n AS n FROM UNNEST(sequence(1, 9)) t(n)', database 'default')")
    assert error(off, "SELECT * FROM bad").sqlstate == "22003"
    assert keys(stand) == set()


def test_removed_on_abort(off, stand):
    table(off, "SELECT n FROM UNNEST(sequence(1, 5000)) t(n)")
    off.execute("BEGIN; DECLARE c CURSOR FOR SELECT * FROM result_of")
    assert len(rows(off, "FETCH 10 FROM c")) == 10
    assert len(keys(stand)) == 2
    off.execute("ROLLBACK")
    assert keys(stand) == set()


def test_removed_when_a_backend_is_terminated(off, stand):
    other = connect()
    table(off, "SELECT n FROM UNNEST(sequence(1, 5000)) t(n)")
    other.execute("BEGIN; DECLARE c CURSOR FOR SELECT * FROM result_of")
    other.execute("FETCH 10 FROM c")
    off.execute("SELECT pg_terminate_backend(%s)", (other.info.backend_pid,))
    until = time.time() + 10
    while keys(stand) and time.time() < until:
        time.sleep(0.05)
    assert keys(stand) == set()


def test_asked_for_when_a_query_is_cancelled(off, stand):
    """It may have been written just then."""
    table(off, LONG.replace("'", "''"))
    behind = Behind(off, "SELECT * FROM result_of")
    wait_running(stand)
    time.sleep(1)  # until a poll has told where the result will lie
    off.cancel()
    behind.thread.join(20)
    id = [e["id"] for e in stand.log("StartQueryExecution")][-1]
    assert {e["path"].rpartition("/")[2] for e in stand.log("DeleteObject")} == {f"{id}.csv", f"{id}.csv.metadata"}


def test_a_failure_to_remove_is_a_warning(off, stand):
    got = []
    off.add_notice_handler(lambda d: got.append(d.message_primary))
    create_server(off, stand.url, key=stand.key("AKIATESTNODELETE0000", "x", minus=["s3:DeleteObject"]), options=", keep_results 'off'")
    assert rows(off, "SELECT n FROM athena_query('lake', 'SELECT 1') AS t(n int)") == [(1,)]
    assert len(got) == 2 and all("could not delete the result object" in m for m in got)


# ---------- reuse ----------

def test_keeping_nothing_and_reuse_exclude_each_other(conn, stand):
    conn.execute("ALTER SERVER lake OPTIONS (ADD keep_results 'off')")
    assert error(conn, "ALTER SERVER lake OPTIONS (ADD result_reuse_minutes '5')").sqlstate == "HV024"
    conn.execute("ALTER SERVER lake OPTIONS (ADD result_reuse_minutes '0')")


def test_a_reused_result(conn, stand):
    conn.execute("ALTER SERVER lake OPTIONS (ADD result_reuse_minutes '5')")
    query = "SELECT * FROM athena_query('lake', 'SELECT 41 + 1') AS t(n int)"
    assert rows(conn, query) == rows(conn, query) == [(42,)]
    assert rows(conn, "SELECT reused FROM athena_queries() WHERE remote_sql = 'SELECT 41 + 1'") == [(False,), (True,)]


def test_a_reused_result_that_is_gone_runs_once_more(conn, stand):
    conn.execute("ALTER SERVER lake OPTIONS (ADD result_reuse_minutes '5')")
    query = "SELECT * FROM athena_query('lake', 'SELECT 40 + 3') AS t(n int)"
    assert rows(conn, query) == [(43,)]
    first = rows(conn, "SELECT query_execution_id FROM athena_queries() WHERE remote_sql = 'SELECT 40 + 3'")[0][0]
    stand.client("s3", ADMIN).delete_object(Bucket=BUCKET, Key=f"engine/{first}.csv")
    assert rows(conn, query) == [(43,)]
    assert rows(conn, "SELECT reused, state, rows FROM athena_queries() WHERE remote_sql = 'SELECT 40 + 3'") == [
        (False, "SUCCEEDED", 1), (True, "SUCCEEDED", 0), (False, "SUCCEEDED", 1)]
    starts = [e["body"].get("ResultReuseConfiguration") for e in stand.log("StartQueryExecution")][-2:]
    assert starts[0] and starts[1] is None
    # a result of one's own that is gone is an error, not another bill
    conn.execute("ALTER SERVER lake OPTIONS (DROP result_reuse_minutes)")
    stand.query_fault(**{"delete-result": True})
    e = error(conn, "SELECT * FROM athena_query('lake', 'SELECT 44') AS t(n int)")
    assert "Could not find results" in e.message_primary


# ---------- cleaning ----------

@pytest.fixture
def littered(conn, stand):
    s3 = stand.client("s3", ADMIN)
    for key in keys(stand, ""):
        if key.startswith(("engine/", "other/", "clean/")):
            s3.delete_object(Bucket=BUCKET, Key=key)
    id = "0b1f2c3d-1111-4222-8333-abcdefabcdef"
    ours = [f"clean/{id}{e}" for e in (".csv", ".csv.metadata", ".txt", ".txt.metadata", ".metadata", "-manifest.csv")]
    others = [
        f"other/{id}.csv", f"clean/sub/{id}.csv", f"clean/tables/{id}", f"clean/tables/{id}/data", "clean/report.csv", f"clean/{id}", f"clean/{id}.parquet",
        f"clean/{id.upper()}.csv", f"clean/x{id}.csv", f"clean/{id[:-1]}.csv", f"cleaner/{id}.csv"]
    for key in ours + others:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x" * 10)
    create_server(conn, stand.url)
    conn.execute(f"ALTER SERVER lake OPTIONS (SET output_bucket '{BUCKET}/clean')")
    yield ours, others
    for key in ours + others:
        s3.delete_object(Bucket=BUCKET, Key=key)


def test_a_dry_run_by_default(conn, stand, littered):
    ours, others = littered
    got = rows(conn, "SELECT object, bytes, deleted FROM athena_clean_results('lake', '0 s')")
    time.sleep(1.1)  # what is modified this second is not older than it
    got = rows(conn, "SELECT object, bytes, deleted FROM athena_clean_results('lake', '0 s')")
    assert got == sorted((f"s3://{BUCKET}/{key}", 10, False) for key in ours)
    assert set(ours + others) <= keys(stand, "")
    assert rows(conn, "SELECT count(*) FROM athena_clean_results('lake')") == [(0,)]  # none is a week old


def test_only_what_is_ours_is_deleted(conn, stand, littered):
    ours, others = littered
    time.sleep(1.1)
    assert rows(conn, "SELECT count(*), bool_and(deleted) FROM athena_clean_results('lake', '0 s', dry_run => false)") == [(len(ours), True)]
    left = keys(stand, "")
    assert not set(ours) & left and set(others) <= left


def test_cleaning_by_pages(conn, stand):
    s3 = stand.client("s3", ADMIN)
    create_server(conn, stand.url)
    conn.execute(f"ALTER SERVER lake OPTIONS (SET output_bucket '{BUCKET}/many')")
    for n in range(1100):
        s3.put_object(Bucket=BUCKET, Key=f"many/0b1f2c3d-1111-4222-8333-{n:012}.csv", Body=b"")
    time.sleep(1.1)
    stand.reset()
    assert rows(conn, "SELECT count(*) FROM athena_clean_results('lake', '0 s', false)") == [(1100,)]
    assert stand.counts() == {"s3:ListBucket": 3, "s3:DeleteObject": 1100}  # two pages, and what UNLOADs left
    assert keys(stand, "many/") == set()


def test_cleaning_takes_rights(conn, stand, littered):
    key = stand.key("AKIATESTNODELETE0000", "x", minus=["s3:DeleteObject"])
    conn.execute(f"ALTER USER MAPPING FOR postgres SERVER lake OPTIONS (SET access_key_id '{key[0]}', SET secret_access_key '{key[1]}')")
    time.sleep(1.1)
    e = error(conn, "SELECT * FROM athena_clean_results('lake', '0 s', false)")
    assert e.sqlstate == "42501" and "s3:DeleteObject" in e.message_hint
    conn.execute("DO $$ BEGIN CREATE ROLE fritz; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT USAGE ON FOREIGN SERVER lake TO fritz; SET ROLE fritz")
    assert error(conn, "SELECT * FROM athena_clean_results('lake')").sqlstate == "42501"
    conn.execute("RESET ROLE; DROP OWNED BY fritz; ALTER SERVER lake OPTIONS (DROP output_bucket, ADD workgroup 'located')")
    assert error(conn, "SELECT * FROM athena_clean_results('lake')").sqlstate == "55000"
