-- athena_check: what is right, what is wrong, and how to mend it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
\x on
SELECT step, ok, regexp_replace(regexp_replace(regexp_replace(detail, '\d+ ms', 'N ms'), '(_check_).*', '\1...'), '127.0.0.1:\d+', '127.0.0.1:PORT') AS detail, hint FROM athena_check('lake');
-- not configured
CREATE SERVER bare FOREIGN DATA WRAPPER athena_fdw;
SELECT step, ok, detail, hint FROM athena_check('bare');
DROP SERVER bare;
-- one mistake after the other; the steps that can run do run
ALTER SERVER lake OPTIONS (ADD workgroup 'nowhere');
SELECT step, ok, hint FROM athena_check('lake') WHERE NOT ok;
ALTER SERVER lake OPTIONS (DROP workgroup, SET output_bucket 'no-such-bucket');
SELECT step, ok, detail, hint FROM athena_check('lake') WHERE step = 'bucket';
ALTER SERVER lake OPTIONS (SET output_bucket 'athena-results', SET region 'eu-central-1');
SELECT step, ok, detail, hint FROM athena_check('lake') WHERE step = 'bucket';
ALTER SERVER lake OPTIONS (SET region 'us-east-1', ADD database 'missing');
SELECT step, ok, detail, hint FROM athena_check('lake') WHERE step = 'databases';
ALTER SERVER lake OPTIONS (DROP database, SET endpoint 'http://127.0.0.1:1', ADD max_retries '0');
SELECT step, ok, regexp_replace(detail, ':1:.*', ':1: ...') AS detail FROM athena_check('lake');
ALTER SERVER lake OPTIONS (SET endpoint :'endpoint');
-- one table
SELECT step, ok, regexp_replace(detail, '; .* scanned', '; N scanned') AS detail FROM athena_check('lake', 'sales.customers') WHERE step IN ('table', 'columns', 'rows');
ALTER FOREIGN TABLE sales.customers DROP COLUMN vip;
SELECT step, ok, detail, hint FROM athena_check('lake', 'sales.customers') WHERE step = 'columns';
SELECT step, ok, detail, hint FROM athena_check('lake', 'sales.nothing') WHERE step IN ('table', 'columns', 'rows');
SELECT message, hint FROM error_of('SELECT * FROM athena_check(''lake'', ''customers'')');
