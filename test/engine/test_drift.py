"""athena_diff and athena_sync: what has changed in Athena since a table was declared."""
import pytest

from engine_fixtures import error, rows
from test_discovery import glue, glue_table, put, warnings  # noqa: F401

DIFF = "SELECT column_name, state, type, athena_type, statement FROM athena_diff(%s)"


@pytest.fixture
def change(glue, put, conn):  # noqa: F811
    """Makes table "t" anew in Athena; the foreign table lake_t stays as it is."""

    def put_t(columns, **more):
        try:
            glue.delete_table(DatabaseName="found", Name="t")
        except glue.exceptions.EntityNotFoundException:
            pass
        put("t", columns, **more)

    conn.execute("DROP SCHEMA IF EXISTS found CASCADE; CREATE SCHEMA found")
    put_t([("a", "int"), ("b", "string", None, "a comment"), ("c", "array<int>"), ("d", "decimal(10,2)")])
    conn.execute("IMPORT FOREIGN SCHEMA found FROM SERVER lake INTO found")
    return put_t


def columns(conn, table="found.t"):
    return rows(conn, "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum", (table,))


def diff(conn, target="found.t"):
    return {r[0]: r[1:] for r in rows(conn, DIFF, (target,))}


def test_nothing_has_changed(conn, change):
    assert {s for s, *_ in diff(conn).values()} == {"connected"}
    assert rows(conn, "SELECT * FROM athena_sync('found.t')") == []


def test_each_state(conn, change):
    change([("a", "bigint"), ("c", "array<bigint>"), ("d", "decimal(10,2)"), ("e", "struct<x:int>"), ("ctid", "int")])
    assert diff(conn) == {
        "a": ("type changed", "integer", "bigint", "ALTER FOREIGN TABLE found.t ALTER COLUMN a TYPE bigint"),
        "b": ("gone", "text", None, "ALTER FOREIGN TABLE found.t DROP COLUMN b"),
        "c": ("type changed", "jsonb", "array<bigint>", "ALTER FOREIGN TABLE found.t ALTER COLUMN c OPTIONS (SET remote_type 'array<bigint>')"),
        "d": ("connected", "numeric(10,2)", "decimal(10,2)", None),
        "e": ("new", None, "struct<x:int>", "ALTER FOREIGN TABLE found.t ADD COLUMN e jsonb OPTIONS (remote_type 'struct<x:int>')"),
        "ctid_1": ("new", None, "int", "ALTER FOREIGN TABLE found.t ADD COLUMN ctid_1 integer OPTIONS (column_name 'ctid')"),
    }
    done = rows(conn, "SELECT column_name, state FROM athena_sync('found.t')")
    assert done == [("a", "type changed"), ("b", "gone"), ("c", "type changed"), ("e", "new"), ("ctid_1", "new")]
    assert {s for s, *_ in diff(conn).values()} == {"connected"}
    assert columns(conn) == [("a", "bigint"), ("c", "jsonb"), ("d", "numeric(10,2)"), ("e", "jsonb"), ("ctid_1", "integer")]
    assert rows(conn, "SELECT * FROM athena_sync('found.t')") == []


def test_statements_mend_one_by_one(conn, change):
    """What athena_diff() says can be run by hand."""
    change([("a", "string"), ("c", "string"), ("n", "timestamp")])
    for (_, _, _, _, statement) in rows(conn, DIFF, ("found.t",)):
        conn.execute(statement or "SELECT 1")
    assert {s for s, *_ in diff(conn).values()} == {"connected"}
    assert columns(conn) == [("a", "text"), ("c", "text"), ("n", "timestamp(3) without time zone")]
    assert rows(conn, "SELECT attcollation::regcollation::text FROM pg_attribute WHERE attrelid = 'found.t'::regclass AND attname = 'a'") == [('"C"',)]


def test_what_is_local_stays(conn, change):
    conn.execute("""COMMENT ON COLUMN found.t.a IS 'mine'; COMMENT ON FOREIGN TABLE found.t IS 'also mine';
        ALTER FOREIGN TABLE found.t RENAME COLUMN d TO dollars; ALTER FOREIGN TABLE found.t ALTER COLUMN dollars OPTIONS (ADD column_name 'd');
        ALTER FOREIGN TABLE found.t ALTER COLUMN a SET DEFAULT 7; GRANT SELECT (a) ON found.t TO PUBLIC""")
    change([("a", "bigint"), ("b", "string"), ("c", "array<int>"), ("d", "decimal(12,3)")])
    assert [r[0] for r in rows(conn, "SELECT column_name FROM athena_sync('found.t')")] == ["a", "dollars"]
    assert columns(conn) == [("a", "bigint"), ("b", "text"), ("c", "jsonb"), ("dollars", "numeric(12,3)")]
    assert rows(conn, "SELECT col_description('found.t'::regclass, 1), obj_description('found.t'::regclass)") == [("mine", "also mine")]
    assert rows(conn, "SELECT attacl::text FROM pg_attribute WHERE attrelid = 'found.t'::regclass AND attname = 'a'") == [("{=r/postgres}",)]


def test_types_that_are_meant(conn, change):
    """Wider here than there, or said to be another: no difference."""
    conn.execute("""ALTER FOREIGN TABLE found.t ALTER COLUMN a TYPE bigint; ALTER FOREIGN TABLE found.t ALTER COLUMN d TYPE numeric;
        ALTER FOREIGN TABLE found.t ALTER COLUMN b TYPE jsonb; ALTER FOREIGN TABLE found.t ALTER COLUMN b OPTIONS (ADD remote_type 'string')""")
    assert {s for s, *_ in diff(conn).values()} == {"connected"}
    # and when Athena's changes, only what is said of it does
    change([("a", "int"), ("b", "varchar(5)"), ("c", "array<int>"), ("d", "decimal(10,2)")])
    assert diff(conn)["b"] == ("type changed", "jsonb", "varchar(5)", "ALTER FOREIGN TABLE found.t ALTER COLUMN b OPTIONS (SET remote_type 'varchar(5)')")
    conn.execute("SELECT athena_sync('found.t')")
    assert columns(conn)[1] == ("b", "jsonb")


def test_a_type_that_cannot_be_mapped(conn, change):
    got = warnings(conn)
    change([("a", "int"), ("b", "string"), ("c", "array<int>"), ("d", "uniontype<int>"), ("u", "uniontype<int>")])
    assert diff(conn)["d"] == ("type changed", "numeric(10,2)", "uniontype<int>", None)
    assert rows(conn, "SELECT * FROM athena_sync('found.t')") == []
    assert len(got) == 2 and all("cannot be mapped" in m for _, m, _ in got)


def test_views_are_kept(conn, change):
    conn.execute("""DO $$ BEGIN CREATE ROLE dora; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT CREATE, USAGE ON SCHEMA found TO dora;
        CREATE VIEW found."First One" WITH (security_barrier = true) AS SELECT a, d, b || 'x' AS bx FROM found.t WHERE a > 1;
        COMMENT ON VIEW found."First One" IS 'on t'; COMMENT ON COLUMN found."First One".a IS 'its a';
        ALTER VIEW found."First One" ALTER COLUMN a SET DEFAULT 3;
        CREATE VIEW found.second AS SELECT a + 1 AS next FROM found."First One";
        CREATE VIEW found.apart AS SELECT b FROM found.t;
        GRANT SELECT ON found."First One" TO PUBLIC; GRANT SELECT (next) ON found.second TO dora WITH GRANT OPTION;
        REVOKE ALL ON found.second FROM postgres; ALTER VIEW found.second OWNER TO dora;
        CREATE RULE swallow AS ON INSERT TO found.second DO INSTEAD NOTHING;
        CREATE FUNCTION found.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER trg INSTEAD OF DELETE ON found."First One" FOR EACH ROW EXECUTE FUNCTION found.f()""")
    described = """SELECT c.relname, c.reloptions::text, pg_get_userbyid(c.relowner), array(SELECT unnest(c.relacl)::text ORDER BY 1), pg_get_viewdef(c.oid),
        obj_description(c.oid), array(SELECT attname || ' ' || coalesce(attacl::text, '') || coalesce(col_description(c.oid, attnum), '') FROM pg_attribute
            WHERE attrelid = c.oid AND attnum > 0 ORDER BY attnum),
        (SELECT count(*) FROM pg_rewrite WHERE ev_class = c.oid), (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid), (SELECT count(*) FROM pg_attrdef WHERE adrelid = c.oid)
        FROM pg_class c WHERE c.relnamespace = 'found'::regnamespace AND c.relkind = 'v' ORDER BY 1"""
    before = rows(conn, described)
    apart = rows(conn, "SELECT 'found.apart'::regclass::oid")
    change([("a", "bigint"), ("b", "string"), ("c", "array<int>"), ("d", "decimal(38,2)")])
    assert [r[0] for r in rows(conn, "SELECT column_name FROM athena_sync('found.t')")] == ["a", "d"]
    assert rows(conn, described) == before
    assert rows(conn, "SELECT 'found.apart'::regclass::oid") == apart  # it was not touched
    assert columns(conn, "found.second") == [("next", "bigint")]
    conn.execute("DROP SCHEMA found CASCADE; DROP OWNED BY dora; CREATE SCHEMA found")


def test_a_gone_column_that_a_view_uses(conn, change):
    got = warnings(conn)
    conn.execute("CREATE VIEW found.uses AS SELECT b FROM found.t")
    change([("a", "bigint"), ("c", "array<int>"), ("d", "decimal(10,2)")])
    assert rows(conn, "SELECT column_name FROM athena_sync('found.t')") == [("a",)]
    assert [m for s, m, _ in got] == ['column "b" of found.t is left as it is: it is gone in Athena, but found.uses uses it']
    conn.execute("DROP VIEW found.uses")
    assert rows(conn, "SELECT column_name FROM athena_sync('found.t')") == [("b",)]


@pytest.mark.parametrize("dependent", [
    "CREATE MATERIALIZED VIEW found.dep AS SELECT a FROM found.t WITH NO DATA",
    "CREATE VIEW found.v AS SELECT a FROM found.t; CREATE FUNCTION found.dep() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT a FROM found.v; END",
])
def test_what_cannot_be_made_again_stops_it_all(conn, change, dependent):
    conn.execute(dependent)
    change([("a", "bigint"), ("b", "string"), ("c", "array<int>"), ("d", "decimal(38,2)"), ("e", "int")])
    assert error(conn, "SELECT * FROM athena_sync('found.t')").sqlstate == "2BP01"
    assert columns(conn) == [("a", "integer"), ("b", "text"), ("c", "jsonb"), ("d", "numeric(10,2)")]


def test_a_table_that_is_gone(conn, change, glue):  # noqa: F811
    got = warnings(conn)
    glue.delete_table(DatabaseName="found", Name="t")
    assert rows(conn, DIFF, ("found.t",)) == [(None, "gone", None, None, "DROP FOREIGN TABLE found.t")]
    assert rows(conn, "SELECT * FROM athena_sync('found.t')") == []
    assert "is left as it is" in got[-1][1]
    assert columns(conn) != []


def test_a_schema(conn, change, put, stand):  # noqa: F811
    put("fresh", [("x", "int")])
    conn.execute("CREATE FOREIGN TABLE found.over_sql (n bigint, old int) SERVER lake OPTIONS (query 'SELECT BIGINT ''1'' AS n, 2 AS m', database 'default'); CREATE TABLE found.ordinary (a int)")
    change([("a", "bigint"), ("b", "string"), ("c", "array<int>"), ("d", "decimal(10,2)")])
    got = rows(conn, "SELECT table_name, column_name, state FROM athena_diff('found') WHERE state <> 'connected'")
    assert got == [("found.over_sql", "old", "gone"), ("found.over_sql", "m", "new"), ("found.t", "a", "type changed"), ("found.fresh", None, "new")]
    assert got == rows(conn, "SELECT table_name, column_name, state FROM athena_diff('found'::regnamespace) WHERE state <> 'connected'")
    assert len(rows(conn, "SELECT * FROM athena_sync('found')")) == 3
    assert rows(conn, "SELECT to_regclass('found.fresh')") == [(None,)]
    assert rows(conn, "SELECT table_name FROM athena_sync('found'::regnamespace, import_new => true)") == [("found.fresh",)]
    assert columns(conn, "found.fresh") == [("x", "integer")]
    assert rows(conn, "SELECT * FROM athena_diff('found') WHERE state <> 'connected'") == []


def test_one_transaction(conn, change):
    change([("a", "bigint")])
    conn.execute("BEGIN")
    assert len(rows(conn, "SELECT * FROM athena_sync('found.t'::regclass)")) == 4
    assert columns(conn) == [("a", "bigint")]
    conn.execute("ROLLBACK")
    assert len(columns(conn)) == 4


def test_what_a_target_may_be(conn, change):
    conn.execute("SET search_path = found, public")
    assert len(rows(conn, DIFF, ("t",))) == 4
    conn.execute("RESET search_path; CREATE TABLE IF NOT EXISTS ordinary (a int)")
    assert error(conn, "SELECT * FROM athena_diff('nothing')").sqlstate == "42P01"
    assert error(conn, "SELECT * FROM athena_diff('found.nothing')").sqlstate == "42P01"
    assert error(conn, "SELECT * FROM athena_diff('ordinary')").sqlstate == "42809"


def test_only_its_owner_may_sync(conn, change):
    conn.execute("""DO $$ BEGIN CREATE ROLE emil; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT USAGE ON FOREIGN SERVER lake TO emil; GRANT USAGE ON SCHEMA found TO emil;
        DROP USER MAPPING IF EXISTS FOR emil SERVER lake; CREATE USER MAPPING FOR emil SERVER lake OPTIONS (access_key_id 'AKIATESTFULLPOLICY00', secret_access_key 'full/policy+secret')""")
    change([("a", "bigint")])
    conn.execute("SET ROLE emil")
    assert error(conn, "SELECT * FROM athena_sync('found.t')").sqlstate == "42501"
    conn.execute("RESET ROLE; DROP OWNED BY emil")


def test_the_error_of_a_changed_table_says_so(conn, admin):
    admin("DROP TABLE IF EXISTS drifted")
    admin("CREATE TABLE drifted WITH (format = 'PARQUET') AS SELECT 1 AS a")
    conn.execute("DROP FOREIGN TABLE IF EXISTS drifted; CREATE FOREIGN TABLE drifted (a int, lost int) SERVER lake OPTIONS (database 'engine')")
    e = error(conn, "SELECT lost FROM drifted")
    assert e.sqlstate == "42703" and "athena_diff" in e.message_hint and 'foreign table "drifted"' in e.context
