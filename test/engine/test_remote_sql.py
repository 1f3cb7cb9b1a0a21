"""Every Remote SQL that the regression tests show is a statement of Athena's engine."""
import pathlib
import re

from engine_fixtures import rows

EXPECTED = pathlib.Path(__file__).parents[2] / "expected"


def statements():
    found = set()
    for path in sorted(EXPECTED.glob("*.out")):
        lines = [re.sub(r"\s*\+?$", "", line) for line in path.read_text().splitlines()]
        for i, line in enumerate(lines):
            sql = line.partition("Remote SQL:")[2].strip()
            if sql.startswith("SELECT "):
                found.add(sql)
            elif not sql and "Remote SQL:" in line:  # on more lines, up to what is shipped
                end = next(j for j in range(i, len(lines)) if "Shipped:" in lines[j] or lines[j].startswith("("))
                found.add(" ".join(part.strip() for part in lines[i + 1:end]))
    return sorted(found)


def test_remote_sql_is_understood(stand):
    """Over the same tables; parameters become NULL."""
    sql = [s for s in statements() if not s.endswith(("(", ","))]  # of those on more lines, only the first is caught
    assert len(sql) > 50
    refused = []
    for statement in sql:
        try:
            stand.engine("EXPLAIN (TYPE VALIDATE) " + re.sub(r"\$\d+(::[a-z ]+)?", "NULL", re.sub(r"IN \$\d+", "IN (NULL)", statement)))
        except RuntimeError as e:
            # a table that only a test of errors has
            if not re.search(r"TABLE_NOT_FOUND|SCHEMA_NOT_FOUND|COLUMN_NOT_FOUND|CATALOG_NOT_FOUND", str(e)):
                refused.append(f"{statement}\n    {e}")
    assert not refused, "\n".join(refused)


def test_the_shop(conn):
    """The demonstration's tables, imported with exactly the documented policy."""
    conn.execute("DROP SCHEMA IF EXISTS sales CASCADE; CREATE SCHEMA sales; IMPORT FOREIGN SCHEMA sales FROM SERVER lake INTO sales")
    assert rows(conn, "SELECT count(*), sum(total), count(DISTINCT dt) FROM sales.orders") == rows(conn, "SELECT 25000, sum((i * 37 % 100000) / 100.0)::numeric(38,2), 11 FROM generate_series(1, 25000) i")
    assert rows(conn, "SELECT bool_and(ok) FROM athena_check('lake')") == [(True,)]
    assert rows(conn, "SELECT count(*) FROM athena_tables('lake', 'sales')")[0][0] >= 3
    # Trino reads all columns of OpenCSVSerde as text, where Athena converts: conditions on others stay away from it
    assert rows(conn, "SELECT title, price, in_stock FROM sales.products WHERE title LIKE 'Product \"7\"%'") == [('Product "7", size 2', 8.75, True)]
