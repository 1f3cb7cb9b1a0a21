"""Our signer against botocore's, on generated requests."""
import datetime
import random
from unittest import mock

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from botocore.compat import quote

from conftest import fields, parse_fields

REQUESTS = 2500
SEED = 20261123


def odd_text(rng, alphabet, most):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(0, most)))


def encoded(text):
    return quote(text, safe="-_.~")


def make_request(rng):
    anything = "abcXYZ019-_.~ /+%&=?#@:;,!$'()*[]\"<>|\\^`{}\t\u00e9\u4e2d\U0001f418"
    service = rng.choice(["athena", "glue", "s3", "sts"])
    headers = {
        "host": rng.choice(["example.amazonaws.com", "127.0.0.1:4566", "bucket.s3.eu-west-1.amazonaws.com"]),
        "x-amz-date": None,
    }
    if rng.random() < 0.5:
        headers["X-Amz-Security-Token"] = odd_text(rng, "abcdefgABCDEFG0123456789+/=", 400) or "t"
    for _ in range(rng.randint(0, 5)):
        name = "x-amz-" + odd_text(rng, "abcXYZ-019", 12) + "e"
        headers[name] = odd_text(rng, "abc  \t,;=\"\u00e9z", 30).strip() or "v"
    if service == "s3":
        path = "/" + quote(odd_text(rng, anything, 30), safe="/-_.~")
        query = "&".join(
            encoded(odd_text(rng, anything, 8) or "k") + rng.choice(["", "=", "=" + encoded(odd_text(rng, anything, 8))])
            for _ in range(rng.randint(0, 5))
        )
    else:
        path, query = "/", ""
    return dict(
        method=rng.choice(["GET", "POST", "PUT", "DELETE"]), path=path, query=query,
        body=odd_text(rng, anything, 200), service=service,
        region=rng.choice(["us-east-1", "cn-north-1", "us-gov-west-1"]),
        key="AKIDEXAMPLE" + odd_text(rng, "ABC123", 8), secret=odd_text(rng, "abcABC/+019", 40) or "s",
        time=datetime.datetime(2015, 1, 1) + datetime.timedelta(seconds=rng.randint(0, 700_000_000)),
        headers=headers,
    )


def sign_with_botocore(r):
    class FixedHeaders:
        """Signs exactly the headers it is given."""

        def headers_to_sign(self, request):
            out = botocore.auth.HTTPHeaders()
            for name, value in r["headers"].items():
                out[name.lower()] = value
            return out

    base = botocore.auth.S3SigV4Auth if r["service"] == "s3" else botocore.auth.SigV4Auth
    signer_class = type("Signer", (FixedHeaders, base), {})
    signer = signer_class(botocore.credentials.Credentials(r["key"], r["secret"]), r["service"], r["region"])
    url = f"https://{r['headers']['host']}{r['path']}" + ("?" + r["query"] if r["query"] else "")
    request = botocore.awsrequest.AWSRequest(method=r["method"], url=url, data=r["body"].encode())
    request.context["timestamp"] = r["headers"]["x-amz-date"]
    request.context["payload_signing_enabled"] = True
    with mock.patch.object(signer, "payload", lambda _: botocore.auth.sha256(r["body"].encode()).hexdigest()):
        canonical = signer.canonical_request(request)
    to_sign = signer.string_to_sign(request, canonical)
    signature = signer.signature(to_sign, request)
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, "
        f"SignedHeaders={signer.signed_headers(signer.headers_to_sign(request))}, Signature={signature}"
    )
    return canonical, to_sign, authorization


def test_against_botocore(binary):
    rng = random.Random(SEED)
    requests, stdin = [], b""
    for _ in range(REQUESTS):
        r = make_request(rng)
        date = r["time"].strftime("%Y%m%dT%H%M%SZ")
        r["headers"]["x-amz-date"] = date
        requests.append(r)
        pairs = list(r["headers"].items())
        rng.shuffle(pairs)
        stdin += fields(
            r["method"], r["path"], r["query"], r["body"], r["service"], r["region"], r["key"], r["secret"], date,
            str(len(pairs)), *[text for pair in pairs for text in pair],
        )
    out = parse_fields(binary("sigv4_cli", stdin))
    assert len(out) == 3 * REQUESTS
    for i, r in enumerate(requests):
        ours = tuple(text.decode() for text in out[3 * i : 3 * i + 3])
        assert ours == sign_with_botocore(r), r


def test_published_vector(binary):
    """GET of "ListUsers" in AWS's documentation of Signature Version 4."""
    headers = [
        ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("Host", "iam.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z"),
    ]
    out = parse_fields(
        binary(
            "sigv4_cli",
            fields(
                "GET", "/", "Action=ListUsers&Version=2010-05-08", "", "iam", "us-east-1", "AKIDEXAMPLE",
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830T123600Z", "3", *[t for h in headers for t in h],
            ),
        )
    )
    assert out[2].endswith(b"Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")


@pytest.mark.parametrize("safe", ["", "/"])
def test_uri_encode(binary, safe):
    rng = random.Random(SEED)
    texts = [odd_text(rng, [chr(c) for c in range(1, 0x250)] + ["\U0001f418"], 60) for _ in range(300)]
    stdin = b"".join(fields("encode" + safe, text, "", "", "", "", "", "", "", "0") for text in texts)
    out = parse_fields(binary("sigv4_cli", stdin))
    assert [o.decode() for o in out] == [quote(text, safe="-_.~" + safe) for text in texts]
