-- Options: names, places, values, conflicts; what is missing; changes and transactions.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
\x on
SELECT * FROM error_of($$ALTER SERVER lake OPTIONS (ADD regoin 'us-east-1')$$);
SELECT * FROM error_of($$ALTER SERVER lake OPTIONS (ADD completely_unknown 'x')$$);
SELECT * FROM error_of($$ALTER SERVER lake OPTIONS (ADD access_key_id 'x')$$);
SELECT * FROM error_of($$ALTER USER MAPPING FOR CURRENT_USER SERVER lake OPTIONS (ADD region 'x')$$);
SELECT * FROM error_of($$ALTER FOREIGN TABLE sales.orders OPTIONS (ADD query 'SELECT 1', ADD "table" 'x')$$);
SELECT * FROM error_of($$ALTER FOREIGN TABLE sales.orders ALTER COLUMN total OPTIONS (ADD remote_type 'decimal(99)')$$);
SELECT * FROM error_of($$CREATE FOREIGN DATA WRAPPER another HANDLER athena_fdw_handler VALIDATOR athena_fdw_validator OPTIONS (region 'x')$$);
\x off
-- values
SELECT o, v, e.message, e.hint FROM (VALUES
  ('region', 'Ireland'), ('region', 'eu-west-1'), ('region', 'us-gov-west-1'), ('region', 'us-east-1.evil.example'),
  ('output_bucket', 'Upper'), ('output_bucket', 's3://my-bucket/some/prefix/'), ('output_bucket', 'a'),
  ('output_bucket', '192.168.0.1'), ('output_bucket', 'two..dots'), ('output_bucket', 'my_bucket'),
  ('workgroup', 'with space'), ('workgroup', 'team-a.b_c'),
  ('endpoint', 'localhost:4566'), ('endpoint', 'http://user:pw@localhost'), ('endpoint', 'http://localhost:1/path'),
  ('endpoint', 'https://[::1]:4566/'), ('endpoint', 'http://localhost:x@evil.example'),
  ('s3_path_style', 'perhaps'), ('s3_path_style', 'on'),
  ('connect_timeout', '-1'), ('connect_timeout', '500ms'), ('connect_timeout', 'soon'),
  ('query_timeout', '10min'), ('max_retries', '21'), ('max_retries', '0'), ('fetch_size', '1001'), ('fetch_size', '0'),
  ('fetch_size', '1000'), ('fetch_mode', 's3'), ('fetch_mode', 'csv'), ('result_reuse_minutes', '10081'), ('encryption', 'AES'), ('encryption', 'SSE_S3'),
  ('expected_bucket_owner', '12345'), ('expected_bucket_owner', '123456789012'), ('database', '')
) t(o, v), LATERAL error_of(format('CREATE SERVER tried FOREIGN DATA WRAPPER athena_fdw OPTIONS (%I %L); DROP SERVER tried', o, v)) e;
-- conflicts
SELECT o, e.message, e.hint FROM (VALUES
  ($$encryption 'SSE_KMS'$$), ($$kms_key 'arn:x'$$), ($$encryption 'CSE_KMS', kms_key 'arn:x'$$),
  ($$keep_results 'off', result_reuse_minutes '5'$$), ($$keep_results 'off', result_reuse_minutes '0'$$)
) t(o), LATERAL error_of(format('CREATE SERVER tried FOREIGN DATA WRAPPER athena_fdw OPTIONS (%s); DROP SERVER tried', o)) e;
-- keys are never shown
SELECT e.* FROM (VALUES ('access_key_id', 'AKIA with blank'), ('secret_access_key', E'secret\n'), ('session_token', ' token')) t(o, v),
  LATERAL error_of(format('CREATE USER MAPPING FOR PUBLIC SERVER lake OPTIONS (%I %L)', o, v)) e;
-- tables over queries
SELECT q, e.message FROM (VALUES ('SELECT 1; -- the end'), ('  /* a; */ WITH x AS (SELECT '';'') SELECT * FROM x ;;'),
  ('(SELECT 1) UNION (SELECT 2)'), ('SELECT 1; SELECT 2'), ('DROP TABLE x'), (''), ('selected'), ('-- SELECT 1')) t(q),
  LATERAL error_of(format('CREATE FOREIGN TABLE tried (a int) SERVER lake OPTIONS (query %L); DROP FOREIGN TABLE tried', q)) e;
-- an incomplete storage: every gap is named, with the command, and nothing is sent
CREATE ROLE athena_regress_user;
CREATE SERVER bare FOREIGN DATA WRAPPER athena_fdw;
CREATE FOREIGN TABLE on_bare (a int) SERVER bare OPTIONS (database 'sales', "table" 'orders');
\x on
SELECT * FROM error_of('SELECT * FROM on_bare');
CREATE USER MAPPING FOR CURRENT_USER SERVER bare;
ALTER SERVER bare OPTIONS (ADD region 'us-east-1');
SELECT * FROM error_of('SELECT * FROM on_bare');
CREATE USER MAPPING FOR PUBLIC SERVER bare OPTIONS (access_key_id 'TESTKEY0000000000001');
DROP USER MAPPING FOR CURRENT_USER SERVER bare;
SELECT * FROM error_of('SELECT * FROM on_bare');
-- planning needs none of it
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM on_bare;
-- http:// to another machine: only on a superuser's server
ALTER SERVER bare OPTIONS (ADD output_bucket 'results', ADD endpoint 'http://10.0.0.1:1', ADD max_retries '0', ADD connect_timeout '0.1');
ALTER USER MAPPING FOR PUBLIC SERVER bare OPTIONS (ADD secret_access_key 'x');
GRANT USAGE ON FOREIGN DATA WRAPPER athena_fdw TO athena_regress_user;
ALTER SERVER bare OWNER TO athena_regress_user;
SELECT * FROM error_of('SELECT * FROM on_bare');
-- only superusers name files
SET ROLE athena_regress_user;
SELECT * FROM error_of($$ALTER SERVER bare OPTIONS (ADD ca_file '/etc/passwd')$$);
RESET ROLE;
\x off
DROP SERVER bare CASCADE;
DROP OWNED BY athena_regress_user;
DROP ROLE athena_regress_user;
-- changes hold from the next query on, and a rollback takes them back
PREPARE names AS SELECT count(*) FROM sales.customers;
EXECUTE names;
BEGIN;
ALTER SERVER lake OPTIONS (SET region 'eu-west-1', SET endpoint 'http://127.0.0.1:1', ADD max_retries '0');
SELECT code, left(message, 56) AS message FROM error_of('EXECUTE names');
ROLLBACK;
EXECUTE names;
BEGIN;
ALTER USER MAPPING FOR CURRENT_USER SERVER lake OPTIONS (DROP secret_access_key);
SELECT detail FROM error_of('EXECUTE names');
ROLLBACK;
EXECUTE names;
-- so do the options of tables and columns, and the server's database, in prepared plans
CREATE FOREIGN TABLE moving (a int) SERVER lake OPTIONS ("table" 'first');
SET plan_cache_mode = force_generic_plan;
PREPARE moved AS SELECT a FROM moving;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE moved;
ALTER FOREIGN TABLE moving OPTIONS (SET "table" 'second');
ALTER FOREIGN TABLE moving ALTER COLUMN a OPTIONS (ADD column_name 'b');
ALTER SERVER lake OPTIONS (ADD database 'elsewhere');
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE moved;
