"""pg_dump and restore of a database with storages, mappings, imported schemas and comments."""
import os
import subprocess
import uuid

import psycopg
import pytest

from engine_fixtures import connect, create_server, rows

PG_BIN = os.environ["PG_BIN"]
FACTS = {
    "servers": "SELECT srvname, array(SELECT unnest(srvoptions) ORDER BY 1) FROM pg_foreign_server ORDER BY 1",
    "mappings": "SELECT srvname, usename, array(SELECT unnest(umoptions) ORDER BY 1) FROM pg_user_mappings ORDER BY 1, 2",
    "tables": "SELECT ftrelid::regclass::text, array(SELECT unnest(ftoptions) ORDER BY 1), obj_description(ftrelid) FROM pg_foreign_table ORDER BY 1",
    "columns": """SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attcollation::regcollation::text, attfdwoptions, col_description(attrelid, attnum)
        FROM pg_attribute WHERE attrelid IN (SELECT ftrelid FROM pg_foreign_table) AND attnum > 0 ORDER BY attrelid::regclass::text, attnum""",
    "functions": "SELECT oid::regprocedure::text, proacl::text FROM pg_proc WHERE proname LIKE 'athena%' ORDER BY 1",
}


def run(program, *args, **more):
    return subprocess.run([f"{PG_BIN}/{program}", *args], check=True, capture_output=True, **more).stdout


def database(name):
    return psycopg.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", dbname=name, autocommit=True)


@pytest.fixture
def full(conn, admin, stand):
    """Every kind of option there is."""
    admin("DROP TABLE IF EXISTS dumped")
    admin(f"CREATE EXTERNAL TABLE dumped (a int COMMENT 'it''s a', `odd name` array<struct<x:int>>, d date) COMMENT 'for the dump' STORED AS PARQUET LOCATION 's3://engine-data/dumped-{uuid.uuid4()}/'")
    admin("INSERT INTO dumped SELECT 1, ARRAY[CAST(ROW(2) AS row(x integer))], DATE '2026-01-01'")
    conn.execute("DROP SCHEMA IF EXISTS \"Du mp\" CASCADE; CREATE SCHEMA \"Du mp\"; IMPORT FOREIGN SCHEMA engine LIMIT TO (dumped) FROM SERVER lake INTO \"Du mp\"")
    conn.execute("""ALTER SERVER lake OPTIONS (ADD query_timeout '10min', ADD max_bytes_scanned '2GB', ADD analyze_method 'catalog', ADD acl 'BUCKET_OWNER_FULL_CONTROL');
        DO $$ BEGIN CREATE ROLE gerd; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        DROP USER MAPPING IF EXISTS FOR gerd SERVER lake;
        CREATE USER MAPPING FOR gerd SERVER lake OPTIONS (credentials 'assume_role', source_credentials 'instance', role_arn 'arn:aws:iam::000000000000:role/r', external_id 'x''y', server_credentials_allowed 'true');
        COMMENT ON SERVER lake IS 'the lake';
        CREATE VIEW "Du mp".v AS SELECT a FROM "Du mp".dumped""")
    conn.execute("SELECT athena_create_table('lake', '\"Du mp\".over_sql', 'SELECT ''it''''s'' AS t -- comment')")
    yield conn
    conn.execute("DROP USER MAPPING FOR gerd SERVER lake; DROP SCHEMA \"Du mp\" CASCADE")


@pytest.mark.parametrize("form", ["plain", "custom"])
def test_dump_and_restore(full, stand, form, tmp_path):
    file = str(tmp_path / "dump")
    run("pg_dump", "-d", "engine", f"--format={form}", "-f", file)
    with database("postgres") as conn:
        conn.execute("DROP DATABASE IF EXISTS restored")
        conn.execute("CREATE DATABASE restored")
    if form == "plain":
        run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "restored", "-f", file)
    else:
        run("pg_restore", "--exit-on-error", "-d", "restored", file)
    stand.reset()
    with database("restored") as conn:
        for fact, sql in FACTS.items():
            assert rows(conn, sql) == rows(full, sql), fact
        assert rows(conn, 'SELECT a, "odd name", d::text FROM "Du mp".dumped') == [(1, [{"x": 2}], "2026-01-01")]
        assert rows(conn, 'SELECT * FROM "Du mp".v') == [(1,)]
        assert rows(conn, 'SELECT * FROM "Du mp".over_sql') == [("it's",)]
    with database("postgres") as conn:
        conn.execute("DROP DATABASE restored")


def test_data_only_when_asked(full, tmp_path):
    """Foreign data are not dumped unless --include-foreign-data says so."""
    assert b"2026-01-01" not in run("pg_dump", "-d", "engine", "-t", '"Du mp".dumped')
    got = run("pg_dump", "-d", "engine", "-t", '"Du mp".dumped', "--include-foreign-data=lake")
    assert b'1\t[{"x": 2}]\t2026-01-01' in got
