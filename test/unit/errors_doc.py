"""Every error that the code can raise, for doc/errors.md.

    python errors_doc.py          writes the table into doc/errors.md
    test_docs.py                  compares the two

Reads ereport() calls and the few helpers that raise with literal words.
"""
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).parents[2]
BEGIN, END = "<!-- begin: written by test/unit/errors_doc.py -->", "<!-- end -->"
STRING = r'"(?:[^"\\]|\\.)*"'
# helpers: name of the function -> (file, SQLSTATE, where its message and hint stand)
HELPERS = {
    "src/aws/key_sources.c": ("fail", "ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION", 0, 2, ""),
    "src/aws/key_profile.c": ("fail", "ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION", 1, 2, 'AWS profile "%s" '),
    "src/storage/options.c": ("conflict", "ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE", 0, 1, ""),
}


def sqlstates():
    """From the server's own header: ERRCODE_... -> SQLSTATE."""
    config = os.path.join(os.environ["PG_BIN"], "pg_config") if "PG_BIN" in os.environ else "pg_config"
    include = subprocess.run([config, "--includedir-server"], check=True, capture_output=True, text=True).stdout.strip()
    header = pathlib.Path(include, "utils", "errcodes.h").read_text()
    return {name: "".join(re.findall(r"'(.)'", code)) for name, code in re.findall(r"#define (ERRCODE_\w+) MAKE_SQLSTATE\(([^)]*)\)", header)}


SQLSTATES = sqlstates()


def arguments(text, start):
    """The arguments of a call whose parenthesis opens at start, and where it closes."""
    parts, depth, at, begin = [], 0, start, start + 1
    while at < len(text):
        if text[at] == '"':
            at = re.compile(STRING).match(text, at).end()
            continue
        if text[at] == "'":
            at = re.compile(r"'(?:[^'\\]|\\.)+'").match(text, at).end()
            continue
        if text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            depth -= 1
            if depth == 0:
                return parts + [text[begin:at].strip()], at
        elif text[at] == "," and depth == 1:
            parts.append(text[begin:at].strip())
            begin = at + 1
        at += 1
    raise ValueError("unbalanced")


def words(expression):
    """The literals of an expression, its conversions as ...; those of a choice with slashes between."""
    expression = re.sub(r"\s*U?INT64_FORMAT\s*", '"..."', expression)
    choices = [""]
    for token in re.findall(STRING + r"|[?:]", expression):
        if token in "?:":
            choices.append("")
        else:
            choices[-1] += token[1:-1]
    text = " / ".join(c for c in choices if c)
    text = text.replace('\\"', '"').replace("\\n", " ").replace("\\\\", "\\")
    return re.sub(r"%(?:-?[\d.*]*(?:ll|z|l)?[sduxgfc])", "...", text).replace("%%", "%").replace("%m", "...")


def part(text, name):
    """The words of errmsg(...) and its like in an ereport."""
    match = re.search(rf"\b{name}\(", text)
    if not match:
        return ""
    return words(arguments(text, match.end() - 1)[0][0])


def errors():
    found = set()
    for path in sorted((TOP / "src").glob("*/*.c")):
        text, name = path.read_text(), str(path.relative_to(TOP))
        for match in re.finditer(r"\bereport\(", text):
            inside = text[match.end() - 1 : arguments(text, match.end() - 1)[1]]
            level = inside[1:].split(",")[0].strip()
            if level not in ("ERROR", "WARNING"):
                continue
            message = part(inside, "errmsg")
            code = re.search(r"errcode\((\w+)\)", inside)
            if message in ("...", "") or (code and code.group(1) not in SQLSTATES):
                continue  # the words, or the code, are AWS's: the tables above
            state = SQLSTATES[code.group(1)] if code else "01000" if level == "WARNING" else "58000"
            found.add((state if level == "ERROR" else "01000", message, part(inside, "errhint").replace("...", "…")))
        if name in HELPERS:
            function, code, message_at, hint_at, prefix = HELPERS[name]
            for match in re.finditer(rf"^\t+{function}\(", text, re.M):
                args, _ = arguments(text, match.end() - 1)
                message = words(args[message_at])
                if message:
                    found.add((SQLSTATES[code], prefix.replace("%s", "...") + message, words(args[hint_at])))
    return sorted(found)


def table():
    cell = lambda t: re.sub(r"\.\.\.", "…", t).replace("|", "\\|").strip()
    lines = ["| SQLSTATE | Message | Hint |", "| --- | --- | --- |"]
    return "\n".join(lines + [f"| `{state}` | {cell(message)} | {cell(hint)} |" for state, message, hint in errors()])


def main():
    path = TOP / "doc" / "errors.md"
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    path.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    sys.exit(main())
