-- Grouping and aggregates by Athena; what is shipped, what is not, and the same rows either way.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM sales.orders;
SELECT count(*) FROM sales.orders;
EXPLAIN (VERBOSE, COSTS OFF)
SELECT status, count(*), count(weight), sum(total), avg(total), min(placed_at), max(order_id), avg(customer_id), sum(order_id)
FROM sales.orders WHERE dt >= '2026-03-01' AND total > 10 GROUP BY status;
SELECT both_ways($$SELECT status, count(*), count(weight), sum(total), avg(total), min(placed_at), max(order_id), avg(customer_id), sum(order_id)
  FROM sales.orders WHERE dt >= '2026-03-01' AND total > 10 GROUP BY status$$);
-- HAVING, ORDER BY and LIMIT are Athena's as well; a quotient is computed here, over what it is made of
EXPLAIN (VERBOSE, COSTS OFF)
SELECT region, sum(customer_id * 2 + 1) / count(*) AS x FROM sales.customers GROUP BY region HAVING bool_or(vip) AND max(name) > 'C' ORDER BY x LIMIT 2;
SELECT both_ways($$SELECT region, sum(customer_id * 2 + 1) / count(*) AS x FROM sales.customers GROUP BY region HAVING bool_or(vip) AND max(name) > 'C'$$);
-- DISTINCT and FILTER inside, several keys, a key that a condition makes constant, a key that is arithmetic
EXPLAIN (VERBOSE, COSTS OFF)
SELECT status, dt, count(DISTINCT customer_id), count(*) FILTER (WHERE total > 900) FROM sales.orders WHERE status = 'paid' GROUP BY status, dt;
SELECT both_ways($$SELECT status, dt, count(DISTINCT customer_id), count(*) FILTER (WHERE total > 900) FROM sales.orders WHERE status = 'paid' GROUP BY status, dt$$);
SELECT both_ways('SELECT customer_id + 1, count(*) FROM sales.orders GROUP BY customer_id + 1');
-- (the emulator gives a decimal literal another scale than the engine does: this one is compared without constants)
SELECT both_ways('SELECT sum(total * total), avg(total - total * total), sum(customer_id * order_id - 5) FROM sales.orders');
-- no rows: one group without keys, none with
SELECT both_ways($$SELECT count(*), sum(total), avg(order_id), min(status) FROM sales.orders WHERE status = 'none'$$);
SELECT both_ways($$SELECT status, count(*) FROM sales.orders WHERE status = 'none' GROUP BY status$$);
-- each level for itself: below a join, in a subquery, over a table that is a query
EXPLAIN (VERBOSE, COSTS OFF)
SELECT c.region, o.n FROM sales.customers c JOIN (SELECT customer_id, count(*) AS n FROM sales.orders GROUP BY customer_id) o USING (customer_id) WHERE o.n > 55;
SELECT both_ways($$SELECT c.region, o.n FROM sales.customers c JOIN (SELECT customer_id, count(*) AS n FROM sales.orders GROUP BY customer_id) o USING (customer_id) WHERE o.n > 55$$);
SELECT both_ways($$SELECT region FROM sales.customers c WHERE customer_id = (SELECT max(customer_id) FROM sales.orders)$$);
CREATE FOREIGN TABLE sales.best (customer_id bigint, spent numeric(20,2)) SERVER lake
  OPTIONS (query 'SELECT customer_id, sum(total) AS spent FROM sales.orders GROUP BY customer_id -- all');
SELECT both_ways('SELECT count(*), max(spent), avg(spent) FROM sales.best');
-- DISTINCT
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT status, dt FROM sales.orders WHERE total > 10;
SELECT both_ways('SELECT DISTINCT status, dt FROM sales.orders WHERE total > 10');
SELECT both_ways('SELECT DISTINCT customer_id % 3 FROM sales.orders');
-- min and max of several columns are one query
EXPLAIN (VERBOSE, COSTS OFF) SELECT min(order_id), max(placed_at) FROM sales.orders;
-- ORDER BY
EXPLAIN (VERBOSE, COSTS OFF) SELECT order_id, total FROM sales.orders WHERE status = 'paid' ORDER BY total DESC, order_id LIMIT 3 OFFSET 1;
SELECT order_id, total FROM sales.orders WHERE status = 'paid' ORDER BY total DESC, order_id LIMIT 3 OFFSET 1;
EXPLAIN (VERBOSE, COSTS OFF) SELECT order_id FROM sales.orders ORDER BY weight LIMIT 3;
EXPLAIN (VERBOSE, COSTS OFF) SELECT order_id FROM sales.orders WHERE initcap(status) = 'Paid' ORDER BY order_id LIMIT 3;
-- parameters
PREPARE p(text, date) AS SELECT count(*), sum(total) FROM sales.orders WHERE status = $1 AND dt < $2;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE p('new', '2026-05-01');
EXECUTE p('new', '2026-05-01');
EXECUTE p(NULL, '2026-05-01');
\x on
SELECT * FROM error_of($$EXECUTE p('new', 'infinity')$$);
\x off
SET plan_cache_mode = force_custom_plan;
EXECUTE p('new', 'infinity');
RESET plan_cache_mode;
-- what stays here, and what does not: conditions, keys, arguments, aggregates, grouping sets
SELECT q, plan LIKE '%GROUP BY%' OR plan LIKE '%count(*) FROM%' AS shipped FROM (VALUES
  ('SELECT status, count(*) FROM sales.orders WHERE order_id % 2 = 0 GROUP BY status'),
  ('SELECT weight, count(*) FROM sales.orders GROUP BY weight'),
  ('SELECT tags, count(*) FROM sales.orders GROUP BY tags'),
  ('SELECT upper(status), count(*) FROM sales.orders GROUP BY upper(status)'),
  ('SELECT sum(weight) FROM sales.orders'),
  ('SELECT max(weight) FROM sales.orders'),
  ('SELECT status, array_agg(total) FROM sales.orders GROUP BY status'),
  ('SELECT status, sum(total ORDER BY total) FROM sales.orders GROUP BY status'),
  ('SELECT status, dt, count(*) FROM sales.orders GROUP BY ROLLUP (status, dt)'),
  ('SELECT count(*) FROM sales.orders WHERE total * order_id > 5'),
  ('SELECT count(*) FROM sales.orders WHERE random() > 2'),
  ('SELECT count(*) FILTER (WHERE customer_id + 1 > 2) FROM sales.orders')) v(q),
  LATERAL (SELECT string_agg(l, ' ') FROM explain_lines(q) l) p(plan);
-- rights and mappings are those of the table
CREATE ROLE athena_regress_cleo;
GRANT USAGE ON SCHEMA sales TO athena_regress_cleo;
SET ROLE athena_regress_cleo;
SELECT code, message FROM error_of('SELECT count(*) FROM sales.orders');
RESET ROLE;
GRANT SELECT ON sales.orders TO athena_regress_cleo;
SET ROLE athena_regress_cleo;
SELECT code, message, detail FROM error_of('SELECT count(*) FROM sales.orders');
RESET ROLE;
CREATE VIEW sales.per_status AS SELECT status, count(*) AS n FROM sales.orders GROUP BY status;
GRANT SELECT ON sales.per_status TO athena_regress_cleo;
SET ROLE athena_regress_cleo;
SELECT sum(n) FROM sales.per_status;
RESET ROLE;
DROP OWNED BY athena_regress_cleo;
DROP ROLE athena_regress_cleo;
