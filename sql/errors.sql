-- Errors of queries: SQLSTATE, words, detail, hint.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
\x on
CREATE FOREIGN TABLE gone (a int) SERVER lake OPTIONS (database 'sales', "table" 'gone');
SELECT code, left(message, 19) AS message, right(detail, 42) AS detail FROM error_of('SELECT * FROM gone');
CREATE FOREIGN TABLE nowhere (a int) SERVER lake;
SELECT * FROM error_of('SELECT * FROM nowhere');
-- an error in the middle of a scan leaves nothing behind
SELECT code, message FROM error_of('SELECT 1 / (customer_id - 300) FROM sales.customers');
SELECT count(*) FROM sales.customers;
-- subtransactions
DO $$
BEGIN
  FOR i IN 1..3 LOOP
    BEGIN
      PERFORM 1 / (customer_id - 300) FROM sales.customers;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
  END LOOP;
END $$;
SELECT count(*) FROM sales.customers;
