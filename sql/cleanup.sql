-- Old result objects: listed, and deleted only if they are ours.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
SELECT count(*) FROM athena_clean_results('lake');
ALTER SERVER lake OPTIONS (SET output_bucket 'athena-results/regress-cleanup');
SELECT replace(object, 's3://athena-results/', '') AS object, bytes, deleted FROM athena_clean_results('lake', '0 s');
SELECT count(*) FROM athena_clean_results('lake');
SELECT count(*) FROM athena_clean_results('lake', '1 day', dry_run => false);
\x on
SELECT code, message FROM error_of('SELECT * FROM athena_clean_results(''lake'', ''-1 day'', false)');
ALTER SERVER lake OPTIONS (SET output_bucket 'no-such-bucket');
SELECT code, message, hint FROM error_of('SELECT * FROM athena_clean_results(''lake'')');
ALTER SERVER lake OPTIONS (DROP output_bucket, ADD workgroup 'primary');
SELECT * FROM error_of('SELECT * FROM athena_clean_results(''lake'')');
