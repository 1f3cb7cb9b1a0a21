"""The catalogue of what is shipped, in doc/pushdown.md, from the code.

    python test/unit/pushdown_doc.py     writes it

Every function stands in src/planner/translate_call.c; above the code that
writes it, there or in translate_text.c and translate_time.c, stands the comment
that the table says.
"""
import pathlib
import re

TOP = pathlib.Path(__file__).parents[2]
DOC = TOP / "doc/pushdown.md"
BEGIN, END = "<!-- catalogue: test/unit/pushdown_doc.py -->", "<!-- end of catalogue -->"
TYPES = {
    "INT2OID": "smallint", "INT4OID": "integer", "INT8OID": "bigint", "NUMERICOID": "numeric", "FLOAT4OID": "real", "FLOAT8OID": "double precision",
    "TEXTOID": "text", "BPCHAROID": "char", "BOOLOID": "boolean", "DATEOID": "date", "TIMESTAMPOID": "timestamp",
    "TIMESTAMPTZOID": "timestamp with time zone",
}
CLASSES = {
    "CLASS_BOOL": "boolean", "CLASS_INTEGER": "integers", "CLASS_FLOAT": "real, double", "CLASS_NUMERIC": "numeric", "CLASS_TEXT": "text",
    "CLASS_DATETIME": "date, timestamp", "CLASS_TIME": "time", "CLASS_CHAR": "char", "CLASS_TIMESTAMPTZ": "timestamp with time zone", "CLASS_BYTEA": "bytea",
    "CLASS_UUID": "uuid", "CLASS_MIDNIGHT": "a date as timestamp with time zone",
}


def catalogue(code, name):
    return code.partition(f" {name}[] = {{")[2].partition("\n};")[0]


def functions():
    """[(name, [types], comment)]"""
    code = "".join((TOP / f"src/planner/translate_{part}.c").read_text() for part in ("call", "text", "time"))
    notes = {name: " ".join(text.replace("*", " ").split()) for text, name in re.findall(r"/\*((?:[^*]|\*(?!/))*)\*/\n(?:static )?bool\n(\w+)\(Call \*call, RemoteSql", code)}
    found = re.findall(r'\{"(\w+)", \{([\w, ]+)\}, (\w+)\}', catalogue(code, "function_catalogue"))
    return [(name, [TYPES[t] for t in types.split(", ")], notes[writer]) for name, types, writer in found]


def table():
    code = (TOP / "src/planner/translate_aggregate.c").read_text()
    lines = ["| Function | Shipped |", "| --- | --- |"]
    seen = {}
    for name, types, note in functions():
        seen.setdefault((name, note), []).append(", ".join(types))
    lines += [f"| `{name}` of ({'), ('.join(types)}) | {note} |" for (name, note), types in seen.items()]
    lines += ["| `concat`, `concat_ws` | of texts |", "", "| Aggregate | Over |", "| --- | --- |"]
    for name, classes in re.findall(r'\{"(\w+)",\s+AGGREGATE_\w+,\s+\{([\w,\s]+)\}\}', catalogue(code, "aggregate_catalogue")):
        lines.append(f"| `{name}` | {', '.join(CLASSES[c] for c in re.findall(r'CLASS_' + chr(92) + 'w+', classes))} |")
    lines.append("| `array_agg` | boolean, integers, text, date, timestamp; shown, not computed with |")
    lines.append("| `string_agg` | text, a constant between |")
    for name in re.findall(r'\{"(\w+)", ROWS_', catalogue(code, "deviation_catalogue")):
        lines.append(f"| `{name}` | integers, numeric; computed here from sums, or there with `athena_fdw.numeric_shipping = 'close'`; real and double with that setting |")
    lines += ["", "| Window function | Constants that may follow |", "| --- | --- |"]
    for name, _, constants in re.findall(r'\{"(\w+)", (\d), (\d), \w+\}', catalogue(code, "window_catalogue")):
        lines.append(f"| `{name}` | {constants} |")
    return "\n".join(lines)


if __name__ == "__main__":
    text = DOC.read_text()
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    DOC.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}")
