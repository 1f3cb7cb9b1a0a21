"""Puts a small shop into S3 and the Glue catalogue of an endpoint.

    python dataset.py ENDPOINT [BUCKET [KEY SECRET]]

Database "sales": customers and orders (Parquet, orders partitioned by dt, some
25,000 rows), products (CSV), and "odd" names and types for the tests.  The data
are the same at every run.  Used by test/demo, test/check and bench.
"""
import os
import sys
import tempfile

import boto3
import duckdb

KEY = ("TESTKEY0000000000001", "not-a-secret")
DATA_BUCKET = "shop-data"
PARQUET = dict(
    InputFormat="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    OutputFormat="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    SerdeInfo={"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
)
CSV = dict(
    InputFormat="org.apache.hadoop.mapred.TextInputFormat",
    OutputFormat="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    SerdeInfo={
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"separatorChar": ",", "quoteChar": '"'},
    },
)

CUSTOMERS = """
    SELECT i::BIGINT AS customer_id,
           'Customer ' || i AS name,
           CASE WHEN i % 7 = 0 THEN NULL ELSE 'c' || i || '@example.com' END AS email,
           ['north', 'south', 'east', 'west'][1 + i % 4] AS region,
           DATE '2020-01-01' + (i * 3)::INTEGER AS since,
           i % 10 = 0 AS vip
    FROM range(1, 501) t(i)
"""
ORDERS = """
    SELECT i::BIGINT AS order_id,
           (1 + i * 7919 % 500)::BIGINT AS customer_id,
           ['new', 'paid', 'shipped', 'returned'][1 + (i // 3) % 4] AS status,
           ((i * 37 % 100000) / 100)::DECIMAL(12, 2) AS total,
           CASE WHEN i % 50 = 0 THEN NULL ELSE (i % 997) / 8.0 END::DOUBLE AS weight,
           TIMESTAMP '2026-01-01 00:00:00' + INTERVAL (i * 19) MINUTE AS placed_at,
           list_slice(['gift', 'express', 'fragile'], 1, i % 4) AS tags,
           {'city': 'City ' || (i % 90), 'zip': lpad((i % 99999)::VARCHAR, 5, '0')} AS address,
           date_trunc('month', TIMESTAMP '2026-01-01' + INTERVAL (i * 19) MINUTE)::DATE AS dt
    FROM range(1, 25001) t(i)
"""
PRODUCTS = """
    SELECT i::INTEGER AS product_id,
           'Product "' || i || '", size ' || (i % 5) AS title,
           round(i * 1.25, 2)::DOUBLE AS price,
           i % 3 <> 0 AS in_stock
    FROM range(1, 201) t(i)
"""
# one row a case; what the emulator can hold
TYPES = """
    SELECT * FROM (VALUES
      (1, true, 127::TINYINT, 32767::SMALLINT, 2147483647::INTEGER, 9223372036854775807::BIGINT,
       1.5::FLOAT, 1e300::DOUBLE, 123.45::DECIMAL(10, 2), 'plain', DATE '2026-10-10',
       TIMESTAMP '2026-10-10 12:34:56.789', TIME '12:34:56.123', [1, 2, NULL], {'a': 1, 'b': 'x'}),
      (2, false, (-128)::TINYINT, (-32768)::SMALLINT, (-2147483648)::INTEGER, (-9223372036854775808)::BIGINT,
       (-0.0)::FLOAT, 'NaN'::DOUBLE, (-0.01)::DECIMAL(10, 2), '', DATE '0001-01-01',
       TIMESTAMP '1969-12-31 23:59:59.999', TIME '00:00:00', [], {'a': NULL, 'b': NULL}),
      (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (4, true, 0::TINYINT, 0::SMALLINT, 0::INTEGER, 0::BIGINT, 'Infinity'::FLOAT, '-Infinity'::DOUBLE,
       0.00::DECIMAL(10, 2), 'quote " apostrophe '' backslash \\ tab\t newline\n ünïcödé 🐘', DATE '9999-12-31',
       TIMESTAMP '9999-12-31 23:59:59', TIME '23:59:59.999999', [7], {'a': 2, 'b': 'y"z'})
    ) t(id, b, i1, i2, i4, i8, f4, f8, n, s, d, ts, t, ints, obj)
"""


def column(name, type_, comment=None):
    return dict(Name=name, Type=type_, **({"Comment": comment} if comment else {}))


def put_table(glue, database, name, location, columns, storage, partitions=(), description="", parameters=None):
    table = dict(
        Name=name,
        TableType="EXTERNAL_TABLE",
        Parameters={"EXTERNAL": "TRUE", **(parameters or {})},
        StorageDescriptor=dict(Columns=columns, Location=location, **storage),
        PartitionKeys=list(partitions),
    )
    if description:
        table["Description"] = description
    glue.create_table(DatabaseName=database, TableInput=table)


def main(endpoint, results_bucket="athena-results", key=KEY[0], secret=KEY[1]):
    args = dict(endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret)
    s3 = boto3.client("s3", **args)
    glue = boto3.client("glue", **args)
    s3.create_bucket(Bucket=DATA_BUCKET)
    s3.create_bucket(Bucket=results_bucket)
    for database in ("sales", "odd", "empty"):
        glue.create_database(DatabaseInput={"Name": database})

    with tempfile.TemporaryDirectory() as tmp:
        db = duckdb.connect()

        def upload(sql, key, options):
            path = os.path.join(tmp, "file")
            db.execute(f"COPY ({sql}) TO '{path}' ({options})")
            with open(path, "rb") as f:
                s3.put_object(Bucket=DATA_BUCKET, Key=key, Body=f.read())

        upload(CUSTOMERS, "customers/part-0.parquet", "FORMAT parquet")
        db.execute(f"CREATE TABLE orders AS {ORDERS}")
        months = [str(dt) for (dt,) in db.execute("SELECT DISTINCT dt FROM orders ORDER BY 1").fetchall()]
        for dt in months:
            upload(
                f"SELECT * EXCLUDE (dt) FROM orders WHERE dt = DATE '{dt}' ORDER BY order_id",
                f"orders/dt={dt}/part-0.parquet",
                "FORMAT parquet",
            )
        upload(PRODUCTS, "products/part-0.csv", "FORMAT csv, HEADER false")
        upload(TYPES, "types/part-0.parquet", "FORMAT parquet")

    put_table(
        glue, "sales", "customers", f"s3://{DATA_BUCKET}/customers/",
        [
            column("customer_id", "bigint"), column("name", "string"),
            column("email", "string", "where we write to"), column("region", "string"),
            column("since", "date"), column("vip", "boolean"),
        ],
        PARQUET, description="Who buys from us", parameters={"numRows": "500"},
    )
    put_table(
        glue, "sales", "orders", f"s3://{DATA_BUCKET}/orders/",
        [
            column("order_id", "bigint"), column("customer_id", "bigint"), column("status", "string"),
            column("total", "decimal(12,2)"), column("weight", "double"), column("placed_at", "timestamp"),
            column("tags", "array<string>"), column("address", "struct<city:string,zip:string>"),
        ],
        PARQUET, partitions=[column("dt", "date", "first day of the month")],
    )
    glue.batch_create_partition(
        DatabaseName="sales", TableName="orders",
        PartitionInputList=[
            dict(Values=[dt], StorageDescriptor=dict(Columns=[], Location=f"s3://{DATA_BUCKET}/orders/dt={dt}/", **PARQUET)) for dt in months
        ],
    )
    put_table(
        glue, "sales", "products", f"s3://{DATA_BUCKET}/products/",
        [
            column("product_id", "int"), column("title", "string"), column("price", "double"),
            column("in_stock", "boolean"),
        ],
        CSV,
    )
    put_table(
        glue, "odd", "types", f"s3://{DATA_BUCKET}/types/",
        [
            column("id", "int"), column("b", "boolean"), column("i1", "tinyint"), column("i2", "smallint"),
            column("i4", "int"), column("i8", "bigint"), column("f4", "float"), column("f8", "double"),
            column("n", "decimal(10,2)"), column("s", "string"), column("d", "date"), column("ts", "timestamp"),
            column("t", "time"), column("ints", "array<int>"), column("obj", "struct<a:int,b:string>"),
        ],
        PARQUET,
    )
    put_table(
        glue, "odd", "order", f"s3://{DATA_BUCKET}/nothing/",
        [
            column("select", "int"), column("with space", "string"), column("ctid", "bigint"),
            column("UPPER", "string"), column("x" * 70, "int"), column("nested", "MAP<string, array<struct<a: int>>>"),
            column("vc", "varchar(10)"), column("c", "char(3)"), column("bin", "binary"), column("dec", "decimal"),
        ],
        PARQUET, partitions=[column("part", "string")], description="It's odd",
    )
    put_table(
        glue, "odd", "unmappable", f"s3://{DATA_BUCKET}/nothing/",
        [column("a", "int"), column("u", "uniontype<int,string>")], PARQUET,
    )
    put_table(
        glue, "odd", "iceberg", f"s3://{DATA_BUCKET}/nothing/",
        [
            column("a", "int"),
            dict(Name="gone", Type="string", Parameters={"iceberg.field.current": "false"}),
            column("at", "timestamp"),
        ],
        PARQUET, parameters={"table_type": "ICEBERG"},
    )
    glue.create_table(
        DatabaseName="odd",
        TableInput=dict(
            Name="a_view", TableType="VIRTUAL_VIEW", Parameters={"presto_view": "true"},
            ViewOriginalText="/* Presto View: e30= */", ViewExpandedText="/* Presto View */",
            StorageDescriptor=dict(Columns=[column("n", "bigint")], Location=""),
        ),
    )
    # what the tests of cleaning up find: two results, and what must stay
    for name in ("0b1f2c3d-1111-4222-8333-abcdefabcdef.csv", "0b1f2c3d-1111-4222-8333-abcdefabcdef.csv.metadata", "report.csv",
                 "tables/0b1f2c3d-1111-4222-8333-abcdefabcdef/data"):
        s3.put_object(Bucket=results_bucket, Key="regress-cleanup/" + name, Body=b"0123456789")
    if key == KEY[0]:  # the stand has its own
        athena = boto3.client("athena", **args)
        for name, configuration in (
            ("located", {"ResultConfiguration": {"OutputLocation": f"s3://{results_bucket}/located/"}}),
            ("enforced", {"ResultConfiguration": {"OutputLocation": f"s3://{results_bucket}/enforced/"}, "EnforceWorkGroupConfiguration": True}),
            ("disabled", {}),
        ):
            athena.create_work_group(Name="athena_regress_" + name, Configuration=configuration)
        athena.update_work_group(WorkGroup="athena_regress_disabled", State="DISABLED")


if __name__ == "__main__":
    main(*sys.argv[1:])
