-- IMPORT FOREIGN SCHEMA.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
DROP SCHEMA sales CASCADE;
CREATE SCHEMA sales;
IMPORT FOREIGN SCHEMA sales FROM SERVER lake INTO sales;
\d sales.*
SELECT obj_description('sales.customers'::regclass), col_description('sales.customers'::regclass, 3), col_description('sales.orders'::regclass, 9);
SELECT reltuples, (SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = c.oid) FROM pg_class c WHERE oid = 'sales.customers'::regclass;
EXPLAIN SELECT * FROM sales.customers;
-- odd names and types; what cannot be mapped is skipped and said
CREATE SCHEMA odd;
IMPORT FOREIGN SCHEMA odd FROM SERVER lake INTO odd;
\d odd.*
SELECT obj_description('odd."order"'::regclass);
-- options
DROP SCHEMA odd CASCADE;
CREATE SCHEMA odd;
IMPORT FOREIGN SCHEMA odd EXCEPT (unmappable, iceberg) FROM SERVER lake INTO odd
  OPTIONS (import_views 'off', import_comments 'off', import_nested 'arrays', collate_c 'off');
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation <> 100 AND a.attcollation <> 0 AS collated
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE relnamespace = 'odd'::regnamespace AND attnum > 0
  AND (relname = 'types' AND attname IN ('s', 'ints', 'obj') OR relname = 'order' AND attname IN ('vc', 'c')) ORDER BY 1, attnum;
SELECT obj_description('odd."order"'::regclass);
SELECT ints FROM odd.types ORDER BY id;
DROP SCHEMA odd CASCADE;
CREATE SCHEMA odd;
IMPORT FOREIGN SCHEMA odd LIMIT TO ("Types", nowhere) FROM SERVER lake INTO odd;
SELECT relname FROM pg_class WHERE relnamespace = 'odd'::regnamespace;
-- errors
\x on
SELECT * FROM error_of('IMPORT FOREIGN SCHEMA nowhere FROM SERVER lake INTO odd');
SELECT * FROM error_of('IMPORT FOREIGN SCHEMA odd FROM SERVER lake INTO odd OPTIONS (import_all ''on'')');
SELECT * FROM error_of('IMPORT FOREIGN SCHEMA odd FROM SERVER lake INTO odd OPTIONS (import_nested ''hstore'')');
\x off
-- a table that is there already ends it, and nothing is left half done
SELECT message FROM error_of('IMPORT FOREIGN SCHEMA odd FROM SERVER lake INTO odd');
SELECT relname FROM pg_class WHERE relnamespace = 'odd'::regnamespace;
IMPORT FOREIGN SCHEMA empty FROM SERVER lake INTO odd;
