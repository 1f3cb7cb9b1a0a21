"""README's reference against the code: every option, setting and function, and no other."""
import re

from conftest import TOP

README = (TOP / "README.md").read_text()


def section(title):
    return README.partition(f"### {title}\n")[2].partition("\n###")[0]


def listed(title):
    return re.findall(r"^\| `([a-z0-9_.]+)[`(]", section(title), re.M)


def test_options():
    code = re.findall(r'\{"(\w+)", (SERVER|MAPPING|TABLE|COLUMN),', (TOP / "src/storage/options.c").read_text())
    for place, title in (("SERVER", "Server options"), ("MAPPING", "User mapping options"), ("TABLE", "Foreign table options"), ("COLUMN", "Column options")):
        assert listed(title) == [name for name, p in code if p == place]


def test_import_options():
    code = re.search(r"Valid options of IMPORT FOREIGN SCHEMA are: (.*?)\.\"", (TOP / "src/storage/import.c").read_text(), re.S)
    assert listed("IMPORT FOREIGN SCHEMA") == re.findall(r"\w+", code.group(1).replace('"', " "))


def test_settings():
    code = re.findall(r'DefineCustom\w+\(\s*"([a-z0-9_.]+)"', (TOP / "athena_fdw.c").read_text())
    # those for our own tests are hidden, and doc/internals.md's
    assert listed("Settings") == [name for name in code if not name.startswith("athena_fdw.debug_")]


def test_functions():
    sql = (TOP / "athena_fdw--0.1.sql").read_text()
    code = [f for f in re.findall(r"CREATE FUNCTION (\w+)\(", sql) if not f.startswith("athena_fdw_")]
    assert listed("Functions") == list(dict.fromkeys(code))


def test_the_defaults_are_true():
    code = dict(re.findall(r"#define DEFAULT_(\w+) \"?(\w+)\"?", (TOP / "src/storage/settings.c").read_text() + (TOP / "src/storage/storage.h").read_text()))
    row = lambda name: re.search(rf"^\| `{name}` \|[^|]*\| `?(\w+?)s?`? \|", section("Server options"), re.M).group(1)
    for name in ("connect_timeout", "request_timeout", "max_retries", "fetch_size"):
        assert row(name) == code[name.upper()]
    assert row("catalog") == code["CATALOG"]


def test_errors():
    """doc/errors.md lists every error of the code: python test/unit/errors_doc.py writes it."""
    import errors_doc

    text = (TOP / "doc/errors.md").read_text()
    assert text.partition(errors_doc.BEGIN)[2].partition(errors_doc.END)[0].strip() == errors_doc.table()
    assert len(errors_doc.errors()) > 80


def test_permissions():
    """doc/permissions.md has policies that are JSON, and together no action but the README's and those called "more"."""
    import json

    text = (TOP / "doc/permissions.md").read_text()
    allowed = set(re.findall(r'"(\w+:\w+)"', README.partition('"Action": [')[2].partition("]")[0]))
    used = set()
    for policy in re.findall(r"```json\n(.*?)```", text, re.S):
        for statement in json.loads(policy)["Statement"]:
            actions = statement["Action"]
            used |= {actions} if isinstance(actions, str) else set(actions)
    assert used == allowed


def test_links():
    for path in [TOP / "README.md", *(TOP / "doc").glob("*.md")]:
        for target, _, anchor in (t.partition("#") for t in re.findall(r"\]\((?!https?:)([^)]*)\)", path.read_text())):
            other = path if not target else (path.parent / target)
            assert other.exists(), (path.name, target)
            if anchor:
                headings = [re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", other.read_text(), re.M)]
                assert anchor in headings, (path.name, target, anchor)


def test_pushdown():
    """doc/pushdown.md lists the catalogue of functions: python test/unit/pushdown_doc.py writes it."""
    import pushdown_doc

    text = (TOP / "doc/pushdown.md").read_text()
    assert text.partition(pushdown_doc.BEGIN)[2].partition(pushdown_doc.END)[0].strip() == pushdown_doc.table()
    code = (TOP / "src/planner/translate_call.c").read_text()
    assert len(pushdown_doc.functions()) > 40 and all(note for _, _, note in pushdown_doc.functions())
