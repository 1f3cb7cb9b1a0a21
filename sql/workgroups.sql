-- Workgroups: where results go, and what stands in the way.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
ALTER SERVER lake OPTIONS (ADD workgroup 'athena_regress_located', DROP output_bucket);
SELECT step, ok, regexp_replace(detail, '(_check_).*', '\1...') AS detail FROM athena_check('lake') WHERE step IN ('settings', 'workgroup', 'bucket', 'write');
SELECT count(*) FROM sales.customers;
ALTER SERVER lake OPTIONS (SET workgroup 'athena_regress_enforced', ADD output_bucket 'athena-results/elsewhere');
SELECT step, ok, detail, hint FROM athena_check('lake') WHERE step = 'workgroup';
ALTER SERVER lake OPTIONS (SET workgroup 'athena_regress_disabled');
SELECT step, ok, detail, hint FROM athena_check('lake') WHERE step = 'workgroup';
\x on
-- what is written into options is checked when it is written
SELECT o, message, hint FROM (VALUES ('acl ''PUBLIC'''), ('requester_pays ''perhaps'''), ('max_bytes_scanned ''1MB'''),
  ('encryption ''SSE_KMS'''), ('kms_key ''k'''), ('expected_bucket_owner ''me'''), ('workgroup ''a b'''), ('analyze_method ''guess'''),
  ('keep_results ''off'', ADD result_reuse_minutes ''60''')) v(o),
  LATERAL error_of(format('ALTER SERVER lake OPTIONS (DROP workgroup, ADD %s)', o));
