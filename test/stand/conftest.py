"""The stand that test/check has started, driven by clients that we did not write."""
import pytest
from botocore.exceptions import ClientError

from stand_client import ADMIN, BUCKET, Stand, execute


@pytest.fixture(scope="session")
def the_stand():
    stand = Stand()
    s3 = stand.client("s3", ADMIN)
    for bucket in (BUCKET, "stand-data"):
        try:
            s3.create_bucket(Bucket=bucket)
        except ClientError:
            pass
    # what an earlier run has left
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="stand-data"):
        for found in page.get("Contents", []):
            s3.delete_object(Bucket="stand-data", Key=found["Key"])
    athena = stand.client("athena", ADMIN)
    execute(athena, "DROP DATABASE IF EXISTS stand CASCADE")
    execute(athena, "CREATE DATABASE stand")
    return stand


@pytest.fixture
def stand(the_stand):
    the_stand.reset()
    yield the_stand
    the_stand.reset()


@pytest.fixture
def athena(stand):
    return stand.client("athena")


@pytest.fixture
def s3(stand):
    return stand.client("s3")
