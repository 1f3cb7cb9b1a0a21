"""Random queries of many levels over four small tables, for what ships whole queries.

Used twice: by test/py/test_levels.py, which has the planner's tree written in
PostgreSQL's own words and runs that over heap tables, and by
test_differential.py, which lets the engine run it.  Tables q1 to q4 have the
columns k, v integer, n numeric(8,2), s text COLLATE "C" and d date, with NULLs
and values that meet those of the others.
"""
import random

TABLES = ("q1", "q2", "q3", "q4")
COLUMNS = (("k", "integer"), ("v", "integer"), ("n", "numeric(8,2)"), ("s", 'text COLLATE "C"'), ("d", "date"))
SETTINGS = {"k": "int", "v": "int", "n": "num", "s": "text", "d": "date"}


def make_rows(rng, count=14):
    """[(k, v, n, s, d)] as SQL literals, which are the same in both engines but for their types."""
    null = lambda p, x: None if rng.random() < p else x
    return [
        (
            null(0.15, rng.randint(0, 7)),
            null(0.25, rng.randint(-3, 4)),
            null(0.2, f"{rng.randint(-400, 900) / 100:.2f}"),
            null(0.2, rng.choice(["", "a", "ab", "B", "é", "a b", "zz"])),
            null(0.2, f"2024-0{rng.randint(1, 3)}-{rng.randint(10, 28)}"),
        )
        for _ in range(count)
    ]


class Queries:
    def __init__(self, seed, engine=False):
        self.rng = random.Random(seed)
        self.engine = engine  # leave out what Trino cannot do with correlation
        self.names = 0
        self.keys_of_outer_joins = []  # of the nullable sides, in the FROM that is being made

    def name(self, prefix):
        self.names += 1
        return f"{prefix}{self.names}"

    # ---------- expressions over columns [(text, type)] ----------

    def column(self, scope, type_=None):
        fitting = [c for c in scope if type_ is None or c[1] == type_]
        return self.rng.choice(fitting) if fitting else None

    def constant(self, type_):
        rng = self.rng
        return {
            "int": lambda: str(rng.randint(-2, 6)),
            "num": lambda: f"{rng.randint(-200, 600) / 100:.2f}",
            "text": lambda: rng.choice(["'a'", "'ab'", "'B'", "''"]),
            "date": lambda: f"DATE '2024-0{rng.randint(1, 3)}-{rng.randint(10, 28)}'",
        }[type_]()

    def value(self, scope, type_=None):
        """(text, type) of a scalar expression."""
        rng = self.rng
        found = self.column(scope, type_)
        if found is None:
            type_ = type_ or "int"
            return self.constant(type_), type_
        text, type_ = found
        kind = rng.random()
        if kind < 0.6:
            return text, type_
        if kind < 0.75:
            return f"coalesce({text}, {self.constant(type_)})", type_
        if kind < 0.85 and type_ == "int":
            return rng.choice([f"({text} {rng.choice('+-*')} {rng.randint(0, 3)})", f"({text} {rng.choice('/%')} {rng.randint(2, 4)})", f"(- {text})", f"abs({text})"]), type_
        if kind < 0.85 and type_ == "num":
            return f"({text} {rng.choice('+-*')} {rng.choice(['1.5', '2', text])})", type_
        if kind < 0.9 and type_ == "text":
            return rng.choice([f"({text} || 'x')", f"upper({text})", f"left({text}, 1)", f"replace({text}, 'a', 'b')", f"lpad({text}, 3, '-')"]), type_
        if kind < 0.9 and type_ == "date":
            return rng.choice([f"({text} + {rng.randint(1, 40)})", f"date_trunc('month', {text})::date", f"({text} - interval '1 month')::date"][: 1 if not self.engine else 3]), type_
        return f"CASE WHEN {self.simple(scope)} THEN {text} ELSE {self.constant(type_)} END", type_

    def simple(self, scope):
        rng = self.rng
        text, type_ = self.column(scope)
        kind = rng.random()
        if kind < 0.15:
            return f"{text} IS {rng.choice(['', 'NOT '])}NULL"
        other = self.column(scope, type_)[0] if kind < 0.5 else self.constant(type_)
        if kind > 0.93:
            return f"{text} IS {rng.choice(['', 'NOT '])}DISTINCT FROM {other}"
        return f"{text} {rng.choice(['=', '=', '<>', '<', '>='])} {other}"

    def condition(self, scope, depth, outer=()):
        rng = self.rng
        kind = rng.random()
        if depth <= 0 or kind < 0.5:
            return self.simple(list(scope))
        if kind < 0.6:
            return f"({self.condition(scope, depth - 1)} {rng.choice(['AND', 'OR'])} {self.condition(scope, depth - 1)})"
        if kind < 0.64:
            return f"NOT ({self.condition(scope, depth - 1)})"
        text, type_ = self.column(scope)
        if kind < 0.78:  # EXISTS, correlated
            inner = self.name("e")
            table = rng.choice(TABLES)
            columns = self.columns(inner)
            match = self.column(columns, type_)
            extra = f" AND {self.simple(columns)}" if rng.random() < 0.5 else ""
            if rng.random() < 0.25:  # about the outer side alone
                extra += f" AND {self.simple(list(scope))}"
            if rng.random() < 0.25 and not self.engine:
                extra += f" AND {self.column(columns, 'int')[0]} < {self.value(scope, 'int')[0]}"
            if rng.random() < 0.3:
                second = self.name("e")
                return (
                    f"{rng.choice(['', 'NOT '])}EXISTS (SELECT 1 FROM {table} {inner} JOIN {rng.choice(TABLES)} {second} ON {inner}.k = {second}.v"
                    f" WHERE {match[0]} = {text}{extra})"
                )
            return f"{rng.choice(['', 'NOT '])}EXISTS (SELECT * FROM {table} {inner} WHERE {match[0]} = {text}{extra})"
        if kind < 0.9:  # IN
            inner = self.name("i")
            columns = self.columns(inner)
            match = self.column(columns, type_)[0]
            where = f" WHERE {self.condition(columns, depth - 1)}" if rng.random() < 0.6 else ""
            return f"{text} {rng.choice(['IN', 'IN', 'NOT IN'])} (SELECT {match} FROM {rng.choice(TABLES)} {inner}{where})"
        # a scalar subquery, correlated or not
        return f"{text} {rng.choice(['=', '<', '>='])} {self.scalar(scope, type_)}"

    def scalar(self, scope, type_):
        rng = self.rng
        inner = self.name("x")
        columns = self.columns(inner)
        match = self.column(columns, type_)[0]
        correlated = ""
        if rng.random() < 0.6:
            text, t = self.column(scope)
            correlated = f" WHERE {self.column(columns, t)[0]} = {text}"
        return f"(SELECT {rng.choice(['max', 'min'])}({match}) FROM {rng.choice(TABLES)} {inner}{correlated})"

    # ---------- FROM ----------

    def columns(self, alias):
        return [(f"{alias}.{c}", SETTINGS[c]) for c, _ in COLUMNS]

    def item(self, depth, ctes, scope=()):
        """(text, [(column, type)]) of one thing in FROM."""
        rng = self.rng
        kind = rng.random()
        alias = self.name("t")
        if ctes and kind < 0.25:
            cte, shown = rng.choice(ctes)
            return f"{cte} {alias}", [(f"{alias}.{c}", t) for c, t in shown]
        if depth > 0 and kind < 0.5:
            text, shown = self.select(depth - 1, ctes)
            return f"({text}) {alias}", [(f"{alias}.{c}", t) for c, t in shown]
        if kind < 0.56:
            rows = ", ".join(f"({rng.randint(0, 6)}, {rng.choice(['NULL', '1.50', '2.25'])}::numeric(8,2))" for _ in range(3))
            return f"(VALUES {rows}) {alias} (k, n)", [(f"{alias}.k", "int"), (f"{alias}.n", "num")]
        if kind < 0.62 and depth > 0:  # pulled up, with a constant that an outer join must make NULL
            inner = self.name("p")
            extra = rng.choice([("7", "int"), ("'c'::text", "text"), (f"coalesce({inner}.v, 5)", "int"), (f"({inner}.n IS NULL)::int", "int")])
            return (
                f"(SELECT {inner}.k, {inner}.s, {extra[0]} AS extra FROM {rng.choice(TABLES)} {inner}{rng.choice(['', f' WHERE {inner}.k > 1'])}) {alias}",
                [(f"{alias}.k", "int"), (f"{alias}.s", "text"), (f"{alias}.extra", extra[1])],
            )
        return f"{rng.choice(TABLES)} {alias}", self.columns(alias)

    def joined(self, left, right):
        """An equality of a column of each, perhaps with more."""
        rng = self.rng
        types = sorted({t for _, t in left[1]} & {t for _, t in right[1]})
        if not types:
            return None
        type_ = "int" if "int" in types and rng.random() < 0.7 else rng.choice(types)
        return f"{self.column(left[1], type_)[0]} = {self.column(right[1], type_)[0]}"

    def tree(self, depth, ctes, width):
        rng = self.rng
        if width == 1:
            return self.item(depth, ctes)
        split = rng.randint(1, width - 1)
        left, right = self.tree(depth, ctes, split), self.tree(depth, ctes, width - split)
        on = self.joined(left, right)
        kind = rng.choice(["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"])
        scope = left[1] + right[1]
        bracket = lambda t: f"({t})" if " JOIN " in t and not t.startswith("(") else t
        if on is None or (kind == "CROSS JOIN" and width > 2):
            kind = "CROSS JOIN" if on is None else "JOIN"
        if kind == "CROSS JOIN":
            return f"{left[0]} CROSS JOIN {bracket(right[0])}", scope
        if kind != "FULL JOIN" and rng.random() < 0.3:
            on += f" AND {self.simple(scope)}"
        if kind in ("LEFT JOIN", "RIGHT JOIN"):
            self.keys_of_outer_joins.append(on.split(" = ")[kind == "LEFT JOIN"].split(" AND ")[0])
        return f"{left[0]} {kind} {bracket(right[0])} ON {on}", scope

    # ---------- SELECT ----------

    def select(self, depth, ctes=()):
        """(text, [(name, type)]) of a query of some kind."""
        rng = self.rng
        kind = rng.random()
        if depth > 0 and kind < 0.14:
            return self.set_operation(depth, ctes)
        around, self.keys_of_outer_joins = self.keys_of_outer_joins, []
        text, scope = self.tree(depth, ctes, rng.choice([1, 1, 2, 2, 3]))
        conditions = []
        if rng.random() < 0.65:
            conditions = [self.condition(scope, 2 if depth > 0 else 1) for _ in range(rng.choice([1, 1, 2]))]
        if self.keys_of_outer_joins and rng.random() < 0.2:  # the planner makes an anti join of it
            conditions.append(f"{rng.choice(self.keys_of_outer_joins)} IS NULL")
        self.keys_of_outer_joins = around
        where = " WHERE " + " AND ".join(conditions) if conditions else ""
        if kind < 0.42:
            return self.grouped(text, scope, where)
        shown = [self.value(scope) for _ in range(rng.randint(1, 4))]
        if depth > 0 and rng.random() < 0.15:
            type_ = rng.choice(["int", "num", "text"])
            shown.append((self.scalar(scope, type_), type_))
        if rng.random() < 0.12:
            over = f"OVER (PARTITION BY {self.column(scope)[0]} ORDER BY {', '.join(c for c, _ in scope)})"
            number = self.column(scope, "int")
            shown.append(rng.choice([(f"rank() {over}", "int"), (f"row_number() {over}", "int"), (f"count(*) {over}", "int")] + ([(f"sum({number[0]}) {over}", "int"), (f"max({number[0]}) {over}", "int")] if number else [])))
        frame = self.range_frame(scope) if rng.random() < 0.08 else None
        if frame:
            shown.append(frame)
        names = [f"c{i}" for i in range(len(shown))]
        distinct = rng.choice(["DISTINCT ", "DISTINCT ON (1) "]) if rng.random() < 0.2 else ""
        listed = ", ".join(f"{e} AS {n}" for (e, _), n in zip(shown, names))
        tail = ""
        if rng.random() < 0.15:
            order = ", ".join(f"{i + 1}{rng.choice(['', ' DESC'])}{rng.choice(['', ' NULLS FIRST', ' NULLS LAST'])}" for i in range(len(shown)))
            tail = f" ORDER BY {order} LIMIT {rng.randint(1, 12)}"
        elif distinct == "DISTINCT ON (1) ":
            tail = " ORDER BY " + ", ".join(str(i + 1) for i in range(len(shown)))
        return f"SELECT {distinct}{listed} FROM {text}{where}{tail}", [(n, t) for n, (_, t) in zip(names, shown)]

    def key(self, scope):
        """What GROUP BY takes: a column, an expression, a subquery."""
        kind = self.rng.random()
        if kind < 0.7:
            return self.column(scope)
        if kind < 0.88:
            return self.value(scope)
        text, type_ = self.column(scope)
        return (f"coalesce({text}, {self.scalar(scope, type_)})" if kind < 0.95 else self.scalar(scope, type_)), type_

    def range_frame(self, scope):
        """(text, type) of an aggregate over a frame that adds to its key; None if there is no key for it."""
        rng = self.rng
        key = self.column(scope, rng.choice(["int", "num", "date"]))
        if key is None:
            return None
        offset = {
            "int": lambda: str(rng.randint(0, 3)),
            "num": lambda: rng.choice(["0", "1.25", "2::numeric", "3.5"]),
            "date": lambda: rng.choice(["interval '7 days'", "interval '1 month'", "interval '36 hours'", "interval '0'"]),
        }[key[1]]
        start, end = rng.choice([("{} PRECEDING", "CURRENT ROW"), ("{} PRECEDING", "{} FOLLOWING"), ("CURRENT ROW", "{} FOLLOWING"), ("UNBOUNDED PRECEDING", "{} PRECEDING"), ("{} FOLLOWING", "UNBOUNDED FOLLOWING")])
        order = f"{key[0]}{rng.choice(['', ' DESC'])}{rng.choice(['', ' NULLS FIRST', ' NULLS LAST'])}"
        call = rng.choice(["count(*)", f"max({key[0]})" if key[1] == "int" else "count(*)", f"count({self.column(scope)[0]})"])
        partition = f"PARTITION BY {self.column(scope)[0]} " if rng.random() < 0.5 else ""
        return f"{call} OVER ({partition}ORDER BY {order} RANGE BETWEEN {start.format(offset())} AND {end.format(offset())})", "int"

    def grouped(self, text, scope, where):
        rng = self.rng
        keys = [self.key(scope) for _ in range(rng.choice([0, 1, 1, 2]))]
        keys = list(dict.fromkeys(keys))
        number = self.column(scope, "int") or ("1", "int")
        numeric = self.column(scope, "num")
        aggregates = [("count(*)", "int"), (f"sum({number[0]})", "int"), (f"max({number[0]})", "int"), (f"count(DISTINCT {number[0]})", "int")]
        if numeric:
            aggregates += [(f"sum({numeric[0]})", "num"), (f"avg({numeric[0]})", "num"), (f"min({numeric[0]} * 2)", "num"), (f"sum({numeric[0]}) / nullif(count({numeric[0]}), 0)", "num")]
        text_column = self.column(scope, "text")
        if text_column:
            aggregates += [(f"string_agg({text_column[0]}, ',' ORDER BY {text_column[0]})", "text"), (f"string_agg(DISTINCT {text_column[0]}, '')", "text")]
        shown = keys + rng.sample(aggregates, rng.randint(1, 3))
        sets = rng.random() < 0.25 and len(keys) > 0
        group = ""
        if keys:
            listed = ", ".join(k for k, _ in keys)
            group = " GROUP BY " + (f"{rng.choice(['ROLLUP', 'CUBE'])} ({listed})" if sets else listed)
        having = f" HAVING {rng.choice(['count(*) > 1', f'max({number[0]}) >= 2', f'sum({number[0]}) IS NOT NULL'])}" if rng.random() < 0.25 else ""
        names = [f"c{i}" for i in range(len(shown))]
        listed = ", ".join(f"{e} AS {n}" for (e, _), n in zip(shown, names))
        return f"SELECT {listed} FROM {text}{where}{group}{having}", [(n, t) for n, (_, t) in zip(names, shown)]

    def set_operation(self, depth, ctes):
        rng = self.rng
        types = [rng.choice(["int", "num", "text", "date"]) for _ in range(rng.randint(1, 3))]
        parts = []
        for _ in range(rng.choice([2, 2, 3])):
            text, scope = self.tree(depth - 1, ctes, rng.choice([1, 1, 2]))
            where = f" WHERE {self.condition(scope, 1)}" if rng.random() < 0.5 else ""
            listed = ", ".join(f"{self.value(scope, t)[0]}{'::numeric(8,2)' if t == 'num' else ''} AS c{i}" for i, t in enumerate(types))
            parts.append(f"SELECT {listed} FROM {text}{where}")
        text = parts[0]
        for part in parts[1:]:
            text = f"{text} {rng.choice(['UNION', 'UNION ALL', 'UNION ALL', 'INTERSECT', 'EXCEPT', 'INTERSECT ALL', 'EXCEPT ALL'])} {part}"
        return text, [(f"c{i}", t) for i, t in enumerate(types)]

    def query(self):
        """A whole statement."""
        rng = self.rng
        ctes, written = [], []
        for _ in range(rng.choice([0, 0, 0, 1, 2])):
            text, shown = self.select(1, ctes)
            name = self.name("w")
            ctes.append((name, shown))
            written.append(f"{name} AS {rng.choice(['', '', 'MATERIALIZED '])}({text})")
        text, shown = self.select(2, ctes)
        return (f"WITH {', '.join(written)} " if written else "") + text
