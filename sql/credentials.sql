-- Whose keys: the options of user mappings, and who may use the server process's.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
\x on
-- what is wrong by itself
SELECT o, code, message, hint FROM (VALUES
  ('credentials ''magic'''), ('credentials ''assume_role'', role_arn ''reader'''), ('credentials ''assume_role'', source_credentials ''assume_role'''),
  ('credentials ''assume_role'', role_session_name ''a b'''), ('credentials ''assume_role'', role_duration ''1min'''),
  ('secret_access_key ''with blank ''')) v(o),
  LATERAL error_of(format('CREATE USER MAPPING FOR PUBLIC SERVER lake OPTIONS (%s)', o));
-- what would not be used
SELECT o, message, hint FROM (VALUES
  ('credentials ''environment'', access_key_id ''x'''), ('profile ''x'''), ('role_arn ''arn:aws:iam::123456789012:role/r'''),
  ('credentials ''instance'', external_id ''x''')) v(o),
  LATERAL error_of(format('CREATE USER MAPPING FOR PUBLIC SERVER lake OPTIONS (%s)', o));
-- a mapping may be made before it is complete
CREATE USER MAPPING FOR PUBLIC SERVER lake OPTIONS (credentials 'assume_role');
DROP USER MAPPING FOR CURRENT_USER SERVER lake;
SELECT detail, hint FROM error_of('SELECT count(*) FROM sales.customers');
-- the server process's keys are not for everybody
CREATE ROLE athena_regress_ana;
GRANT USAGE ON FOREIGN SERVER lake TO athena_regress_ana;
GRANT USAGE ON SCHEMA sales TO athena_regress_ana;
GRANT SELECT ON sales.customers TO athena_regress_ana;
CREATE USER MAPPING FOR athena_regress_ana SERVER lake OPTIONS (credentials 'environment');
SET ROLE athena_regress_ana;
SELECT * FROM error_of('SELECT count(*) FROM sales.customers');
SELECT code, message FROM error_of('ALTER USER MAPPING FOR athena_regress_ana SERVER lake OPTIONS (ADD server_credentials_allowed ''true'')');
SELECT code, message FROM error_of('ALTER USER MAPPING FOR athena_regress_ana SERVER lake OPTIONS (SET credentials ''profile'', ADD credential_process_allowed ''on'')');
SELECT code, message FROM error_of('ALTER USER MAPPING FOR athena_regress_ana SERVER lake OPTIONS (SET credentials ''web_identity'', ADD web_identity_token_file ''/etc/passwd'')');
-- keys of her own she may always have
ALTER USER MAPPING FOR athena_regress_ana SERVER lake OPTIONS (DROP credentials, ADD access_key_id 'TESTKEY0000000000001', ADD secret_access_key 'x');
SELECT count(*) FROM sales.customers;
RESET ROLE;
DROP OWNED BY athena_regress_ana;
DROP ROLE athena_regress_ana;
DROP USER MAPPING FOR PUBLIC SERVER lake;
