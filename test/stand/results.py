"""What a query returned, as the live service shows it.

Value texts and ColumnInfo of each type, the CSV object with its quoting, and
pages.  Rows go to disk as they come: the object, and beside it the rows in
blocks of 1,000, from which a page is built when it is asked for.
"""
import base64
import hashlib
import os
import re
import time

import orjson

PAGE = 1000
_SCIENTIFIC = re.compile(r"^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$")


# ---------- texts ----------


def floating(value):
    """A real or double as Java writes it: 1.5, 1.0E20, 1.0E-7, NaN."""
    if isinstance(value, str):
        return value  # NaN, Infinity, -Infinity
    value = float(value)
    size = abs(value)
    text = repr(value)
    if 1e-3 <= size < 1e7 or size == 0:
        if "e" not in text:
            return text
    if "e" in text:
        sign, first, rest, exponent = _SCIENTIFIC.match(text).groups()
        digits, exponent = first + (rest or ""), int(exponent)
    else:
        sign, digits = ("-" if text[0] == "-" else ""), text.lstrip("-")
        whole, fraction = digits.split(".")
        if whole.strip("0"):
            exponent, digits = len(whole) - 1, whole + fraction
        else:
            exponent, digits = -(len(fraction) - len(fraction.lstrip("0"))) - 1, fraction.lstrip("0")
        digits = digits.rstrip("0") or "0"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def boolean(value):
    return "true" if value else "false"


def varbinary(value):
    return " ".join(f"{byte:02x}" for byte in base64.b64decode(value))


def same(value):
    return value


SCALAR = {
    "boolean": boolean, "tinyint": str, "smallint": str, "integer": str, "bigint": str, "real": floating, "double": floating,
    "varbinary": varbinary,
}
# no quote can occur in these
PLAIN = {"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal", "date", "uuid"}


def arguments(signature):
    return [a["value"] for a in signature.get("arguments", ())]


def text_of(signature):
    """A function from a value of Trino's JSON to the text of Athena's."""
    raw = signature["rawType"]
    if raw == "array":
        element = inner_text(arguments(signature)[0])
        return lambda value: "[" + ", ".join(map(element, value)) + "]"
    if raw == "map":
        key_type, value_type = arguments(signature)
        show = inner_text(value_type)
        number = key_type["rawType"] in ("tinyint", "smallint", "integer", "bigint", "real", "double", "decimal")

        def map_text(value):
            entries = sorted(value.items(), key=(lambda e: float(e[0])) if number else (lambda e: e[0]))
            return "{" + ", ".join(f"{k}={show(v)}" for k, v in entries) + "}"

        return map_text
    if raw == "row":
        fields = arguments(signature)
        names = [(f.get("fieldName") or {}).get("name") for f in fields]
        show = [inner_text(f["typeSignature"]) for f in fields]
        return lambda value: "{" + ", ".join(s(v) if n is None else f"{n}={s(v)}" for n, s, v in zip(names, show, value)) + "}"
    return SCALAR.get(raw, same)


def inner_text(signature):
    if signature["rawType"] == "varbinary":  # live prints the Java object; the bytes are lost
        return lambda value: "null" if value is None else f"[B@{hash(value) & 0xFFFFFFFF:x}"
    show = text_of(signature)
    return lambda value: "null" if value is None else show(value)


def column_info(name, signature):
    raw, args = signature["rawType"], arguments(signature)
    type_ = {"real": "float"}.get(raw, raw.lower())
    precision, scale = {
        "tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "real": 17, "double": 17, "time": 3, "timestamp": 3,
        "time with time zone": 3, "timestamp with time zone": 3, "varbinary": 1073741824,
    }.get(raw, 0), 0
    if raw == "decimal":
        precision, scale = args
    elif raw in ("varchar", "char"):
        precision = args[0] if args else 2147483647
    return info(name, type_, precision, scale, raw in ("varchar", "char"))


def info(name, type_="string", precision=0, scale=0, case_sensitive=False):
    return {
        "CaseSensitive": case_sensitive, "CatalogName": "hive", "Label": name, "Name": name, "Nullable": "UNKNOWN",
        "Precision": precision, "Scale": scale, "SchemaName": "", "TableName": "", "Type": type_,
    }


# ---------- the .metadata object ----------


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, value):
    """One field of a protocol buffer: a number, or a text or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def metadata(id, infos):
    """As measured live: the query's id, and each column."""
    columns = (
        b"".join(field(n, c[name]) for n, name in ((1, "CatalogName"), (4, "Name"), (5, "Label"), (6, "Type"), (7, "Precision"), (8, "Scale")))
        + field(9, 3) + field(10, int(c["CaseSensitive"]))
        for c in infos
    )
    return field(1, id) + b"".join(field(4, c) for c in columns)


# ---------- one result ----------


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


class Result:
    """Rows of texts, on disk; header: the labels are the first row of both forms."""

    def __init__(self, directory, id, header=True, object_kind="csv"):
        self.object_path = os.path.join(directory, id + ".object")
        self.rows_path = os.path.join(directory, id + ".rows")
        self.header, self.object_kind = header, object_kind
        self.columns = []
        self.offsets = [0]  # of the blocks
        self.count = 0
        self.update_count = 0
        self.output = None
        self.pending = []
        self.size = self.etag = None
        self.refused = False  # to whoever asks S3 for the object
        self.content_type = "application/octet-stream"

    def open(self):
        self.object = open(self.object_path, "wb", 1 << 20)
        self.rows = open(self.rows_path, "wb", 1 << 20)
        self.hash = hashlib.md5()

    def set_columns(self, columns):
        """From Trino's own description."""
        self.set_infos(
            [column_info(c["name"], c["typeSignature"]) for c in columns],
            [text_of(c["typeSignature"]) for c in columns],
            [c["typeSignature"]["rawType"] in PLAIN for c in columns],
        )

    def set_infos(self, infos, texts=None, plain=None):
        self.columns = infos
        self.texts = texts or [same] * len(infos)
        self.plain = plain or [False] * len(infos)
        self.open()
        if self.header:
            labels = [c["Label"] for c in infos]
            if self.object_kind == "csv":
                self.write(",".join(map(quoted, labels)) + "\n")
            self.pending.append(labels)

    def write(self, text):
        data = text.encode("utf-8", "surrogatepass")
        self.hash.update(data)
        self.object.write(data)

    def add(self, rows):
        """Rows of Trino's values."""
        columns = []
        for values, text in zip(zip(*rows), self.texts):
            if text is same:
                columns.append(values)
            elif text is str:
                columns.append([None if v is None else str(v) for v in values])
            else:
                columns.append([None if v is None else text(v) for v in values])
        self.add_texts(list(zip(*columns)), columns)

    def add_texts(self, rows, columns=None):
        if self.object_kind == "csv":
            columns = columns or list(zip(*rows))
            fields = [
                ["" if v is None else f'"{v}"' for v in values] if plain else
                ["" if v is None else '"' + v.replace('"', '""') + '"' for v in values]
                for values, plain in zip(columns, self.plain)
            ]
            self.write("".join([",".join(row) + "\n" for row in zip(*fields)]))
        self.count += len(rows)
        self.pending.extend(rows)
        while len(self.pending) >= PAGE:
            self.flush(self.pending[:PAGE])
            del self.pending[:PAGE]

    def flush(self, block):
        data = orjson.dumps([{"Data": row} for row in block])
        self.rows.write(data)
        self.offsets.append(self.offsets[-1] + len(data))

    def finish(self, update_count=0, output=None):
        self.update_count, self.output = update_count, output
        if not self.columns and not hasattr(self, "object"):
            self.open()
        self.last = len(self.pending)
        if self.pending:
            self.flush(self.pending)
            self.pending = []
        if self.object_kind == "txt":
            self.write(output or "")
        for f in (self.object, self.rows):
            f.close()
        self.size = os.path.getsize(self.object_path)
        self.etag = self.hash.hexdigest()
        self.modified = time.time()

    @property
    def shown(self):
        """Rows that pages show, the header counted."""
        return self.count + (1 if self.header and self.columns else 0)

    def block(self, number):
        """ResultRows of 1,000 rows, as JSON."""
        with open(self.rows_path, "rb") as f:
            f.seek(self.offsets[number])
            return f.read(self.offsets[number + 1] - self.offsets[number])

    def page(self, start, most):
        """(body without NextToken, next start or None)."""
        number, skip = divmod(start, PAGE)
        if most == PAGE and not skip and number < len(self.offsets) - 1:
            data = self.block(number)
            rows, shown = orjson.loads(data), orjson.Fragment(data)
        else:
            rows = []
            while len(rows) < most and number < len(self.offsets) - 1:
                rows += orjson.loads(self.block(number))[skip : skip + most - len(rows)]
                number, skip = number + 1, 0
            shown = rows
        infos = self.columns
        empty = {}
        body = {
            "ResultSet": {
                "ColumnInfos": infos,
                "ResultRows": shown,
                "ResultSetMetadata": {"ColumnInfo": infos},
                "Rows": [{"Data": [empty if v is None else {"VarCharValue": v} for v in row["Data"]]} for row in rows],
            }
        }
        if self.output is not None:
            body["Output"] = self.output
        if self.update_count is not None:
            body["UpdateCount"] = self.update_count
        # a full page always has a token, also where nothing is left
        return body, (start + len(rows) if len(rows) == most else None)

    def delete(self):
        for path in (self.object_path, self.rows_path):
            try:
                os.unlink(path)
            except OSError:
                pass
