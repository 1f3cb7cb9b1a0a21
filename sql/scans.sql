-- Scans: columns, types, NULL and empty text, pages, queries as tables.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
-- more than a page, in full
SELECT count(*), count(weight), min(order_id), max(order_id), sum(order_id), sum(total), min(placed_at), max(placed_at) FROM sales.orders;
ALTER SERVER lake OPTIONS (ADD fetch_size '7');
SELECT count(*), sum(customer_id), count(email) FROM sales.customers;
ALTER SERVER lake OPTIONS (DROP fetch_size);
SELECT * FROM sales.customers WHERE customer_id IN (6, 7) ORDER BY 1;
SELECT * FROM sales.orders WHERE order_id = 4242;
SELECT * FROM sales.products WHERE product_id = 3;
-- every type that the emulator can hold
CREATE FOREIGN TABLE types (id int, b boolean, i1 smallint, i2 smallint, i4 int, i8 bigint, f4 real, f8 double precision,
  n numeric(10,2), s text, d date, ts timestamp(3), t time, ints int[], obj jsonb OPTIONS (remote_type 'struct<a:int,b:string>'))
  SERVER lake OPTIONS (database 'odd', "table" 'types');
\x on
SELECT * FROM types ORDER BY id;
\x off
SELECT id, s IS NULL AS is_null, s = '' AS is_empty, octet_length(s) FROM types ORDER BY id;
-- other types than the natural ones
CREATE FOREIGN TABLE as_text (id text, b text, i8 text, f8 text, n text, d text, ts text) SERVER lake OPTIONS (database 'odd', "table" 'types');
SELECT * FROM as_text WHERE id IS NOT NULL ORDER BY id;
CREATE FOREIGN TABLE as_others (id bigint, i4 numeric, n double precision, d timestamp, i2 int, s varchar(5) OPTIONS (column_name 's'),
  name2 char(6) OPTIONS (column_name 's'), zoned timestamptz OPTIONS (column_name 'ts'), at_date text OPTIONS (column_name 'd'))
  SERVER lake OPTIONS (database 'odd', "table" 'types');
SET timezone = 'America/New_York';
SELECT id, i4, n, d, i2, s, name2, zoned, at_date FROM as_others WHERE id < 4 ORDER BY id;
-- values that do not fit name table, column and value
\set VERBOSITY default
CREATE FOREIGN TABLE misfit (id int, i8 int, s date, f8 bigint, n boolean, b uuid) SERVER lake OPTIONS (database 'odd', "table" 'types');
SELECT i8 FROM misfit;
SELECT s FROM misfit;
SELECT f8 FROM misfit;
SELECT b FROM misfit;
SELECT s FROM as_others;
-- a nested column whose type is not said is refused, not guessed; as text it may be had
CREATE FOREIGN TABLE nested (id int, ints jsonb, obj jsonb) SERVER lake OPTIONS (database 'odd', "table" 'types');
SELECT code, message FROM error_of('SELECT obj FROM nested');
-- dropped columns, system columns, whole rows
ALTER FOREIGN TABLE sales.products DROP COLUMN price;
SELECT p, tableoid::regclass FROM sales.products p WHERE product_id = 1;
SELECT product_id, in_stock FROM sales.products WHERE product_id < 3 ORDER BY 1;
-- a table over a query, with what people leave at its end
CREATE FOREIGN TABLE by_region (region text, customers bigint) SERVER lake
  OPTIONS (database 'sales', query 'SELECT region, count(*) AS customers FROM customers GROUP BY region; -- by region');
SELECT * FROM by_region WHERE region <> 'west' ORDER BY region;
EXPLAIN (VERBOSE, COSTS OFF) SELECT customers FROM by_region;
-- no rows at all
SELECT * FROM sales.customers WHERE customer_id = -1;
-- partitions and children that are foreign
CREATE TABLE all_orders (order_id bigint, dt date) PARTITION BY RANGE (dt);
CREATE TABLE local_orders PARTITION OF all_orders FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
CREATE FOREIGN TABLE old_orders PARTITION OF all_orders FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
  SERVER lake OPTIONS (database 'sales', "table" 'orders');
INSERT INTO all_orders VALUES (0, '2027-05-05');
SELECT tableoid::regclass, count(*), max(order_id) FROM all_orders WHERE order_id < 100 GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM all_orders WHERE dt >= '2027-01-01';
DROP TABLE all_orders;
-- views see the keys of their owner
CREATE ROLE athena_regress_reader;
CREATE VIEW few AS SELECT count(*) FROM sales.customers;
GRANT SELECT ON few, sales.customers TO athena_regress_reader;
GRANT USAGE ON SCHEMA sales TO athena_regress_reader;
SET ROLE athena_regress_reader;
SELECT * FROM few;
SELECT detail FROM error_of('SELECT count(*) FROM sales.customers');
RESET ROLE;
DROP OWNED BY athena_regress_reader;
DROP VIEW few;
DROP ROLE athena_regress_reader;
-- not updatable
SELECT message FROM error_of('DELETE FROM sales.customers');
SELECT message FROM error_of('INSERT INTO sales.customers VALUES (1)');
