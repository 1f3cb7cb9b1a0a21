"""Shipped against local, over random tables: the same rows, or it is a bug.

    ATHENA_FDW_SEED=n          another seed (printed at the start)
    ATHENA_FDW_EXPRESSIONS=n   number of conditions (6,000)
    ATHENA_FDW_STATEMENTS=n    number of statements (220)
    ATHENA_FDW_SORTED=n        number of statements with ORDER BY (150)
    ATHENA_FDW_GROUPED=n       number of statements with aggregates (240)

A condition is taken as the extension ships it, from EXPLAIN; some 50 of them
travel as boolean columns of one statement, and are compared with PostgreSQL's
own values over a heap copy: true or not, since the planner simplifies what
stands in a WHERE.  Statements run whole, shipped and with athena_fdw.pushdown
off, against the heap copy.
"""
import itertools
import os
import pathlib
import random
import re
import sys
import time

import psycopg
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "unit"))

from engine_fixtures import DATA, connect, create_server, rows
from generator import BY_NAME, COLUMNS, IN_HIVE, IN_ICEBERG, Generator, make_rows
from stand_client import fetch

SEED = int(os.environ.get("ATHENA_FDW_SEED", 20261123))
EXPRESSIONS = int(os.environ.get("ATHENA_FDW_EXPRESSIONS", 6000))
STATEMENTS = int(os.environ.get("ATHENA_FDW_STATEMENTS", 220))
SORTED = int(os.environ.get("ATHENA_FDW_SORTED", 150))
GROUPED = int(os.environ.get("ATHENA_FDW_GROUPED", 240))
ROWS = 90
BATCH = 50


def load(stand, admin, conn):
    """x in memory, as Parquet and as Iceberg there; x_heap, x_parquet_heap, x_iceberg_heap here."""
    data = make_rows(random.Random(SEED), ROWS)

    def create(name, target, names, extra=""):
        columns = [BY_NAME[n] for n in names]
        values = ", ".join("(" + str(i) + ", " + ", ".join(f"CAST({row[c[0]][1] if row[c[0]] else 'NULL'} AS {c[3]})" for c in columns) + ")" for i, row in data)
        return f"CREATE TABLE {target} {extra} AS SELECT * FROM (VALUES {values}) t(id, {', '.join(names)})"

    # 26 columns of 90 rows are more than one statement of Athena's may hold: the engine's own protocol
    every = [c[0] for c in COLUMNS]
    for table in ("memory.default.x", "awsdatacatalog.engine.x_parquet", "iceberg.engine.x_iceberg"):
        stand.engine(f"DROP TABLE IF EXISTS {table}")
    stand.engine(create("x", "memory.default.x", every))
    stand.engine(f"CREATE TABLE awsdatacatalog.engine.x_parquet WITH (format = 'PARQUET', external_location = 's3://{DATA}/x-parquet-{time.time_ns()}/') AS SELECT id, {', '.join(IN_HIVE)} FROM memory.default.x")
    stand.engine(f"CREATE TABLE iceberg.engine.x_iceberg WITH (location = 's3://{DATA}/x-iceberg-{time.time_ns()}/') AS SELECT id, {', '.join(IN_ICEBERG)} FROM memory.default.x")

    conn.execute("DROP TABLE IF EXISTS x_heap CASCADE")
    conn.execute("CREATE TABLE x_heap (id int, " + ", ".join(f"{c[0]} {c[2]}" for c in COLUMNS) + ")")
    for i, row in data:
        conn.execute(f"INSERT INTO x_heap VALUES ({i}, " + ", ".join(row[n][0] if row[n] else "NULL" for n in every) + ")")
    conn.execute("ANALYZE x_heap")
    for name, names, options in (("x", every, "catalog 'memory', database 'default'"), ("x_parquet", IN_HIVE, "database 'engine'"), ("x_iceberg", IN_ICEBERG, "database 'engine'")):
        conn.execute(f"CREATE FOREIGN TABLE {name} (id int, " + ", ".join(f"{n} {BY_NAME[n][2]}" for n in names) + f") SERVER lake OPTIONS ({options})")
    conn.execute(f"CREATE VIEW x_parquet_heap AS SELECT id, {', '.join(IN_HIVE)} FROM x_heap")
    conn.execute(f"CREATE VIEW x_iceberg_heap AS SELECT id, {', '.join(IN_ICEBERG)} FROM x_heap")


@pytest.fixture(scope="module")
def tables(the_stand, database, admin):
    print(f"\nseed {SEED}")
    the_stand.reset()
    with connect() as conn:
        conn.execute("SET client_min_messages = warning; SET timezone = 'UTC'; SET datestyle = 'ISO'")
        create_server(conn, the_stand.url)
        load(the_stand, admin, conn)
        yield conn


def shipped(conn, condition, table="x"):
    """The condition in Athena's words, or None where it stays here."""
    plan = "\n".join(r[0] for r in rows(conn, f"EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM {table} WHERE {condition}"))
    if "Filter:" in plan or "Remote SQL" not in plan or "One-Time" in plan:
        return None
    found = re.search(r"Remote SQL: .*? WHERE (.*)$", plan, re.M | re.S)
    if not found:
        return None
    words = re.split(r"\n\s+(?:Shipped|Parameters?):", found[1])[0]
    return None if re.search(r"\$\d", words) else words


def local_values(conn, conditions):
    got = rows(conn, "SELECT id, " + ", ".join(f"({c})" for c in conditions) + " FROM x_heap ORDER BY id")
    return [(r[0], *[v is True for v in r[1:]]) for r in got]


def remote_values(athena, words):
    got = fetch(athena, "SELECT id, " + ", ".join(f"({w})" for w in words) + " FROM memory.default.x ORDER BY id")[1:]
    return [(int(r[0]), *[v == "true" for v in r[1:]]) for r in got]


def minimise(conn, athena, node):
    """The smallest condition below a failing one that fails too."""

    def fails(candidate):
        try:
            words = shipped(conn, str(candidate))
            return words is not None and local_values(conn, [str(candidate)]) != remote_values(athena, [words])
        except Exception:
            return False

    changed = True
    while changed:
        changed = False
        for smaller in node.smaller():
            if fails(smaller):
                node, changed = smaller, True
                break
    return node


def test_conditions(tables, the_stand):
    conn, athena = tables, the_stand.client("athena")
    generator = Generator(SEED)
    batch, compared, here, wrong = [], 0, 0, []

    def compare():
        nonlocal compared
        if not batch:
            return
        local = local_values(conn, [str(n) for n, _ in batch])
        remote = remote_values(athena, [w for _, w in batch])
        assert [r[0] for r in local] == [r[0] for r in remote]
        for k, (node, words) in enumerate(batch):
            if [r[k + 1] for r in local] != [r[k + 1] for r in remote]:
                wrong.append((node, words))
        compared += len(batch)
        batch.clear()

    drawn = 0
    while compared + len(batch) < EXPRESSIONS:
        drawn += 1
        assert drawn < EXPRESSIONS * 5, "hardly anything is shipped"
        node = generator.condition(generator.rng.choice([0, 0, 1, 2]))
        try:
            words = shipped(conn, str(node))
            if words is not None and "false" not in words[:6]:
                conn.execute(f"SELECT {node} FROM x_heap")  # may be refused here: no such operator, out of range
        except psycopg.Error:
            assert not conn.closed
            continue
        if words is None:
            here += 1
            continue
        batch.append((node, words))
        if len(batch) == BATCH:
            compare()
    compare()
    print(f"seed {SEED}: {compared} conditions compared, {here} stay here")
    report = []
    for node, words in wrong[:10]:
        small = minimise(conn, athena, node)
        report.append(f"{small}\n    shipped as {shipped(conn, str(small))}\n    from {node}")
    assert not wrong, f"seed {SEED}: {len(wrong)} conditions differ:\n" + "\n".join(report)


def test_conditions_over_files(tables, the_stand):
    """In a WHERE over Parquet and Iceberg, where the engine also prunes by them."""
    conn, athena = tables, the_stand.client("athena")
    wrong = []
    for table, names in (("x_parquet", IN_HIVE), ("x_iceberg", IN_ICEBERG)):
        generator, batch = Generator(SEED + 11, names), []
        while len(batch) < EXPRESSIONS // 20:
            node = generator.condition(generator.rng.choice([0, 1, 1, 2]))
            try:
                words = shipped(conn, str(node), table)
                if words is not None:
                    conn.execute(f"SELECT {node} FROM x_heap")
                    batch.append((node, words))
            except psycopg.Error:
                pass
        for start in range(0, len(batch), 25):
            part = batch[start : start + 25]
            here = rows(conn, " UNION ALL ".join(f"SELECT {k}, id FROM x_heap WHERE {node}" for k, (node, _) in enumerate(part)))
            there = fetch(athena, " UNION ALL ".join(f"SELECT {k} AS k, id FROM engine.{table} WHERE {words}" for k, (_, words) in enumerate(part)))[1:]
            there = [(int(k), int(id)) for k, id in there]
            for k in {k for k, _ in set(here) ^ set(there)}:
                wrong.append(f"{table}: {part[k][0]}\n    shipped as {part[k][1]}")
    assert not wrong, f"seed {SEED}: {len(wrong)} conditions differ:\n" + "\n".join(wrong[:10])


def answer(conn, sql, ordered):
    got = [r[0] for r in rows(conn, f"SELECT s::text FROM ({sql}) s")]
    return got if ordered else sorted(got)


def test_statements(tables):
    conn = tables
    generators = {t: Generator(SEED + i, names) for i, (t, names) in enumerate((("x", None), ("x_parquet", IN_HIVE), ("x_iceberg", IN_ICEBERG)))}
    done, wrong = 0, []
    while done < STATEMENTS:
        table = ("x", "x_parquet", "x_iceberg")[done % 3]
        sql, ordered = generators[table].statement()
        heap = "x_heap" if table == "x" else f"{table}_heap"
        try:
            expected = answer(conn, sql.replace("{table}", heap), ordered)
        except psycopg.Error:
            assert not conn.closed
            continue  # no such operator, out of range: no statement
        done += 1
        for pushdown in ("on", "off"):
            conn.execute(f"SET athena_fdw.pushdown = {pushdown}")
            try:
                got = answer(conn, sql.replace("{table}", table), ordered)
                if got != expected:
                    wrong.append(f"pushdown {pushdown}: {sql.replace('{table}', table)}\n    {len(got)} rows, not {len(expected)}")
            except psycopg.Error as e:
                wrong.append(f"pushdown {pushdown}: {sql.replace('{table}', table)}\n    {e}")
        conn.execute("RESET athena_fdw.pushdown")
    assert not wrong, f"seed {SEED}: {len(wrong)} statements differ:\n" + "\n".join(wrong[:10])


def test_grouped(tables):
    """Grouping and aggregates: much of it by Athena, all of it as PostgreSQL does it over the heap copy."""
    conn = tables
    # of equal values any may stand for the group, or be the least
    zeros = lambda texts: sorted(re.sub(r"(?<=[(,])-0(?=[,)])", "0", t) for t in texts)
    generators = {t: Generator(SEED + 21 + i, names) for i, (t, names) in enumerate((("x", None), ("x_parquet", IN_HIVE), ("x_iceberg", IN_ICEBERG)))}
    done, grouped, wrong = 0, 0, []
    while done < GROUPED:
        table = ("x", "x_parquet", "x_iceberg")[done % 3]
        sql = generators[table].grouped()
        heap = "x_heap" if table == "x" else f"{table}_heap"
        try:
            expected = zeros(answer(conn, sql.replace("{table}", heap), False))
        except psycopg.Error:
            assert not conn.closed
            continue  # no such operator, out of range: no statement
        done += 1
        sql = sql.replace("{table}", table)
        grouped += "Relations:" in "\n".join(r[0] for r in rows(conn, f"EXPLAIN {sql}"))
        try:
            got = zeros(answer(conn, sql, False))
            if got != expected:
                wrong.append(f"{sql}\n    {[r for r in got if r not in expected][:3]}\n    not {[r for r in expected if r not in got][:3]}")
        except psycopg.Error as e:
            wrong.append(f"{sql}\n    {e}")
    print(f"seed {SEED}: {done} statements with aggregates, {grouped} grouped by Athena")
    assert not wrong, f"seed {SEED}: {len(wrong)} statements differ:\n" + "\n".join(wrong[:10])
    assert grouped > done / 4


def test_sorted(tables):
    """ORDER BY and LIMIT: the same rows in the same order."""
    conn = tables
    generators = {t: Generator(SEED + 41 + i, names) for i, (t, names) in enumerate((("x", None), ("x_parquet", IN_HIVE), ("x_iceberg", IN_ICEBERG)))}
    done, there, wrong = 0, 0, []
    while done < SORTED:
        table = ("x", "x_parquet", "x_iceberg")[done % 3]
        sql = generators[table].sorted()
        try:
            expected = answer(conn, sql.replace("{table}", "x_heap" if table == "x" else f"{table}_heap"), True)
        except psycopg.Error:
            assert not conn.closed
            continue
        done += 1
        sql = sql.replace("{table}", table)
        there += "Sort" not in "\n".join(r[0] for r in rows(conn, f"EXPLAIN {sql}"))
        got = answer(conn, sql, True)
        if got != expected:
            wrong.append(f"{sql}\n    {got[:6]}\n    not {expected[:6]}")
    print(f"seed {SEED}: {done} sorted statements, {there} sorted by Athena")
    assert not wrong, f"seed {SEED}: {len(wrong)} statements differ:\n" + "\n".join(wrong[:10])
    assert there > done / 5


@pytest.mark.parametrize("plan", ["force_generic_plan", "force_custom_plan"])
def test_parameters(tables, plan):
    """Every type as a parameter: of a prepared statement, and from a subquery."""
    conn = tables
    conn.execute(f"SET plan_cache_mode = {plan}")
    generator = Generator(SEED + 7)
    try:
        for number, (name, class_, pgtype, _, values, _) in enumerate(COLUMNS):
            type_ = pgtype.split(" COLLATE")[0]
            operators = ["=", "<>", "<", ">="] if class_ not in ("bool",) else ["="]
            for k, op in enumerate(operators):
                for table in ("x", "x_heap"):
                    conn.execute(f"PREPARE p_{table} ({type_}) AS SELECT id FROM {table} WHERE {name} {op} $1 ORDER BY id")
                for literal in [v[0] for v in generator.rng.sample(values, min(2, len(values)))] + ["NULL"][: k == 0]:
                    execute = lambda table: rows(conn, f"EXECUTE p_{table} ({literal})", prepare=False)
                    assert execute("x") == execute("x_heap"), (name, op, literal)
                conn.execute("DEALLOCATE p_x; DEALLOCATE p_x_heap")
    finally:
        conn.execute("RESET plan_cache_mode")


# over tables x and x_heap, every entry of translate_call.c's catalogue and every operator beside comparisons
EXPRESSIONS_OF = {
    "numeric": ["i2::numeric", "i4::numeric + 0.5", "i8::numeric", "CASE WHEN n < 100 THEN n::numeric(6,1) END", "n38::numeric(30,2)"],
    "int2": ["CASE WHEN i4 BETWEEN -9 AND 9 THEN i4::smallint END", "CASE WHEN i8 BETWEEN -9 AND 9 THEN i8::smallint END", "CASE WHEN n < 100 THEN n::smallint END", "CASE WHEN f BETWEEN -99 AND 99 THEN f::smallint END"],
    "int4": ["i2::integer", "CASE WHEN i8 BETWEEN -9 AND 9 THEN i8::integer END", "n::integer", "CASE WHEN f BETWEEN -99 AND 99 THEN f::integer END", "CASE WHEN r BETWEEN -99 AND 99 THEN r::integer END"],
    "int8": ["i2::bigint", "i4::bigint", "n::bigint"],
    "float8": ["i2::float8 > 1.5", "i4::float8 < 5", "i8::float8 >= 9007199254740992", "q::float8 = 1.5", "n::float8 > 1"],
    "text": ["c::text", "c::text || 'x'", "b::text"],
    "date": ["ts::date", "ts6::date", "date_trunc('month', d)::date"],
    "timestamp": ["d::timestamp", "d::timestamp < ts"],
    "timestamptz": ["d::timestamptz"],
    "extract": [f"extract({u} FROM {c})" for u in ("year", "quarter", "month", "week", "day", "doy", "dow", "isodow", "isoyear", "epoch") for c in ("d", "ts")] + ["extract(hour FROM ts)", "extract(minute FROM ts6)", "extract(second FROM ts6)", "extract(epoch FROM ts6)", "extract(epoch FROM z)"],
    "date_part": ["date_part('year', d) = 2026", "date_part('dow', ts) < 3"],
    "date_trunc": [f"date_trunc('{u}', ts6)" for u in ("year", "quarter", "month", "week", "day", "hour", "minute", "second")] + ["date_trunc('month', ts)"] + [f"date_trunc('{u}', d)" for u in ("year", "quarter", "month", "week", "day")],
    "to_char": [f"to_char({c}, '{f}')" for c in ("ts6", "d") for f in ("YYYY-MM-DD", "YYYY\"-W\"IW", "DD Mon YY", "FMDD. FMMonth YYYY", "Dy FMDay DDD")] + ["to_char(ts6, 'HH24:MI:SS')", "to_char(ts, 'HH12:MI AM')", "to_char(ts, 'YYYYMM')"],
    "to_date": ["to_date(CASE WHEN d > '1000-01-01' THEN to_char(d, 'YYYYMMDD') END, 'YYYYMMDD')", "to_date(CASE WHEN d > '1000-01-01' THEN to_char(d, 'YYYY-MM-DD') END, 'YYYY-MM-DD')"],
    "abs": ["abs(n)", "abs(n38)", "abs(f) > 1", "abs(nullif(i2, '-32768'::smallint))", "abs(nullif(i4, -2147483648)) > 1", "abs(i8 / 10) > 1"],
    "round": ["round(n)", "round(n, 1)", "round(n38, 3)", "round(n * 1.5, 2)", "round(f) > 1", "round(f) = 2"],
    "ln": ["ln(CASE WHEN f > 0 THEN f END) > 0.2"],
    "sqrt": ["sqrt(CASE WHEN f >= 0 THEN f END) > 1.2"],
    "mod": ["mod(i2, 3::smallint)", "mod(i4, 7)", "mod(i8, 10::bigint)", "mod(n, 1.5)", "mod(i4, nullif(i4, 0)) = 0"],
    "sign": ["sign(n)"],
    "trunc": ["trunc(n)", "trunc(n, 1)", "trunc(n38, 2)", "trunc(f) < 1"],
    "floor": ["floor(n)", "floor(f) > 1"],
    "ceiling": ["ceiling(n)"],
    "ceil": ["ceil(n)", "ceil(f) > 1"],
    "upper": ["upper(t COLLATE \"C\")", "upper(u || 'é' COLLATE \"C\")", "upper(td) = 'A'"],
    "lower": ["lower(t COLLATE \"C\")", "lower(td) = 'a'", "@lower(td) IN ('a', 'ab', 'b')", "@lower(td) LIKE 'a%'", "@lower(td) <> 'k'"],
    "substr": ["substr(t, 2)", "substr(t, 1, 2)", "substr(t, 3, 0)", "substr(t, -1, 3)", "substr(t, 0)", "substr(t, i2)"],
    "substring": ["substring(t, 2)", "substring(t FROM 2 FOR 1)", "substring(u FROM 1)", "substring(t FROM '[ab]+')", "substring(u, '.$')"],
    "regexp_replace": ["regexp_replace(t, '[^a-z]', '', 'g')", "regexp_replace(t, 'b+', '<$1>', 'g')", "regexp_replace(u, '^.', '')", "regexp_replace(t, '\\d', '#', 'g')"],
    "left": ["left(t, 2)", "left(t, 0)", "left(t, -1)", "left(u, -2)"],
    "octet_length": ["octet_length(t)", "octet_length(u)"],
    "right": ["right(t, 2)", "right(t, 0)", "right(t, -1)", "right(u, -2)"],
    "length": ["length(t)", "length(t || u)"],
    "char_length": ["char_length(t)"],
    "character_length": ["character_length(t)"],
    "btrim": ["btrim(t)", "trim(t)", "btrim(t, 'ab')"],
    "ltrim": ["ltrim(t)", "ltrim(t, 'a ')"],
    "rtrim": ["rtrim(t)", "rtrim(u, 'bé')"],
    "ascii": ["ascii(t)", "ascii(u)"],
    "md5": ["md5(t)", "md5(u)"],
    "split_part": ["split_part(t, 'b', 1)", "split_part(t, ' ', 2)", "split_part(u, 'a', 3)"],
    "repeat": ["repeat(t, 3)", "repeat(u, 1)"],
    "reverse": ["reverse(t)", "reverse(u)"],
    "translate": ["translate(t, 'abc', 'x')", "translate(u, 'aé', 'éa')", "translate(t, 'a', '')"],
    "rpad": ["rpad(t, 5) || '.'", "rpad(t, 3, 'xy')"],
    "lpad": ["lpad(t, 5)", "lpad(t, 2, 'xy')", "lpad(u, 4, 'é')", "lpad(t, 0)"],
    "replace": ["replace(t, 'a', 'xy')", "replace(t, 'a', u)"],
    "strpos": ["strpos(t, 'b')", "strpos(t, u)"],
    "position": ["position('b' IN t)"],
    "starts_with": ["starts_with(t, 'a')", "starts_with(t, u)", "@t ^@ 'a'"],
    "concat": ["concat(t, '-', u)", "concat(t, u)"],
    "concat_ws": ["concat_ws('-', t, u)", "concat_ws(t, u, 'x')"],
    "": ["t || u", "n + 1.5", "n - n * 0.25", "n * 2.25", "-n", "i4 + i2::bigint", "i2 - 1 > i4", "d + 3 > d", "d - 7", "d - date '2024-01-01'", "coalesce(n, 0)", "nullif(t, 'a')", "nullif(n, 1.5)",
         "greatest(i2, i4)", "least(n, 1.5)", "greatest(t, u)", "least(d, date '2024-01-01')", "CASE t WHEN 'a' THEN 1 WHEN 'b' THEN 2 ELSE 3 END",
         "CASE WHEN n > 1 THEN n ELSE 0 END", "(i2, n) < (5, 1.5)", "(t, u) >= ('a', 'b')", "n / 3 > 0.5", "n / nullif(i4, 0) < 1", "(SELECT 1.5) < n",
         "i4 / 7 > 1", "i4 / 7", "i8 / 3::bigint", "i2 % 3::smallint", "i4 % 2 = 0", "i8 / nullif(nullif(i4, -1), 0) > 1", "n % 1.5", "n % nullif(n, 0) = 0", "-nullif(i4, -2147483648) > 1", "-(i2 / 2::smallint)", "g * 2 > 1", "g + q > 1", "g - 1.5 < 0", "g / 2 > 0.5", "g * 2", "q + 1.5::real",
         "g / CASE WHEN q <> 0 THEN q END = 1", "1 / CASE WHEN g <> 0 THEN g END", "q / CASE WHEN q <> 0 THEN q END * 0.1::real", "b < b2", "b >= false", "q * q > 1", "-f < 0", "i4 & 3", "i4 | 1", "i4 # 5", "~ i4 < 0", "@CASE WHEN i2 BETWEEN 0 AND 99 THEN i4 << 2 END IS NULL", "i4 >> 1", "i8 >> 35", "i8 & 255",
         "@t ~ '^a'", "@t ~ 'a|b'", "@t !~ '^[a-b]+$'", "@t ~* 'A'", "@u ~* '^[A-C]'", "@t ~ '^.{2,3}$'", "@t ~ '\\.'", "@t ~ '(ab)+'", "@t SIMILAR TO '(a|b)%'", "@t ~ '\\d'",
         "@t ILIKE 'A%'", "@td ILIKE 'A%'", "@td NOT ILIKE '%B'", "@u ILIKE '%B'", "@u NOT ILIKE 'a_'", "@t ILIKE '%k%'",
         "i4::text", "i8::text || 'x'", "n::text", "uu::text", "CASE WHEN t ~ '^[0-9]+$' THEN t::integer END",
         "ts6 + interval '1 month' > ts6", "ts + interval '1 day 2 hours'", "ts6 - interval '1 year 2 months 3 days 04:05:06.789'", "d + interval '1 month'", "d - interval '1 day'", "interval '90 minutes' + ts", "z + interval '2 hours' > z",
         "d >= now() - interval '900 days'", "d < now()", "@d <= '2024-02-29 00:00:00 Europe/Berlin'::timestamptz", "@d > '2024-02-29 00:00:00'::timestamptz", "@'2024-02-29 00:00:00'::timestamptz <= d", "'2024-02-29 00:00:00'::timestamptz < d",
         "f", "r", "c", "z", "uu", "bin", "b", "f IS NULL"],
}


def without_zeros(text):
    """What a numeric shows after its last digit that is not 0 may differ."""
    return re.sub(r"(\.\d*?)0+(?=[,)])", lambda m: m[1] if m[1] != "." else "", text)


def differs(conn, form, is_shipped, plain):
    """What is wrong with a statement over x beside the same over x_heap; None if it is shipped and its rows are the same."""
    sql = form.replace("{}", "x")
    try:
        plan = [r[0] for r in rows(conn, f"EXPLAIN (VERBOSE) {sql}")]
        if not is_shipped(plan):
            return f"{sql}\n    is not shipped:\n" + "\n".join(plan)
        got, expected = (sorted(map(plain, answer(conn, s, False))) for s in (sql, form.replace("{}", "x_heap")))
    except psycopg.Error as e:
        return f"{sql}\n    {e}"
    if got != expected:
        return f"{sql}\n    {[r for r in got if r not in expected][:5]}\n    not {[r for r in expected if r not in got][:5]}\n" + "\n".join(plan)
    return None


def test_functions(tables):
    """Each expression as a key of groups and in a condition, so that Athena has to evaluate it."""
    import pushdown_doc

    conn, wrong = tables, []
    assert set(EXPRESSIONS_OF) - {"", "concat", "concat_ws"} == {name for name, _, _ in pushdown_doc.functions()}
    for name, expressions in EXPRESSIONS_OF.items():
        for expression in expressions:
            # those that are conditions begin with @ where that is not plain
            boolean = expression[0] == "@" or any(op in expression for op in (" > ", " < ", " = ", " >= ", "starts_with"))
            expression = expression.lstrip("@")
            forms = [f"SELECT id FROM {{}} WHERE {expression}"] if boolean and "CASE" not in expression else [f"SELECT {expression} AS v, count(*) FROM {{}} GROUP BY 1", f"SELECT id FROM {{}} WHERE ({expression}) IS NOT NULL"]
            wrong += [w for form in forms if (w := differs(conn, form, lambda plan: not any("Filter:" in line or "Group" in line for line in plan), without_zeros))]
    assert not wrong, f"{len(wrong)} expressions differ:\n" + "\n".join(wrong)


# whole statements over x and x_heap, each of which must be one Foreign Scan
WHOLE = [
    "SELECT sum(g), avg(g), min(g), max(g), avg(q), min(q), max(q) FROM {} WHERE g <> '-Infinity'",
    "SELECT b, max(f), min(f), max(r), min(r), count(DISTINCT f), count(DISTINCT r) FROM {} GROUP BY b",
    "SELECT max(f) FILTER (WHERE f < 5), min(f) FILTER (WHERE b), avg(f) FILTER (WHERE f BETWEEN -9 AND 9) FROM {}",
    "SELECT id, max(g) OVER (PARTITION BY b ORDER BY id) FROM {}",
    "SELECT f, r, count(*) FROM {} GROUP BY f, r", "SELECT DISTINCT f FROM {}", "SELECT DISTINCT c, uu, bin, z, tm FROM {}",
    "SELECT f FROM {} UNION SELECT g FROM {}", "SELECT q FROM {} INTERSECT SELECT q FROM {}",
    "SELECT i2 FROM {} INTERSECT ALL SELECT i2 FROM {} WHERE b", "SELECT t FROM {} EXCEPT ALL SELECT u FROM {} WHERE id < 40",
    "SELECT b, array_agg(i4 ORDER BY id), array_agg(t ORDER BY t, id), array_agg(d ORDER BY d DESC, id) FILTER (WHERE i2 > 0) FROM {} GROUP BY b",
    "SELECT b, string_agg(t, ', ' ORDER BY t, id), string_agg(u, '' ORDER BY id DESC), string_agg(DISTINCT t, '|' ORDER BY t), string_agg(DISTINCT u, '') FROM {} GROUP BY b",
    "SELECT array_agg(DISTINCT i2), array_agg(DISTINCT t), array_agg(DISTINCT b), array_agg(ts6 ORDER BY ts6 NULLS FIRST) FROM {}",
    "SELECT string_agg(t, ',') FILTER (WHERE id > 1000), array_agg(t) FILTER (WHERE id > 1000) FROM {}", "SELECT length(string_agg(t, ',' ORDER BY id)) > 3 AND b FROM {} GROUP BY b",
    "SELECT b, bit_and(i4), bit_or(i2), sum(n ORDER BY id) FROM {} GROUP BY b",
    # an expression in the order, whose column is selected too
    "SELECT DISTINCT CASE WHEN n < 5 THEN n ELSE 7.5 END, n FROM {} ORDER BY 1, 2",
    "SELECT DISTINCT ON (b) b, id, n FROM {} ORDER BY b, id", "SELECT DISTINCT ON (i2, b) id FROM {} ORDER BY i2 DESC, b NULLS FIRST, t, id", "SELECT DISTINCT ON (t) t, count(*) FROM {} GROUP BY t, b ORDER BY t, count(*) DESC, b LIMIT 5",
    "SELECT s.id, s.n FROM (SELECT DISTINCT ON (b) b, id, n FROM {} ORDER BY b, id DESC) s WHERE s.id > 3",
    "SELECT DISTINCT ON (b) b, row_number() OVER (ORDER BY t, id) AS r FROM {} ORDER BY b, row_number() OVER (ORDER BY t, id) DESC",
    "SELECT DISTINCT ON (b) b, id FROM {} ORDER BY b, (SELECT max(i4) FROM {} WHERE t < 'b'), id DESC", "SELECT DISTINCT ON (b) b, id AS place, i2 AS k, n AS p FROM {} ORDER BY b DESC, id LIMIT 2",
    "SELECT a.id, c.t, coalesce(c.n, 7.5) FROM {} a LEFT JOIN {} c ON a.id = c.id + 5 AND c.b WHERE c.id IS NULL", "SELECT c.t, count(*), count(c.id) FROM {} a LEFT JOIN {} c ON a.i2 = c.i4 WHERE c.i4 IS NULL GROUP BY c.t", "SELECT c.t, a.b, count(*) FROM {} a LEFT JOIN {} c ON a.i2 = c.i4 WHERE c.i4 IS NULL GROUP BY CUBE (c.t, a.b)",
    "SELECT c.e, a.b, count(*) FROM {} a LEFT JOIN ((SELECT i4, 7 AS e FROM {}) c LEFT JOIN {} d ON d.id = c.e) ON a.i2 = c.i4 WHERE c.i4 IS NULL GROUP BY CUBE (c.e, a.b)",
    "SELECT i2 / 10 AS k, b, count(*) FROM {} WHERE id IN (SELECT id + 1 FROM {} WHERE b) GROUP BY ROLLUP (i2 / 10, b)",
    "SELECT id, ntile(4) OVER (ORDER BY id), lag(i4, 2, 0) OVER (ORDER BY id), lead(t, 1, 'none') OVER (ORDER BY id), nth_value(n, 3) OVER (ORDER BY id) FROM {}",
    "SELECT date_trunc('month', d) AS m, count(*), sum(n) FROM {} GROUP BY 1 ORDER BY 1", "SELECT to_char(d, 'YYYY-MM') AS m, avg(n) FROM {} GROUP BY 1 ORDER BY 1",
    "SELECT CASE WHEN g > 1 THEN 'a' ELSE 'b' END AS k, sum(g * 2), sum(CASE WHEN g > 0 THEN g ELSE 0 END) FROM {} WHERE g BETWEEN -9 AND 9 GROUP BY 1",
    "SELECT i4 / 10 AS k, count(*) FROM {} GROUP BY 1 ORDER BY 2 DESC, 1", "SELECT id % 7, round(avg(g)) FROM {} WHERE g BETWEEN 0 AND 9 GROUP BY 1",
]


def test_whole(tables):
    plain = lambda text: re.sub(r"(?<=[(,])-0(?=[,)])", "0", without_zeros(text))
    wrong = [w for form in WHOLE if (w := differs(tables, form, lambda plan: plan[0].startswith("Foreign Scan"), plain))]
    assert not wrong, f"{len(wrong)} statements differ:\n" + "\n".join(wrong)


# around the changes of the clocks in Berlin, and what is far away
MOMENTS = ["2026-03-29 02:30:00", "2026-03-29 03:30:00", "2026-03-29 00:59:59.999999+00", "2026-10-25 02:30:00", "2026-10-25 00:30:00+00", "2026-01-01 00:00:00", "1969-12-31 23:59:59.999999+00", "0044-03-15 00:00:00 BC"]


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT-5", "Europe/Berlin", "America/Sao_Paulo"])
def test_moments(tables, zone):
    """A moment beside a date or a time without zone: what is known before is cast here, and times are compared there only where the zone has one offset."""
    conn, wrong = tables, []
    fixed = zone in ("UTC", "Etc/GMT-5")
    try:
        conn.execute(f"SET TimeZone = '{zone}'")
        for op, moment in itertools.product(("<", "<=", ">", ">=", "=", "<>"), MOMENTS[::3] if zone in ("Etc/GMT-5", "America/Sao_Paulo") else MOMENTS):
            at, day = moment.split("+")[0], moment[:10] + (" BC" if "BC" in moment else "")
            for condition, shipped in (
                (f"ts6 {op} '{moment}'::timestamptz", fixed), (f"'{moment}'::timestamptz {op} ts", fixed),
                (f"z {op} '{at}'::timestamp", True), (f"'{at}'::timestamp {op} z", True), (f"z {op} '{day}'::date", True), (f"'{day}'::date {op} z", True),
            ):
                wrong.append(differs(conn, f"SELECT id FROM {{}} WHERE {condition}", lambda plan: shipped != any("Filter:" in line for line in plan), str))
        for condition, shipped in (("ts > now() - interval '900 days'", fixed), ("ts6 BETWEEN now() - interval '9000 days' AND now()", fixed), ("z >= current_date - 900", True), ("z < date_trunc('month', localtimestamp)", True)):
            wrong.append(differs(conn, f"SELECT count(*) FROM {{}} WHERE {condition}", lambda plan: shipped == ("Aggregate" not in " ".join(plan)), str))
        wrong = [w for w in wrong if w]
        assert not wrong, f"{len(wrong)} conditions differ:\n" + "\n".join(wrong[:10])
        # a plan that was made with another zone
        if fixed:
            conn.execute("SET plan_cache_mode = force_generic_plan; PREPARE m (timestamptz) AS SELECT id FROM x WHERE ts6 < $1 ORDER BY id; PREPARE h (timestamptz) AS SELECT id FROM x_heap WHERE ts6 < $1 ORDER BY id")
            for other in (zone, "Europe/Berlin", zone):
                conn.execute(f"SET TimeZone = '{other}'")
                assert rows(conn, "EXECUTE m ('2026-01-01 00:00:00+00')") == rows(conn, "EXECUTE h ('2026-01-01 00:00:00+00')"), other
    finally:
        conn.execute("DEALLOCATE ALL; SET TimeZone = 'UTC'; RESET plan_cache_mode")


CLOSE = [
    "SELECT b, {f}(f) FROM {{}} WHERE abs(f) < 1e18 GROUP BY b", "SELECT {f}(f) FROM {{}}", "SELECT {f}(f) FILTER (WHERE abs(f) < 100), {f}(g) FILTER (WHERE id < 0) FROM {{}}", "SELECT {f}(r) FROM {{}} WHERE r BETWEEN -1e9 AND 1e9", "SELECT id, {f}(f) OVER (PARTITION BY b ORDER BY id ROWS 3 PRECEDING) FROM {{}} WHERE abs(f) < 1000",
    "SELECT b, {f}(g) FROM {{}} GROUP BY b", "SELECT b, {f}(n) * 2 > 1, {f}(i4) + 1 > 2 FROM {{}} GROUP BY b HAVING {f}(i2) > 0.5", "SELECT x.s < 1e9 FROM (SELECT b, {f}(f * 2) AS s FROM {{}} WHERE abs(f) < 1000 GROUP BY b) x",
]


@pytest.mark.parametrize("function", ["stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp"])
def test_close(tables, function):
    """What the engine computes in double precision: only with that setting, and the same but for the last digits."""
    rounded = lambda row: tuple(f"{v:.9g}" if isinstance(v, float) else v for v in row)
    values = lambda sql: sorted((rounded(r) for r in rows(tables, sql)), key=str)
    for form in CLOSE:
        sql = form.format(f=function)
        plan = lambda: [r[0] for r in rows(tables, f"EXPLAIN (VERBOSE) {sql.format('x')}")]
        there = {"stddev": "stddev_samp", "variance": "var_samp"}.get(function, function) + "(CAST("
        assert there not in " ".join(plan()), sql
        with tables.transaction():
            tables.execute("SET LOCAL athena_fdw.numeric_shipping = 'close'")
            assert plan()[0].startswith("Foreign Scan") and there in " ".join(plan()), "\n".join(plan())
            got = values(sql.format("x"))
        assert got == values(sql.format("x_heap")), sql


def test_distinct_in_an_order_with_nan(tables):
    """Such an order takes a key that is not selected, so it is made here."""
    for sql in ("SELECT DISTINCT f FROM {} ORDER BY f NULLS FIRST", "SELECT DISTINCT f, i2 FROM {} ORDER BY f DESC, i2 LIMIT 5"):
        plan = "\n".join(r[0] for r in rows(tables, f"EXPLAIN (VERBOSE) {sql.format('x')}"))
        assert "Shipped: DISTINCT\n" in plan + "\n"
        assert str(rows(tables, sql.format("x"))) == str(rows(tables, sql.format("x_heap")))


def test_arrays(tables, stand):
    """What is in columns that are arrays there."""
    tables.execute("SET athena_fdw.pushdown = on")
    query = "SELECT * FROM (VALUES (1, ARRAY[1, 2], ARRAY[''a'', ''b'']), (2, ARRAY[2, NULL], ARRAY[]), (3, NULL, ARRAY[NULL]), (4, ARRAY[], NULL), (5, ARRAY[3], ARRAY[''b'', NULL, ''c''])) t(id, a, s)"
    tables.execute("DROP FOREIGN TABLE IF EXISTS arrays; DROP TABLE IF EXISTS arrays_heap")
    tables.execute(f"CREATE FOREIGN TABLE arrays (id int, a int[] OPTIONS (remote_type 'array(integer)'), s text[] OPTIONS (remote_type 'array(varchar)')) SERVER lake OPTIONS (query '{query}')")
    tables.execute("CREATE TABLE arrays_heap AS SELECT * FROM arrays")
    for condition in ("2 = ANY (a)", "NOT 2 = ANY (a)", "3 <> ALL (a)", "(2 = ANY (a)) IS NULL", "'b' = ANY (s)", "a && ARRAY[2, 3]", "NOT a && ARRAY[2, 3]", "s && ARRAY['c', 'x']", "(a && ARRAY[9]) IS NULL", "a @> ARRAY[2]",
                      "NOT a @> ARRAY[2, 1]", "s @> ARRAY['b', 'c']", "ARRAY[3] <@ a", "a[1] = 2", "a[2] IS NULL", "s[3] = 'c'", "cardinality(a) = 2", "array_length(a, 1) IS NULL", "array_length(s, 1) > 1", "array_position(a, 2) = 1"):
        plan = "\n".join(r[0] for r in rows(tables, f"EXPLAIN (VERBOSE) SELECT id FROM arrays WHERE {condition}"))
        assert "Filter:" not in plan, plan
        assert sorted(rows(tables, f"SELECT id FROM arrays WHERE {condition}")) == rows(tables, f"SELECT id FROM arrays_heap WHERE {condition} ORDER BY id"), condition


def test_json(tables):
    """What ->> finds in documents: columns of jsonb over text, over a row and over a map, and text that is cast."""
    documents = ['{"a": "x", "n": 1.10, "o": {"b": "y"}, "t": true, "z": null}', '{"a": {"b": "x"}, "t": "true", "o": {"b": "z", "b": "y"}}', '{"a": ["x"], "n": "1"}', '{"a": "y", "a": "x"}', '["a", "x"]', '"a"', "5", "null", '{"a": 5, "o": [1]}', '{"a b": "x"}']
    values = ", ".join(f"({i}, \'\'{d}\'\', CAST(ROW(\'\'v{i % 3}\'\', {i}) AS row(a varchar, n integer)), MAP(ARRAY[\'\'a\'\'], ARRAY[\'\'m{i % 2}\'\']))" for i, d in enumerate(documents)) + ", (100, NULL, NULL, NULL)"
    tables.execute("DROP FOREIGN TABLE IF EXISTS documents; DROP TABLE IF EXISTS documents_heap")
    tables.execute(
        "CREATE FOREIGN TABLE documents (id int, j jsonb OPTIONS (remote_type 'varchar'), r jsonb OPTIONS (remote_type 'row(a varchar, n integer)'), m jsonb OPTIONS (remote_type 'map(varchar, varchar)'), t text OPTIONS (column_name 'j'))"
        f" SERVER lake OPTIONS (query 'SELECT * FROM (VALUES {values}) t(id, j, r, m)')"
    )
    tables.execute("CREATE TABLE documents_heap AS SELECT * FROM documents")
    for condition in ("j ->> 'a' = 'x'", "NOT j ->> 'a' = 'x'", "j ->> 'a' <> 'x'", "j ->> 'o' = 'x'", "NOT j ->> 'o' = 'x'", "j ->> 't' = 'true'", "(j ->> 'z') IS NULL", "(j ->> 'n') IS NULL", "j ->> 'n' <> 'x'", "j -> 'o' ->> 'b' IN ('y', 'z')",
                      "j ->> 'a' NOT IN ('x', 'q')", "j ->> 'a b' = 'x'", "r ->> 'a' = 'v1'", "(r ->> 'n') IS NOT NULL", "m ->> 'a' <> 'm0'", "t::jsonb ->> 'a' = 'x'"):
        plan = "\n".join(r[0] for r in rows(tables, f"EXPLAIN (VERBOSE) SELECT id FROM documents WHERE {condition}"))
        assert "Filter:" not in plan, plan
        assert sorted(rows(tables, f"SELECT id FROM documents WHERE {condition}")) == rows(tables, f"SELECT id FROM documents_heap WHERE {condition} ORDER BY id"), (condition, plan)
    for condition in ("j ->> 'n' = '1.10'", "j ->> 'o' = '{\"b\": \"y\"}'", "j ->> 'a' < 'y'", "length(j ->> 'a') = 1", "j -> 0 = '\"a\"'", "j ->> 'a' = t", "j ->> '0' = 'x'"):
        plan = "\n".join(r[0] for r in rows(tables, f"EXPLAIN (VERBOSE) SELECT id FROM documents WHERE {condition}"))
        assert "Filter:" in plan, plan


def test_remote_only(tables):
    """Functions of schema athena are Athena's, and an error where they are evaluated here."""
    assert [r[0] for r in rows(tables, "SELECT athena.url_extract_host('https://' || t || '.example/x?y=1') FROM x WHERE t = 'a'")][:1] == ["a.example"]
    exact, approximate = rows(tables, "SELECT count(DISTINCT i4), athena.approx_distinct(i4) FROM x")[0]
    assert abs(exact - approximate) <= 1
    assert rows(tables, "SELECT athena.max_by(id, id), athena.min_by(t, id) FROM x WHERE t = 'a'") == rows(tables, "SELECT max(id), min(t) FROM x_heap WHERE t = 'a'")
    assert 1 <= rows(tables, "SELECT athena.approx_percentile(id, 0.5) FROM x")[0][0] <= 90
    assert rows(tables, "SELECT count(*) FROM x WHERE athena.regexp_like(t, '^a')") == rows(tables, "SELECT count(*) FROM x_heap WHERE t ~ '^a'")
    assert rows(tables, "SELECT b, athena.approx_distinct(t) FROM x GROUP BY b HAVING athena.approx_distinct(t) > 1000") == []
    for sql, name in (("SELECT athena.approx_distinct(id) FROM x_heap", "approx_distinct"), ("SELECT athena.url_extract_host(t) FROM x_heap", "url_extract_host"), ("SELECT athena.max_by(t, id) FROM x_heap", "max_by")):
        with pytest.raises(psycopg.errors.FeatureNotSupported, match=rf"athena.{name}\(\) is evaluated by Athena alone"):
            rows(tables, sql)
