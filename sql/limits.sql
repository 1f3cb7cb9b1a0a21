-- LIMIT, OFFSET, cursors, early ends.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
EXPLAIN (VERBOSE, COSTS OFF) SELECT order_id FROM sales.orders LIMIT 3;
EXPLAIN (VERBOSE, COSTS OFF) SELECT order_id FROM sales.orders WHERE dt = '2026-02-01' LIMIT 3 OFFSET 10;
SELECT count(*) FROM (SELECT order_id FROM sales.orders LIMIT 3 OFFSET 10) x;
SELECT count(*) FROM (SELECT order_id FROM sales.orders LIMIT 0) x;
-- not where something stands between
EXPLAIN (VERBOSE, COSTS OFF) SELECT order_id FROM sales.orders WHERE initcap(status) = 'Paid' LIMIT 3;
EXPLAIN (VERBOSE, COSTS OFF) SELECT order_id FROM sales.orders ORDER BY order_id LIMIT 3;
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM sales.orders LIMIT 3;
EXPLAIN (VERBOSE, COSTS OFF) SELECT DISTINCT status FROM sales.orders LIMIT 3;
EXPLAIN (VERBOSE, COSTS OFF) SELECT generate_series(1, 2) FROM sales.orders LIMIT 3;
EXPLAIN (VERBOSE, COSTS OFF) SELECT order_id FROM sales.orders LIMIT 3 FOR UPDATE;
SELECT line FROM explain_lines('SELECT order_id FROM sales.orders UNION ALL SELECT customer_id FROM sales.customers LIMIT 3') line WHERE line !~ 'Output';
SELECT count(*) FROM (SELECT order_id FROM sales.orders WHERE initcap(status) = 'Paid' LIMIT 3) x;
-- cursors: read in steps, closed early, used across a savepoint
BEGIN;
DECLARE c CURSOR FOR SELECT order_id FROM sales.orders WHERE order_id <= 2500 ORDER BY order_id;
FETCH 2 FROM c;
MOVE 2400 IN c;
FETCH 1 FROM c;
SAVEPOINT s;
FETCH 1 FROM c;
ROLLBACK TO s;
FETCH 1 FROM c;
CLOSE c;
DECLARE early CURSOR FOR SELECT * FROM sales.orders;
MOVE 5 IN early;
CLOSE early;
DECLARE later CURSOR FOR SELECT order_id FROM sales.orders WHERE order_id < 4 ORDER BY order_id;
SAVEPOINT s;
FETCH 1 FROM later;
ROLLBACK TO s;
FETCH 2 FROM later;
DECLARE failing CURSOR FOR SELECT 1 / (order_id - 1) FROM sales.orders WHERE order_id < 3;
SAVEPOINT s;
SELECT code, message FROM error_of('FETCH ALL FROM failing');
ROLLBACK TO s;
SELECT count(*) FROM sales.customers;
COMMIT;
DECLARE held CURSOR WITH HOLD FOR SELECT product_id FROM sales.products ORDER BY product_id;
FETCH 1 FROM held;
CLOSE held;
BEGIN;
DECLARE scroller SCROLL CURSOR FOR SELECT product_id FROM sales.products WHERE product_id < 6 ORDER BY product_id;
FETCH LAST FROM scroller;
FETCH FIRST FROM scroller;
FETCH ABSOLUTE 3 FROM scroller;
COMMIT;
