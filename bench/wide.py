"""What the benches of readers share: rows of 16 mixed columns, a process's CPU time, and the document."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "stand"))

from results import column_info  # noqa: E402

DOC = pathlib.Path(__file__).resolve().parents[1] / "doc" / "performance.md"
SQL = """
    SELECT i::BIGINT AS c1, (i * 7 % 2000000000)::INTEGER AS c2, (i % 100)::SMALLINT AS c3, i % 2 = 0 AS c4, i / 3.0::DOUBLE AS c5,
           (i / 7.0)::FLOAT AS c6, (i * 1.01)::DECIMAL(12, 2) AS c7, 'text number ' || i AS c8, md5(i::VARCHAR) AS c9,
           DATE '2020-01-01' + (i % 2000)::INTEGER AS c10, TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND AS c11,
           CASE WHEN i % 5 = 0 THEN NULL ELSE 'sometimes' END AS c12, i::BIGINT * 1000003 AS c13, (i % 7)::INTEGER AS c14,
           'status-' || (i % 10) AS c15, (i * 0.001)::DOUBLE AS c16
    FROM range(1, {n} + 1) t(i)
"""
PG = "bigint|integer|smallint|boolean|double precision|real|numeric(12,2)|text|text|date|timestamp(3)|text|bigint|integer|text|double precision".split("|")
ATHENA = [
    column_info(f"c{i + 1}", {"rawType": t, "arguments": [{"value": 12}, {"value": 2}] if t == "decimal" else []})
    for i, t in enumerate("bigint integer smallint boolean double real decimal varchar varchar date timestamp varchar bigint integer varchar double".split())
]
DECLARED = ", ".join(f"c{i + 1} {t}" for i, t in enumerate(PG))
# every column is converted, and counted by the executor
COUNTS = "count(*), " + ", ".join(f"count(c{i})" for i in range(1, 17))


def cpu_of(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def write_table(bench, text):
    """Puts a table into the document, between the marks of a bench."""
    begin, end = f"<!-- {bench} -->\n", "<!-- end -->\n"
    before, _, rest = DOC.read_text().partition(begin)
    DOC.write_text(before + begin + text + end + rest.partition(end)[2])
