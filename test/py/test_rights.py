"""Rights, locks and invalidation of every relation inside of a statement that is shipped whole."""
import psycopg
import pytest

from conftest import KEY_ID, SECRET, connect
from fake_athena import column

# each names t, which the role may read, and u, which it may not, in one remote statement
INSIDE = {
    "join": "SELECT t.a FROM t JOIN u ON t.a = u.a",
    "outer join": "SELECT t.a FROM t LEFT JOIN u ON t.a = u.a",
    "subquery": "SELECT t.a FROM t JOIN (SELECT a, count(*) AS n FROM u GROUP BY a) s ON s.a = t.a",
    "limited": "SELECT t.a FROM t JOIN (SELECT a FROM u ORDER BY a LIMIT 3) s ON s.a = t.a",
    "exists": "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
    "not exists": "SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
    "in": "SELECT a FROM t WHERE a IN (SELECT a FROM u)",
    "not in": "SELECT a FROM t WHERE a NOT IN (SELECT a FROM u)",
    "scalar": "SELECT a FROM t WHERE a > (SELECT max(a) FROM u)",
    "correlated": "SELECT a, (SELECT max(b) FROM u WHERE u.a = t.a) FROM t",
    "cte": "WITH w AS MATERIALIZED (SELECT a FROM u) SELECT t.a FROM t, w WHERE w.a = t.a",
    "cte in cte": "WITH v AS MATERIALIZED (SELECT a FROM u), w AS MATERIALIZED (SELECT a FROM v) SELECT t.a FROM t, w WHERE w.a = t.a",
    "union all": "SELECT a FROM t UNION ALL SELECT a FROM u",
    "union": "SELECT a FROM t UNION SELECT a FROM u",
    "intersect": "SELECT a FROM t INTERSECT SELECT a FROM u",
    "except": "SELECT a FROM t EXCEPT SELECT a FROM u",
    "having": "SELECT a FROM t GROUP BY a HAVING count(*) > (SELECT count(*) FROM u)",
    "distinct on": "SELECT DISTINCT ON (b) a, b FROM (SELECT a, b FROM u UNION ALL SELECT a, b FROM t) x ORDER BY b, a",
    "deep": "SELECT a FROM t WHERE a IN (SELECT x.a FROM t x WHERE EXISTS (SELECT 1 FROM (SELECT a FROM u GROUP BY a) y WHERE y.a = x.a))",
    "beside a local table": "SELECT l.a FROM l JOIN t ON t.a = l.a JOIN (SELECT a, count(*) AS n FROM u GROUP BY a) s ON s.a = t.a",
    "view": "SELECT t.a FROM t JOIN view_of_u v ON v.a = t.a",
    "grouped view": "SELECT t.a FROM t JOIN groups_of_u v ON v.a = t.a",
}


def scans(conn, sql):
    plan = conn.execute(f"EXPLAIN (VERBOSE, FORMAT JSON) {sql}").fetchone()[0][0]["Plan"]
    walk = lambda n: [n, *(x for p in n.get("Plans", []) for x in walk(p))]
    return [n for n in walk(plan) if "Remote SQL" in n]


def answer_with(fake, scan):
    """As many columns as the scan reads: the flag of a set operation is none."""
    width = len({o for o in scan["Output"] if o != "NULL::integer"})
    fake.columns, fake.rows = [column(f"c{i}", "integer") for i in range(width)], [["1"] * width]


@pytest.fixture
def shop(fake, conn):
    """Tables t and u, a role that may read t, and views of the role's own over u."""
    fake.columns, fake.rows = [column("a", "integer")], [["1"]]
    conn.execute("DROP OWNED BY reader CASCADE" if conn.execute("SELECT 1 FROM pg_roles WHERE rolname = 'reader'").fetchone() else "CREATE ROLE reader")
    conn.execute(
        "DROP FOREIGN TABLE t; CREATE FOREIGN TABLE t (a int, b int) SERVER lake OPTIONS (database 'sales', rows '100');"
        "CREATE FOREIGN TABLE u (a int, b int) SERVER lake OPTIONS (database 'sales', rows '100');"
        "CREATE TABLE l (a int); INSERT INTO l VALUES (1); GRANT SELECT ON l TO reader;"
        "GRANT SELECT ON t TO reader; GRANT USAGE ON FOREIGN SERVER lake TO reader; GRANT CREATE ON SCHEMA public TO reader;"
        "CREATE VIEW view_of_u AS SELECT a, b FROM u; CREATE VIEW groups_of_u AS SELECT a, count(*) AS n FROM u GROUP BY a;"
        "ALTER VIEW view_of_u OWNER TO reader; ALTER VIEW groups_of_u OWNER TO reader;"
        f"CREATE USER MAPPING FOR reader SERVER lake OPTIONS (access_key_id '{KEY_ID}', secret_access_key '{SECRET}')"
    )
    yield conn
    conn.execute("RESET ROLE; DEALLOCATE ALL; DROP OWNED BY reader CASCADE; DROP TABLE l")


@pytest.mark.parametrize("kind", INSIDE)
def test_no_right_inside(shop, fake, kind):
    """What the role may not read it does not read, wherever it stands; with the right it does."""
    sql = INSIDE[kind]
    shop.execute("GRANT SELECT ON u TO reader; SET ROLE reader")
    assert len(scans(shop, sql)) == 1, "not shipped whole: the test would show nothing"
    shop.execute("RESET ROLE; REVOKE SELECT ON u FROM reader; SET ROLE reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for foreign table u"):
        shop.execute(sql)
    assert fake.count("StartQueryExecution") == 0
    shop.execute("RESET ROLE; GRANT SELECT ON u TO reader; SET ROLE reader")
    answer_with(fake, scans(shop, sql)[0])
    shop.execute(sql)
    assert fake.count("StartQueryExecution") == 1


def test_columns_inside(shop):
    shop.execute("GRANT SELECT (a) ON u TO reader; SET ROLE reader")
    assert len(scans(shop, "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a)")) == 1
    shop.execute("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        shop.execute("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.b = t.a)")


def test_an_owner_loses_the_right(shop):
    """A view is read with its owner's rights: the reader of the view has more than its owner."""
    shop.execute("GRANT SELECT ON groups_of_u TO PUBLIC")
    sql = "SELECT n FROM groups_of_u"
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="foreign table u"):
        shop.execute(sql)


def test_rights_of_a_prepared_statement(shop):
    """The plan that was made with the right is not run without it."""
    shop.execute("GRANT SELECT ON u TO reader; SET ROLE reader; SET plan_cache_mode = force_generic_plan")
    shop.execute("PREPARE p AS SELECT a FROM t WHERE a IN (SELECT a FROM u)")
    shop.execute("EXECUTE p")
    shop.execute("RESET ROLE; REVOKE SELECT ON u FROM reader; SET ROLE reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        shop.execute("EXECUTE p")


@pytest.mark.parametrize("kind", INSIDE)
def test_a_changed_table_changes_the_plan(shop, fake, kind):
    """ALTER FOREIGN TABLE and ALTER SERVER reach a plan that is kept, and DROP ends it."""
    shop.execute("ALTER VIEW view_of_u OWNER TO postgres; ALTER VIEW groups_of_u OWNER TO postgres")
    shop.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE p AS {INSIDE[kind]}")
    sql = lambda: scans(shop, "EXECUTE p")[0]["Remote SQL"]
    assert "other" not in sql()
    shop.execute("ALTER FOREIGN TABLE u OPTIONS (ADD \"table\" 'other')")
    assert "other" in sql()
    shop.execute("ALTER FOREIGN TABLE u ALTER COLUMN a OPTIONS (ADD column_name 'renamed')")
    assert "renamed" in sql() or kind == "having"  # which counts rows
    answer_with(fake, scans(shop, "EXECUTE p")[0])
    shop.execute("EXECUTE p")
    shop.execute("ALTER SERVER lake OPTIONS (ADD workgroup 'another')")
    shop.execute("EXECUTE p")
    assert [c[1].get("WorkGroup") for c in fake.of("StartQueryExecution")][-1] == "another"
    shop.execute("DROP FOREIGN TABLE u CASCADE")
    with pytest.raises(psycopg.errors.UndefinedTable):
        shop.execute("EXECUTE p")


@pytest.mark.parametrize("kind", INSIDE)
def test_locks_of_a_kept_plan(shop, fake, kind):
    shop.execute("ALTER VIEW view_of_u OWNER TO postgres; ALTER VIEW groups_of_u OWNER TO postgres")
    shop.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE p AS {INSIDE[kind]}")
    answer_with(fake, scans(shop, "EXECUTE p")[0])
    shop.execute("EXECUTE p")
    with shop.transaction():
        shop.execute("EXECUTE p")
        held = {r[0] for r in shop.execute("SELECT relation::regclass::text FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'AccessShareLock'")}
    assert {"t", "u"} <= held


def test_two_servers_and_two_users(shop, fake):
    """What belongs to another server, or is read with other keys, is another statement."""
    shop.execute(f"CREATE SERVER IF NOT EXISTS other FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket 'results', endpoint '{fake.url}')")
    shop.execute(f"CREATE USER MAPPING IF NOT EXISTS FOR postgres SERVER other OPTIONS (access_key_id '{KEY_ID}', secret_access_key '{SECRET}')")
    shop.execute("CREATE FOREIGN TABLE x (a int, b int) SERVER other OPTIONS (database 'sales', rows '100')")
    assert len(scans(shop, "SELECT t.a FROM t JOIN x ON t.a = x.a")) == 2
    assert len(scans(shop, "SELECT a FROM t UNION SELECT a FROM x")) == 2
    assert len(scans(shop, "SELECT a FROM t WHERE a IN (SELECT a FROM x)")) == 2
    assert len(scans(shop, "SELECT t.a FROM t JOIN u ON t.a = u.a")) == 1
    shop.execute("GRANT SELECT ON u TO reader")
    assert len(scans(shop, "SELECT t.a FROM t JOIN view_of_u v ON v.a = t.a")) == 2
    assert len(scans(shop, "SELECT v.a FROM groups_of_u v JOIN view_of_u w ON v.a = w.a")) == 1
    shop.execute("DROP SERVER other CASCADE")


def test_what_is_not_shipped_whole(shop):
    """Row marks, security barriers, volatile functions, relations of this database."""
    shop.execute("ALTER VIEW groups_of_u SET (security_barrier); ALTER VIEW groups_of_u OWNER TO postgres; CREATE TABLE IF NOT EXISTS here (a int)")
    whole = lambda sql: len(shop.execute(f"EXPLAIN {sql}").fetchall()) <= 2
    assert whole("SELECT t.a FROM t JOIN u ON t.a = u.a")
    for sql in (
        "SELECT t.a FROM t JOIN u ON t.a = u.a FOR UPDATE",
        "SELECT t.a FROM t JOIN groups_of_u v ON v.a = t.a",
        "SELECT t.a FROM t JOIN u ON t.a = u.a WHERE random() < 2",
        "SELECT count(*) FROM t JOIN u ON t.a = u.a GROUP BY random()",
        "SELECT DISTINCT random() FROM t JOIN u ON t.a = u.a",
        "SELECT t.a FROM t JOIN u ON t.a = u.a JOIN here h ON h.a = t.a",
        "SELECT t.a, generate_series(1, 2) FROM t JOIN u ON t.a = u.a",
        "SELECT t.tableoid FROM t JOIN u ON t.a = u.a",
        "SELECT t FROM t JOIN u ON t.a = u.a",
        "SELECT t.a FROM t, LATERAL unnest(ARRAY[t.a]) x JOIN u ON u.a = x",
        "WITH RECURSIVE r AS (SELECT a FROM t UNION SELECT u.a + 1 FROM u JOIN r ON r.a = u.a WHERE r.a < 5) SELECT * FROM r",
    ):
        assert not whole(sql), sql
    # the rows come, but who is first is decided here
    assert "LIMIT" not in scans(shop, "SELECT t.a FROM t JOIN u ON t.a = u.a ORDER BY random() LIMIT 1")[0]["Remote SQL"]
    shop.execute("DROP TABLE here")


def test_parameters(shop, fake):
    """Values travel as literals: of a prepared statement, of PL/pgSQL, in a generic plan."""
    sql = "SELECT count(*) FROM t WHERE a IN (SELECT a FROM u WHERE b > $1)"
    fake.columns, fake.rows = [column("c", "bigint")], [["7"]]
    shop.execute(f"PREPARE p(int) AS {sql}")
    for mode in ("force_generic_plan", "force_custom_plan"):
        shop.execute(f"SET plan_cache_mode = {mode}")
        for value in ("3", "NULL")[: 1 if "custom" in mode else 2]:  # nothing is greater than NULL, and no query is made for it
            assert shop.execute(f"EXECUTE p({value})").fetchone() == (7,)
            sent = fake.of("StartQueryExecution")[-1][1]["QueryString"]
            assert ("> 3" if value == "3" else "NULL") in sent
    shop.execute("RESET plan_cache_mode")
    shop.execute("CREATE OR REPLACE FUNCTION pg_temp.f(x int) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM t WHERE a IN (SELECT a FROM u WHERE b > x)); END $$")
    assert shop.execute("SELECT pg_temp.f(41)").fetchone() == (7,)
    assert "41" in fake.of("StartQueryExecution")[-1][1]["QueryString"]
    # a LIMIT that is not known yet; NULL is none
    shop.execute("SET plan_cache_mode = force_generic_plan; PREPARE q(bigint) AS SELECT a FROM t WHERE b > 2 ORDER BY a LIMIT $1")
    fake.columns, fake.rows = [column("a", "integer")], [["1"]]
    for value, sent in (("3", "LIMIT 3"), ("NULL", "LIMIT 9223372036854775807")):
        shop.execute(f"EXECUTE q({value})")
        assert fake.of("StartQueryExecution")[-1][1]["QueryString"].endswith(sent)
    shop.execute("RESET plan_cache_mode")


def test_generic_plan(shop):
    """EXPLAIN (GENERIC_PLAN), of 16 and later, shows a statement with its parameters, without any value."""
    if shop.info.server_version < 160000:
        pytest.skip("EXPLAIN (GENERIC_PLAN) came with 16")
    for sql in ("SELECT count(*) FROM t WHERE a IN (SELECT a FROM u WHERE b > $1)", "SELECT a FROM t WHERE b = $1 LIMIT $2", "SELECT t.a FROM t JOIN u USING (a) WHERE u.b = ANY ($1::int[])"):
        plan = "\n".join(r[0] for r in shop.execute(f"EXPLAIN (VERBOSE, GENERIC_PLAN) {sql}", prepare=False))
        assert plan.count("Foreign Scan") == 1 and "$1" in plan.partition("Remote SQL")[2], plan
