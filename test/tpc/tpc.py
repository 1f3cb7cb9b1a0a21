"""TPC-H and TPC-DS: data and query texts, from DuckDB's own generators.

The same rows go, as Parquet, into the stand's S3 and catalogue and, as heap
tables, into a PostgreSQL database: schemas tpch and tpcds hold foreign tables,
tpch_heap and tpcds_heap the copies.  Used by the tests beside this file and by
bench/tpc.
"""
import glob
import os
import site
import tempfile

import duckdb
from botocore.exceptions import ClientError

BUCKET = "tpc-data"
PARQUET = dict(
    InputFormat="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    OutputFormat="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    SerdeInfo={"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
)
GENERATE = {"tpch": "CALL dbgen(sf = {})", "tpcds": "CALL dsdgen(sf = {})"}
# what two of the texts need to end in time over heap tables
INDEXES = ["CREATE INDEX ON tpch_heap.lineitem (l_partkey, l_suppkey)"]


def connect(benchmark):
    """DuckDB with the generator of a benchmark."""
    db = duckdb.connect()
    found = [
        path
        for root in [*site.getsitepackages(), site.getusersitepackages()]
        for path in glob.glob(f"{root}/duckdb_extension_{benchmark}/extensions/*/{benchmark}.duckdb_extension")
    ]
    db.execute(f"LOAD '{found[0]}'")
    return db


def queries(benchmark):
    """{number: text}, unedited, without the semicolon."""
    db = connect(benchmark)
    found = db.execute(f"SELECT query_nr, query FROM {benchmark}_queries()").fetchall()
    return {number: text.strip().rstrip(";") for number, text in found}


def generate(benchmark, factor):
    """DuckDB with the tables filled."""
    db = connect(benchmark)
    db.execute(GENERATE[benchmark].format(factor))
    return db


def tables(db):
    names = [name for (name,) in db.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
    return {
        name: db.execute(
            "SELECT column_name, lower(data_type) FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [name]
        ).fetchall()
        for name in names
    }


def hive_type(type_):
    return {"integer": "int", "varchar": "string"}.get(type_, type_)


def postgres_type(type_):
    # as text is imported
    return {"varchar": 'text COLLATE "C"'}.get(type_, type_)


def to_catalogue(db, benchmark, s3, glue):
    """The tables as Parquet files of a database of that name."""
    try:
        s3.create_bucket(Bucket=BUCKET)
    except ClientError:
        pass  # it is there
    try:
        glue.create_database(DatabaseInput={"Name": benchmark})
    except ClientError:
        pass
    with tempfile.TemporaryDirectory() as tmp:
        for name, columns in tables(db).items():
            path = os.path.join(tmp, name)
            db.execute(f"COPY {name} TO '{path}' (FORMAT parquet)")
            with open(path, "rb") as f:
                s3.put_object(Bucket=BUCKET, Key=f"{benchmark}/{name}/0.parquet", Body=f.read())
            try:
                glue.delete_table(DatabaseName=benchmark, Name=name)
            except ClientError:
                pass
            (rows,) = db.execute(f"SELECT count(*) FROM {name}").fetchone()
            glue.create_table(
                DatabaseName=benchmark,
                TableInput=dict(
                    Name=name,
                    TableType="EXTERNAL_TABLE",
                    Parameters={"EXTERNAL": "TRUE", "numRows": str(rows)},
                    StorageDescriptor=dict(
                        Columns=[dict(Name=c, Type=hive_type(t)) for c, t in columns], Location=f"s3://{BUCKET}/{benchmark}/{name}/", **PARQUET
                    ),
                    PartitionKeys=[],
                ),
            )


def declare(db, conn, schema, foreign=None, rows=True):
    """Tables of the benchmark in a schema: heap, or foreign ones of a server."""
    conn.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
    for name, columns in tables(db).items():
        parts = ", ".join(f"{c} {postgres_type(t)}" for c, t in columns)
        if foreign:
            (n,) = db.execute(f"SELECT count(*) FROM {name}").fetchone()
            conn.execute(
                f"CREATE FOREIGN TABLE {schema}.{name} ({parts}) SERVER {foreign} OPTIONS (database '{schema}', rows '{n}')"
            )
            continue
        conn.execute(f"CREATE TABLE {schema}.{name} ({parts})")
        if rows:
            with tempfile.TemporaryDirectory() as tmp:
                path = os.path.join(tmp, "rows.csv")
                db.execute(f"COPY {name} TO '{path}' (FORMAT csv, HEADER false, NULLSTR '\\N')")
                with (
                    open(path, "rb") as file,
                    conn.cursor() as cursor,
                    cursor.copy(f"COPY {schema}.{name} FROM STDIN (FORMAT csv, NULL '\\N')") as copy,
                ):
                    while block := file.read(1 << 20):
                        copy.write(block)
    if not foreign and rows:
        for sql in INDEXES:
            if f" {schema}." in sql:
                conn.execute(sql)
        for name in tables(db):
            conn.execute(f"ANALYZE {schema}.{name}")


def scans(conn, sql):
    """(the remote statements of a plan, the kinds of its nodes)."""
    plan = conn.execute(f"EXPLAIN (VERBOSE, FORMAT JSON) {sql}").fetchone()[0][0]["Plan"]
    walk = lambda node: [node, *(n for p in node.get("Plans", []) for n in walk(p))]
    nodes = walk(plan)
    return [n["Remote SQL"] for n in nodes if "Remote SQL" in n], {n["Node Type"] for n in nodes}


def bag(rows):
    """Rows without their order; numerics without trailing zeros."""
    plain = lambda v: v.normalize() if hasattr(v, "normalize") else v
    return sorted((tuple(plain(v) for v in row) for row in rows), key=repr)
