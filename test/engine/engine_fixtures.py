"""The extension over the stand: a real cluster, Athena's API, Athena's engine."""
import os
import pathlib
import sys

import psycopg
import pytest
from botocore.exceptions import ClientError

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "stand"))

from stand_client import ADMIN, BUCKET, FULL, Stand, execute  # noqa: E402

DATA = "engine-data"


def connect(**kwargs):
    return psycopg.connect(
        host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", dbname="engine", autocommit=True, **kwargs
    )


def create_server(conn, url, name="lake", key=FULL, options=""):
    conn.execute(f"DROP SERVER IF EXISTS {name} CASCADE")
    conn.execute(f"CREATE SERVER {name} FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1', output_bucket '{BUCKET}/engine', endpoint '{url}'{options})")
    token = f", session_token '{key[2]}'" if len(key) > 2 else ""
    conn.execute(f"CREATE USER MAPPING FOR postgres SERVER {name} OPTIONS (access_key_id '{key[0]}', secret_access_key '{key[1]}'{token})")


@pytest.fixture(scope="session")
def the_stand():
    stand = Stand()
    s3 = stand.client("s3", ADMIN)
    for bucket in (BUCKET, DATA):
        try:
            s3.create_bucket(Bucket=bucket)
        except ClientError:
            pass  # it is there
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=DATA):
        for found in page.get("Contents", []):
            s3.delete_object(Bucket=DATA, Key=found["Key"])
    athena = stand.client("athena", ADMIN)
    execute(athena, "DROP DATABASE IF EXISTS engine CASCADE")
    execute(athena, "CREATE DATABASE engine")
    return stand


@pytest.fixture(scope="session")
def database(the_stand):
    with psycopg.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user="postgres", dbname="postgres", autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS engine")
        conn.execute("CREATE DATABASE engine")
    with connect() as conn:
        conn.execute("CREATE EXTENSION athena_fdw")


@pytest.fixture
def stand(the_stand):
    the_stand.reset()
    yield the_stand
    the_stand.reset()


@pytest.fixture(scope="session")
def admin(the_stand):
    """Runs a statement with a key that may do everything."""
    athena = the_stand.client("athena", ADMIN)
    return lambda sql, **more: execute(athena, sql, "engine", **more)


@pytest.fixture
def conn(stand, database):
    with connect() as conn:
        conn.execute("SET client_min_messages = warning; SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'")
        create_server(conn, stand.url)
        yield conn


def rows(conn, sql, *args, **more):
    return conn.execute(sql, *args, **more).fetchall()


def error(conn, sql):
    """The diagnostics of a statement that must fail."""
    with pytest.raises(psycopg.Error) as e:
        conn.execute(sql).fetchall()
    return e.value.diag


def quoted(text):
    return "'" + text.replace("'", "''") + "'"
