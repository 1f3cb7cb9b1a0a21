"""What the stand itself reaches, so that it is known not to be the bottleneck.

    python bench/stand.py [MILLION ROWS]     the stand's address: see bench/stand

Rows of 4 columns: into a result, out by pages, out as an object in S3; and the
server's resident memory.
"""
import http.client
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "test" / "stand"))

from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402

from stand_client import ADMIN, BUCKET, FULL, Stand, execute  # noqa: E402

PAGES = 400_000  # rows to fetch by pages


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


def by_pages(stand, id, rows):
    """Rows a second, by a client that does nothing with them."""
    connection, token, got, began = http.client.HTTPConnection(stand.url[7:]), None, 0, time.time()
    while got < rows:
        data = json.dumps({"QueryExecutionId": id, **({"NextToken": token} if token else {})}).encode()
        request = AWSRequest("POST", stand.url + "/", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonAthena.GetQueryResults"}, data)
        SigV4Auth(Credentials(*FULL), "athena", "us-east-1").add_auth(request)
        connection.request("POST", "/", data, dict(request.headers))
        body = connection.getresponse().read()
        at = body.find(b'"NextToken":"')
        got += 1000
        if at < 0:
            break
        token = body[at + 13 : body.index(b'"', at + 13)].decode()
    return got / (time.time() - began)


def main(millions):
    stand = Stand()
    stand.client("s3", ADMIN).create_bucket(Bucket=BUCKET)
    pid = int((pathlib.Path(os.environ["ATHENA_FDW_STATE"]) / "stand.pid").read_text())
    athena, s3 = stand.client("athena"), stand.client("s3")
    print(f"{'rows':>12} {'into a result':>16} {'by pages':>16} {'as an object':>14} {'resident':>10}")
    for rows in [r for r in (100_000, 1_000_000, 10_000_000) if r <= millions * 1_000_000]:
        began = time.time()
        execution = execute(athena, f"SELECT orderkey, custkey, comment, totalprice FROM tpch.sf10.orders LIMIT {rows}")
        wrote = rows / (time.time() - began)
        pages = by_pages(stand, execution["QueryExecutionId"], min(rows, PAGES))
        bucket, key = execution["ResultConfiguration"]["OutputLocation"][5:].split("/", 1)
        began, size = time.time(), 0
        for chunk in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20):
            size += len(chunk)
        speed = size / (time.time() - began) / 1e6
        print(f"{rows:>12,} {wrote:>9,.0f} rows/s {pages:>9,.0f} rows/s {speed:>9,.0f} MB/s {resident(pid):>6.0f} MiB", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10)
