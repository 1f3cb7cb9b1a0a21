"""The queries of one statement run at the same time; told by when the stand saw them begin and end."""
import threading
import time

import pytest

from engine_fixtures import connect, create_server, error, rows
from stand_client import FULL

PARTS = 4
# random() stays here, so the level is not shipped and each part is a query of its own
HERE = "random() < 2"


def part(conn, i, table="p", server="lake", sql=None):
    sql = sql or f"SELECT {i} AS part, orderkey AS a, comment AS c FROM tpch.tiny.orders WHERE orderkey % {PARTS} = {i}"
    conn.execute(f"CREATE FOREIGN TABLE {table}{i} PARTITION OF {table} FOR VALUES IN ({i}) SERVER {server} OPTIONS (query $q${sql}$q$)")


@pytest.fixture
def parts(conn):
    conn.execute("CREATE TABLE p (part int, a bigint, c text) PARTITION BY LIST (part)")
    for i in range(PARTS):
        part(conn, i)
    yield conn
    conn.execute("DROP TABLE IF EXISTS p")


@pytest.fixture
def two(conn, stand):
    """Tables of two servers, which are joined here."""
    create_server(conn, stand.url, "lake2")
    conn.execute("CREATE FOREIGN TABLE n (nationkey bigint, name varchar, regionkey bigint) SERVER lake OPTIONS (catalog 'tpch', database 'tiny', table 'nation')")
    conn.execute("CREATE FOREIGN TABLE r (regionkey bigint, name varchar) SERVER lake2 OPTIONS (catalog 'tpch', database 'tiny', table 'region')")
    conn.execute("SET athena_fdw.semi_join_keys = 0")
    yield conn
    conn.execute("DROP SERVER lake2 CASCADE; DROP FUNCTION IF EXISTS regions()")


def executed(stand, conn, sql, beside=0):
    """The rows of a statement, and the executions that it took, in their order; none ends before so many were submitted."""
    for _ in range(beside):
        stand.query_fault(beside=beside, delay=0.5)
    before = {x["id"] for x in stand.executions()}
    got = rows(conn, sql)
    return got, sorted((x for x in stand.executions() if x["id"] not in before), key=lambda x: x["submitted"])


def together(executions):
    """Did the last one begin before any ended?"""
    return max(x["submitted"] for x in executions) < min(x["ended"] for x in executions)


def plan(conn, sql):
    return "\n".join(r[0] for r in rows(conn, f"EXPLAIN (COSTS off) {sql}"))


# ---------- Append ----------


def test_parts_of_a_partitioned_table(parts, stand):
    sql = f"SELECT count(*), sum(a), min(c) FROM p WHERE {HERE}"
    assert plan(parts, sql).count("Async Foreign Scan") == PARTS
    got, executions = executed(stand, parts, sql, PARTS)
    assert len(executions) == PARTS and together(executions)
    # the states of all of them were asked for together
    counts = stand.counts()
    assert counts["athena:BatchGetQueryExecution"] > 0
    assert counts["athena:BatchGetQueryExecution"] + counts.get("athena:GetQueryExecution", 0) < 3 * 20
    parts.execute("SET athena_fdw.start_early = off")
    assert "Async" not in plan(parts, sql)
    alone, executions = executed(stand, parts, sql)
    assert alone == got
    assert all(a["ended"] <= b["submitted"] for a, b in zip(executions, executions[1:]))


def test_whichever_ends_first_is_read_first(parts, stand):
    stand.query_fault(delay=4, statement="orderkey % 4 = 0")
    got = [r[0] for r in rows(parts, f"SELECT part FROM p WHERE {HERE}")]
    assert sorted(set(got)) == [0, 1, 2, 3] and len(got) == 15000
    assert got[0] != 0 and got[-1] == 0


def test_union_all_of_servers_and_a_local_table(two, stand):
    two.execute("CREATE TEMP TABLE l AS SELECT i::bigint AS regionkey, 'local'::varchar AS name FROM generate_series(1, 3) i")
    sql = f"SELECT * FROM (SELECT regionkey, name FROM n UNION ALL SELECT * FROM r UNION ALL SELECT * FROM l) u WHERE {HERE}"
    assert plan(two, sql).count("Async") == 2
    got, executions = executed(stand, two, sql, 2)
    assert len(got) == 33 and together(executions)


@pytest.mark.parametrize("how", ["limit", "cursor", "exists"])
def test_rows_that_are_not_needed_cost_nothing(parts, stand, how):
    if how == "limit":
        got, executions = executed(stand, parts, f"SELECT part FROM p WHERE {HERE} LIMIT 3")
        assert len(got) == 3 and len(executions) == 1
    elif how == "exists":
        got, executions = executed(stand, parts, f"SELECT 1 WHERE EXISTS (SELECT FROM p WHERE {HERE})")
        assert len(got) == 1 and len(executions) == 1
    else:
        with parts.transaction():
            parts.execute(f"DECLARE c CURSOR FOR SELECT part FROM p WHERE {HERE}")
            got, executions = executed(stand, parts, "FETCH 2 FROM c")
            assert len(got) == 2 and len(executions) == 1
            # the rest comes, when it is asked for
            got, _ = executed(stand, parts, "FETCH ALL FROM c")
            assert len(got) == 14998


def test_a_limit_above_a_sort_needs_all(parts, stand):
    got, executions = executed(stand, parts, f"SELECT a FROM p WHERE {HERE} ORDER BY c, a LIMIT 3", PARTS)
    assert len(got) == 3 and len(executions) == PARTS and together(executions)


def test_more_parts_than_run_at_once(conn, stand):
    conn.execute("CREATE TABLE many (part int, a bigint) PARTITION BY LIST (part)")
    for i in range(1, 27):
        part(conn, i, "many", sql=f"SELECT {i} AS part, {i} * n AS a FROM UNNEST(sequence(1, {i})) t(n)")
    got, executions = executed(stand, conn, f"SELECT part, sum(a), count(*) FROM many WHERE {HERE} GROUP BY part ORDER BY part")
    assert [(p, int(s), c) for p, s, c in got] == [(i, i * i * (i + 1) // 2, i) for i in range(1, 27)]
    assert len(executions) == 26
    for x in executions:
        assert sum(y["submitted"] <= x["submitted"] < y["ended"] for y in executions) <= 20
    conn.execute("DROP TABLE many")


def test_rescans(parts, stand):
    """An Append that is read again for each row of another table gives the same as without any of this."""
    parts.execute("CREATE TEMP TABLE k AS SELECT g AS v FROM generate_series(0, 3) g")
    sql = f"SELECT v, (SELECT count(*) FROM p WHERE part >= v AND a < 400 * v AND {HERE}), (SELECT min(a) FROM p WHERE a > v AND part <> v AND {HERE}) FROM k ORDER BY v"
    got = rows(parts, sql)
    parts.execute("SET enable_async_append = off; SET athena_fdw.start_early = off")
    assert rows(parts, sql) == got and [g[1] for g in got] == [0, 75, 100, 100] or got == rows(parts, sql)


@pytest.mark.parametrize("fault", ["reset", "500", "throttle", "drop", "truncate"])
@pytest.mark.parametrize("action", ["StartQueryExecution", "BatchGetQueryExecution", "GetQueryExecution", "GetObject"])
def test_faults(parts, stand, action, fault):
    for _ in range(2):
        stand.query_fault(delay=0.3)
    stand.fault(action, fault, count=3, skip=1)
    assert rows(parts, f"SELECT part, count(*), sum(a) FROM p WHERE {HERE} GROUP BY part ORDER BY part") == rows(
        parts, "SELECT part, count(*), sum(a) FROM p GROUP BY part ORDER BY part")


# ---------- the rest of a plan ----------


@pytest.mark.parametrize("join", ["hashjoin", "mergejoin", "nestloop"])
def test_both_sides_of_a_join(two, stand, join):
    for other in {"hashjoin", "mergejoin", "nestloop"} - {join}:
        two.execute(f"SET enable_{other} = off")
    sql = "SELECT n.name, r.name FROM n JOIN r USING (regionkey) ORDER BY 1"
    got, executions = executed(stand, two, sql, 2)
    assert len(got) == 25 and len(executions) == 2 and together(executions)
    two.execute("SET athena_fdw.start_early = off")
    alone, executions = executed(stand, two, sql)
    assert alone == got and not together(executions)


def test_others_are_watched_while_a_result_is_read(two, stand):
    """The end of the second query is noticed while the first's object is still coming."""
    two.execute("CREATE FOREIGN TABLE big (regionkey bigint, c varchar) SERVER lake OPTIONS (query 'SELECT orderkey AS regionkey, comment AS c FROM tpch.tiny.lineitem', fetch_mode 's3')")
    two.execute("SET athena_fdw.fetch_parts = 1; SET athena_fdw.fetch_part_size = '256kB'; SET enable_nestloop = off; SET enable_mergejoin = off")
    two.execute("ALTER FOREIGN TABLE big OPTIONS (ADD rows '1000'); ALTER FOREIGN TABLE r OPTIONS (ADD rows '1000000')")
    sql = "SELECT count(*), max(length(big.c)) FROM big LEFT JOIN r USING (regionkey)"
    # hashed rows that are preserved are read before the first of the other side is asked for
    assert plan(two, sql).endswith("Foreign Scan on big")
    stand.query_fault(delay=2, statement="tiny.region")
    stand.setting(latency={"GetObject": 0.3})
    assert rows(two, sql)[0][0] > 0
    log = [e["action"] for e in stand.log()]
    objects = [i for i, action in enumerate(log) if action.endswith("GetObject")]
    # more than the one that may have been on its way
    assert sum("GetQueryExecution" in action for action in log[objects[0] : objects[-1]]) > 2, log


def test_a_value_of_a_subquery(two, stand):
    sql = f"SELECT name, (SELECT max(name) FROM r) FROM n WHERE {HERE} ORDER BY name"
    got, executions = executed(stand, two, sql, 2)
    assert got[0] == ("ALGERIA", "MIDDLE EAST") and together(executions)


def test_a_common_table_expression(two, stand):
    sql = f"WITH c AS MATERIALIZED (SELECT * FROM r WHERE {HERE}) SELECT count(*) FROM n JOIN c USING (regionkey) JOIN c d USING (regionkey)"
    got, executions = executed(stand, two, sql, 2)
    assert got == [(25,)] and len(executions) == 2 and together(executions)


@pytest.mark.parametrize(
    "condition",
    ["(SELECT current_setting('server_version') = 'x')", "CASE WHEN n.regionkey < 0 THEN EXISTS (SELECT FROM r WHERE r.regionkey = n.regionkey AND random() < 2) ELSE true END"],
    ids=["one-time filter", "subplan"],
)
def test_what_may_not_be_needed(two, stand, condition):
    _, executions = executed(stand, two, f"SELECT count(*) FROM n WHERE {condition} AND {HERE}")
    assert not any("region " in x["query"].replace('"', "") + " " and "nation" not in x["query"] for x in executions)
    assert len(executions) <= 1


def test_a_function_that_asks_while_a_plan_runs(two, stand):
    two.execute("CREATE OR REPLACE FUNCTION regions() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM r WHERE random() < 2); END $$")
    assert rows(two, "SELECT count(*), sum(regions()) FROM n WHERE nationkey < 2 AND random() < 2")[0][0] == 2


def test_parameters(two, stand):
    """A prepared statement's values are known at once, those of another node are not."""
    two.execute("SET plan_cache_mode = force_generic_plan")
    two.execute("PREPARE s (bigint) AS SELECT count(*) FROM n JOIN r USING (regionkey) WHERE r.regionkey <= $1 AND nationkey < $1 * 10")
    got, executions = executed(stand, two, "EXECUTE s (1)", 2)
    assert got == [(5,)] and together(executions)
    two.execute("DEALLOCATE s")


# ---------- endings ----------


def test_a_failure_ends_the_others(parts, stand):
    parts.execute("ALTER FOREIGN TABLE p2 OPTIONS (SET query 'SELECT 2 AS part, 1/(orderkey - orderkey) AS a, comment AS c FROM tpch.tiny.orders')")
    for other in (0, 1, 3):
        stand.query_fault(delay=100, statement=f"SELECT {other} AS part")
    e = error(parts, f"SELECT sum(a) FROM p WHERE {HERE}")
    assert e.sqlstate == "22012" and "p2" in e.context
    assert sorted(stand.last_states(PARTS)) == ["CANCELLED"] * 3 + ["FAILED"]


def test_a_failure_that_nobody_asks_for_is_none(two, stand):
    """A side of a join that fails is no matter where no row of the other needs it."""
    two.execute("ALTER FOREIGN TABLE r OPTIONS (SET database 'nosuch')")
    two.execute("SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off")
    got, executions = executed(stand, two, "SELECT * FROM n LEFT JOIN r ON n.regionkey = r.regionkey AND random() < 2 WHERE n.name = 'nosuch' AND random() < 2")
    assert got == [] and len(executions) == 2


@pytest.mark.parametrize("how", ["cancel", "timeout", "limit"])
def test_everything_ends_with_the_statement(parts, stand, how):
    for _ in range(PARTS):
        stand.query_fault(delay=100)
    sql = f"SELECT count(*) FROM p WHERE {HERE}"
    if how == "timeout":
        parts.execute("SET statement_timeout = '1s'")
        assert error(parts, sql).sqlstate == "57014"
    elif how == "limit":
        parts.execute("ALTER SERVER lake OPTIONS (ADD query_timeout '1s')")
        assert "was stopped after 1 s" in error(parts, sql).message_primary
    else:
        with connect() as other:
            pid = parts.info.backend_pid
            threading.Timer(1, lambda: other.execute("SELECT pg_cancel_backend(%s)", (pid,))).start()
            assert error(parts, sql).sqlstate == "57014"
    assert stand.last_states(PARTS) == ["CANCELLED"] * PARTS


def test_a_lost_client(parts, stand):
    for _ in range(PARTS):
        stand.query_fault(delay=100)
    with connect() as conn:
        before = {x["id"] for x in stand.executions()}
        conn.pgconn.send_query(f"SELECT count(*) FROM p WHERE {HERE}".encode())
        until = time.time() + 10
        while len([x for x in stand.executions() if x["id"] not in before]) < PARTS:
            assert time.time() < until
            time.sleep(0.05)
        conn.pgconn.finish()
    until = time.time() + 10
    while any(x["state"] in ("QUEUED", "RUNNING") for x in stand.executions()):
        assert time.time() < until, "the queries go on"
        time.sleep(0.05)


def test_a_key_that_may_not_ask_after_several(conn, stand):
    stand.key("AKIATESTNOBATCH00000", "s", minus=["athena:BatchGetQueryExecution"])
    create_server(conn, stand.url, "lake", ("AKIATESTNOBATCH00000", "s"))
    conn.execute("CREATE TABLE p (part int, a bigint, c text) PARTITION BY LIST (part)")
    for i in range(PARTS):
        part(conn, i)
    got, executions = executed(stand, conn, f"SELECT count(*) FROM p WHERE {HERE}", PARTS)
    assert got == [(15000,)] and together(executions)
    refused = [e for e in stand.log("BatchGetQueryExecution")]
    assert len(refused) == 1 and refused[0]["status"] == 400
    conn.execute("DROP TABLE p")
