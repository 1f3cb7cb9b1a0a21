-- ANALYZE, and estimates with and without it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
CREATE FUNCTION estimate(sql text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || sql INTO plan;
  RETURN plan->0->'Plan'->>'Plan Rows';
END $$;
-- nothing is known: a large table is assumed, and its option is believed
SELECT estimate('SELECT * FROM sales.customers') > 100000 AS large;
ALTER FOREIGN TABLE sales.customers OPTIONS (ADD rows '1234');
SELECT estimate('SELECT * FROM sales.customers');
-- all rows of a small table
ANALYZE sales.customers;
SELECT reltuples FROM pg_class WHERE oid = 'sales.customers'::regclass;
SELECT estimate('SELECT * FROM sales.customers'), estimate('SELECT * FROM sales.customers WHERE region = ''west'''), estimate('SELECT * FROM sales.customers WHERE vip');
SELECT attname, null_frac > 0.14 AND null_frac < 0.15 AS a_seventh FROM pg_stats WHERE schemaname = 'sales' AND tablename = 'customers' AND attname = 'email';
SELECT estimate('SELECT * FROM sales.customers LIMIT 7');
-- a sample of a large one
SET default_statistics_target = 10;
ANALYZE sales.orders;
SELECT reltuples FROM pg_class WHERE oid = 'sales.orders'::regclass;
SELECT estimate('SELECT * FROM sales.orders WHERE order_id <= 12500') BETWEEN 10000 AND 15000 AS about_half;
SELECT n_distinct BETWEEN 4 AND 4 AS four FROM pg_stats WHERE schemaname = 'sales' AND tablename = 'orders' AND attname = 'status';
-- a table over a query, one column, no rows
CREATE FOREIGN TABLE few (region text) SERVER lake OPTIONS (database 'sales', query 'SELECT region FROM customers WHERE vip');
ANALYZE few (region);
SELECT reltuples FROM pg_class WHERE oid = 'few'::regclass;
CREATE FOREIGN TABLE none (region text) SERVER lake OPTIONS (database 'sales', query 'SELECT region FROM customers WHERE false');
ANALYZE none;
SELECT estimate('SELECT * FROM none');
DROP FUNCTION estimate;
