"""ANALYZE by each method, and estimates that Athena makes."""
import pytest

from engine_fixtures import error, rows


# what cannot be compressed to less than half
NOISE = "SELECT n AS id, array_join(transform(sequence(1, 10), i -> to_hex(sha512(to_utf8(CAST(n * 100 + i AS varchar))))), '') AS x FROM UNNEST(sequence(1, 3000)) t(n)"


@pytest.fixture(scope="module")
def tables(the_stand, database):
    """big and small, in Parquet; text: 30,000 rows in ten files of some 2 MB each; ice: Iceberg."""
    from engine_fixtures import ADMIN, execute

    athena = the_stand.client("athena", ADMIN)
    for name, options, what in (
        ("st_big", "format = 'PARQUET'", "SELECT n AS id, n % 10 AS small_id, 'name ' || CAST(n AS varchar) AS name FROM UNNEST(sequence(1, 10000)) t(n)"),
        ("st_small", "format = 'PARQUET'", "SELECT n AS id FROM UNNEST(sequence(0, 9)) t(n)"),
        ("st_blind", "format = 'PARQUET'", "SELECT 1 AS id"),
        ("st_text", "format = 'TEXTFILE'", NOISE),
        ("st_ice", "table_type = 'ICEBERG', location = 's3://engine-data/st_ice/', is_external = false", "SELECT n AS id FROM UNNEST(sequence(1, 4321)) t(n)"),
    ):
        execute(athena, f"DROP TABLE IF EXISTS {name}", "engine")
        execute(athena, f"CREATE TABLE {name} WITH ({options}) AS {what}", "engine")
    for _ in range(9):
        execute(athena, "INSERT INTO st_text " + NOISE, "engine")


@pytest.fixture
def lake(conn, tables):
    conn.execute("""CREATE FOREIGN TABLE st_big (id int, small_id int, name text) SERVER lake OPTIONS (database 'engine');
        CREATE FOREIGN TABLE st_small (id int) SERVER lake OPTIONS (database 'engine');
        CREATE FOREIGN TABLE st_blind (id int) SERVER lake OPTIONS (database 'engine');
        CREATE FOREIGN TABLE st_text (id int, x text) SERVER lake OPTIONS (database 'engine');
        CREATE FOREIGN TABLE st_ice (id int) SERVER lake OPTIONS (database 'engine')""")
    return conn


def reltuples(conn, table):
    return rows(conn, "SELECT reltuples FROM pg_class WHERE oid = %s::regclass", (table,))[0][0]


def set_option(conn, table, option, value):
    conn.execute(f"ALTER FOREIGN TABLE {table} OPTIONS (ADD {option} '{value}')")


def asked(conn):
    return [r[0] for r in rows(conn, "SELECT remote_sql FROM athena_queries() WHERE server = 'lake' ORDER BY started")]


def test_sample_of_all(lake):
    lake.execute("ANALYZE st_big")
    assert reltuples(lake, "st_big") == 10000
    n, width = rows(lake, "SELECT n_distinct, avg_width FROM pg_stats WHERE tablename = 'st_big' AND attname = 'small_id'")[0]
    assert n == 10 and width == 4
    assert not any("TABLESAMPLE" in sql for sql in asked(lake))


def test_sample_of_a_part(lake):
    """The ten files hold about 20 MB: a limit of 10 MB takes a part of them."""
    set_option(lake, "st_text", "analyze_max_bytes", "10MB")
    lake.execute("ANALYZE st_text")
    sql = asked(lake)
    assert sql and all("TABLESAMPLE SYSTEM (2" in s and s.endswith("LIMIT 30000") for s in sql)
    assert reltuples(lake, "st_text") == 30000  # Glue knows
    assert rows(lake, "SELECT avg_width > 1000 FROM pg_stats WHERE tablename = 'st_text' AND attname = 'x'") == [(True,)]


def test_sample_of_a_part_of_what_nobody_has_counted(lake, stand):
    """The size by the objects at the location; the rows by a second sample."""
    glue = stand.client("glue", ("AKIATESTADMIN0000000", "admin"))
    table = glue.get_table(DatabaseName="engine", Name="st_text")["Table"]
    kept = dict(table["Parameters"])
    for name in ("numRows", "totalSize"):
        table["Parameters"].pop(name)
    update = lambda t: glue.update_table(DatabaseName="engine", TableInput={k: t[k] for k in ("Name", "TableType", "Parameters", "StorageDescriptor", "PartitionKeys")})
    update(table)
    set_option(lake, "st_text", "analyze_max_bytes", "15MB")
    stand.reset()
    lake.execute("ANALYZE st_text")
    assert stand.counts()["s3:ListBucket"] == 1
    sql = asked(lake)
    assert len(sql) >= 2 and all("TABLESAMPLE SYSTEM (" in s for s in sql) and sql[0].startswith("SELECT count(*)")
    assert 1000 < reltuples(lake, "st_text") < 100000
    update({**table, "Parameters": kept})
    assert rows(lake, "SELECT avg_width > 1000 FROM pg_stats WHERE tablename = 'st_text' AND attname = 'x'") == [(True,)]


def test_a_query_of_unknown_size_is_limited(lake, stand):
    lake.execute("CREATE FOREIGN TABLE st_query (n bigint) SERVER lake OPTIONS (query 'SELECT t.id AS n FROM engine.st_text t JOIN engine.st_text u ON regexp_like(t.x, u.x)', database 'engine', analyze_max_bytes '10MB')")
    e = error(lake, "ANALYZE st_query")
    assert e.sqlstate == "53400" and "analyze_max_bytes" in e.message_detail


def test_catalog(lake):
    set_option(lake, "st_ice", "analyze_method", "catalog")
    lake.execute("ANALYZE st_ice")
    assert reltuples(lake, "st_ice") == 4321
    assert [s for s in asked(lake)] == ['SELECT sum(record_count), sum(file_size_in_bytes) FROM engine."st_ice$files" WHERE content = 0']
    # Trino leaves the number of rows in Glue
    set_option(lake, "st_big", "analyze_method", "catalog")
    lake.execute("ANALYZE st_big")
    assert reltuples(lake, "st_big") == 10000
    assert len(asked(lake)) == 1  # asking Glue is no query


def test_catalog_that_does_not_know(lake, stand):
    glue = stand.client("glue", ("AKIATESTADMIN0000000", "admin"))
    table = glue.get_table(DatabaseName="engine", Name="st_blind")["Table"]
    table["Parameters"].pop("numRows", None)
    glue.update_table(DatabaseName="engine", TableInput={k: table[k] for k in ("Name", "TableType", "Parameters", "StorageDescriptor", "PartitionKeys")})
    set_option(lake, "st_blind", "analyze_method", "catalog")
    e = error(lake, "ANALYZE st_blind")
    assert e.sqlstate == "55000" and "option rows" in e.message_hint
    set_option(lake, "st_blind", "rows", "12")
    lake.execute("ANALYZE st_blind")
    assert reltuples(lake, "st_blind") == 12


def test_off(lake):
    notices = []
    lake.add_notice_handler(lambda d: notices.append(d.message_primary))
    lake.execute("ALTER SERVER lake OPTIONS (ADD analyze_method 'off')")
    lake.execute("ANALYZE st_big")
    assert "cannot analyze this foreign table" in notices[-1] and asked(lake) == []


def shape(conn, sql):
    """The relations of a plan in the order of its scans, and its joins."""
    def walk(node):
        for plan in node.get("Plans", []):
            yield from walk(plan)
        if "Relation Name" in node:
            yield node["Relation Name"]

    return list(walk(rows(conn, f"EXPLAIN (FORMAT JSON) {sql}")[0][0][0]["Plan"]))


# the volatile condition keeps the join here
JOIN = "SELECT count(*) FROM st_big b JOIN st_small s ON s.id = b.small_id WHERE random() < 2"


@pytest.mark.parametrize("method", ["sample", "catalog"])
def test_the_join_order_changes(lake, method):
    """The side that is hashed is the small one, once its size is known."""
    lake.execute("SET enable_mergejoin = off; SET enable_nestloop = off")
    # taken for small and large, the wrong way round
    set_option(lake, "st_big", "rows", "5")
    set_option(lake, "st_small", "rows", "1000000")
    assert shape(lake, JOIN) == ["st_small", "st_big"]
    if method == "catalog":
        lake.execute("ALTER FOREIGN TABLE st_big OPTIONS (ADD analyze_method 'catalog'); ALTER FOREIGN TABLE st_small OPTIONS (SET rows '10', ADD analyze_method 'catalog')")
    lake.execute("ANALYZE st_big, st_small")
    assert shape(lake, JOIN) == ["st_big", "st_small"]


def test_remote_estimates(lake, stand):
    plan = "EXPLAIN (FORMAT JSON) SELECT * FROM st_big WHERE id <= 100"
    before = rows(lake, plan)[0][0][0]["Plan"]["Plan Rows"]
    assert asked(lake) == []  # nobody is asked while planning
    set_option(lake, "st_big", "use_remote_estimate", "on")
    after = rows(lake, plan)[0][0][0]["Plan"]["Plan Rows"]
    assert asked(lake) == ["EXPLAIN (FORMAT JSON)\nSELECT 1 FROM engine.st_big WHERE id <= 100"]
    assert after != before and 1 <= after <= 10000
    assert rows(lake, "SELECT sum(bytes_scanned)::int FROM athena_queries()") == [(0,)]
    rows(lake, plan)  # what was asked a moment ago is not asked again
    assert len(asked(lake)) == 1
    # a parameter's condition cannot be sent, and is estimated here
    lake.execute("SET plan_cache_mode = force_generic_plan; PREPARE p(int) AS SELECT * FROM st_big WHERE id = $1 AND small_id = 3")
    lake.execute("EXPLAIN EXECUTE p(1)")
    assert asked(lake)[-1] == "EXPLAIN (FORMAT JSON)\nSELECT 1 FROM engine.st_big WHERE small_id = 3"


def test_remote_estimates_turn_the_join(lake):
    lake.execute("SET enable_mergejoin = off; SET enable_nestloop = off")
    set_option(lake, "st_big", "rows", "5")
    set_option(lake, "st_small", "rows", "1000000")
    lake.execute("ALTER SERVER lake OPTIONS (ADD use_remote_estimate 'on')")
    assert shape(lake, JOIN) == ["st_big", "st_small"]


def test_remote_estimates_of_whole_queries(lake):
    """A query that is shipped whole is what Athena is asked about."""
    sql = "SELECT b.small_id, count(*) FROM st_big b JOIN st_small s ON s.id = b.small_id GROUP BY 1"
    rows(lake, f"EXPLAIN {sql}")
    assert asked(lake) == []
    set_option(lake, "st_big", "use_remote_estimate", "on")
    plan = rows(lake, f"EXPLAIN (FORMAT JSON) {sql}")[0][0][0]["Plan"]
    assert plan["Node Type"] == "Foreign Scan" and any(a.startswith("EXPLAIN (FORMAT JSON)\nSELECT b.small_id, count(*)") for a in asked(lake))
