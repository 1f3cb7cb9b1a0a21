-- whole queries by Athena: joins, subqueries, set operations, windows
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
-- joins; conditions on either side
EXPLAIN (VERBOSE, COSTS OFF)
SELECT c.region, o.order_id FROM sales.customers c JOIN sales.orders o USING (customer_id) WHERE c.vip AND o.total > 900 ORDER BY o.total DESC, o.order_id LIMIT 3;
SELECT both_ways($$SELECT c.region, o.order_id FROM sales.customers c JOIN sales.orders o USING (customer_id) WHERE c.vip AND o.total > 900$$);
EXPLAIN (VERBOSE, COSTS OFF)
SELECT c.customer_id, o.order_id FROM sales.customers c LEFT JOIN sales.orders o ON o.customer_id = c.customer_id AND o.total > 900 WHERE c.region IS NOT NULL;
SELECT both_ways($$SELECT c.customer_id, o.order_id FROM sales.customers c LEFT JOIN sales.orders o ON o.customer_id = c.customer_id AND o.total > 900 WHERE c.region IS NOT NULL$$);
SELECT both_ways($$SELECT c.customer_id, o.order_id FROM sales.customers c FULL JOIN (SELECT * FROM sales.orders WHERE total > 800) o ON o.customer_id = c.customer_id + 3$$);
-- semi and anti joins
EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM sales.customers c WHERE EXISTS (SELECT 1 FROM sales.orders o WHERE o.customer_id = c.customer_id AND o.total > 990);
SELECT both_ways($$SELECT name FROM sales.customers c WHERE EXISTS (SELECT 1 FROM sales.orders o WHERE o.customer_id = c.customer_id AND o.total > 990)$$);
EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM sales.customers c WHERE NOT EXISTS (SELECT 1 FROM sales.orders o WHERE o.customer_id = c.customer_id AND o.total > 10);
SELECT both_ways($$SELECT name FROM sales.customers c WHERE NOT EXISTS (SELECT 1 FROM sales.orders o WHERE o.customer_id = c.customer_id AND o.total > 10)$$);
SELECT both_ways($$SELECT name FROM sales.customers WHERE customer_id NOT IN (SELECT customer_id FROM sales.orders WHERE total > 500)$$);
-- a column that must be NULL where the outer join finds nothing
EXPLAIN (VERBOSE, COSTS OFF) SELECT c.customer_id, x.found FROM sales.customers c LEFT JOIN (SELECT customer_id, 'yes'::text AS found FROM sales.orders WHERE total > 990) x USING (customer_id);
SELECT both_ways($$SELECT c.customer_id, x.found FROM sales.customers c LEFT JOIN (SELECT customer_id, 'yes'::text AS found FROM sales.orders WHERE total > 990) x USING (customer_id)$$);
-- subqueries, correlated and not; CTEs
EXPLAIN (VERBOSE, COSTS OFF) SELECT c.name, (SELECT max(o.total) FROM sales.orders o WHERE o.customer_id = c.customer_id) FROM sales.customers c WHERE c.customer_id > (SELECT min(customer_id) FROM sales.orders);
SELECT both_ways($$SELECT c.name, (SELECT max(o.total) FROM sales.orders o WHERE o.customer_id = c.customer_id) FROM sales.customers c WHERE c.customer_id > (SELECT min(customer_id) FROM sales.orders)$$);
EXPLAIN (VERBOSE, COSTS OFF) WITH big AS MATERIALIZED (SELECT customer_id, sum(total) AS spent FROM sales.orders GROUP BY 1) SELECT a.customer_id FROM big a JOIN big b ON a.spent < b.spent AND a.customer_id = b.customer_id + 1;
SELECT both_ways($$WITH big AS MATERIALIZED (SELECT customer_id, sum(total) AS spent FROM sales.orders GROUP BY 1) SELECT a.customer_id FROM big a JOIN big b ON a.spent < b.spent AND a.customer_id = b.customer_id + 1$$);
-- set operations, grouping sets, windows
SELECT line FROM explain_lines('SELECT customer_id FROM sales.orders WHERE total > 900 INTERSECT SELECT customer_id FROM sales.customers WHERE vip ORDER BY 1 LIMIT 5') line WHERE line !~ 'Output';
SELECT both_ways($$SELECT customer_id FROM sales.orders WHERE total > 900 INTERSECT SELECT customer_id FROM sales.customers WHERE vip$$);
EXPLAIN (VERBOSE, COSTS OFF) SELECT status, dt, count(*), grouping(dt) FROM sales.orders GROUP BY ROLLUP (status, dt) HAVING count(*) > 1;
SELECT both_ways($$SELECT status, dt, count(*), grouping(dt) FROM sales.orders GROUP BY ROLLUP (status, dt) HAVING count(*) > 1$$);
EXPLAIN (VERBOSE, COSTS OFF) SELECT order_id, rank() OVER (PARTITION BY status ORDER BY total DESC), sum(total) OVER (ORDER BY order_id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM sales.orders;
SELECT both_ways($$SELECT order_id, rank() OVER (PARTITION BY status ORDER BY total DESC, order_id), sum(total) OVER (ORDER BY order_id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM sales.orders$$);
-- what cannot be shipped of a select list is computed here; what cannot be ordered there is sorted here
EXPLAIN (VERBOSE, COSTS OFF) SELECT c.region, sum(o.total) / count(*) AS mean, initcap(c.region) FROM sales.customers c JOIN sales.orders o USING (customer_id) GROUP BY c.region ORDER BY initcap(c.region), mean;
SELECT both_ways($$SELECT c.region, sum(o.total) / count(*) AS mean, initcap(c.region), stddev(o.total) FROM sales.customers c JOIN sales.orders o USING (customer_id) GROUP BY c.region$$);
-- with a table of this database, the largest part
CREATE TABLE here (region text, n int);
INSERT INTO here SELECT region, count(*) FROM sales.customers GROUP BY region;
EXPLAIN (VERBOSE, COSTS OFF) SELECT h.n, x.spent FROM here h JOIN (SELECT c.region, sum(o.total) AS spent FROM sales.customers c JOIN sales.orders o USING (customer_id) GROUP BY c.region) x USING (region);
SELECT both_ways($$SELECT h.n, x.spent FROM here h JOIN (SELECT c.region, sum(o.total) AS spent FROM sales.customers c JOIN sales.orders o USING (customer_id) GROUP BY c.region) x USING (region)$$);
ALTER FOREIGN TABLE sales.customers OPTIONS (ADD rows '500');
ALTER FOREIGN TABLE sales.orders OPTIONS (ADD rows '25000');
SELECT line FROM explain_lines('SELECT h.n, count(*) FROM here h JOIN sales.customers c USING (region) JOIN sales.orders o USING (customer_id) WHERE o.total > 990 GROUP BY 1') line WHERE line ~ 'Remote SQL|FROM|JOIN|WHERE';
SELECT both_ways($$SELECT h.n, count(*) FROM here h JOIN sales.customers c USING (region) JOIN sales.orders o USING (customer_id) WHERE o.total > 990 GROUP BY 1$$);
DROP TABLE here;
