"""Where keys come from: each source against a local endpoint that speaks its protocol.

The keys are the stand's, which checks every signature and token.  The backend's
environment is set by a function of the tests (set_env.c).
"""
import http.server
import json
import os
import pathlib
import stat
import threading
import time

import psycopg
import pytest

from engine_fixtures import BUCKET, connect, error, rows

ROLE = "arn:aws:iam::000000000000:role/reader"
SOURCE = ("AKIATESTFULLPOLICY00", "full/policy+secret")
SET_ENV = pathlib.Path(os.environ["ATHENA_FDW_STATE"]).parent / "build" / "set_env.so"
VARIABLES = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_DISABLED")


class Metadata:
    """EC2's metadata service, version 2, and a container's credentials service."""

    def __init__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def reply(self, status, text=""):
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_PUT(self):
                outer.log.append(("PUT", self.path))
                if outer.mode == "hop limit":  # the answer is lost on its way
                    outer.release.wait(20)
                    return
                if outer.fail_after is not None and outer.log.count(("PUT", self.path)) > outer.fail_after:
                    return self.reply(500)
                if outer.mode == "no version 2" or self.path != "/latest/api/token" or not self.headers["X-aws-ec2-metadata-token-ttl-seconds"]:
                    return self.reply(403)
                self.reply(200, "imds-token==")

            def do_GET(self):
                outer.log.append(("GET", self.path))
                if self.path == "/container":
                    if self.headers["Authorization"] != "container-token":
                        return self.reply(401)
                    return self.reply(200, json.dumps(outer.document))
                if self.headers["X-aws-ec2-metadata-token"] != "imds-token==":
                    return self.reply(401)
                if outer.mode == "no role":
                    return self.reply(404)
                if self.path == "/latest/meta-data/iam/security-credentials/":
                    return self.reply(200, "the-role")
                if self.path == "/latest/meta-data/iam/security-credentials/the-role":
                    return self.reply(200, json.dumps(outer.document))
                self.reply(404)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.release = threading.Event()
        self.reset()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        self.mode, self.log, self.document, self.fail_after = "", [], {}, None
        self.release.set()
        self.release = threading.Event()

    def give(self, key, seconds=3600, **more):
        id, secret, *token = key
        self.document = {
            "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": id, "SecretAccessKey": secret, "Token": token[0] if token else "",
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)), **more}


@pytest.fixture(scope="module")
def the_metadata():
    return Metadata()


@pytest.fixture
def metadata(the_metadata):
    the_metadata.reset()
    yield the_metadata
    the_metadata.reset()


class Storage:
    """A backend with an environment of its own and server "lake" over the stand."""

    def __init__(self, conn, stand):
        self.conn, self.stand = conn, stand
        conn.execute(f"CREATE OR REPLACE FUNCTION set_env(text, text) RETURNS void AS '{SET_ENV}' LANGUAGE C")
        self.env(**{v: None for v in VARIABLES})

    def env(self, **variables):
        for name, value in variables.items():
            self.conn.execute("SELECT set_env(%s, %s)", (name, value))

    def mapping(self, options, user="postgres"):
        self.conn.execute(f"DROP USER MAPPING IF EXISTS FOR {user} SERVER lake")
        self.conn.execute(f"CREATE USER MAPPING FOR {user} SERVER lake OPTIONS ({options})")

    def one(self):
        return rows(self.conn, "SELECT n FROM athena_query('lake', 'SELECT 1') AS t(n int)") == [(1,)]

    def origin(self):
        found = rows(self.conn, "SELECT ok, detail FROM athena_check('lake') WHERE step = 'credentials'")[0]
        assert found[0], found
        return found[1]

    def error(self):
        return error(self.conn, "SELECT n FROM athena_query('lake', 'SELECT 1') AS t(n int)")


@pytest.fixture
def lake(conn, stand):
    return Storage(conn, stand)


def profile_file(tmp_path, text, name="credentials"):
    path = tmp_path / name
    path.write_text(text)
    for parent in [path, *path.parents]:
        if parent == pathlib.Path("/tmp") or parent.owner() != pathlib.Path(tmp_path).owner():
            break
        parent.chmod(parent.stat().st_mode | stat.S_IROTH | (stat.S_IXOTH if parent.is_dir() else 0))
    return str(path)


# ---------- each source ----------

def test_environment(lake):
    lake.mapping("credentials 'environment'")
    assert "AWS_ACCESS_KEY_ID" in lake.error().message_hint
    lake.env(AWS_ACCESS_KEY_ID=SOURCE[0])
    assert "no AWS_SECRET_ACCESS_KEY" in lake.error().message_primary
    lake.env(AWS_SECRET_ACCESS_KEY=SOURCE[1])
    assert lake.one()
    assert "from the environment of the server process" in lake.origin()


def test_environment_with_a_token(lake):
    lake.env(AWS_ACCESS_KEY_ID="ASIATESTTEMPORARY000", AWS_SECRET_ACCESS_KEY="temporary-secret", AWS_SESSION_TOKEN="a-session-token/of+the+stand==")
    lake.mapping("credentials 'environment'")
    assert lake.origin().startswith("temporary key")


def test_profile(lake, tmp_path):
    file = profile_file(tmp_path, f"""
[other]
aws_access_key_id = AKIATESTNOTHING00000
aws_secret_access_key = nothing-secret

[ work ]
; a comment
aws_access_key_id={SOURCE[0]}
aws_secret_access_key = {SOURCE[1]}
s3 =
  aws_access_key_id = AKIATESTNOTHING00000
""")
    lake.env(AWS_SHARED_CREDENTIALS_FILE=file)
    lake.mapping("credentials 'profile', profile 'work'")
    assert lake.one()
    assert "AWS profile work" in lake.origin()
    lake.mapping("credentials 'profile', profile 'other'")
    assert lake.error().sqlstate == "42501"
    lake.mapping("credentials 'profile', profile 'nobody'")
    e = lake.error()
    assert (e.sqlstate, e.message_primary) == ("28000", 'AWS profile "nobody" does not exist')
    # AWS_PROFILE is the default
    lake.mapping("credentials 'profile'")
    lake.env(AWS_PROFILE="work")
    assert lake.one()


def test_profile_of_a_role(lake, tmp_path):
    lake.stand.call("role", {"arn": ROLE, "trusts": ["full"], "external_id": "xyz"})
    keys = profile_file(tmp_path, f"[base]\naws_access_key_id = {SOURCE[0]}\naws_secret_access_key = {SOURCE[1]}\n")
    config = profile_file(tmp_path, f"""
[profile reader]
role_arn = {ROLE}
source_profile = base
external_id = xyz
role_session_name = somebody
duration_seconds = 1800

[profile loop]
role_arn = {ROLE}
source_profile = loop2
[profile loop2]
role_arn = {ROLE}
source_profile = loop
[profile mfa]
role_arn = {ROLE}
source_profile = base
mfa_serial = arn:aws:iam::000000000000:mfa/me
[profile sso]
sso_start_url = https://example.com
""", "config")
    lake.env(AWS_SHARED_CREDENTIALS_FILE=keys, AWS_CONFIG_FILE=config)
    lake.mapping("credentials 'profile', profile 'reader'")
    assert lake.one()
    assert f"role {ROLE}, assumed with keys from AWS profile base" in lake.origin()
    assert [(a["RoleSessionName"], a["DurationSeconds"]) for a in lake.stand.call("assumed")] == [("somebody", "1800")]  # once
    for profile, words in (("loop", "takes its keys from itself"), ("mfa", "a code of a device"), ("sso", "single sign-on")):
        lake.mapping(f"credentials 'profile', profile '{profile}'")
        assert words in lake.error().message_primary


def test_credential_process(lake, tmp_path):
    document = json.dumps({"Version": 1, "AccessKeyId": SOURCE[0], "SecretAccessKey": SOURCE[1]})
    file = profile_file(tmp_path, f"""
[tool]
credential_process = printf '%s' '{document}'
[fails]
credential_process = echo secret-output; exit 3
[hangs]
credential_process = sleep 600 & wait
[garbage]
credential_process = echo not-json
""", "config")
    lake.env(AWS_SHARED_CREDENTIALS_FILE=file)
    lake.mapping("credentials 'profile', profile 'tool'")
    e = lake.error()
    assert "which is not run" in e.message_primary and "credential_process_allowed" in e.message_hint
    allowed = "credentials 'profile', credential_process_allowed 'true', profile "
    lake.mapping(allowed + "'tool'")
    assert lake.one()
    lake.mapping(allowed + "'fails'")
    e = lake.error()
    assert e.message_detail == "Exit status 3." and "secret-output" not in str(vars(e))
    lake.mapping(allowed + "'garbage'")
    assert "gave no AWS keys" in lake.error().message_primary
    # a command that does not end is killed, with its children, on cancel
    lake.mapping(allowed + "'hangs'")
    lake.conn.execute("SET statement_timeout = '500ms'")
    assert lake.error().sqlstate == "57014"
    lake.conn.execute("RESET statement_timeout")
    pid = lake.conn.info.backend_pid
    assert not pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_web_identity(lake, tmp_path):
    lake.stand.call("role", {"arn": ROLE, "trusts": ["web"]})
    lake.stand.call("web-token", {"token": "eyJ.good.token"})
    file = profile_file(tmp_path, "eyJ.good.token\n", "token")
    lake.mapping("credentials 'web_identity'")
    assert "no web identity token" in lake.error().message_primary
    lake.env(AWS_WEB_IDENTITY_TOKEN_FILE=file)
    assert "role_arn" in lake.error().message_hint
    lake.env(AWS_ROLE_ARN=ROLE, AWS_ROLE_SESSION_NAME="a-pod")
    assert lake.one()
    assert f"a web identity as role {ROLE}" in lake.origin()
    assert [a["RoleSessionName"] for a in lake.stand.call("assumed")] == ["a-pod"]
    # by options of the mapping
    lake.env(AWS_WEB_IDENTITY_TOKEN_FILE=None, AWS_ROLE_ARN=None)
    lake.mapping(f"credentials 'web_identity', web_identity_token_file '{file}', role_arn '{ROLE}'")
    assert lake.one()


def test_expired_web_identity(lake, tmp_path):
    lake.stand.call("role", {"arn": ROLE, "trusts": ["web"]})
    lake.stand.call("web-token", {"token": "eyJ.old.token", "seconds": -1})
    file = profile_file(tmp_path, "eyJ.old.token", "token")
    lake.mapping(f"credentials 'web_identity', web_identity_token_file '{file}', role_arn '{ROLE}'")
    e = lake.error()
    assert e.sqlstate == "28000" and "expired" in e.message_primary and "token file" in e.message_hint
    assert "eyJ" not in str(vars(e))


def test_container(lake, metadata, tmp_path):
    metadata.give(SOURCE)
    lake.mapping("credentials 'container'")
    assert "does not run in a container" in lake.error().message_primary
    lake.env(AWS_CONTAINER_CREDENTIALS_FULL_URI=metadata.url + "/container")
    e = lake.error()
    assert e.message_detail == "HTTP status 401." and "authorization token" in e.message_hint
    lake.env(AWS_CONTAINER_AUTHORIZATION_TOKEN="container-token")
    assert lake.one()
    assert "the container's credentials service" in lake.origin()
    # a token file is read anew at each use (EKS replaces it)
    lake.env(AWS_CONTAINER_AUTHORIZATION_TOKEN=None, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=profile_file(tmp_path, "container-token\n", "t"))
    with connect() as conn:  # another backend, which has no keys yet
        other = Storage(conn, lake.stand)
        other.env(AWS_CONTAINER_CREDENTIALS_FULL_URI=metadata.url + "/container", AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(tmp_path / "t"))
        assert other.one()
    # the token never goes over plain http to another machine
    with connect() as conn:
        other = Storage(conn, lake.stand)
        other.env(AWS_CONTAINER_CREDENTIALS_FULL_URI="http://192.0.2.1/container", AWS_CONTAINER_AUTHORIZATION_TOKEN="container-token")
        assert "plain http" in other.error().message_primary


def test_instance(lake, metadata):
    metadata.give(SOURCE)
    lake.mapping("credentials 'instance'")
    lake.env(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    assert lake.one()
    assert "the instance's role the-role" in lake.origin()
    assert lake.one()
    # the token first, then the role, then its keys; kept afterwards
    path = "/latest/meta-data/iam/security-credentials/"
    assert metadata.log == [("PUT", "/latest/api/token"), ("GET", path), ("GET", path + "the-role")]


@pytest.mark.parametrize("mode, words", [
    ("no role", "has no role"), ("no version 2", "no session token"), ("hop limit", "does not answer")])
def test_instance_that_refuses(lake, metadata, mode, words):
    metadata.mode = mode
    lake.mapping("credentials 'instance'")
    lake.env(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    e = lake.error()
    assert e.sqlstate == "28000" and words in e.message_primary
    if mode == "hop limit":
        assert "hop limit" in e.message_hint


def test_no_instance(lake):
    lake.mapping("credentials 'instance'")
    lake.env(AWS_EC2_METADATA_SERVICE_ENDPOINT="http://192.0.2.1")  # a network without machines
    assert "does not answer" in lake.error().message_primary
    lake.env(AWS_EC2_METADATA_DISABLED="true")
    assert "not to be used" in lake.error().message_primary


@pytest.mark.parametrize("document, words", [
    ({"Code": "AssumeRoleUnauthorizedAccess", "AccessKeyId": "", "SecretAccessKey": ""}, "AssumeRoleUnauthorizedAccess"),
    ({"AccessKeyId": ""}, "form"), ({"Expiration": "soon"}, "form")])
def test_documents_that_are_no_keys(lake, metadata, document, words):
    metadata.give(SOURCE, **document)
    lake.mapping("credentials 'instance'")
    lake.env(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    e = lake.error()
    assert "gave no AWS keys" in e.message_primary and words in e.message_detail
    assert SOURCE[1] not in str(vars(e))


def test_default_order(lake, metadata, tmp_path):
    lake.mapping("credentials 'default'")
    lake.stand.call("role", {"arn": ROLE, "trusts": ["web"]})
    lake.stand.call("web-token", {"token": "t"})
    metadata.give(SOURCE)
    sources = [
        ("the instance's role", dict(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)),
        ("the container's", dict(AWS_CONTAINER_CREDENTIALS_FULL_URI=metadata.url + "/container", AWS_CONTAINER_AUTHORIZATION_TOKEN="container-token")),
        ("AWS profile default", dict(AWS_SHARED_CREDENTIALS_FILE=profile_file(
            tmp_path, f"[default]\naws_access_key_id = {SOURCE[0]}\naws_secret_access_key = {SOURCE[1]}\n"))),
        ("a web identity", dict(AWS_WEB_IDENTITY_TOKEN_FILE=profile_file(tmp_path, "t", "token"), AWS_ROLE_ARN=ROLE)),
        ("the environment", dict(AWS_ACCESS_KEY_ID=SOURCE[0], AWS_SECRET_ACCESS_KEY=SOURCE[1])),
    ]
    environment = {"HOME": "/nonexistent"}
    for origin, variables in sources:
        environment |= variables
        with connect() as conn:  # keys are kept per backend
            other = Storage(conn, lake.stand)
            other.env(**environment)
            assert origin in other.origin()
    with connect() as conn:
        other = Storage(conn, lake.stand)
        other.env(AWS_EC2_METADATA_DISABLED="true", HOME="/nonexistent")
        assert other.error().message_primary == "no AWS keys were found"


# ---------- roles ----------

def test_assume_role(lake):
    lake.stand.call("role", {"arn": ROLE, "trusts": ["full"], "external_id": "of/ours"})
    base = f"credentials 'assume_role', access_key_id '{SOURCE[0]}', secret_access_key '{SOURCE[1]}', role_arn '{ROLE}'"
    lake.mapping(base)
    e = lake.error()
    assert e.sqlstate == "42501" and "sts:AssumeRole" in e.message_primary and "external id" in e.message_hint
    lake.mapping(base + ", external_id 'of/ours', role_session_name 'db@here', role_duration '15min'")
    assert lake.one() and lake.one()
    assert lake.stand.call("assumed") == [{
        "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "db@here", "ExternalId": "of/ours",
        "DurationSeconds": "900", "by": "full"}]
    assert f"role {ROLE}, assumed with keys from the user mapping" in lake.origin()
    lake.mapping(base.replace("reader", "nobody"))
    assert "role/nobody" in lake.error().message_detail


@pytest.mark.parametrize("source", ["environment", "instance", "profile", "container"])
def test_assume_role_on_top_of(lake, metadata, tmp_path, source):
    metadata.give(SOURCE)
    lake.stand.call("role", {"arn": ROLE, "trusts": ["full"]})
    lake.env(
        AWS_ACCESS_KEY_ID=SOURCE[0], AWS_SECRET_ACCESS_KEY=SOURCE[1], AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url,
        AWS_CONTAINER_CREDENTIALS_FULL_URI=metadata.url + "/container", AWS_CONTAINER_AUTHORIZATION_TOKEN="container-token",
        AWS_SHARED_CREDENTIALS_FILE=profile_file(tmp_path, f"[default]\naws_access_key_id = {SOURCE[0]}\naws_secret_access_key = {SOURCE[1]}\n"))
    lake.mapping(f"credentials 'assume_role', source_credentials '{source}', role_arn '{ROLE}'")
    assert lake.one()
    assert f"role {ROLE}, assumed with keys from" in lake.origin()


# ---------- renewing ----------

def test_renewed_before_they_expire(lake, metadata):
    """Keys with little left are to be replaced in good time, and used if that fails."""
    metadata.give(SOURCE, seconds=100)
    metadata.fail_after = 1
    lake.mapping("credentials 'instance'")
    lake.env(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    assert lake.one()
    assert metadata.log.count(("PUT", "/latest/api/token")) == 2  # the second one was refused
    assert lake.one()
    assert metadata.log.count(("PUT", "/latest/api/token")) == 2  # nor is it tried all the time


def test_renewed_when_expired(lake, metadata):
    metadata.give(SOURCE, seconds=5)
    lake.mapping("credentials 'instance'")
    lake.env(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    assert lake.one()
    time.sleep(6)  # until they have expired
    metadata.give(("AKIATESTPARTITIONS00", "partitions-secret"))
    assert lake.one()
    assert [e["key"] for e in lake.stand.log("StartQueryExecution")] == ["full", "partitions"]


@pytest.mark.parametrize("action, skip", [("GetQueryExecution", 1), ("GetObject", 0), ("StartQueryExecution", 0)])
def test_renewed_in_the_middle(lake, action, skip):
    """The role's keys expire while the query runs, or while its rows are fetched."""
    lake.stand.call("role", {"arn": ROLE, "trusts": ["full"]})
    lake.mapping(f"credentials 'assume_role', access_key_id '{SOURCE[0]}', secret_access_key '{SOURCE[1]}', role_arn '{ROLE}'")
    assert lake.one()
    key = [k for k in lake.stand.call("keys") if k["name"] == "reader/athena_fdw"][0]["id"]
    if action == "GetQueryExecution":
        lake.stand.query_fault(delay=1)
    lake.stand.fault(action, "expire", id=key, skip=skip)
    got = rows(lake.conn, "SELECT count(*) FROM athena_query('lake', 'SELECT * FROM UNNEST(sequence(1, 3500))') AS t(n bigint)")
    assert got == [(3500,)]
    assert len(lake.stand.call("assumed")) == 2


def test_static_keys_that_expire_are_an_error(lake):
    lake.mapping("access_key_id 'ASIATESTTEMPORARY000', secret_access_key 'temporary-secret', session_token 'a-session-token/of+the+stand=='")
    assert lake.one()
    lake.stand.call("expire", {"id": "ASIATESTTEMPORARY000"})
    e = lake.error()
    assert e.sqlstate == "28000" and "ALTER USER MAPPING" in e.message_hint


def test_renewed_keys_are_one_set_per_mapping(lake):
    """Two servers with the same role share keys; another session name does not."""
    lake.stand.call("role", {"arn": ROLE, "trusts": ["full"]})
    options = f"credentials 'assume_role', access_key_id '{SOURCE[0]}', secret_access_key '{SOURCE[1]}', role_arn '{ROLE}'"
    lake.mapping(options)
    assert lake.one() and lake.one()
    assert len(lake.stand.call("assumed")) == 1
    lake.mapping(options + ", role_session_name 'other'")
    assert lake.one()
    assert len(lake.stand.call("assumed")) == 2
    # a change that is rolled back leaves the keys as they were
    lake.conn.execute("BEGIN; ALTER USER MAPPING FOR postgres SERVER lake OPTIONS (SET role_session_name 'third'); ROLLBACK")
    assert lake.one()
    assert len(lake.stand.call("assumed")) == 2


# ---------- who may ----------

@pytest.fixture
def ana(lake):
    conn = lake.conn
    conn.execute("DROP VIEW IF EXISTS one; DROP FOREIGN TABLE IF EXISTS one_t")
    conn.execute("DO $$ BEGIN CREATE ROLE ana LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    conn.execute("GRANT USAGE ON FOREIGN SERVER lake TO ana; GRANT CREATE ON SCHEMA public TO ana")
    yield "ana"
    conn.execute("RESET ROLE; DROP OWNED BY ana CASCADE")


@pytest.mark.parametrize("source", ["environment", "profile", "web_identity", "container", "instance", "default"])
def test_the_servers_identity_is_not_for_everybody(lake, ana, metadata, source):
    lake.env(AWS_ACCESS_KEY_ID=SOURCE[0], AWS_SECRET_ACCESS_KEY=SOURCE[1], AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    lake.mapping(f"credentials '{source}'", "ana")
    lake.conn.execute("SET ROLE ana")
    e = lake.error()
    assert e.sqlstate == "42501" and "server_credentials_allowed" in e.message_hint
    assert metadata.log == []  # nobody was asked
    lake.conn.execute("RESET ROLE")
    lake.mapping(f"credentials 'assume_role', source_credentials '{source}', role_arn '{ROLE}'", "ana")
    lake.conn.execute("SET ROLE ana")
    assert lake.error().sqlstate == "42501"


def test_a_superuser_can_allow_it(lake, ana):
    lake.env(AWS_ACCESS_KEY_ID=SOURCE[0], AWS_SECRET_ACCESS_KEY=SOURCE[1])
    lake.mapping("credentials 'environment', server_credentials_allowed 'true'", "ana")
    lake.conn.execute("SET ROLE ana")
    assert lake.one()
    # she can neither allow it to herself, nor change such a mapping
    for sql in (
        "ALTER USER MAPPING FOR ana SERVER lake OPTIONS (SET credentials 'instance')",
        "ALTER USER MAPPING FOR ana SERVER lake OPTIONS (DROP credentials, ADD web_identity_token_file '/etc/passwd')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            lake.conn.execute(sql)
    lake.conn.execute("RESET ROLE")
    lake.mapping("credentials 'environment'", "ana")
    lake.conn.execute("SET ROLE ana")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        lake.conn.execute("ALTER USER MAPPING FOR ana SERVER lake OPTIONS (ADD server_credentials_allowed 'true')")


def test_a_view_uses_its_owners_right(lake, ana):
    """The superuser's view may use the process's keys for whoever reads it; ana's may not."""
    lake.env(AWS_ACCESS_KEY_ID=SOURCE[0], AWS_SECRET_ACCESS_KEY=SOURCE[1])
    lake.mapping("credentials 'environment'")
    lake.mapping("credentials 'environment'", "ana")
    lake.conn.execute("CREATE FOREIGN TABLE one_t (n int) SERVER lake OPTIONS (query 'SELECT 1 AS n', database 'default'); CREATE VIEW one AS SELECT * FROM one_t")
    lake.conn.execute("GRANT SELECT ON one, one_t TO ana; SET ROLE ana")
    assert rows(lake.conn, "SELECT n FROM one") == [(1,)]
    assert error(lake.conn, "SELECT n FROM one_t").sqlstate == "42501"


def test_a_token_goes_to_no_address_of_a_users_choice(lake, ana, tmp_path):
    file = profile_file(tmp_path, "eyJ.good.token", "token")
    lake.conn.execute("ALTER SERVER lake OWNER TO ana")
    lake.mapping(f"credentials 'web_identity', web_identity_token_file '{file}', role_arn '{ROLE}', server_credentials_allowed 'true'", "ana")
    lake.conn.execute("SET ROLE ana")
    e = lake.error()
    assert e.sqlstate == "42501" and "sts_endpoint" in e.message_hint
    lake.conn.execute("RESET ROLE; ALTER SERVER lake OWNER TO postgres")


# ---------- options that do not go together ----------

@pytest.mark.parametrize("options, option", [
    ("credentials 'profile', access_key_id 'x', secret_access_key 'y'", "access_key_id"),
    ("role_arn 'arn:aws:iam::000000000000:role/r'", "role_arn"),
    ("credentials 'environment', profile 'x'", "profile"),
    ("credentials 'static', external_id 'x'", "external_id"),
    ("credentials 'instance', source_credentials 'static'", "source_credentials"),
])
def test_options_that_would_not_be_used(lake, options, option):
    with pytest.raises(psycopg.Error) as e:
        lake.mapping(options)
    assert e.value.diag.message_primary.startswith(f'option "{option}" would not be used')
    lake.mapping("access_key_id 'x', secret_access_key 'y'")


@pytest.mark.parametrize("options, option", [
    ("credentials 'magic'", "credentials"), ("credentials 'assume_role', role_arn 'reader'", "role_arn"),
    ("credentials 'assume_role', role_duration '10min'", "role_duration"), ("credentials 'assume_role', role_session_name 'a b'", "role_session_name"),
    ("credentials 'assume_role', source_credentials 'assume_role'", "source_credentials"),
])
def test_values_that_are_wrong(lake, options, option):
    with pytest.raises(psycopg.Error) as e:
        lake.mapping(options)
    assert e.value.diag.message_primary == f'invalid value for option "{option}"'
    lake.mapping("access_key_id 'x', secret_access_key 'y'")


def test_secrets_are_not_shown(lake, metadata, tmp_path):
    """No message of any level holds a secret, whatever the source."""
    notices = []
    lake.conn.add_notice_handler(lambda d: notices.append(str(vars(d)) if hasattr(d, "__dict__") else d.message_primary))
    lake.conn.execute("SET client_min_messages = debug5")
    lake.stand.call("role", {"arn": ROLE, "trusts": ["full"]})
    metadata.give(SOURCE)
    lake.env(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url)
    lake.mapping(f"credentials 'assume_role', source_credentials 'instance', role_arn '{ROLE}'")
    assert lake.one()
    lake.conn.execute("SET client_min_messages = warning")
    keys = lake.stand.call("keys")
    for text in notices:
        assert SOURCE[1] not in text.replace("set_env", "") and "imds-token" not in text
        assert not any(k["secret"] in text or (k["token"] and k["token"] in text) for k in keys if k["name"].startswith("reader/"))
