-- Rescans read kept rows; only other parameters start another query.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
CREATE TABLE here (id int, region text);
INSERT INTO here SELECT g, (ARRAY['north', 'south', 'east', 'west'])[1 + g % 4] FROM generate_series(1, 6) g;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_memoize = off;
-- how many queries a statement's scans started, and how many times they ran
CREATE FUNCTION queries(sql text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE plan json; node json;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON) ' || sql INTO plan;
  FOR node IN SELECT * FROM json_path_query_nodes(plan) LOOP
    RETURN NEXT format('loops %s, queries %s', node->>'Actual Loops', coalesce(node->>'Athena Queries', '1'));
  END LOOP;
END $$;
CREATE FUNCTION json_path_query_nodes(plan json) RETURNS SETOF json LANGUAGE sql AS
$$ SELECT jsonb_path_query(plan::jsonb, 'strict $.** ? (@."Node Type" == "Foreign Scan")')::json $$;
-- the inner side of a nested loop
SELECT queries('SELECT h.id, count(*) FROM here h JOIN sales.customers c ON c.region = h.region AND c.customer_id < h.id * 10 GROUP BY 1');
SELECT h.id, count(*) FROM here h JOIN sales.customers c ON c.region = h.region AND c.customer_id < h.id * 10 GROUP BY 1 ORDER BY 1;
-- a correlated subquery, whose condition is evaluated here
SELECT queries('SELECT h.id, (SELECT count(*) FROM sales.customers c WHERE c.customer_id < h.id AND c.region = h.region) FROM here h');
SELECT h.id, (SELECT count(*) FROM sales.customers c WHERE c.customer_id < h.id AND c.region = h.region) FROM here h ORDER BY 1;
-- one that stops early each time
SELECT queries('SELECT h.id FROM here h WHERE EXISTS (SELECT 1 FROM sales.customers c WHERE c.customer_id = h.id OFFSET 0)');
SELECT h.id FROM here h WHERE EXISTS (SELECT 1 FROM sales.customers c WHERE c.customer_id = h.id OFFSET 0) ORDER BY 1;
-- lateral, with a limit
SELECT h.id, x.* FROM here h, LATERAL (SELECT customer_id FROM sales.customers c WHERE c.customer_id > h.id ORDER BY 1 LIMIT 1) x ORDER BY 1;
-- a recursive query scans its table once a step
SELECT queries($$WITH RECURSIVE r(id) AS (SELECT 1::bigint UNION ALL SELECT c.customer_id + 1 FROM r JOIN sales.customers c ON c.customer_id = r.id WHERE r.id < 5) SELECT * FROM r$$);
WITH RECURSIVE r(id) AS (SELECT 1::bigint UNION ALL SELECT c.customer_id + 1 FROM r JOIN sales.customers c ON c.customer_id = r.id WHERE r.id < 5) SELECT * FROM r;
-- parameters of a plan that change: another query
CREATE FUNCTION of_region(text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM sales.customers c WHERE c.region = $1); END $$;
SELECT region, of_region(region) FROM here GROUP BY 1 ORDER BY 1;
-- an InitPlan below a correlated subplan is one of the outer row's
SELECT queries('SELECT h.id, (SELECT count(*) FROM sales.customers c WHERE c.customer_id < (SELECT h.id * 2)) FROM here h');
SELECT h.id, (SELECT count(*) FROM sales.customers c WHERE c.customer_id < (SELECT h.id * 2)) FROM here h ORDER BY 1;
-- many kept rows go to disk
SET work_mem = '64kB';
SELECT count(*), sum(o.total) FROM (VALUES (1), (2)) v(x), LATERAL (SELECT total FROM sales.orders o WHERE o.order_id > v.x * 24000 OFFSET 0) o;
-- a parameter without a literal in Athena, in a scan that is repeated: conditions are evaluated here
RESET work_mem;
PREPARE until(timestamp) AS SELECT v.x, count(*) FROM (VALUES (1), (2)) v(x), LATERAL
  (SELECT * FROM sales.orders o WHERE o.placed_at < $1 AND o.dt = '2026-01-01' AND o.customer_id < v.x * 3 OFFSET 0) o GROUP BY 1 ORDER BY 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE until('infinity');
EXECUTE until('-infinity');
EXECUTE until('2026-01-10');
RESET plan_cache_mode;
DROP FUNCTION queries, json_path_query_nodes, of_region;
DROP TABLE here;
