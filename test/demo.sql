-- The extension, and one storage: a server and a user mapping.
CREATE EXTENSION athena_fdw;
CREATE SERVER lake FOREIGN DATA WRAPPER athena_fdw OPTIONS (region 'us-east-1');
CREATE USER MAPPING FOR CURRENT_USER SERVER lake;

-- It may be created before it is complete; the check says what is missing.
SELECT step, ok, detail, hint FROM athena_check('lake');
ALTER SERVER lake OPTIONS (ADD output_bucket :'bucket', ADD endpoint :'endpoint');
ALTER USER MAPPING FOR CURRENT_USER SERVER lake
  OPTIONS (ADD access_key_id :'key', ADD secret_access_key :'secret');
SELECT step, ok, detail FROM athena_check('lake');

-- Every table of an Athena database becomes a foreign table.
CREATE SCHEMA sales;
IMPORT FOREIGN SCHEMA sales FROM SERVER lake INTO sales;
\d+ sales.orders

-- Conditions, columns and limits are shipped.
SELECT order_id, status, total, tags, address->>'city' AS city
FROM sales.orders WHERE dt = '2026-03-01' AND status = 'returned' AND total > 900
ORDER BY order_id LIMIT 5;
EXPLAIN (VERBOSE, COSTS OFF)
SELECT order_id, status, total FROM sales.orders
WHERE dt = '2026-03-01' AND status = 'returned' AND total > 900 LIMIT 5;

-- More than one page of the result, counted here.
SELECT status, count(*), sum(total) FROM sales.orders GROUP BY status ORDER BY status;

-- A join with a local table.
CREATE TABLE target (region text PRIMARY KEY, goal numeric);
INSERT INTO target VALUES ('north', 3100000), ('south', 3000000), ('west', 3200000);
SELECT t.region, t.goal, sum(o.total) AS sold, sum(o.total) >= t.goal AS reached
FROM target t JOIN sales.customers c USING (region) JOIN sales.orders o USING (customer_id)
GROUP BY t.region ORDER BY t.region;

-- What did it take?
EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF)
SELECT name, email FROM sales.customers WHERE region = 'west' AND email IS NULL AND since >= '2022-01-01';

-- Any statement of Athena's, and a table over one.
SELECT * FROM athena_query('lake', 'SELECT region, count(*) AS n FROM sales.customers GROUP BY region ORDER BY 1')
  AS t(region text, n bigint);
CREATE FOREIGN TABLE sales.best (customer_id bigint, spent numeric(38,2)) SERVER lake
  OPTIONS (query 'SELECT customer_id, sum(total) AS spent FROM sales.orders GROUP BY customer_id');
SELECT * FROM sales.best WHERE spent > 24600 ORDER BY spent DESC LIMIT 5;

-- The columns of a SELECT, found out without scanning anything.
SELECT athena_create_table('lake', 'sales.by_region', 'SELECT region, count(*) AS n FROM sales.customers GROUP BY region');
SELECT * FROM sales.by_region ORDER BY region;

-- Has anything changed in Athena since?  Here somebody has lost a column.
ALTER FOREIGN TABLE sales.products DROP COLUMN in_stock;
SELECT table_name, column_name, state, statement FROM athena_diff('sales.products') WHERE state <> 'connected';
SELECT table_name, column_name, state FROM athena_sync('sales.products');

-- What this session has asked Athena, and what it cost.
SELECT left(remote_sql, 50) AS remote_sql, state, total_ms, bytes_scanned, round(cost::numeric, 6) AS cost, rows
FROM athena_queries() ORDER BY bytes_scanned DESC NULLS LAST LIMIT 5;
