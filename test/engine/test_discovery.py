"""What lies in the catalogues: listing, importing, describing, explaining."""
import pytest

from engine_fixtures import BUCKET, connect, create_server, error, rows
from stand_client import ADMIN

HIVE_TYPES = [
    ("b", "boolean", "boolean"), ("t", "tinyint", "smallint"), ("s", "smallint", "smallint"), ("i", "int", "integer"), ("l", "bigint", "bigint"),
    ("f", "float", "real"), ("d", "double", "double precision"), ("n", "decimal(38,10)", "numeric(38,10)"), ("n0", "decimal", "numeric(10,0)"),
    ("c", "char(5)", "character(5)"), ("v", "varchar(20)", "character varying(20)"), ("x", "string", "text"), ("y", "binary", "bytea"),
    ("dt", "date", "date"), ("ts", "timestamp", "timestamp(3) without time zone"), ("a", "array<int>", "jsonb"),
    ("aa", "array<array<struct<k:string,v:double>>>", "jsonb"), ("m", "map<string,array<bigint>>", "jsonb"),
    ("st", "struct<a:int,b:struct<c:date,d:array<string>>>", "jsonb"), ("upper", "STRING", "text"), ("spaced", "array< struct< a : int > >", "jsonb"),
]


def glue_table(columns, partitions=(), location=f"s3://engine-data/none/", kind="EXTERNAL_TABLE", parameters=None, **more):
    column = lambda c: {"Name": c[0], "Type": c[1], **({"Comment": c[3]} if len(c) > 3 else {})}
    return dict(
        TableType=kind, Parameters=parameters or {}, PartitionKeys=[column(c) for c in partitions],
        StorageDescriptor=dict(
            Columns=[column(c) for c in columns], Location=location, InputFormat="org.apache.hadoop.mapred.TextInputFormat",
            OutputFormat="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            SerdeInfo={"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"}), **more)


@pytest.fixture
def glue(stand):
    """An empty database "found"."""
    glue = stand.client("glue", ADMIN)
    try:
        glue.delete_database(Name="found")
    except glue.exceptions.EntityNotFoundException:
        pass
    glue.create_database(DatabaseInput={"Name": "found"})
    yield glue
    glue.delete_database(Name="found")


@pytest.fixture
def put(glue):
    return lambda name, *args, **more: glue.create_table(DatabaseName="found", TableInput={"Name": name, **glue_table(*args, **more)})


def imported(conn, more="", database="found"):
    conn.execute(f'DROP SCHEMA IF EXISTS found CASCADE; CREATE SCHEMA found; IMPORT FOREIGN SCHEMA {database} {more.partition("|")[0]} FROM SERVER lake INTO found {more.partition("|")[2]}')
    return rows(conn, """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
        (SELECT option_value FROM pg_options_to_table(a.attfdwoptions) WHERE option_name = 'remote_type'),
        (SELECT option_value FROM pg_options_to_table(a.attfdwoptions) WHERE option_name = 'column_name'), col_description(c.oid, a.attnum)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = 'found'::regnamespace ORDER BY c.relname, a.attnum""")


def warnings(conn):
    got = []
    conn.add_notice_handler(lambda d: got.append((d.severity, d.message_primary, d.message_detail)))
    return got


def test_every_type_string(conn, put):
    put("types", HIVE_TYPES)
    got = imported(conn)
    assert [(g[1], g[2]) for g in got] == [(name, pg) for name, _, pg in HIVE_TYPES]
    nested = {g[1]: g[3] for g in got if g[3]}
    assert nested == {name: hive for name, hive, pg in HIVE_TYPES if pg == "jsonb"}
    assert rows(conn, "SELECT name, athena_type, type FROM athena_columns('lake', 'found', 'types') WHERE name <> 'x' LIMIT 3") == [
        ("b", "boolean", "boolean"), ("t", "tinyint", "smallint"), ("s", "smallint", "smallint")]


def test_partition_columns_and_comments(conn, put):
    put("parts", [("a", "int", None, "the 'a'"), ("b", "string")], [("p", "date", None, "by day")], Description="of parts")
    got = imported(conn)
    assert [(g[1], g[5]) for g in got] == [("a", "the 'a'"), ("b", None), ("p", "by day")]
    assert rows(conn, "SELECT obj_description('found.parts'::regclass)") == [("of parts",)]
    assert rows(conn, "SELECT name, partition, comment FROM athena_columns('lake', 'found', 'parts')") == [
        ("a", False, "the 'a'"), ("b", False, None), ("p", True, "by day")]
    imported(conn, "|OPTIONS (import_comments 'off')")
    assert rows(conn, "SELECT obj_description('found.parts'::regclass)") == [(None,)]


def test_names(conn, put):
    """Reserved words, odd characters, too long, equal but for what is cut, system columns."""
    long = "x" * 70
    put("order", [("select", "int"), ("with space", "int"), ("quo\"te", "int"), ("ctid", "int"), ("tableoid", "string"), ("ünïcode", "int"), (long + "1", "int"), (long + "2", "int")])
    got = imported(conn)
    assert [g[1] for g in got] == ["select", "with space", 'quo"te', "ctid_1", "tableoid_1", "ünïcode", "x" * 63, "x" * 61 + "_1"]
    assert [g[4] for g in got] == [None, None, None, "ctid", "tableoid", None, long + "1", long + "2"]
    assert rows(conn, "SELECT state, count(*) FROM athena_diff('found.\"order\"') GROUP BY 1") == [("connected", 8)]


def test_views_by_their_stored_columns(conn, admin, stand):
    admin("CREATE OR REPLACE VIEW seen AS SELECT 1 AS a, ARRAY[MAP(ARRAY['k'], ARRAY[1.5])] AS nested, TIMESTAMP '2026-01-01 00:00:00.123456 UTC' AS z")
    got = imported(conn, "LIMIT TO (seen)", "engine")
    assert [g[1:4] for g in got] == [
        ("a", "integer", None), ("nested", "jsonb", "array(map(varchar(1),decimal(2,1)))"), ("z", "timestamp(6) with time zone", None)]
    assert rows(conn, "SELECT nested FROM found.seen") == [([{"k": 1.5}],)]
    assert rows(conn, "SELECT kind, format FROM athena_tables('lake', 'engine') WHERE name = 'seen'") == [("VIRTUAL_VIEW", "view")]
    assert "seen" not in {g[0] for g in imported(conn, "|OPTIONS (import_views 'off')", "engine")}


def test_digits_that_are_lost(conn, admin):
    """Nanoseconds are read as microseconds, so nothing is compared or grouped there."""
    admin("CREATE OR REPLACE VIEW nanos AS SELECT * FROM (VALUES TIMESTAMP '2026-01-01 00:00:00.123456001', TIMESTAMP '2026-01-01 00:00:00.123456002') t (ts)")
    assert imported(conn, "LIMIT TO (nanos)", "engine")[0][1:4] == ("ts", "timestamp(6) without time zone", "timestamp(9)")
    assert rows(conn, "SELECT ts::text, count(*) FROM found.nanos GROUP BY ts") == [("2026-01-01 00:00:00.123456", 2)]
    assert rows(conn, "SELECT count(*) FROM found.nanos WHERE ts = '2026-01-01 00:00:00.123456'") == [(2,)]
    assert rows(conn, "SELECT state FROM athena_diff('found.nanos')") == [("connected",)]


def test_formats_are_marked(conn, put, admin):
    put("delta_one", [("a", "int")], parameters={"table_type": "DELTA"})
    put("delta_two", [("a", "int")], parameters={"spark.sql.sources.provider": "delta"})
    put("hudi", [("a", "int")], parameters={"spark.sql.sources.provider": "hudi"})
    put("plain", [("a", "int")])
    put("ice", [("a", "timestamp"), ("gone", "int")], parameters={"table_type": "ICEBERG"})
    assert dict(rows(conn, "SELECT name, format FROM athena_tables('lake', 'found')")) == {
        "delta_one": "delta", "delta_two": "delta", "hudi": "hudi", "plain": "hive", "ice": "iceberg"}
    assert [g[2] for g in imported(conn) if g[1] == "a" and g[0] == "ice"] == ["timestamp(6) without time zone"]


def test_dropped_columns_of_iceberg(conn, glue):
    table = glue_table([("a", "int"), ("b", "int")], parameters={"table_type": "ICEBERG"})
    table["StorageDescriptor"]["Columns"][1]["Parameters"] = {"iceberg.field.current": "false"}
    glue.create_table(DatabaseName="found", TableInput={"Name": "ice", **table})
    assert [g[1] for g in imported(conn)] == ["a"]


def test_what_cannot_be_mapped_is_skipped_with_a_warning(conn, put):
    conn.execute("SET client_min_messages = warning")
    got = warnings(conn)
    put("good", [("a", "int")])
    put("union", [("a", "int"), ("u", "uniontype<int,string>")])
    put("none", [])
    assert {g[0] for g in imported(conn)} == {"good"}
    assert [(s, m) for s, m, _ in got] == [
        ("WARNING", 'table "none" is skipped: it has no columns in the catalogue'),
        ("WARNING", 'table "union" is skipped: the type of its column "u" cannot be mapped')]
    assert "uniontype" in got[1][2]


def test_thousands_of_tables(conn, put, stand):
    for n in range(230):
        put(f"t{n:04}", [("a", "int")])
    stand.call("reset", {})
    assert len(imported(conn)) == 230
    assert stand.counts()["glue:GetTables"] == 3  # pages of 100
    stand.call("reset", {})
    assert {g[0] for g in imported(conn, "LIMIT TO (t0007, \"T0008\", missing)")} == {"t0007", "t0008"}
    assert stand.counts() == {"glue:GetTable": 3}
    assert len(imported(conn, "EXCEPT (t0000)")) == 229


def test_nested_as_arrays(conn, put):
    put("nested", [("a", "array<int>"), ("b", "array<array<int>>"), ("c", "map<string,int>")])
    got = imported(conn, "|OPTIONS (import_nested 'arrays')")
    assert [(g[1], g[2]) for g in got] == [("a", "integer[]"), ("b", "jsonb"), ("c", "jsonb")]
    assert rows(conn, "SELECT state FROM athena_diff('found.nested')") == [("connected",)] * 3


def test_a_missing_database(conn):
    e = error(conn, "IMPORT FOREIGN SCHEMA nowhere FROM SERVER lake INTO public")
    assert e.sqlstate == "HV00Q" and "athena_databases('lake')" in e.message_hint


# ---------- other catalogues ----------

def test_other_catalogues(conn, stand):
    assert rows(conn, "SELECT name, type FROM athena_catalogs('lake')") == [("AwsDataCatalog", "GLUE"), ("tpch", "LAMBDA"), ("memory", "LAMBDA"), ("s3tablescatalog/lake", "FEDERATED")]
    assert ("tiny",) in rows(conn, "SELECT * FROM athena_databases('lake', 'tpch')")
    assert ("nation", "federated", 4) in rows(conn, "SELECT name, format, columns FROM athena_tables('lake', 'tiny', 'tpch')")
    assert rows(conn, "SELECT name, athena_type, type FROM athena_columns('lake', 'tiny', 'nation', 'tpch')")[0] == ("nationkey", "bigint", "bigint")
    got = imported(conn, "LIMIT TO (nation, region)|OPTIONS (catalog 'tpch')", "tiny")
    assert {g[0] for g in got} == {"nation", "region"}
    assert rows(conn, "SELECT name FROM found.nation ORDER BY nationkey LIMIT 1") == [("ALGERIA",)]
    assert rows(conn, "SELECT DISTINCT state FROM athena_diff('found.nation')") == [("connected",)]
    assert error(conn, "SELECT * FROM athena_tables('lake', 'tiny', 'nowhere')").sqlstate in ("3D000", "HV000", "42P01")


def test_a_catalogue_whose_name_has_a_slash(conn, stand):
    """As those of S3 Tables have: the stand has one over the memory connector."""
    stand.engine("DROP TABLE IF EXISTS memory.default.sliced")
    stand.engine("CREATE TABLE memory.default.sliced AS SELECT 7 AS n, ROW(1, 'x') AS r")
    got = imported(conn, "LIMIT TO (sliced)|OPTIONS (catalog 's3tablescatalog/lake')", '"default"')
    assert [g[1] for g in got] == ["n", "r"]
    assert rows(conn, "SELECT n, r FROM found.sliced") == [(7, {"f1": 1, "f2": "x"})]
    assert rows(conn, "SELECT option_value FROM pg_foreign_table, pg_options_to_table(ftoptions) WHERE ftrelid = 'found.sliced'::regclass AND option_name = 'catalog'") == [("s3tablescatalog/lake",)]


# ---------- statements ----------

def test_describe(conn, stand, admin):
    sql = """SELECT 1 AS i, CAST('x' AS varchar(3)) AS v, CAST('x' AS char(4)) AS c, 'free' || 'text' AS t, DECIMAL '1.25' AS n,
        TIMESTAMP '2026-01-01 00:00:00.123456' AS ts6, TIMESTAMP '2026-01-01 00:00:00' AS ts0, TIME '01:02:03.5' AS tm,
        ARRAY[ROW(1, 'x')] AS a, MAP(ARRAY['k'], ARRAY[DATE '2026-01-01']) AS m, CAST(NULL AS varbinary) AS b, JSON '{}' AS j,
        CAST(NULL AS uuid) AS u, 1.5E0 AS d, REAL '1' AS r, true AS o;  -- the end"""
    got = rows(conn, "SELECT name, athena_type, type FROM athena_describe('lake', %s)", (sql,))
    assert got == [
        ("i", "integer", "integer"), ("v", "varchar(3)", "character varying(3)"), ("c", "char(4)", "character(4)"), ("t", "varchar", "text"),
        ("n", "decimal(3,2)", "numeric(3,2)"), ("ts6", "timestamp(6)", "timestamp(6) without time zone"),
        ("ts0", "timestamp(0)", "timestamp(0) without time zone"), ("tm", "time(1)", "time(1) without time zone"),
        ("a", "array(row(integer, varchar(1)))", "jsonb"), ("m", "map(varchar(1), date)", "jsonb"), ("b", "varbinary", "bytea"),
        ("j", "json", "jsonb"), ("u", "uuid", "uuid"), ("d", "double", "double precision"), ("r", "real", "real"), ("o", "boolean", "boolean")]


def test_describing_scans_nothing(conn, stand, admin):
    admin("DROP TABLE IF EXISTS described")
    admin("CREATE TABLE described WITH (format = 'TEXTFILE') AS SELECT n, ARRAY[n] AS a FROM UNNEST(sequence(1, 1000)) t(n)")
    conn.execute("SELECT * FROM athena_describe('lake', 'SELECT n, a, random() FROM engine.described')")
    conn.execute("SELECT * FROM athena_explain('lake', 'SELECT n, a, random() FROM engine.described')")
    assert rows(conn, "SELECT count(*), sum(bytes_scanned)::int, sum(cost) FROM athena_queries()") == [(3, 0, 0)]


def test_create_table(conn, stand):
    conn.execute("DROP SCHEMA IF EXISTS made CASCADE; CREATE SCHEMA made")
    assert rows(conn, "SELECT athena_create_table('lake', 'made.\"The Table\"', 'SELECT n, ARRAY[n] AS list, CAST(n AS varchar) AS \"With Case\" FROM UNNEST(sequence(1, 3)) t(n) -- comment')::text") == [('made."The Table"',)]
    assert rows(conn, 'SELECT "With Case" FROM made."The Table" WHERE n = 2') == [("2",)]
    assert rows(conn, "SELECT n, list FROM made.\"The Table\" WHERE n > 1 ORDER BY n") == [(2, [2]), (3, [3])]
    assert rows(conn, "SELECT DISTINCT state FROM athena_diff('made.\"The Table\"')") == [("connected",)]
    e = error(conn, "SELECT athena_create_table('lake', 'made.unnamed', 'SELECT 1, 2 AS b')")
    assert e.sqlstate == "42611" and "AS" in e.message_hint
    e = error(conn, "SELECT athena_create_table('lake', 'made.twice', 'SELECT 1 AS a, 2 AS a')")
    assert e.sqlstate == "42701"
    assert error(conn, "SELECT athena_create_table('lake', 'made.\"The Table\"', 'SELECT 1 AS a')").sqlstate == "42P07"
    assert error(conn, "SELECT athena_create_table('lake', 'made.x', 'DROP TABLE t')").sqlstate == "22023"
    conn.execute("DO $$ BEGIN CREATE ROLE cleo; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT USAGE ON FOREIGN SERVER lake TO cleo")
    conn.execute("DROP USER MAPPING IF EXISTS FOR cleo SERVER lake; CREATE USER MAPPING FOR cleo SERVER lake OPTIONS (access_key_id 'AKIATESTFULLPOLICY00', secret_access_key 'full/policy+secret'); SET ROLE cleo")
    assert error(conn, "SELECT athena_create_table('lake', 'made.hers', 'SELECT 1 AS a')").sqlstate == "42501"
    conn.execute("RESET ROLE; DROP OWNED BY cleo")


def test_explain(conn, admin):
    admin("DROP TABLE IF EXISTS one_t")
    admin("DROP TABLE IF EXISTS two_t")
    admin("CREATE TABLE one_t WITH (format = 'PARQUET', partitioned_by = ARRAY['p']) AS SELECT n, CAST(n % 3 AS integer) AS p FROM UNNEST(sequence(1, 9)) t(n)")
    admin("CREATE TABLE two_t WITH (format = 'PARQUET') AS SELECT 1 AS m")
    sql = "SELECT o.n FROM engine.one_t o JOIN engine.two_t t ON t.m = o.n JOIN tpch.tiny.region r ON r.regionkey = o.n WHERE o.p = 1"
    got = rows(conn, "SELECT catalog, database, \"table\", columns FROM athena_explain('lake', %s) ORDER BY 3", (sql,))
    assert got == [("awsdatacatalog", "engine", "one_t", ["p"]), ("tpch", "tiny", "region", []), ("awsdatacatalog", "engine", "two_t", [])] or \
        {g[2] for g in got} == {"one_t", "two_t", "region"} and dict((g[2], g[3]) for g in got)["one_t"] == ["p"]
    e = error(conn, "SELECT * FROM athena_explain('lake', 'SELECT nothing FROM engine.one_t')")
    assert e.sqlstate == "42703"
    assert error(conn, "SELECT * FROM athena_explain('lake', 'INSERT INTO engine.two_t SELECT 1')").sqlstate == "22023"
