-- What queries cost, and what this session ran.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
SHOW athena_fdw.price_per_terabyte;
SHOW athena_fdw.max_bytes_scanned;
SET athena_fdw.max_bytes_scanned = '1GB';
SHOW athena_fdw.max_bytes_scanned;
SELECT count(*) FROM sales.customers;
SELECT server, remote_sql, state, error, bytes_scanned >= 0 AS scanned, cost >= 0 AS cost, rows, reader, reused,
  started <= ended AS times FROM athena_queries() ORDER BY started DESC LIMIT 1;
SELECT code FROM error_of('SELECT * FROM athena_query(''lake'', ''SELECT nothing'') AS t(a int)');
SELECT remote_sql, error, rows, reader FROM athena_queries() ORDER BY started DESC LIMIT 1;
\x on
SELECT * FROM error_of('SELECT athena_cancel(''no id'')');
SELECT code, message FROM error_of('SELECT athena_cancel(''00000000-0000-4000-8000-000000000000'')');
SELECT athena_cancel(query_execution_id) FROM athena_queries() WHERE state = 'SUCCEEDED' ORDER BY started DESC LIMIT 1;
-- rights
CREATE ROLE athena_regress_ben;
SET ROLE athena_regress_ben;
SELECT f, message FROM (VALUES ('athena_stats_reset()'), ('athena_clean_results(''lake'')'), ('athena_cancel(''00000000-0000-4000-8000-000000000000'', ''lake'')')) v(f),
  LATERAL error_of('SELECT ' || f);
RESET ROLE;
DROP ROLE athena_regress_ben;
