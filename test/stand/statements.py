"""What kind of statement a text is, and how the engine is to run it.

Athena's parser is not at hand; this reads words, strings, names and brackets,
which is enough to tell statements apart and to translate the few that Trino
writes otherwise: UNLOAD, CTAS with Athena's properties, and Hive's DDL (which
hive_ddl.py carries out in the catalogue).
"""
import re

from wire import json_error

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)
      | (?P<string>'(?:[^']|'')*')
      | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
      | (?P<word>[A-Za-z_][A-Za-z0-9_$]*)
      | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
      | (?P<symbol>.)""",
    re.X | re.S,
)


class Token:
    __slots__ = ("kind", "text", "start", "end")

    def __init__(self, kind, text, start, end):
        self.kind, self.text, self.start, self.end = kind, text, start, end

    @property
    def word(self):
        return self.text.upper() if self.kind == "word" else None

    @property
    def value(self):
        """A name without its quotes, folded; a string's content."""
        if self.kind == "string":
            return self.text[1:-1].replace("''", "'")
        if self.kind == "name":
            q = self.text[0]
            return self.text[1:-1].replace(q + q, q).lower()
        return self.text.lower() if self.kind == "word" else self.text


def tokens(sql):
    return [Token(m.lastgroup, m[0], m.start(), m.end()) for m in _TOKEN.finditer(sql) if m.lastgroup != "space"]


def invalid(code, message):
    return json_error("InvalidRequestException", message, AthenaErrorCode=code, ErrorCode=code)


class Statement:
    """kind: SubstatementType; type: StatementType; extension of the result object."""

    def __init__(self, sql, toks, type_, kind, extension):
        self.sql, self.tokens, self.type, self.kind, self.extension = sql, toks, type_, kind, extension

    @property
    def header(self):
        return self.type == "DML" and self.kind not in ("INSERT", "UPDATE", "DELETE", "MERGE", "UNLOAD")


def one_statement(sql):
    """The text without outer blanks and semicolons; refuses more than one."""
    sql = sql.strip()
    toks = tokens(sql)
    while toks and toks[-1].text == ";":
        toks.pop()
    while toks and toks[0].text == ";":
        toks.pop(0)
    if not toks:
        raise invalid("MALFORMED_QUERY", f"Empty sql statement: {sql}")
    if any(t.text == ";" for t in toks):
        raise invalid("MALFORMED_QUERY", f"Only one sql statement is allowed. Got: {sql}")
    return sql[toks[0].start : toks[-1].end]


def unsupported():
    return invalid("MALFORMED_QUERY", "Queries of this type are not supported")


def classify(sql):
    toks = tokens(sql)
    words = [t.word for t in toks[:8]] + [None] * 8
    first = words[0] or toks[0].text

    def made(type_, kind, extension):
        return Statement(sql, toks, type_, kind, extension)

    if first in ("SELECT", "WITH", "VALUES", "TABLE", "("):
        return made("DML", "SELECT", "csv")
    if first in ("UPDATE", "DELETE", "MERGE"):
        return made("DML", first, "csv")
    if first in ("INSERT", "UNLOAD"):
        return made("DML", first, "")
    if first == "EXPLAIN":
        return made("DML", "EXPLAIN", "txt")
    if first == "CREATE":
        rest = words[1:]
        if rest[0] == "OR" and rest[1] == "REPLACE":
            rest = rest[2:]
        if rest[0] == "VIEW":
            return made("DDL", "CREATE_VIEW", "txt")
        if rest[0] in ("DATABASE", "SCHEMA"):
            return made("DDL", "CREATE_DATABASE", "txt")
        if rest[0] == "EXTERNAL":
            return made("DDL", "CREATE_TABLE", "txt")
        if rest[0] == "TABLE":
            # AS outside of brackets makes it a CTAS
            depth = 0
            for t in toks:
                depth += (t.text == "(") - (t.text == ")")
                if depth == 0 and t.word == "AS":
                    return made("DDL", "CREATE_TABLE_AS_SELECT", "tables")
            return made("DDL", "CREATE_TABLE", "txt")
    if first == "DROP" and words[1] in ("TABLE", "VIEW", "DATABASE", "SCHEMA"):
        return made("DDL", "DROP_" + words[1].replace("SCHEMA", "DATABASE"), "txt")
    if first == "ALTER" and words[1] in ("TABLE", "DATABASE"):
        text = " ".join(w or "" for w in (t.word for t in toks))
        for phrase, kind in (
            ("ADD COLUMNS", "ALTER_TABLE_ADD_COLUMN"), ("REPLACE COLUMNS", "ALTER_TABLE_REPLACE_COLUMN"), ("ADD PARTITION", "ALTER_TABLE_ADD_PARTITION"),
            ("ADD IF NOT EXISTS PARTITION", "ALTER_TABLE_ADD_PARTITION"), ("DROP PARTITION", "ALTER_TABLE_DROP_PARTITION"),
            ("DROP IF EXISTS PARTITION", "ALTER_TABLE_DROP_PARTITION"), ("DROP COLUMN", "ALTER_TABLE_DROP_COLUMN"),
            ("SET TBLPROPERTIES", "ALTER_TABLE_PROPERTIES"), ("SET LOCATION", "ALTER_TABLE_LOCATION"), ("RENAME TO", "ALTER_TABLE_RENAME"),
        ):
            if phrase in text:
                return made("DDL", kind, "txt")
    if first == "MSCK":
        return made("DDL", "MSCK_REPAIR", "txt")
    if first in ("OPTIMIZE", "VACUUM"):
        return made("DDL", first, "txt")
    if first in ("DESCRIBE", "DESC"):
        return made("UTILITY", "DESCRIBE_TABLE", "txt")
    if first == "SHOW":
        second = "SHOW_" + {"SCHEMAS": "DATABASES"}.get(words[1], words[1] or "")
        if words[1] == "CREATE":
            second = f"SHOW_CREATE_{words[2]}"
        if second == "SHOW_FUNCTIONS":
            return made("UTILITY", second, "csv")
        second = {"SHOW_TBLPROPERTIES": "SHOW_TABLE_PROPERTIES"}.get(second, second)
        if second in ("SHOW_TABLES", "SHOW_DATABASES", "SHOW_VIEWS", "SHOW_COLUMNS", "SHOW_PARTITIONS", "SHOW_TABLE_PROPERTIES",
                      "SHOW_CREATE_TABLE", "SHOW_CREATE_VIEW"):
            return made("UTILITY", second, "txt")
    if first in ("START", "COMMIT", "ROLLBACK", "USE", "GRANT", "REVOKE", "SET", "RESET", "CALL", "PREPARE", "EXECUTE", "DEALLOCATE", "ANALYZE", "COMMENT", "REFRESH", "DENY", "TRUNCATE"):
        raise unsupported()
    return made("DML", "SELECT", "csv")  # the engine's parser says what is wrong with it


# ---------- what Trino writes otherwise ----------


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def closing(toks, at):
    """The index of the bracket that closes the one at index at."""
    depth = 0
    for i in range(at, len(toks)):
        depth += (toks[i].text == "(") - (toks[i].text == ")")
        if depth == 0:
            return i
    raise unsupported()


def qualified_name(toks, at, database):
    """(database, table, index after it) of a name of one to three parts."""
    parts = [toks[at].value]
    at += 1
    while at + 1 < len(toks) and toks[at].text == ".":
        parts.append(toks[at + 1].value)
        at += 2
    if len(parts) == 3:
        parts = parts[1:]
    return (parts[0] if len(parts) == 2 else database), parts[-1], at


def properties(toks, start, end):
    """name = value, ... between two indexes; the value's text, or list of texts."""
    result, at = {}, start
    while at < end:
        name = toks[at].value
        at += 2  # =
        if toks[at].word == "ARRAY":
            values = []
            at += 2
            while toks[at].text != "]":
                if toks[at].text != ",":
                    values.append(toks[at].value)
                at += 1
            result[name] = values
        else:
            result[name] = toks[at].value
        at += 1
        if at < end and toks[at].text == ",":
            at += 1
    return result


def list_literal(values):
    return "ARRAY[" + ", ".join(map(literal, values)) + "]"


CODECS = {"NONE": "NONE", "SNAPPY": "SNAPPY", "GZIP": "GZIP", "ZLIB": "GZIP", "LZ4": "LZ4", "ZSTD": "ZSTD"}


class Unload:
    """UNLOAD (select) TO 'target' WITH (...), run as a CTAS of a table nobody sees."""

    FORMATS = {"ORC": "ORC", "PARQUET": "PARQUET", "AVRO": "AVRO", "JSON": "JSON", "TEXTFILE": "TEXTFILE"}

    def __init__(self, statement):
        t = statement.tokens
        if len(t) < 2 or t[1].text != "(":
            raise unsupported()
        end = closing(t, 1)
        self.select = statement.sql[t[1].end : t[end].start]
        if not (end + 2 < len(t) and t[end + 1].word == "TO" and t[end + 2].kind == "string"):
            raise unsupported()
        self.target = t[end + 2].value.rstrip("/") + "/"
        options = {}
        if end + 3 < len(t):
            options = properties(t, end + 5, closing(t, end + 4))
        self.format = self.FORMATS.get(str(options.get("format", "")).upper())
        if not self.format:
            raise invalid("INVALID_INPUT", "Unload requires a format: ORC, PARQUET, AVRO, JSON or TEXTFILE")
        default = {"ORC": "GZIP", "PARQUET": "GZIP", "JSON": "GZIP", "TEXTFILE": "GZIP", "AVRO": "NONE"}[self.format]
        self.codec = CODECS.get(str(options.get("compression", "")).upper(), default)
        self.partitions = options.get("partitioned_by", [])
        self.delimiter = options.get("field_delimiter")

    def sql(self, table):
        with_ = {"format": literal(self.format), "external_location": literal(self.target)}
        if self.partitions:
            with_["partitioned_by"] = list_literal(self.partitions)
        if self.format == "TEXTFILE":
            with_["textfile_field_separator"] = literal(self.delimiter or "\x01")
        return f"CREATE TABLE {table} WITH ({', '.join(f'{k} = {v}' for k, v in with_.items())}) AS {self.select}"


def ctas(statement, database, location):
    """(SQL for Trino, codec, is Iceberg, location given) of Athena's CREATE TABLE AS."""
    t = statement.tokens
    at = 2
    exists = ""
    if t[at].word == "IF":
        exists, at = "IF NOT EXISTS ", at + 3
    database, table, at = qualified_name(t, at, database)
    options = {}
    if t[at].word == "WITH":
        end = closing(t, at + 1)
        options = properties(t, at + 2, end)
        at = end + 1
    if t[at].word != "AS":
        raise unsupported()
    select = statement.sql[t[at].end :]
    iceberg = str(options.pop("table_type", "hive")).lower() == "iceberg"
    options.pop("is_external", None)
    codec = CODECS.get(str(options.pop("write_compression", options.pop("parquet_compression", ""))).upper(), "GZIP")
    given = options.pop("external_location", None) or options.pop("location", None)
    with_ = {"format": literal(str(options.pop("format", "PARQUET")).upper())}
    target = (given or location).rstrip("/") + "/"
    with_["location" if iceberg else "external_location"] = literal(target)
    for name in ("partitioned_by", "bucketed_by", "partitioning"):
        if name in options:
            value = options.pop(name)
            with_[name] = list_literal(value if isinstance(value, list) else [value])
    if "bucket_count" in options:
        with_["bucket_count"] = options.pop("bucket_count")
    if "field_delimiter" in options:
        with_["textfile_field_separator"] = literal(options.pop("field_delimiter"))
    if options:
        raise invalid("INVALID_INPUT", f"Unsupported table property key: {next(iter(options))}")
    catalog = "iceberg" if iceberg else "awsdatacatalog"
    sql = (
        f"CREATE TABLE {exists}{catalog}.{quote(database)}.{quote(table)} WITH ({', '.join(f'{k} = {v}' for k, v in with_.items())}) AS{select}"
    )
    return sql, codec, iceberg, given
