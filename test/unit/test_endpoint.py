"""Host names against botocore's endpoint rule sets."""
import botocore.session
import pytest
from botocore.loaders import create_loader

loader = create_loader()
PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
SERVICES = ("athena", "glue", "s3", "sts")


def botocore_host(service, region, fips, dualstack):
    from botocore.endpoint_provider import EndpointProvider

    rules = loader.load_service_model(service, "endpoint-rule-set-1")
    provider = EndpointProvider(rules, loader.load_data("partitions"))
    params = {"Region": region, "UseFIPS": fips, "UseDualStack": dualstack}
    if service == "sts":
        params["UseGlobalEndpoint"] = False
    if service == "s3":
        params.update(UseGlobalEndpoint=False, Accelerate=False, DisableMultiRegionAccessPoints=False)
    return provider.resolve_endpoint(**params).url


def regions():
    data = loader.load_data("partitions")
    for partition in data["partitions"]:
        if partition["id"] in PARTITIONS:
            for region in partition["regions"]:
                if "global" not in region:
                    yield region


def test_every_region(binary):
    cases = [
        (s, r, f, d) for r in regions() for s in SERVICES for f in (False, True) for d in (False, True)
        if not (r.startswith("cn-") and f)  # there are no FIPS hosts in China
    ]
    assert len(cases) > 300
    stdin = "".join(f"host {s} {r} {f:d} {d:d}\n" for s, r, f, d in cases)
    ours = binary("endpoint_cli", stdin.encode()).decode().split()
    wrong = [(c, o, botocore_host(*c)) for c, o in zip(cases, ours) if o != botocore_host(*c)]
    assert wrong == []


def test_region_form(binary):
    good = list(regions())
    bad = ["", "us", "us-east", "us-east-", "-us-east-1", "US-EAST-1", "us-east-1.evil", "us east 1", "us--east-1",
           "us-east-1/", "e1-west-1", "us-east-1-x", "a" * 40, "us-east-1@x"]
    out = binary("endpoint_cli", "".join(f"region {r}\n" for r in good + bad).encode()).decode().split()
    assert out == ["yes"] * len(good) + ["no"] * len(bad)


@pytest.mark.parametrize(
    "url,yes",
    [
        ("http://127.0.0.1:4566", True), ("http://127.255.0.9", True), ("http://localhost/", True), ("http://LOCALHOST:1", True),
        ("http://[::1]:4566", True), ("http://[::1]", True), ("http://128.0.0.1", False), ("http://127.0.0.1.evil.example", False),
        ("http://localhost.evil.example", False), ("http://127.1", False), ("http://127.0.0.1@evil.example", False),
        ("http://[::2]", False), ("http://0.0.0.0", False), ("http://10.0.0.1", False), ("http://127.0.0.256", False),
    ],
)
def test_loopback(binary, url, yes):
    assert binary("endpoint_cli", f"loopback {url}\n".encode()).decode().split() == ["yes" if yes else "no"]
