"""What statements leave behind: result objects, tables, files, update counts."""
import gzip
import io
import time

import pyarrow.parquet
import pytest
from botocore.exceptions import ClientError

from stand_client import BUCKET, Failed, execute, fetch, texts


def content(s3, url):
    bucket, key = url[5:].split("/", 1)
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def location(execution):
    return execution["ResultConfiguration"]["OutputLocation"]


def value(athena, sql, **more):
    return fetch(athena, sql, **more)[1][0]


# ---------- values ----------


@pytest.mark.parametrize(
    "sql, text",
    [
        ("DOUBLE '1'", "1.0"), ("DOUBLE '0.001'", "0.001"), ("DOUBLE '0.0001'", "1.0E-4"), ("DOUBLE '9999999'", "9999999.0"),
        ("DOUBLE '10000000'", "1.0E7"), ("DOUBLE '123456789.125'", "1.23456789125E8"), ("DOUBLE '-1e-300'", "-1.0E-300"),
        ("DOUBLE '-0'", "-0.0"), ("DOUBLE '5e-324'", "4.9E-324"), ("DOUBLE '1.7976931348623157e308'", "1.7976931348623157E308"),
        ("REAL '0.1'", "0.1"), ("REAL '16777216'", "1.6777216E7"), ("REAL '3.4028235e38'", "3.4028235E38"), ("REAL '1e-45'", "1.4E-45"),
        ("X''", ""), ("X'DEADBEEF'", "de ad be ef"), ("DECIMAL '-0.10'", "-0.10"), ("CHAR 'ab'", "ab"), ("CAST('ab' AS char(4))", "ab  "),
        ("TIMESTAMP '2026-01-01 00:00:00.123456789012'", "2026-01-01 00:00:00.123456789012"), ("INTERVAL '-1' DAY", "-1 00:00:00.000"),
        ("INTERVAL '-14' MONTH", "-1-2"), ("MAP(ARRAY[10, 9], ARRAY['a', NULL])", "{9=null, 10=a}"),
        ("ARRAY[ROW(1, 'x'), NULL]", "[{1, x}, null]"), ("IPADDRESS '2001:db8::1'", "2001:db8::1"),
        ("U&'\\+01F418'", "\N{ELEPHANT}"), ("JSON '{\"a\": [1, null]}'", '{"a":[1,null]}'), ("DATE '9999-12-31'", "9999-12-31"),
    ],
)
def test_text_of_values(athena, sql, text):
    shown = value(athena, f"SELECT {sql}")
    assert shown == text or (sql in ("DOUBLE '5e-324'", "REAL '1e-45'") and float(shown) == float(text))


def test_the_object_of_a_query(athena, s3):
    execution = execute(athena, """SELECT * FROM (VALUES (1, 'a"b', CAST(NULL AS varchar), ''), (2, 'c
d,', 'x', NULL)) t(i, s, n, empty) ORDER BY i""")
    assert location(execution).endswith(f"{execution['QueryExecutionId']}.csv")
    assert content(s3, location(execution)) == b'"i","s","n","empty"\n"1","a""b",,""\n"2","c\nd,","x",\n'
    assert texts(athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])) == [
        ["i", "s", "n", "empty"], ["1", 'a"b', None, ""], ["2", "c\nd,", "x", None]]
    bucket, key = location(execution)[5:].split("/", 1)
    head = s3.head_object(Bucket=bucket, Key=key)
    whole = content(s3, location(execution))
    assert head["ContentLength"] == len(whole)
    part = s3.get_object(Bucket=bucket, Key=key, Range="bytes=4-9", IfMatch=head["ETag"])
    assert part["Body"].read() == whole[4:10] and part["ContentRange"] == f"bytes 4-9/{len(whole)}"
    with pytest.raises(ClientError) as e:
        s3.get_object(Bucket=bucket, Key=key, IfMatch='"other"')
    assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    with pytest.raises(ClientError) as e:
        s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={len(whole)}-")
    assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] == 416
    prefix = key.rsplit("/", 1)[0] + "/"
    assert key in [o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": 3}) for o in page["Contents"]]
    assert {"Prefix": prefix} in s3.list_objects_v2(Bucket=bucket, Delimiter="/")["CommonPrefixes"]
    s3.delete_object(Bucket=bucket, Key=key)
    with pytest.raises(ClientError):
        s3.head_object(Bucket=bucket, Key=key)
    with pytest.raises(ClientError, match="Could not find results"):
        athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])


# ---------- statements ----------


def test_hive_tables(athena, s3):
    execute(athena, "DROP TABLE IF EXISTS stand.t")
    created = execute(athena, "CREATE EXTERNAL TABLE stand.t (`a` int COMMENT 'one', b array<struct<x:int,y:string>>) COMMENT 'c' STORED AS PARQUET LOCATION 's3://stand-data/t/'")
    assert (created["StatementType"], created["SubstatementType"]) == ("DDL", "CREATE_TABLE") and location(created).endswith(".txt")
    assert content(s3, location(created)) == b""
    with pytest.raises(Failed, match="AlreadyExistsException"):
        execute(athena, "CREATE EXTERNAL TABLE stand.t (a int) LOCATION 's3://stand-data/t/'")
    execute(athena, "CREATE EXTERNAL TABLE IF NOT EXISTS stand.t (a int) LOCATION 's3://stand-data/t/'")
    inserted = execute(athena, "INSERT INTO stand.t VALUES (1, ARRAY[CAST(ROW(2, 'z') AS ROW(x integer, y varchar))]), (2, NULL)")
    page = athena.get_query_results(QueryExecutionId=inserted["QueryExecutionId"])
    assert page["UpdateCount"] == 2 and page["ResultSet"]["Rows"] == [] and not location(inserted).endswith(".csv")
    assert [c["Name"] for c in page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]] == ["rows"]
    assert inserted["Statistics"]["DataManifestLocation"].endswith("-manifest.csv")
    assert sorted(fetch(athena, "SELECT * FROM stand.t")) == [["1", "[{x=2, y=z}]"], ["2", None], ["a", "b"]]
    with pytest.raises(Failed, match="NOT_SUPPORTED"):
        execute(athena, "UPDATE stand.t SET a = 3")
    execute(athena, "ALTER TABLE stand.t ADD COLUMNS (c double)")
    assert fetch(athena, "DESCRIBE stand.t")[2] == [f"{'c':<20}\t{'double':<20}\t{'':<20}"]
    assert [r[0].strip() for r in fetch(athena, "SHOW COLUMNS IN stand.t")] == ["a", "b", "c"]
    assert ["t"] in fetch(athena, "SHOW TABLES IN stand")
    assert fetch(athena, "SHOW TABLES IN stand 'nosuch*'") == []
    execute(athena, "DROP TABLE stand.t")
    with pytest.raises(Failed, match="TABLE_NOT_FOUND"):
        execute(athena, "SELECT * FROM stand.t")
    execute(athena, "CREATE EXTERNAL TABLE stand.t (a int) STORED AS PARQUET LOCATION 's3://stand-data/t/'")
    assert len(fetch(athena, "SELECT a FROM stand.t")) == 3, "the files of a dropped external table stay"


@pytest.mark.parametrize(
    "name, clause, data, rows",
    [
        ("lazy", "ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' STORED AS TEXTFILE", b"1,x\n2,\\N\n", [["1", "x"], ["2", None]]),
        ("tabs", "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' LINES TERMINATED BY '\\n'", b"1\tx,y\n", [["1", "x,y"]]),
        ("csv", "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES ('separatorChar' = ';', 'quoteChar' = '\"')",
         b'1;"x;""y"\n', [["1", 'x;"y']]),
        ("json", "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'", b'{"a": 1, "b": "x"}\n{"a": 2, "b": null}\n', [["1", "x"], ["2", None]]),
        ("hivejson", "ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'", b'{"a": 1, "b": "x"}\n', [["1", "x"]]),
    ],
)
def test_serdes(stand, athena, s3, name, clause, data, rows):
    s3.put_object(Bucket="stand-data", Key=f"serde-{name}/data", Body=data)
    execute(athena, f"DROP TABLE IF EXISTS stand.serde_{name}")
    execute(athena, f"CREATE EXTERNAL TABLE stand.serde_{name} (a int, b string) {clause} LOCATION 's3://stand-data/serde-{name}/'")
    assert fetch(athena, f"SELECT * FROM stand.serde_{name} ORDER BY a")[1:] == rows


def test_partitions(stand, athena, s3):
    execute(athena, "DROP TABLE IF EXISTS stand.p")
    execute(athena, "CREATE EXTERNAL TABLE stand.p (a int) PARTITIONED BY (k string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://stand-data/p/'")
    for k in "xy":
        s3.put_object(Bucket="stand-data", Key=f"p/k={k}/data", Body=b"1\n")
    assert len(fetch(athena, "SELECT * FROM stand.p")) == 1
    execute(athena, "ALTER TABLE stand.p ADD IF NOT EXISTS PARTITION (k = 'x')")
    assert fetch(athena, "SELECT * FROM stand.p") == [["a", "k"], ["1", "x"]]
    execute(athena, "MSCK REPAIR TABLE stand.p")
    assert sorted(fetch(athena, "SHOW PARTITIONS stand.p")) == [["k=x"], ["k=y"]]
    execute(athena, "ALTER TABLE stand.p DROP PARTITION (k = 'x')")
    assert fetch(athena, "SELECT * FROM stand.p") == [["a", "k"], ["1", "y"]]


def test_iceberg(athena):
    execute(athena, "DROP TABLE IF EXISTS stand.ice")
    execute(athena, "CREATE TABLE stand.ice (id int, ts timestamp, s struct<a:int,b:array<string>>, p string) PARTITIONED BY (p, bucket(4, id)) LOCATION 's3://stand-data/ice/' TBLPROPERTIES ('table_type'='ICEBERG')")
    assert execute(athena, "INSERT INTO stand.ice VALUES (1, TIMESTAMP '2026-01-01 00:00:00.123456', NULL, 'x'), (2, NULL, NULL, 'y')")["SubstatementType"] == "INSERT"

    def count(sql):
        execution = execute(athena, sql)
        assert location(execution).endswith(".csv")
        return athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["UpdateCount"]

    assert count("UPDATE stand.ice SET p = 'z' WHERE id = 1") == 1
    assert count("DELETE FROM stand.ice WHERE id = 2") == 1
    assert count("MERGE INTO stand.ice t USING (VALUES (1, 'm'), (3, 'n')) s(id, p) ON t.id = s.id WHEN MATCHED THEN UPDATE SET p = s.p WHEN NOT MATCHED THEN INSERT (id, p) VALUES (s.id, s.p)") == 2
    assert fetch(athena, "SELECT id, ts, p FROM stand.ice ORDER BY id") == [["id", "ts", "p"], ["1", "2026-01-01 00:00:00.123456", "m"], ["3", None, "n"]]
    execute(athena, "ALTER TABLE stand.ice ADD COLUMNS (more bigint)")
    execute(athena, "ALTER TABLE stand.ice DROP COLUMN s")
    assert fetch(athena, "SELECT * FROM stand.ice ORDER BY id")[0] == ["id", "ts", "p", "more"]
    execute(athena, "DROP TABLE stand.ice")


def test_views_and_tables_as_select(stand, athena, s3):
    execute(athena, "DROP TABLE IF EXISTS stand.made")
    made = execute(athena, "CREATE TABLE stand.made WITH (format='PARQUET', write_compression='SNAPPY') AS SELECT 1 AS id, 'x' AS s")
    assert (made["StatementType"], made["SubstatementType"]) == ("DDL", "CREATE_TABLE_AS_SELECT")
    assert location(made).endswith(f"/tables/{made['QueryExecutionId']}")
    assert fetch(athena, "SELECT * FROM stand.made") == [["id", "s"], ["1", "x"]]
    assert athena.get_query_results(QueryExecutionId=made["QueryExecutionId"])["UpdateCount"] == 1
    with pytest.raises(Failed, match="already exists"):
        execute(athena, "CREATE TABLE stand.made AS SELECT 1 AS id")
    execute(athena, "DROP TABLE IF EXISTS stand.made_ice")
    execute(athena, "CREATE TABLE stand.made_ice WITH (table_type='ICEBERG', location='s3://stand-data/made_ice/', is_external=false) AS SELECT UUID '12345678-1234-5678-1234-567812345678' AS u")
    assert value(athena, "SELECT u FROM stand.made_ice") == "12345678-1234-5678-1234-567812345678"
    execute(athena, "CREATE OR REPLACE VIEW stand.v AS SELECT id + 1 AS next FROM stand.made")
    assert fetch(athena, "SELECT * FROM stand.v") == [["next"], ["2"]]
    assert "CREATE VIEW" in fetch(athena, "SHOW CREATE VIEW stand.v")[0][0]
    view = stand.client("glue").get_table(DatabaseName="stand", Name="v")["Table"]
    assert view["TableType"] == "VIRTUAL_VIEW" and view["ViewOriginalText"].startswith("/* Presto View: ") and view["Parameters"]["presto_view"] == "true"
    execute(athena, "DROP VIEW stand.v")


@pytest.mark.parametrize("format", ["PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE"])
def test_unload(athena, s3, format):
    target = f"s3://stand-data/unload-{format.lower()}-{time.time_ns()}/"
    execution = execute(athena, f"UNLOAD (SELECT n, 'v' || cast(n AS varchar) AS s FROM UNNEST(sequence(1, 100)) t(n)) TO '{target}' WITH (format = '{format}')", "stand")
    assert athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["UpdateCount"] == 100
    files = content(s3, execution["Statistics"]["DataManifestLocation"]).decode().split()
    assert files and all(f.startswith(target) for f in files)
    if format == "PARQUET":
        rows = [r for f in files for r in pyarrow.parquet.read_table(io.BytesIO(content(s3, f))).to_pylist()]
        assert sorted(r["n"] for r in rows) == list(range(1, 101)) and rows[0]["s"] == f"v{rows[0]['n']}"
    if format == "TEXTFILE":
        lines = b"".join(gzip.decompress(content(s3, f)) for f in files).decode().splitlines()
        assert sorted(lines) == sorted(f"{n}\x01v{n}" for n in range(1, 101))
    with pytest.raises(Failed, match="already exists"):
        execute(athena, f"UNLOAD (SELECT 1 AS n) TO '{target}' WITH (format = '{format}')", "stand")
    with pytest.raises(Failed, match="[Cc]olumn name not specified|MISSING_COLUMN_NAME"):
        execute(athena, f"UNLOAD (SELECT 1) TO '{target}x/' WITH (format = '{format}')", "stand")
    tables = {t[0] for t in fetch(athena, "SHOW TABLES IN stand")}
    assert not any(t.startswith("unload_") for t in tables)


def test_explain_and_metadata(athena, s3):
    plan = execute(athena, "EXPLAIN SELECT 1")
    assert (plan["StatementType"], plan["SubstatementType"]) == ("DML", "EXPLAIN") and location(plan).endswith(".txt")
    page = athena.get_query_results(QueryExecutionId=plan["QueryExecutionId"])
    assert texts(page)[:2] == [["Query Plan"], ["Fragment 0 [SINGLE]"]] and texts(page)[-3:] == [[""]] * 3
    assert texts(athena.get_query_results(QueryExecutionId=execute(athena, "EXPLAIN (TYPE VALIDATE) SELECT 1")["QueryExecutionId"])) == [["Valid"], ["true"], [""]]
    assert fetch(athena, "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'nosuch'") == [["column_name", "data_type"]]
    assert fetch(athena, "SHOW FUNCTIONS")[0][0] == "Function"
    assert ["stand"] in fetch(athena, "SHOW DATABASES")
    assert {"CatalogName": "AwsDataCatalog", "Type": "GLUE"} in [{k: c[k] for k in ("CatalogName", "Type")} for c in athena.list_data_catalogs()["DataCatalogsSummary"]]
    assert athena.get_data_catalog(Name="AwsDataCatalog")["DataCatalog"]["Type"] == "GLUE"
    assert athena.get_database(CatalogName="AwsDataCatalog", DatabaseName="stand")["Database"]["Name"] == "stand"
    assert "stand" in [d["Name"] for d in athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]]
    assert fetch(athena, "SELECT ?, ?", ExecutionParameters=["42", "abc"])[1] == ["42", "abc"]
    execute(athena, "CREATE DATABASE IF NOT EXISTS stand_other COMMENT 'x'")
    execute(athena, "DROP DATABASE stand_other")


# ---------- workgroups ----------


def test_workgroups(athena):
    enforced = execute(athena, "SELECT 1", WorkGroup="enforced")
    assert location(enforced).startswith(f"s3://{BUCKET}/enforced/")
    with pytest.raises(ClientError, match="external_location"):
        execute(athena, "CREATE TABLE stand.w WITH (external_location='s3://stand-data/w/') AS SELECT 1 AS a", WorkGroup="enforced")
    located = execute(athena, "SELECT 1", location=None, WorkGroup="located")
    assert location(located).startswith(f"s3://{BUCKET}/of-the-workgroup/")
    assert location(execute(athena, "SELECT 1", WorkGroup="located")).startswith(f"s3://{BUCKET}/tests/")
    managed = execute(athena, "SELECT 1 AS a", location=None, WorkGroup="managed")
    assert "OutputLocation" not in managed["ResultConfiguration"]
    assert texts(athena.get_query_results(QueryExecutionId=managed["QueryExecutionId"])) == [["a"], ["1"]]


def test_a_workgroup_that_limits_the_bytes(athena):
    execute(athena, "DROP TABLE IF EXISTS stand.big")
    execute(athena, "CREATE TABLE stand.big WITH (format='TEXTFILE', write_compression='NONE') AS SELECT comment, orderkey, clerk FROM tpch.sf1.orders LIMIT 400000")
    assert execute(athena, "SELECT 1", WorkGroup="cutoff")["Status"]["State"] == "SUCCEEDED"
    with pytest.raises(Failed, match="Bytes scanned limit was exceeded"):
        execute(athena, "SELECT count(*), max(a.comment || b.comment) FROM stand.big a JOIN stand.big b ON a.clerk = b.clerk", WorkGroup="cutoff")


def test_reuse(stand, athena):
    reuse = {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}}
    first = execute(athena, "SELECT 'reused' AS a", **reuse)
    second = execute(athena, "SELECT 'reused' AS a", **reuse)
    assert first["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] is False
    assert second["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] is True
    assert second["QueryExecutionId"] != first["QueryExecutionId"] and location(second) == location(first)
    assert texts(athena.get_query_results(QueryExecutionId=second["QueryExecutionId"])) == [["a"], ["reused"]]
