"""doc/getting-started.md, followed to the letter on the stand."""
import pathlib
import re

import psycopg
import pytest
from botocore.exceptions import ClientError

from engine_fixtures import connect, rows
from stand_client import ADMIN, FULL

TEXT = (pathlib.Path(__file__).parents[2] / "doc" / "getting-started.md").read_text()
BUCKET = "acme-athena-results"


@pytest.fixture
def fresh(stand):
    """The bucket of step 1, the data of step 3, and a database without the extension's objects."""
    try:
        stand.client("s3", ADMIN).create_bucket(Bucket=BUCKET)
    except ClientError:
        pass
    import os

    settings = dict(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", autocommit=True)
    with psycopg.connect(dbname="postgres", **settings) as conn:
        conn.execute("DROP DATABASE IF EXISTS started")
        conn.execute("CREATE DATABASE started")
        conn.execute("DO $$ BEGIN CREATE ROLE ana; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    with psycopg.connect(dbname="started", **settings) as conn:
        yield conn
    with psycopg.connect(dbname="postgres", **settings) as conn:
        conn.execute("DROP DATABASE started")


def test_step_by_step(fresh, stand, admin):
    data = "\n".join(re.search(r"query editor:\n\n((?:    .*\n)+)", TEXT)[1].splitlines())
    admin("DROP DATABASE IF EXISTS demo CASCADE")
    for statement in data.split(";"):
        if statement.strip():
            admin(" ".join(statement.split()))
    sql = "".join(re.findall(r"```sql\n(.*?)```", TEXT, re.S))
    sql = sql.replace("eu-west-1", "us-east-1").replace(f"'{BUCKET}/postgres'", f"'{BUCKET}/postgres', endpoint '{stand.url}'")
    sql = sql.replace("access_key_id 'AKIA...', secret_access_key '...'", f"access_key_id '{FULL[0]}', secret_access_key '{FULL[1]}'")
    answers = {}
    for statement in re.sub(r"--.*", "", sql).split(";"):
        if statement.strip():
            cursor = fresh.execute(statement)
            answers[" ".join(statement.split())] = cursor.fetchall() if cursor.description else None
    assert all(ok for _, ok, _, _ in answers["SELECT step, ok, detail, hint FROM athena_check('lake')"])
    assert ("demo",) in answers["SELECT * FROM athena_databases('lake')"]
    assert answers["SELECT * FROM demo.cities WHERE country = 'pt'"] == [("Porto", "pt", 230000)]
    assert any("about $" in line for (line,) in answers["EXPLAIN (ANALYZE, VERBOSE) SELECT name FROM demo.cities WHERE inhabitants > 1000000"])
    fresh.execute("SET ROLE ana")
    assert rows(fresh, "SELECT count(*) FROM demo.cities") == [(3,)]
    fresh.execute("RESET ROLE; DROP OWNED BY ana")
