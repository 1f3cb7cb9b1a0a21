-- athena_diff and athena_sync.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
SELECT DISTINCT state FROM athena_diff('sales.orders');
CREATE FOREIGN TABLE sales.drifted (id integer OPTIONS (column_name 'customer_id'), "Name" text OPTIONS (column_name 'name') COLLATE "C", lost date, region varchar(5),
  since date OPTIONS (remote_type 'timestamp'))
  SERVER lake OPTIONS (database 'sales', "table" 'customers');
COMMENT ON COLUMN sales.drifted."Name" IS 'kept';
ALTER FOREIGN TABLE sales.drifted RENAME COLUMN id TO customer_id;
CREATE VIEW sales.on_drifted AS SELECT customer_id, "Name" FROM sales.drifted;
SELECT column_name, state, type, athena_type, statement FROM athena_diff('sales.drifted');
SELECT column_name, state FROM athena_sync('sales.drifted');
\d sales.drifted
\d sales.on_drifted
SELECT col_description('sales.drifted'::regclass, 2);
SELECT DISTINCT state FROM athena_diff('sales.drifted'::regclass);
SELECT "Name", region FROM sales.drifted WHERE customer_id = 7;
-- a schema: what is new can be imported
DROP VIEW sales.on_drifted;
DROP FOREIGN TABLE sales.drifted, sales.products;
SELECT table_name, column_name, state, statement FROM athena_diff('sales') WHERE state <> 'connected';
SELECT table_name, state FROM athena_sync('sales');
SELECT table_name, state FROM athena_sync('sales', import_new => true);
SELECT count(*) FROM sales.products;
-- a table that is gone is not dropped
CREATE FOREIGN TABLE sales.ghost (a int) SERVER lake OPTIONS (database 'sales');
SELECT * FROM athena_diff('sales.ghost');
SELECT * FROM athena_sync('sales.ghost');
\x on
SELECT * FROM error_of('SELECT * FROM athena_diff(''nothing'')');
SELECT * FROM error_of('SELECT * FROM athena_diff(''pg_class'')');
