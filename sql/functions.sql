-- SQL functions, and who may call them.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
SELECT * FROM athena_query('lake', 'SELECT 1 AS a, ''x'' AS b, CAST(NULL AS integer) AS c') AS t(a int, b text, c int);
SELECT * FROM athena_query('lake', 'SELECT region, count(*) FROM sales.customers GROUP BY region ORDER BY region') AS t(r text, n bigint);
SELECT count(*) FROM athena_query('lake', 'SELECT order_id FROM sales.orders') AS t(o bigint);
SELECT message FROM error_of($$SELECT * FROM athena_query('lake', 'SELECT 1 AS a, ''x'' AS b') AS t(a int)$$);
SELECT detail FROM error_of($$SELECT * FROM athena_query('lake', 'SELECT 1 AS a, ''x'' AS b') AS t(a int)$$);
SELECT message FROM error_of($$SELECT * FROM athena_query('lake', 'SELECT ''x'' AS b') AS t(a int)$$);
SELECT q, message FROM (VALUES ('DROP TABLE x'), ('INSERT INTO x SELECT 1'), ('EXPLAIN ANALYZE INSERT INTO x SELECT 1'), ('SELECT 1; DROP TABLE x'),
  ('/* SELECT */ DELETE FROM x'), (''), ('EXECUTE p')) t(q), LATERAL error_of(format('SELECT * FROM athena_query(''lake'', %L) AS t(a int)', q));
SELECT athena_execute('lake', $$CREATE EXTERNAL TABLE sales.made (a int) LOCATION 's3://shop-data/made/'$$);
SELECT name, kind, format, columns, comment FROM athena_tables('lake', 'sales');
SELECT athena_execute('lake', 'DROP TABLE sales.made');
SELECT * FROM athena_databases('lake') ORDER BY 1;
SELECT code, message FROM error_of($$SELECT * FROM athena_tables('lake', 'nowhere')$$);
-- rights
CREATE ROLE athena_regress_user;
SET ROLE athena_regress_user;
SELECT f, message FROM (VALUES ('athena_check(''lake'')'), ('athena_query(''lake'', ''SELECT 1'') AS t(a int)'), ('athena_execute(''lake'', ''SELECT 1'')'),
  ('athena_databases(''lake'')'), ('athena_tables(''lake'', ''sales'')')) t(f), LATERAL error_of('SELECT * FROM ' || f);
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER lake TO athena_regress_user;
SET ROLE athena_regress_user;
SELECT f, message, detail FROM (VALUES ('athena_query(''lake'', ''SELECT 1'') AS t(a int)'), ('athena_execute(''lake'', ''SELECT 1'')'),
  ('athena_databases(''lake'')')) t(f), LATERAL error_of('SELECT * FROM ' || f);
RESET ROLE;
DROP OWNED BY athena_regress_user;
DROP ROLE athena_regress_user;
SELECT message FROM error_of($$SELECT * FROM athena_databases('nowhere')$$);
CREATE FOREIGN DATA WRAPPER another;
CREATE SERVER other FOREIGN DATA WRAPPER another;
SELECT message FROM error_of($$SELECT * FROM athena_databases('other')$$);
DROP FOREIGN DATA WRAPPER another CASCADE;
