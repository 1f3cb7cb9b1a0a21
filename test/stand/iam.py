"""Who calls, and whether they may: Signature Version 4 and the documented policy.

Every request's signature is computed anew with botocore's own signer and
compared.  Keys are made for the tests; what each may do is the policy that the
README documents, less or plus some actions.
"""
import datetime
import hashlib
import hmac
import re
import threading
import time

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from wire import Refused, json_error, s3_error, xml_answer

ACCOUNT = "000000000000"
REGION = "us-east-1"
SKEW = 300  # seconds; S3 allows 900

# exactly what users are told to attach; reference: README, "Permissions"
POLICY = frozenset(
    [f"athena:{a}" for a in (
        "ListDataCatalogs", "GetDataCatalog", "ListDatabases", "GetDatabase", "StartQueryExecution", "StopQueryExecution",
        "GetQueryExecution", "GetQueryResults", "GetWorkGroup", "BatchGetQueryExecution")]
    + [f"glue:{a}" for a in (
        "CreateTable", "UpdateTable", "DeleteTable", "GetDatabases", "GetDatabase", "GetTable", "GetTables", "CreateDatabase",
        "DeleteDatabase")]
    + [f"s3:{a}" for a in (
        "ListBucket", "GetBucketLocation", "GetObject", "ListBucketMultipartUploads", "ListMultipartUploadParts",
        "AbortMultipartUpload", "PutObject", "DeleteObject")]
)
GLUE = frozenset(a for a in POLICY if a.startswith("glue:"))


class Key:
    def __init__(self, id, secret, actions=POLICY, token=None, name=None):
        self.id, self.secret, self.actions, self.token = id, secret, actions, token
        self.name = name or id.lower()
        self.expires = None  # epoch seconds

    def may(self, action):
        return self.actions is None or action in self.actions

    @property
    def expired(self):
        return self.expires is not None and self.expires < time.time()

    @property
    def arn(self):
        return f"arn:aws:iam::{ACCOUNT}:user/{self.name}"


def default_keys():
    keys = [
        Key("AKIATESTADMIN0000000", "admin", None, name="admin"),
        Key("AKIATESTENGINE000000", "engine", None, name="engine"),
        Key("AKIATESTFULLPOLICY00", "full/policy+secret", name="full"),
        Key("AKIATESTNOS3READ0000", "no-s3-read-secret", POLICY - {"s3:GetObject"}, name="no-s3-read"),
        Key("AKIATESTNOGLUE000000", "no-glue-secret", POLICY - GLUE, name="no-glue"),
        Key("AKIATESTNOTHING00000", "nothing-secret", frozenset(), name="nothing"),
        Key("AKIATESTPARTITIONS00", "partitions-secret",
            POLICY | {"glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"}, name="partitions"),
        Key("ASIATESTTEMPORARY000", "temporary-secret", token="a-session-token/of+the+stand==", name="temporary"),
    ]
    return {key.id: key for key in keys}


_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$"
)


class Iam:
    def __init__(self):
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        self.keys = default_keys()

    def put(self, id, secret, token=None, minus=(), plus=()):
        """A key with the policy less and plus some actions."""
        self.keys[id] = Key(id, secret, (POLICY - frozenset(minus)) | frozenset(plus), token)

    # ---------- errors, in each service's form ----------

    def refuse(self, service, kind, detail=""):
        """The error of a request whose caller is not known."""
        texts = {
            "missing": ("MissingAuthenticationTokenException", "MissingAuthenticationToken", "Request is missing Authentication Token"),
            "key": ("UnrecognizedClientException", "InvalidAccessKeyId", "The security token included in the request is invalid."),
            "signature": ("InvalidSignatureException", "SignatureDoesNotMatch",
                          "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                          "Access Key and signing method. Consult the service documentation for details." + detail),
            "skew": ("InvalidSignatureException", "RequestTimeTooSkewed", detail),
            "expired": ("ExpiredTokenException", "ExpiredToken", "The security token included in the request is expired"),
            "scope": ("InvalidSignatureException", "AuthorizationHeaderMalformed", detail),
        }
        json_name, s3_name, message = texts[kind]
        if service == "s3":
            return s3_error(s3_name, message, 400 if kind in ("expired", "scope") else 403)
        if service == "sts":
            name = {"key": "InvalidClientTokenId", "signature": "SignatureDoesNotMatch"}.get(kind, s3_name)
            body = f"<Error><Type>Sender</Type><Code>{name}</Code><Message>{message}</Message></Error><RequestId>STAND</RequestId>"
            return Refused(xml_answer(f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{body}</ErrorResponse>', 403))
        return json_error(json_name, message, lower=True)

    def deny(self, service, key, action, resource="*"):
        message = f"User: {key.arn} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
        if service == "s3":
            return s3_error("AccessDenied", message, 403)
        if service == "athena":
            return json_error(
                "AccessDeniedException",
                f"You are not authorized to perform: {action} on the resource. After your AWS administrator or you have updated your permissions, please try again.",
            )
        return json_error("AccessDeniedException", message)

    # ---------- the signature ----------

    def authenticate(self, request, service):
        """Sets request.key, or raises what the service answers."""
        match = _AUTHORIZATION.match(request.header("authorization"))
        if not match:
            raise self.refuse(service, "missing")
        key_id, date, region, scope_service, signed, signature = match.groups()
        key = self.keys.get(key_id)
        if key is None:
            raise self.refuse(service, "key")
        stamp = request.header("x-amz-date")
        if scope_service != service or region != REGION or not stamp.startswith(date):
            raise self.refuse(service, "scope", f"Credential should be scoped to correct service: '{service}', region {REGION}, and the day of the request, not {scope_service}, {region}, {date}.")
        signed = signed.split(";")
        needed = {"host"} | {h for h in request.headers if h.startswith("x-amz-")}
        if not needed <= set(signed) or signed != sorted(signed):
            raise self.refuse(service, "signature", f" (the stand: not signed, or not in order: {sorted(needed - set(signed))})")
        if hmac.compare_digest(self.signature(request, service, key, signed, stamp), signature) is False:
            raise self.refuse(service, "signature")
        moment = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
        allowed = 900 if service == "s3" else SKEW
        if abs(moment - time.time()) > allowed:
            raise self.refuse(service, "skew", f"Signature expired: {stamp} is now earlier than the time of the service less {allowed // 60} min.")
        token = request.header("x-amz-security-token", None)
        if token != key.token:
            raise self.refuse(service, "key")
        if key.expired:
            raise self.refuse(service, "expired")
        request.key = key

    def signature(self, request, service, key, signed, stamp):
        signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials(key.id, key.secret), service, REGION)
        url = f"http://{request.header('host')}{request.target}"
        aws = AWSRequest(request.method, url, {h: request.header(h) for h in signed}, request.body)
        aws.context["timestamp"] = stamp
        given = request.header("x-amz-content-sha256", None)
        if given is not None:
            if not given.startswith(("UNSIGNED-PAYLOAD", "STREAMING-")) and given != hashlib.sha256(request.body).hexdigest():
                raise self.refuse(service, "signature", " (the stand: x-amz-content-sha256 is not that of the body)")
            signer.payload = lambda _: given
        return signer.signature(signer.string_to_sign(aws, signer.canonical_request(aws)), aws)

    def authorize(self, request, service, action, resource="*"):
        if not request.key.may(action):
            raise self.deny(service, request.key, action, resource)
