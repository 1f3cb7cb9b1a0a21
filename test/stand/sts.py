"""STS: who calls, and the roles that callers may assume.

Roles and the tokens of an identity provider are made by tests (/_stand/role,
/_stand/web-token); the keys given out are known to Iam until they expire.
"""
import secrets
import time
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from iam import ACCOUNT, POLICY, Key
from wire import Refused, xml_answer

NAMESPACE = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'


def error(code, message, status=400):
    return Refused(xml_answer(
        f"<ErrorResponse {NAMESPACE}><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        "<RequestId>STAND-STS</RequestId></ErrorResponse>", status))


def action_of(request):
    return dict(parse_qsl(request.body.decode())).get("Action", "")


class Sts:
    def __init__(self, iam):
        self.iam = iam
        self.reset()

    def reset(self):
        self.roles = {}  # ARN -> {"trusts": [names of keys, or "web"], "external_id", "minus", "seconds"}
        self.tokens = {}  # a web identity's token -> when it expires
        self.assumed = []  # what was asked for, for tests

    def answer(self, request):
        form = dict(parse_qsl(request.body.decode()))
        action = form.get("Action")
        if action == "GetCallerIdentity":
            inner = f"<Arn>{request.key.arn}</Arn><UserId>STAND</UserId><Account>{ACCOUNT}</Account>"
        elif action == "AssumeRole":
            inner = self.assume(form, request.key.name, request.key.arn)
        elif action == "AssumeRoleWithWebIdentity":
            token = form.get("WebIdentityToken", "")
            if token not in self.tokens:
                raise error("InvalidIdentityToken", "The web identity token could not be validated")
            if self.tokens[token] < time.time():
                raise error("ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time")
            inner = self.assume(form, "web", "the web identity")
        else:
            raise error("InvalidAction", f"Could not find operation {action} for version 2011-06-15")
        return xml_answer(
            f"<{action}Response {NAMESPACE}><{action}Result>{inner}</{action}Result><ResponseMetadata><RequestId>STAND-STS</RequestId>"
            f"</ResponseMetadata></{action}Response>")

    def assume(self, form, who, arn):
        role = self.roles.get(form.get("RoleArn"))
        action = form["Action"]
        if role is None or who not in role["trusts"] or role.get("external_id") != form.get("ExternalId"):
            raise error("AccessDenied", f"User: {arn} is not authorized to perform: sts:{action} on resource: {form.get('RoleArn')}", 403)
        seconds = int(form.get("DurationSeconds", 3600))
        if not 900 <= seconds <= 43200:
            raise error("ValidationError", "1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint")
        self.assumed.append({k: v for k, v in form.items() if k != "WebIdentityToken"} | {"by": who})
        expires = time.time() + role.get("seconds", seconds)
        key = Key(f"ASIATEST{secrets.token_hex(6).upper()}", secrets.token_hex(20), POLICY - frozenset(role.get("minus", ())), "token-" + secrets.token_hex(40))
        key.name = f"{form['RoleArn'].rpartition('/')[2]}/{form['RoleSessionName']}"
        key.expires = expires
        self.iam.keys[key.id] = key
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires))
        return (
            f"<AssumedRoleUser><Arn>{form['RoleArn']}/{form['RoleSessionName']}</Arn><AssumedRoleId>STAND</AssumedRoleId></AssumedRoleUser>"
            f"<Credentials><AccessKeyId>{key.id}</AccessKeyId><SecretAccessKey>{key.secret}</SecretAccessKey>"
            f"<SessionToken>{key.token}</SessionToken><Expiration>{when}</Expiration></Credentials>")
