"""S3 in front of MiniStack's: the rights, and Athena's result objects.

MiniStack keeps objects in memory.  Result objects can be large, so they stay
files of the stand; they are shown among the bucket's other objects.
"""
import re
import threading
import time
from email.utils import formatdate
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from botocore.exceptions import ClientError

from wire import Answer, s3_error, xml_answer

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def split(url):
    bucket, _, key = url[5:].partition("/")
    return bucket, key


def action_of(request):
    """The IAM action of a request."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    q, m = request.query, request.method
    if not bucket:
        return "s3:ListAllMyBuckets"
    if not key:
        if m == "GET":
            return "s3:GetBucketLocation" if "location" in q else "s3:ListBucketMultipartUploads" if "uploads" in q else "s3:ListBucket"
        return {"HEAD": "s3:ListBucket", "PUT": "s3:CreateBucket", "DELETE": "s3:DeleteBucket"}.get(m, "s3:DeleteObject" if "delete" in q else "s3:Other")
    if m in ("GET", "HEAD"):
        return "s3:ListMultipartUploadParts" if "uploadId" in q else "s3:GetObject"
    if m in ("PUT", "POST"):
        return "s3:PutObject"
    return "s3:AbortMultipartUpload" if "uploadId" in q else "s3:DeleteObject"


class S3Front:
    def __init__(self, client, backing):
        self.client, self.backing = client, backing
        self.lock = threading.Lock()
        self.shown = {}  # (bucket, key) -> Result
        self.buckets = {}

    # ---------- for the executions ----------

    def show(self, url, result):
        with self.lock:
            self.shown[split(url)] = result

    def forget(self, url):
        with self.lock:
            self.shown.pop(split(url), None)

    def lost(self, url, result):
        """A result's object is gone."""
        return result.object_kind == "csv" and result.columns and split(url) not in self.shown and result.count > 0

    def bucket_exists(self, url):
        bucket = split(url)[0]
        at, known = self.buckets.get(bucket, (0, False))
        if not known and time.time() - at > 1:
            try:
                self.client.head_bucket(Bucket=bucket)
                known = True
            except ClientError:
                known = False
            self.buckets[bucket] = (time.time(), known)
        return known

    def put(self, url, data):
        bucket, key = split(url)
        try:
            self.client.put_object(Bucket=bucket, Key=key, Body=data)
        except ClientError:
            pass  # a missing bucket; the query succeeds, as live

    def list(self, url):
        bucket, prefix = split(url)
        try:
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [f"s3://{bucket}/{o['Key']}" for page in pages for o in page.get("Contents", []) if o["Size"]]
        except ClientError:
            return []

    # ---------- for clients ----------

    def answer(self, request):
        bucket, _, key = request.path.lstrip("/").partition("/")
        result = self.shown.get((bucket, key))
        if result is not None and request.method in ("GET", "HEAD") and "uploadId" not in request.query:
            return self.get(request, result)
        if request.method == "DELETE" and key and "uploadId" not in request.query:
            self.shown.pop((bucket, key), None)
        if request.method == "PUT" and key:
            self.shown.pop((bucket, key), None)
        if request.method == "POST" and "delete" in request.query:
            for element in ElementTree.fromstring(request.body).iter():
                if element.tag.endswith("Key"):
                    self.shown.pop((bucket, element.text), None)
        if request.method == "GET" and bucket and not key and "prefix" in request.query | {"prefix": ""} and not ({"location", "uploads", "versioning", "acl", "policy"} & set(request.query)):
            if any(b == bucket for b, _ in self.shown):
                return self.list_objects(request, bucket)
        return self.backing.forward(request, stream=request.method == "GET" and bool(key))

    def get(self, request, result):
        if result.refused:
            raise s3_error("AccessDenied", "Access Denied", 403)
        etag = f'"{result.etag}"'
        headers = {"ETag": etag, "Last-Modified": formatdate(result.modified, usegmt=True), "Accept-Ranges": "bytes"}
        if request.header("if-match", etag) not in (etag, "*"):
            raise s3_error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
        start, end, status = 0, result.size - 1, 200
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", request.header("range"))
        if match and match[0] != "bytes=-":
            if match[1]:
                start, end = int(match[1]), min(int(match[2] or end), end)
            else:
                start = max(result.size - int(match[2]), 0)
            if start >= result.size or end < start:
                raise s3_error("InvalidRange", "The requested range is not satisfiable", 416)
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end}/{result.size}"
        return Answer(status, b"", headers, result.content_type, (result.object_path, start, end - start + 1))

    def list_objects(self, request, bucket):
        q = request.query
        prefix, delimiter = q.get("prefix", ""), q.get("delimiter", "")
        two, most = q.get("list-type") == "2", int(q.get("max-keys", 1000))
        after = q.get("continuation-token") or q.get("start-after", "") if two else q.get("marker", "")
        entries = {}
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for o in page.get("Contents", []):
                entries[o["Key"]] = (o["Size"], o["ETag"], o["LastModified"].timestamp())
        for (b, key), result in list(self.shown.items()):
            if b == bucket and key.startswith(prefix):
                entries[key] = (result.size, f'"{result.etag}"', result.modified)
        contents, common, last, truncated = [], [], "", False
        for key in sorted(entries, key=str.encode):
            if key <= after or after.endswith(delimiter or "\0") and key.startswith(after):
                continue
            group = None
            if delimiter and delimiter in key[len(prefix) :]:
                group = prefix + key[len(prefix) :].split(delimiter)[0] + delimiter
                if common and common[-1] == group:
                    continue
            if len(contents) + len(common) >= most:
                truncated = True
                break
            last = group or key
            if group:
                common.append(group)
            else:
                contents.append(key)
        shown = (lambda t: quote(t, safe="/")) if q.get("encoding-type") == "url" else escape
        when = lambda t: time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(t))
        parts = [f"<ListBucketResult {NAMESPACE}><Name>{bucket}</Name><Prefix>{shown(prefix)}</Prefix><MaxKeys>{most}</MaxKeys><IsTruncated>{str(truncated).lower()}</IsTruncated>"]
        if delimiter:
            parts.append(f"<Delimiter>{shown(delimiter)}</Delimiter>")
        if q.get("encoding-type"):
            parts.append("<EncodingType>url</EncodingType>")
        if two:
            parts.append(f"<KeyCount>{len(contents) + len(common)}</KeyCount>")
        if truncated:
            parts.append(f"<NextContinuationToken>{shown(last)}</NextContinuationToken>" if two else f"<NextMarker>{shown(last)}</NextMarker>")
        for key in contents:
            size, etag, modified = entries[key]
            parts.append(f"<Contents><Key>{shown(key)}</Key><LastModified>{when(modified)}</LastModified><ETag>{escape(etag)}</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>")
        parts += [f"<CommonPrefixes><Prefix>{shown(p)}</Prefix></CommonPrefixes>" for p in common]
        return xml_answer("".join(parts) + "</ListBucketResult>")
