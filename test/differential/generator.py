"""Random tables, conditions and statements, the same for both engines.

A condition is a tree, so that a failing one can be made smaller.  Columns cover
every type that shippable.c knows, with the values at which the engines could
part: NULL, NaN, infinities, -0, boundaries, blanks, escapes, characters outside
the BMP.
"""
import random

NULL = None


def same(*texts):
    return [(t, t) for t in texts]


def typed(word, *texts):
    return [(f"'{t}'", f"{word} '{t}'") for t in texts]


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def strings(*texts):
    return [(f"E{quote(t)}".replace("\\", "\\\\"), quote(t)) for t in texts]


def floats(word, *texts):
    def trino(t):
        return {"NaN": "nan()", "Infinity": "infinity()", "-Infinity": "-infinity()"}.get(t, f"{word} '{t}'")

    return [(f"'{t}'", f"CAST({trino(t)} AS {word.lower()})") for t in texts]


TEXTS = ["", " ", "a", "A", "b", "B", "ab", "a ", " a", "a%b", "a_b", "a\\b", "\\", "\\%", "%", "_", "it's", "\u00e9", "e\u0301", "\u00df", "\U0001f418", "\uffff",
         "\ue000", "null", "a\nb", "a\tb", "aXb", "abcdefgh", "zz"]
CHARS = ["", "a", "a  b", "ab", "b", "\u00e9", "a\tb"]
DATES = ["2026-01-01", "0001-01-01", "9999-12-31", "1969-12-31", "1970-01-01", "1582-10-10", "2024-02-29", "1999-12-31"]
STAMPS = ["2026-01-01 00:00:00", "1969-12-31 23:59:59.999", "1970-01-01 00:00:00", "2026-01-01 00:19:00.5", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999", "2024-02-29 12:34:56.789"]

# name, class, type here, type there, [(literal here, literal there)], [constants to compare with]
COLUMNS = [
    ("i1", "integer", "smallint", "tinyint", same("-128", "-1", "0", "1", "127"), ["1", "0", "127", "128", "-129", "40000", "3000000000"]),
    ("i2", "integer", "smallint", "smallint", same("-32768", "-1", "0", "1", "5", "32767"), ["1", "32767", "40000", "-32768", "5", "3000000000"]),
    ("i4", "integer", "integer", "integer", same("-2147483648", "-1", "0", "1", "5", "16777217", "2147483647"), ["5", "0", "16777216", "2147483647", "3000000000", "1::smallint"]),
    ("i8", "integer", "bigint", "bigint", [("'-9223372036854775808'", "BIGINT '-9223372036854775808'")] + same("-1", "0", "1", "5", "9007199254740993", "9223372036854775807"), ["5", "9223372036854775807", "'-9223372036854775808'", "9007199254740992", "1::smallint"]),
    ("r", "float", "real", "real", floats("REAL", "1.5", "0.1", "NaN", "Infinity", "-Infinity", "-0", "0", "16777216", "3.4028235e38", "1e-45"), ["1.5", "0.1", "0.1::real", "'Infinity'", "0", "'-0'", "16777217", "1e-45::real", "5::int"]),
    ("q", "float", "real", "real", floats("REAL", "1.5", "0.1", "NaN", "Infinity", "0", "2.5"), ["1.5::real", "'NaN'", "2.5"]),
    ("f", "float", "double precision", "double", floats("DOUBLE", "1.5", "0.1", "NaN", "Infinity", "-Infinity", "-0", "0", "1e300", "5e-324", "9007199254740993", "0.30000000000000004"), ["1.5", "0.1", "0", "'-Infinity'", "1e300", "0.3", "'NaN'", "9007199254740992", "5::bigint", "0.1::real"]),
    ("g", "float", "double precision", "double", floats("DOUBLE", "1.5", "NaN", "2.5", "0", "-Infinity", "0.1"), ["2.5", "1", "'Infinity'"]),
    ("n", "numeric", "numeric(10,2)", "decimal(10,2)", typed("DECIMAL", "1.50", "-0.01", "99999999.99", "0.00", "1.00", "5.00", "2.50"), ["1.5", "-0.01", "1e3", "1.505", "1.50000", "5", "99999999.99", "'NaN'", "5::bigint"]),
    ("n0", "numeric", "numeric(38,0)", "decimal(38,0)", typed("DECIMAL", "0", "1", "-5", "99999999999999999999999999999999999999", "5"), ["5", "99999999999999999999999999999999999999", "1.5", "0"]),
    ("n38", "numeric", "numeric(38,10)", "decimal(38,10)", typed("DECIMAL", "1.5000000000", "1234567890123456789012345678.0123456789", "-0.0000000001", "5.0000000000"), ["1.5", "1e27", "5", "1234567890123456789012345678.0123456789", "-1e-10"]),
    ("t", "text", 'text COLLATE "C"', "varchar", strings(*TEXTS), [f"E{quote(x)}".replace("\\", "\\\\") for x in TEXTS]),
    ("u", "text", 'text COLLATE "C"', "varchar", strings(*TEXTS[:12]), ["'a'", "''", "'b'"]),
    ("td", "text", "text", "varchar", strings(*TEXTS), ["'a'", "''", "'B'", "'\u00e9'", "'\U0001f418'", "'\uffff'"]),
    ("v", "text", 'varchar(5) COLLATE "C"', "varchar(5)", strings("", "a", "abc", "a ", "a%b", "\u00e9", "A", "zz"), ["'a'", "'abc'", "'abcdefgh'", "'a '", "''", "'a'::varchar"]),
    ("c", "char", "char(5)", "char(5)", strings(*CHARS), ["'a'", "'a   '", "'a  b'", "''", "'a'::char(3)"]),
    ("c2", "char", "char(5)", "char(5)", strings(*CHARS), ["'a'", "'b    '"]),
    ("d", "datetime", "date", "date", typed("DATE", *DATES), [f"'{x}'" for x in DATES] + ["timestamp '2026-01-01 00:00:00'", "timestamp '1969-12-31 12:00:00'", "'2026-01-01'::date"]),
    ("ts", "datetime", "timestamp(3)", "timestamp(3)", typed("TIMESTAMP", *STAMPS), [f"'{x}'" for x in STAMPS] + ["date '2026-01-01'", "'1969-12-31 23:59:59.9990001'"]),
    ("ts6", "datetime", "timestamp(6)", "timestamp(6)", typed("TIMESTAMP", "2026-01-01 00:00:00.123456", "1969-12-31 23:59:59.999999", "2026-01-01 00:00:00.000000", "2026-01-01 00:19:00.500000"), ["'2026-01-01 00:00:00.123456'", "'2026-01-01'", "date '2026-01-01'"]),
    ("z", "timestamptz", "timestamptz", "timestamp(6) with time zone",
     [("'2026-01-01 00:00:00+00'", "TIMESTAMP '2026-01-01 00:00:00 UTC'"), ("'2025-12-31 23:00:00-01'", "TIMESTAMP '2025-12-31 23:00:00 -01:00'"), ("'2026-07-01 02:00:00+02'", "TIMESTAMP '2026-07-01 02:00:00 Europe/Paris'"),
      ("'1969-12-31 23:59:59.999999+00'", "TIMESTAMP '1969-12-31 23:59:59.999999 UTC'"), ("'2024-11-03 05:30:00+00'", "TIMESTAMP '2024-11-03 05:30:00 UTC'")],
     ["'2026-01-01 00:00:00+00'", "'2026-07-01 00:00:00+00'", "'1969-12-31 23:59:59.999999+00'", "'2024-11-03 01:30:00 America/New_York'"]),
    ("tm", "time", "time", "time(6)", typed("TIME", "00:00:00.000000", "12:00:00.250000", "23:59:59.999999"), ["'12:00:00.25'", "'00:00'", "'23:59:59.999999'"]),
    ("b", "bool", "boolean", "boolean", same("true", "false"), ["true", "false"]),
    ("b2", "bool", "boolean", "boolean", same("true", "false"), ["true", "false"]),
    ("bin", "bytea", "bytea", "varbinary", [("'\\x'", "X''"), ("'\\x00'", "X'00'"), ("'\\xdead'", "X'DEAD'"), ("'\\xdeadff'", "X'DEADFF'"), ("'\\x7f'", "X'7F'"), ("'\\x80'", "X'80'")], ["'\\xdead'", "'\\x'", "'\\x80'", "'\\x00'"]),
    ("uu", "uuid", "uuid", "uuid", typed("UUID", "12345678-1234-5678-1234-567812345678", "ffffffff-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000", "80000000-0000-0000-0000-000000000000"),
     ["'12345678-1234-5678-1234-567812345678'", "'80000000-0000-0000-0000-000000000000'"]),
]
BY_NAME = {c[0]: c for c in COLUMNS}
# what the file formats can hold as it is
IN_HIVE = [c[0] for c in COLUMNS if c[0] not in ("ts6", "z", "tm", "uu")]
IN_ICEBERG = [c[0] for c in COLUMNS if c[0] not in ("i1", "i2", "v", "c", "c2", "ts")]
COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]
PATTERNS = ["a%", "%a", "a_b", "a\\%b", "a\\\\b", "\\a", "%", "", "_", "__", "%\\_%", "\u00e9", "a#%b", "%b%", "A%", "%\\\\", "_\U0001f418", "a\nb", "%'%"]


def make_rows(rng, number, names=None):
    """[(id, {column: (here, there) or None})]; the first rows hold every value of every column."""
    rows = []
    for i in range(number):
        row = {}
        for name, _, _, _, values, _ in COLUMNS:
            if names and name not in names:
                continue
            row[name] = values[i] if i < len(values) and i < number // 2 else NULL if rng.random() < 0.12 else rng.choice(values)
        rows.append((i, row))
    return rows


# ---------- conditions ----------


class Node:
    """text with {} for each child; children are Nodes."""

    def __init__(self, text, *children):
        self.text, self.children = text, children

    def __str__(self):
        return self.text.format(*map(str, self.children)) if self.children else self.text

    def smaller(self):
        """Nodes to try instead of this one."""
        yield from self.children
        for i, child in enumerate(self.children):
            for other in child.smaller():
                yield Node(self.text, *self.children[:i], other, *self.children[i + 1 :])


class Generator:
    def __init__(self, seed, names=None):
        self.rng = random.Random(seed)
        self.columns = [c for c in COLUMNS if names is None or c[0] in names]

    def column(self, class_=None):
        return self.rng.choice([c for c in self.columns if class_ is None or c[1] == class_])

    def constant(self, column):
        return "NULL" if self.rng.random() < 0.03 else self.rng.choice(column[5])

    def list(self, column, null=0.2):
        items = [self.rng.choice(column[5]) for _ in range(self.rng.randint(1, 5))]
        if column[1] in ("numeric",):
            items = [i for i in items if "NaN" not in i] or ["1"]
        if self.rng.random() < null:
            items.append("NULL")
        return items

    def peer(self, column):
        """Another column that can be compared with this one."""
        class_ = self.rng.choice(["integer", "float", "numeric"]) if column[1] in ("integer", "float", "numeric") else column[1]
        return self.column(class_) if any(c[1] == class_ for c in self.columns) else column

    def atom(self):
        rng = self.rng
        column = self.column()
        name = column[0]
        kind = rng.random()
        if kind < 0.34:
            op, constant = rng.choice(COMPARISONS), self.constant(column)
            return Node(f"{name} {op} {constant}" if rng.random() < 0.75 else f"{constant} {op} {name}")
        if kind < 0.46:
            return Node(f"{name} {rng.choice(COMPARISONS)} {self.peer(column)[0]}")
        if kind < 0.58:
            return Node(f"{name} {rng.choice(['IN', 'NOT IN'])} ({', '.join(self.list(column))})")
        if kind < 0.60:  # engines make an IN of these
            return Node(f"({' OR '.join(f'{name} = {c}' for c in self.list(column))})")
        if kind < 0.63:
            items = ", ".join(self.list(column) if rng.random() < 0.9 else [])
            type_ = column[2].split(" COLLATE")[0]
            return Node(f"{name} {rng.choice(['= ANY', '<> ALL'])} (ARRAY[{items}]::{type_.split('(')[0]}[])")
        if kind < 0.68:
            return Node(f"{name} {rng.choice(['BETWEEN', 'NOT BETWEEN', 'BETWEEN SYMMETRIC'])} {self.constant(column)} AND {self.constant(column)}")
        if kind < 0.76:
            other = self.constant(column) if rng.random() < 0.5 else self.peer(column)[0]
            return Node(f"{name} IS {rng.choice(['', 'NOT '])}DISTINCT FROM {other}")
        if kind < 0.84:
            return Node(f"{name} IS {rng.choice(['', 'NOT '])}NULL")
        if kind < 0.93:
            texts = [c for c in self.columns if c[1] in ("text", "char")]
            pattern = f"E{quote(rng.choice(PATTERNS))}".replace("\\", "\\\\")
            return Node(f"{rng.choice(texts)[0]} {rng.choice(['LIKE', 'LIKE', 'LIKE', 'NOT LIKE', 'ILIKE'])} {pattern}")
        return Node(self.column("bool")[0])

    def condition(self, depth=2):
        rng = self.rng
        if depth == 0 or rng.random() < 0.35:
            return self.atom()
        kind = rng.random()
        inner = lambda: self.condition(depth - 1)
        if kind < 0.28:
            return Node("({} AND {})", inner(), inner())
        if kind < 0.56:
            return Node("({} OR {})", inner(), inner())
        if kind < 0.70:
            return Node("(NOT {})", inner())
        if kind < 0.84:
            return Node(f"(({{}}) IS {rng.choice(['TRUE', 'NOT TRUE', 'FALSE', 'NOT FALSE', 'UNKNOWN', 'NOT UNKNOWN', 'NULL', 'NOT NULL'])})", inner())
        if kind < 0.92:
            return Node(f"(({{}}) {rng.choice(['=', '<>'])} ({{}}))", inner(), inner())
        if kind < 0.96:
            return Node(f"(({{}}) IS {rng.choice(['', 'NOT '])}DISTINCT FROM ({{}}))", inner(), inner())
        return Node(f"(({{}}) IN (true, {rng.choice(['NULL', 'false'])}))", inner())

    # ---------- statements ----------

    def statement(self):
        """(SQL with {table}, ordered): other shapes than a bare condition."""
        rng = self.rng
        names = [c[0] for c in self.columns]
        shown = rng.sample(names, rng.randint(1, 4))
        where = " AND ".join(str(self.condition(rng.randint(0, 2))) for _ in range(rng.randint(0, 3)))
        where = f" WHERE {where}" if where else ""
        condition = str(self.condition(1))
        name = rng.choice(names)
        typed = rng.choice([c for c in self.columns if c[1] in ("integer", "text", "datetime")])
        return rng.choice([
            lambda: (f"SELECT id, {', '.join(shown)} FROM {{table}}{where}", False),
            lambda: (f"SELECT {', '.join(shown)} FROM {{table}}{where}", False),
            lambda: (f"SELECT * FROM {{table}}{where}", False),
            lambda: (f"SELECT id, {', '.join(shown)} FROM {{table}}{where} ORDER BY id LIMIT {rng.randint(0, 20)} OFFSET {rng.randint(0, 10)}", True),
            lambda: (f"SELECT count(*) FROM (SELECT 1 FROM {{table}}{where} LIMIT {rng.randint(0, 30)}) s", True),
            lambda: (f"SELECT count(*), count({shown[0]}) FROM {{table}}{where}", True),
            lambda: (f"SELECT {name}, count(*) FROM {{table}}{where} GROUP BY {name}", False),
            lambda: (f"SELECT id FROM {{table}} t{where} ORDER BY {typed[0]} NULLS FIRST, id LIMIT 10", True),
            lambda: (f"SELECT id, {condition} AS c, {shown[0]} FROM {{table}}{where}", False),
            lambda: ("SELECT a.id, b.id FROM {table} a JOIN {table} b ON a.id = b.id + 1 WHERE b.id < 30 AND (a.i4 > 0 OR b.i4 > 0)", False),
            lambda: (f"SELECT id FROM {{table}} WHERE {typed[0]} IN (SELECT {typed[0]} FROM x_heap WHERE id < {rng.randint(1, 40)})", False),
            lambda: (f"SELECT id FROM {{table}} WHERE {typed[0]} = (SELECT {rng.choice(['max', 'min'])}({typed[0]}) FROM x_heap)", False),
            lambda: (f"SELECT h.id, t.{shown[0]} FROM x_heap h JOIN {{table}} t USING (id) WHERE h.id % 7 = {rng.randint(0, 6)}", False),
            lambda: (f"SELECT id FROM {{table}}{where} UNION ALL SELECT id + 1000 FROM {{table}} WHERE {condition}", False),
            lambda: (f"SELECT CASE WHEN {condition} THEN 1 ELSE 2 END, id FROM {{table}}{where}", False),
            lambda: (f"SELECT id FROM {{table}} WHERE EXISTS (SELECT 1 FROM x_heap h WHERE h.id = {{table}}.id AND h.id < 50){' AND ' + where[7:] if where else ''}", False),
            lambda: (f"SELECT id, tableoid IS NOT NULL, {{table}} IS NOT NULL OR true FROM {{table}}{where}", False),
            lambda: (f"SELECT DISTINCT {shown[0]} FROM {{table}}{where}", False),
        ])()

    # ---------- order ----------

    def sorted(self):
        """SQL with {table}: ORDER BY of every kind, made unique by id, with and without LIMIT."""
        rng = self.rng
        names = [c[0] for c in self.columns]
        keys = [f"{k}{rng.choice(['', ' DESC'])}{rng.choice(['', ' NULLS FIRST', ' NULLS LAST'])}" for k in rng.sample(names, rng.choice([1, 1, 2]))]
        if rng.random() < 0.2:
            keys.insert(0, rng.choice(["id + 1", "n * 2 DESC" if "n" in names else "id * 2 DESC"]))
        keys.append(rng.choice(["id", "id DESC"]))
        where = f" WHERE {self.condition(rng.randint(0, 1))}" if rng.random() < 0.5 else ""
        limit = rng.choice(["", f" LIMIT {rng.randint(0, 25)}", f" LIMIT {rng.randint(0, 25)} OFFSET {rng.randint(0, 60)}", f" FETCH FIRST {rng.randint(1, 9)} ROWS WITH TIES"])
        return f"SELECT {', '.join(['id', *rng.sample(names, rng.randint(1, 3))])} FROM {{table}}{where} ORDER BY {', '.join(keys)}{limit}"

    # ---------- grouping ----------

    def argument(self):
        """What an aggregate may be over: a column, or arithmetic."""
        rng = self.rng
        number = rng.choice([c for c in self.columns if c[1] in ("integer", "numeric")])[0]
        if rng.random() < 0.65:
            return self.column()[0]
        other = rng.choice([c for c in self.columns if c[1] in ("integer", "numeric")])[0]
        return rng.choice([f"{number} {op} {x}" for op in "+-*" for x in (other, "1", "2.5", "7::bigint")] + [f"{number} * (1 - {other})", f"-{number}"])

    def aggregate(self):
        rng = self.rng
        name = rng.choice(["count", "count", "sum", "sum", "avg", "avg", "min", "max", "min", "max", "bool_and", "bool_or", "every", "string_agg"])
        argument = self.argument()
        if name in ("bool_and", "bool_or", "every"):
            argument = self.column("bool")[0]
        if name == "string_agg":
            return f"string_agg({rng.choice([c for c in self.columns if c[1] == 'text'])[0]}, ',' ORDER BY id)"
        if rng.random() < 0.08:  # a condition counted, and what it filters
            condition = rng.choice([self.column("bool")[0], self.condition(1)])
            return f"count({condition}) + count(*) FILTER (WHERE {condition})"
        distinct = "DISTINCT " if rng.random() < 0.15 else ""
        text = "count(*)" if name == "count" and rng.random() < 0.5 else f"{name}({distinct}{argument})"
        if rng.random() < 0.2:
            text += f" FILTER (WHERE {self.condition(1)})"
        return text

    def grouped(self):
        """SQL with {table}: keys, aggregates, expressions over both, WHERE, HAVING."""
        rng = self.rng
        if rng.random() < 0.6:  # of what is grouped there
            return Generator(rng.random(), [c[0] for c in self.columns if c[1] in ("integer", "numeric", "text", "datetime", "bool", "time") and c[0] != "n0"]).grouped_over()
        return self.grouped_over()

    def grouped_over(self):
        rng = self.rng
        keys = rng.sample([c[0] for c in self.columns], rng.choice([0, 1, 1, 1, 2, 3]))
        if rng.random() < 0.1:
            where = f" WHERE {self.condition(1)}" if rng.random() < 0.5 else ""
            return f"SELECT DISTINCT {', '.join(keys or ['i4 + 1 AS x' if any(c[0] == 'i4' for c in self.columns) else 'id'])} FROM {{table}}{where}"
        if rng.random() < 0.1:
            keys.append(f"({rng.choice(['i4', 'i8', 'id'])} + 1)" if any(c[0] == "i4" for c in self.columns) else "(id + 1)")
        shown = keys + [self.aggregate() for _ in range(rng.randint(1, 4))]
        if rng.random() < 0.3:
            shown.append(f"coalesce(sum(id), 0) * 2 + count(*)")
        where = f" WHERE {self.condition(rng.randint(0, 2))}" if rng.random() < 0.6 else ""
        group = f" GROUP BY {', '.join(keys)}" if keys else ""
        having = f" HAVING {rng.choice(['count(*) > 2', 'max(id) > 40 OR min(id) < 3', f'{self.aggregate()} IS NOT NULL'])}" if rng.random() < 0.3 else ""
        named = ", ".join(f"{x} AS x{i}" for i, x in enumerate(shown))
        return f"SELECT {named} FROM {{table}}{where}{group}{having}"
