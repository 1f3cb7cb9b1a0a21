"""Hive's DDL and the metadata statements, carried out in the Glue catalogue.

Athena runs these without the engine.  Each function takes the statement, the
database of the request and the catalogue, and returns (columns, rows, output),
as GetQueryResults is to show them; DDL returns nothing.
"""
import re

from botocore.exceptions import ClientError

from results import info
from statements import closing, literal, qualified_name, quote


class HiveError(Exception):
    """A failure; reason is what StateChangeReason says, text what AthenaError does."""

    def __init__(self, reason, text=None, type_=1006, category=2):
        super().__init__(reason)
        self.reason, self.text, self.type, self.category = reason, text or reason, type_, category


FORMATS = {  # STORED AS -> input format, output format, SerDe
    "PARQUET": ("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
    "ORC": ("org.apache.hadoop.hive.ql.io.orc.OrcInputFormat", "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
            "org.apache.hadoop.hive.ql.io.orc.OrcSerde"),
    "AVRO": ("org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat", "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
             "org.apache.hadoop.hive.serde2.avro.AvroSerDe"),
    "TEXTFILE": ("org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                 "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
}
FORMATS["JSONFILE"] = FORMATS["TEXTFILE"]
DELIMITERS = {"FIELDS": "field.delim", "COLLECTION": "collection.delim", "MAP": "mapkey.delim", "LINES": "line.delim", "ESCAPED": "escape.delim"}


def unescape(text):
    """Hive's escapes in a delimiter: '\\t', '\\001'."""
    return re.sub(r"\\(u[0-9a-fA-F]{4}|[0-7]{3}|.)", lambda m: {"t": "\t", "n": "\n", "r": "\r"}.get(
        m[1], chr(int(m[1][1:], 16)) if m[1][0] == "u" and len(m[1]) == 5 else chr(int(m[1], 8)) if len(m[1]) == 3 else m[1]), text)


def type_text(sql, toks, at):
    """Hive's type that begins at an index; (its text without blanks, index after it)."""
    start, depth = at, 0
    while at < len(toks):
        text = toks[at].text
        if depth == 0 and at > start and not (text in "<(" and len(text) == 1):
            break
        depth += text in ("<", "(")
        depth -= text in (">", ")")
        at += 1
    return "".join(t.text for t in toks[start:at]).lower(), at


def columns(sql, toks, at):
    """[(name, type, comment)] of a bracketed list; index after it."""
    end, result = closing(toks, at), []
    at += 1
    while at < end:
        name, type_, comment = toks[at].value, None, None
        at += 1
        if toks[at].text not in (",", ")") and toks[at].word != "COMMENT":
            type_, at = type_text(sql, toks, at)
        if toks[at].word == "COMMENT":
            comment, at = toks[at + 1].value, at + 2
        result.append((name, type_, comment))
        if toks[at].text == ",":
            at += 1
    return result, end + 1


def glue_columns(cols):
    return [{"Name": n, "Type": t, **({"Comment": c} if c is not None else {})} for n, t, c in cols]


def string_map(toks, at):
    end, result = closing(toks, at), {}
    at += 1
    while at < end:
        result[toks[at].value] = toks[at + 2].value
        at += 4 if at + 3 < end else 3
    return result, end + 1


TRINO_TYPES = {"int": "integer", "float": "real", "string": "varchar", "binary": "varbinary", "timestamp": "timestamp(6)",
               "timestamptz": "timestamp(6) with time zone"}


def trino_type(hive):
    """Hive's spelling of a type in Trino's, for an Iceberg table."""
    hive = hive.strip()
    for name, word in (("array", "array"), ("map", "map"), ("struct", "row")):
        if hive.startswith(name + "<"):
            inner, parts, depth, start = hive[len(name) + 1 : -1], [], 0, 0
            for i, c in enumerate(inner + ","):
                depth += c in "<("
                depth -= c in ">)"
                if c == "," and depth == 0:
                    parts.append(inner[start:i])
                    start = i + 1
            if name == "struct":
                return "row(" + ", ".join(f"{quote(p.split(':', 1)[0].strip())} {trino_type(p.split(':', 1)[1])}" for p in parts) + ")"
            return f"{word}({', '.join(map(trino_type, parts))})"
    return TRINO_TYPES.get(hive, hive)


class HiveDdl:
    def __init__(self, glue, engine):
        self.glue, self.engine = glue, engine

    def run(self, statement, database, **run):
        self.run_options = run
        return getattr(self, statement.kind.lower())(statement.sql, statement.tokens, database)

    def get_table(self, database, name):
        try:
            return self.glue.get_table(DatabaseName=database, Name=name)["Table"]
        except ClientError as e:
            if e.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            return None

    def need_table(self, database, name):
        table = self.get_table(database, name)
        if table is None:
            raise HiveError(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}", type_=1301)
        return table

    def trino(self, sql):
        return self.engine.rows(sql, **self.run_options)

    # ---------- databases ----------

    def create_database(self, sql, t, database):
        at, exists = 2, False
        if t[at].word == "IF":
            exists, at = True, at + 3
        given = {"Name": t[at].value}
        for i, token in enumerate(t):
            if token.word == "COMMENT":
                given["Description"] = t[i + 1].value
            if token.word == "LOCATION":
                given["LocationUri"] = t[i + 1].value
        try:
            self.glue.create_database(DatabaseInput=given)
        except ClientError as e:
            if e.response["Error"]["Code"] != "AlreadyExistsException":
                raise
            if not exists:
                raise HiveError(f"FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Database {given['Name']} already exists")

    def drop_database(self, sql, t, database):
        at, exists = 2, False
        if t[at].word == "IF":
            exists, at = True, at + 2
        name, cascade = t[at].value, t[-1].word == "CASCADE"
        tables = []
        try:
            for page in self.glue.get_paginator("get_tables").paginate(DatabaseName=name):
                tables += page["TableList"]
            if tables and not cascade:
                raise HiveError(f"FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)")
            for table in tables:
                self.glue.delete_table(DatabaseName=name, Name=table["Name"])
            self.glue.delete_database(Name=name)
        except ClientError as e:
            if e.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            if not exists:
                raise HiveError(f"FAILED: SemanticException [Error 10072]: Database does not exist: {name}")

    # ---------- tables ----------

    def create_table(self, sql, t, database):
        external = t[1].word == "EXTERNAL"
        at, exists = 3 if external else 2, False
        if t[at].word == "IF":
            exists, at = True, at + 3
        database, name, at = qualified_name(t, at, database)
        cols, at = columns(sql, t, at)
        table = {"Name": name, "TableType": "EXTERNAL_TABLE", "Parameters": {"EXTERNAL": "TRUE"}, "PartitionKeys": []}
        storage = {"Columns": glue_columns(cols), "Compressed": False, "NumberOfBuckets": -1}
        formats, serde, partitioning = list(FORMATS["TEXTFILE"]), {}, []
        while at < len(t):
            word = t[at].word
            if word == "COMMENT":
                table["Parameters"]["comment"] = table["Description"] = t[at + 1].value
                at += 2
            elif word == "PARTITIONED":
                if external:
                    keys, at = columns(sql, t, at + 2)
                    table["PartitionKeys"] = glue_columns(keys)
                else:
                    end = closing(t, at + 2)
                    depth, start = 0, t[at + 2].end
                    for token in t[at + 3 : end + 1]:
                        if depth == 0 and token.text in (",", ")"):
                            partitioning.append(sql[start : token.start].strip().lower())
                            start = token.end
                        depth += (token.text == "(") - (token.text == ")")
                    at = end + 1
            elif word == "CLUSTERED":
                end = closing(t, at + 2)
                storage["BucketColumns"] = [x.value for x in t[at + 3 : end] if x.text != ","]
                storage["NumberOfBuckets"] = int(t[end + 2].text)
                at = end + 4
            elif word == "ROW" and t[at + 2].word == "SERDE":
                formats[2] = t[at + 3].value
                at += 4
            elif word == "ROW":  # FORMAT DELIMITED FIELDS TERMINATED BY ',' ...
                at += 3
                while at < len(t) and t[at].word in (*DELIMITERS, "NULL"):
                    kind = t[at].word
                    while t[at].kind != "string":
                        at += 1
                    serde[DELIMITERS.get(kind, "serialization.null.format")] = unescape(t[at].value)
                    at += 1
                if "field.delim" in serde:
                    serde.setdefault("serialization.format", serde["field.delim"])
            elif word == "WITH":  # SERDEPROPERTIES
                more, at = string_map(t, at + 2)
                serde.update({k: unescape(v) for k, v in more.items()})
            elif word == "STORED" and t[at + 2].word == "INPUTFORMAT":
                formats[0], formats[1] = t[at + 3].value, t[at + 5].value
                at += 6
            elif word == "STORED":
                formats = list(FORMATS[t[at + 2].word])
                at += 3
            elif word == "LOCATION":
                storage["Location"] = t[at + 1].value
                at += 2
            elif word == "TBLPROPERTIES":
                more, at = string_map(t, at + 1)
                table["Parameters"].update(more)
            else:
                raise HiveError(f"FAILED: ParseException line 1:{t[at].start} missing EOF at '{t[at].text}'", type_=1003, category=1)
        if table["Parameters"].pop("table_type", table["Parameters"].get("table_type", "")).upper() == "ICEBERG":
            return self.create_iceberg(database, name, cols, partitioning, storage.get("Location"), exists)
        if not external:
            raise HiveError("FAILED: SemanticException Operation not supported: managed tables", type_=1200)
        storage.update(InputFormat=formats[0], OutputFormat=formats[1], SerdeInfo={"SerializationLibrary": formats[2], "Parameters": serde})
        table["StorageDescriptor"] = storage
        try:
            self.glue.create_table(DatabaseName=database, TableInput=table)
        except ClientError as e:
            code = e.response["Error"]["Code"]
            if code == "AlreadyExistsException" and exists:
                return
            if code in ("AlreadyExistsException", "EntityNotFoundException"):
                raise HiveError(f"FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. {code}(message:{'Table' if code[0] == 'A' else 'Database'} {name if code[0] == 'A' else database} {'already exists' if code[0] == 'A' else 'not found'}.)")
            raise

    def create_iceberg(self, database, name, cols, partitioning, location, exists):
        # Iceberg's own words for the transforms are Trino's too, but for the order of arguments
        parts = [re.sub(r"^(bucket|truncate)\((\d+),\s*([^)]+)\)$", r"\1(\3, \2)", p) for p in partitioning]
        with_ = f"location = {literal(location.rstrip('/') + '/')}"
        if parts:
            with_ += ", partitioning = ARRAY[" + ", ".join(map(literal, parts)) + "]"
        body = ", ".join(f"{quote(n)} {trino_type(ty)}" + (f" COMMENT {literal(c)}" if c is not None else "") for n, ty, c in cols)
        self.trino(f"CREATE TABLE {'IF NOT EXISTS ' if exists else ''}iceberg.{quote(database)}.{quote(name)} ({body}) WITH ({with_})")

    def drop_table(self, sql, t, database):
        at, exists = 2, False
        if t[at].word == "IF":
            exists, at = True, at + 2
        database, name, at = qualified_name(t, at, database)
        table = self.get_table(database, name)
        if table is None:
            if exists:
                return
            raise HiveError(f"FAILED: SemanticException [Error 10001]: Table not found {name}", type_=1301)
        if table.get("Parameters", {}).get("table_type", "").upper() == "ICEBERG":
            self.trino(f"DROP TABLE iceberg.{quote(database)}.{quote(name)}")
        else:
            self.glue.delete_table(DatabaseName=database, Name=name)  # the files stay

    def change(self, database, name, change):
        table = self.need_table(database, name)
        given = {k: table[k] for k in ("Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters",
                                       "ViewOriginalText", "ViewExpandedText") if table.get(k) not in (None, "")}
        change(given)
        self.glue.update_table(DatabaseName=database, TableInput=given)

    def is_iceberg(self, database, name):
        return self.need_table(database, name).get("Parameters", {}).get("table_type", "").upper() == "ICEBERG"

    def alter_table_add_column(self, sql, t, database):
        database, name, at = qualified_name(t, 2, database)
        cols, _ = columns(sql, t, at + 2)
        if self.is_iceberg(database, name):
            for n, ty, _c in cols:
                self.trino(f"ALTER TABLE iceberg.{quote(database)}.{quote(name)} ADD COLUMN {quote(n)} {trino_type(ty)}")
        else:
            self.change(database, name, lambda table: table["StorageDescriptor"]["Columns"].extend(glue_columns(cols)))

    def alter_table_replace_column(self, sql, t, database):
        database, name, at = qualified_name(t, 2, database)
        cols, _ = columns(sql, t, at + 2)
        self.change(database, name, lambda table: table["StorageDescriptor"].update(Columns=glue_columns(cols)))

    def alter_table_drop_column(self, sql, t, database):
        database, name, at = qualified_name(t, 2, database)
        self.trino(f"ALTER TABLE iceberg.{quote(database)}.{quote(name)} DROP COLUMN {quote(t[at + 2].value)}")

    def alter_table_rename(self, sql, t, database):
        database, name, at = qualified_name(t, 2, database)
        _, to, _ = qualified_name(t, at + 2, database)
        self.trino(f"ALTER TABLE iceberg.{quote(database)}.{quote(name)} RENAME TO iceberg.{quote(database)}.{quote(to)}")

    def alter_table_properties(self, sql, t, database):
        database, name, at = qualified_name(t, 2, database)
        more, _ = string_map(t, at + 2)
        self.change(database, name, lambda table: table["Parameters"].update(more))

    def alter_table_location(self, sql, t, database):
        database, name, at = qualified_name(t, 2, database)
        self.change(database, name, lambda table: table["StorageDescriptor"].update(Location=t[at + 2].value))

    def partitions(self, t, at):
        """[({key: value}, location)] of PARTITION (k = v, ...) [LOCATION '...'] ..."""
        result = []
        while at < len(t):
            if t[at].word != "PARTITION":
                at += 1
                continue
            values, at = string_map(t, at + 1)
            location = None
            if at < len(t) and t[at].word == "LOCATION":
                location, at = t[at + 1].value, at + 2
            result.append((values, location))
        return result

    def alter_table_add_partition(self, sql, t, database):
        database, name, at = qualified_name(t, 2, database)
        table = self.need_table(database, name)
        keys = [k["Name"] for k in table["PartitionKeys"]]
        for values, location in self.partitions(t, at):
            storage = dict(table["StorageDescriptor"])
            path = "/".join(f"{k}={values[k]}" for k in keys)
            storage["Location"] = location or f"{storage['Location'].rstrip('/')}/{path}/"
            try:
                self.glue.create_partition(DatabaseName=database, TableName=name, PartitionInput={"Values": [values[k] for k in keys], "StorageDescriptor": storage})
            except ClientError as e:
                if e.response["Error"]["Code"] != "AlreadyExistsException":
                    raise
                if "IF" not in [x.word for x in t]:
                    raise HiveError("FAILED: Execution Error, return code 1. AlreadyExistsException(message:Partition already exists.)")

    def alter_table_drop_partition(self, sql, t, database):
        database, name, at = qualified_name(t, 2, database)
        keys = [k["Name"] for k in self.need_table(database, name)["PartitionKeys"]]
        for values, _ in self.partitions(t, at):
            self.glue.delete_partition(DatabaseName=database, TableName=name, PartitionValues=[values[k] for k in keys])

    def msck_repair(self, sql, t, database):
        database, name, _ = qualified_name(t, 3, database)
        self.need_table(database, name)
        self.trino(f"CALL awsdatacatalog.system.sync_partition_metadata({literal(database)}, {literal(name)}, 'ADD')")

    def drop_view(self, sql, t, database):
        self.trino(sql)

    def create_view(self, sql, t, database):
        self.trino(sql)

    def optimize(self, sql, t, database):
        database, name, _ = qualified_name(t, 1, database)
        self.trino(f"ALTER TABLE iceberg.{quote(database)}.{quote(name)} EXECUTE optimize")

    def vacuum(self, sql, t, database):
        database, name, _ = qualified_name(t, 1, database)
        self.need_table(database, name)
        # the retention that Trino insists on is longer than any table of a test lives

    # ---------- metadata statements: one datum a row ----------

    def show_databases(self, sql, t, database):
        names = [d["Name"] for p in self.glue.get_paginator("get_databases").paginate() for d in p["DatabaseList"]]
        pattern = next((x.value for x in t if x.kind == "string"), None)
        return [info("database_name")], [n for n in sorted(names) if matches(pattern, n)]

    def tables(self, t, database):
        at = 2
        if at < len(t) and t[at].word in ("IN", "FROM"):
            database, at = t[at + 1].value, at + 2
        pattern = t[-1].value if t[-1].kind == "string" else None
        tables = [x for p in self.glue.get_paginator("get_tables").paginate(DatabaseName=database) for x in p["TableList"]]
        return [x for x in sorted(tables, key=lambda x: x["Name"]) if matches(pattern, x["Name"])]

    def show_tables(self, sql, t, database):
        return [info("tab_name")], [x["Name"] for x in self.tables(t, database)]

    def show_views(self, sql, t, database):
        return [info("views", "varchar")], [x["Name"] for x in self.tables(t, database) if x.get("TableType") == "VIRTUAL_VIEW"]

    def all_columns(self, table):
        current = [c for c in table["StorageDescriptor"]["Columns"] if c.get("Parameters", {}).get("iceberg.field.current") != "false"]
        return current + table.get("PartitionKeys", [])

    def show_columns(self, sql, t, database):
        database, name, _ = qualified_name(t, 3, database)
        return [info("field")], [f"{c['Name']:<20}" for c in self.all_columns(self.need_table(database, name))]

    def describe_table(self, sql, t, database):
        at = 1
        if t[at].word in ("FORMATTED", "EXTENDED"):
            at += 1
        database, name, _ = qualified_name(t, at, database)
        table = self.need_table(database, name)
        if table.get("TableType") == "VIRTUAL_VIEW":
            return [info("column", "varchar"), info("type", "varchar")], [f"{c['Name']}\t{c['Type']}" for c in self.all_columns(table)]
        line = lambda c: f"{c['Name']:<20}\t{c['Type']:<20}\t{c.get('Comment') or '':<20}"
        rows = [line(c) for c in self.all_columns(table)]
        if table.get("PartitionKeys"):
            rows += ["\t \t ", "# Partition Information\t \t ", f"{'# col_name':<20}\t{'data_type':<20}\t{'comment':<20}", "\t \t "]
            rows += [line(c) for c in table["PartitionKeys"]]
        return [info("col_name"), info("data_type"), info("comment")], rows

    def show_partitions(self, sql, t, database):
        database, name, _ = qualified_name(t, 2, database)
        keys = [k["Name"] for k in self.need_table(database, name).get("PartitionKeys", [])]
        parts = [p for page in self.glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name) for p in page["Partitions"]]
        return [info("partition")], ["/".join(f"{k}={v}" for k, v in zip(keys, p["Values"])) for p in parts]

    def show_table_properties(self, sql, t, database):
        database, name, _ = qualified_name(t, 2, database)
        return [info("prpt_name"), info("prpt_value")], [f"{k}\t{v}" for k, v in sorted(self.need_table(database, name).get("Parameters", {}).items())]

    def show_create_table(self, sql, t, database):
        database, name, _ = qualified_name(t, 3, database)
        table = self.need_table(database, name)
        if table.get("Parameters", {}).get("table_type", "").upper() == "ICEBERG":
            return [info("createtab_stmt")], self.trino(f"SHOW CREATE TABLE iceberg.{quote(database)}.{quote(name)}")[0][0].split("\n")
        storage = table["StorageDescriptor"]
        lines = [f"CREATE EXTERNAL TABLE `{database}.{name}`("]
        cols = [c for c in storage["Columns"]]
        lines += [f"  `{c['Name']}` {c['Type']} COMMENT '{c.get('Comment', '')}'{',' if i + 1 < len(cols) else ')'}" for i, c in enumerate(cols)]
        if table.get("PartitionKeys"):
            keys = table["PartitionKeys"]
            lines += ["PARTITIONED BY ( "] + [f"  `{c['Name']}` {c['Type']}{',' if i + 1 < len(keys) else ')'}" for i, c in enumerate(keys)]
        lines += ["ROW FORMAT SERDE ", f"  '{storage['SerdeInfo']['SerializationLibrary']}' ", "STORED AS INPUTFORMAT ", f"  '{storage['InputFormat']}' ",
                  "OUTPUTFORMAT ", f"  '{storage['OutputFormat']}'", "LOCATION", f"  '{storage['Location']}'"]
        return [info("createtab_stmt")], lines

    def show_create_view(self, sql, t, database):
        database, name, _ = qualified_name(t, 3, database)
        return [info("create view", "varchar")], self.trino(f"SHOW CREATE VIEW {quote(database)}.{quote(name)}")[0][0].split("\n")


def matches(pattern, name):
    """Hive's pattern: a regular expression on the whole name, a lone * means all."""
    return pattern in (None, "*") or re.fullmatch(pattern.replace("*", ".*"), name) is not None
