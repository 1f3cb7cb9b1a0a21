-- What is shipped, in which words, and that it changes no row.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/setup.inc
\set ECHO none
\i :setup
\set ECHO all
CREATE FUNCTION remote(sql text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text; long text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || sql LOOP
    IF line ~ 'Remote SQL: $' THEN
      long := 'Remote SQL:';
    ELSIF long IS NOT NULL AND line !~ 'Shipped:' THEN
      long := long || ' ' || btrim(line);
    ELSIF long IS NOT NULL THEN
      RETURN NEXT long;
      long := NULL;
    END IF;
    CONTINUE WHEN long IS NOT NULL;
    IF line ~ '(Filter|Remote SQL|Shipped):' THEN
      RETURN NEXT regexp_replace(line, '^ +', '');
    END IF;
  END LOOP;
END $$;
-- columns: only those that are needed, perhaps none
SELECT remote('SELECT 1 FROM sales.orders');
SELECT remote('SELECT order_id FROM sales.orders');
SELECT remote('SELECT order_id FROM sales.orders WHERE initcap(status) = ''Paid''');
SELECT remote('SELECT o FROM sales.orders o');
-- conditions that are shipped: the words, and the rows both ways
CREATE TABLE shipped (n serial, cond text);
INSERT INTO shipped (cond) VALUES
  ('order_id = 5'), ('order_id <> 5 AND order_id < 9'), ('5 >= order_id'), ('order_id > 9223372036854775807'),
  ('customer_id = -9223372036854775808'), ('order_id < customer_id'),
  ('status = ''paid'''), ('status <> ''paid'''), ('status > ''paid'''), ('status >= ''it''''s'''), ('status COLLATE "C" < ''paid'''),
  ('total = 12.34'), ('total > 999'), ('total <= 0.37'), ('total <> 1e3'),
  ('weight < 0.5'), ('weight > 124'), ('weight >= 124.5'), ('weight <> 1.5'), ('1.5 < weight'), ('124.25 <= weight'), ('weight = 1.5'),
  ('placed_at < ''2026-01-01 01:00:00.5'''), ('placed_at = ''2026-01-01 00:19'''), ('placed_at > date ''2026-11-01'''),
  ('dt = ''2026-02-01'''), ('dt >= ''2026-11-01'' AND dt < ''2027-01-01'''), ('dt BETWEEN ''2026-03-01'' AND ''2026-03-31'''),
  ('dt NOT BETWEEN ''2026-02-01'' AND ''2026-10-31'''),
  ('weight IS NULL'), ('weight IS NOT NULL AND order_id < 5'), ('tags IS NULL'), ('address IS NOT NULL AND order_id = 1'),
  ('order_id IN (1, 2, 3)'), ('order_id IN (1, NULL, 3)'), ('order_id NOT IN (1, 2) AND order_id < 5'),
  ('order_id NOT IN (1, NULL)'), ('order_id = ANY (''{}''::bigint[])'), ('order_id < 4 AND order_id <> ALL (''{}''::bigint[])'),
  ('status IN (''new'', ''it''''s'')'), ('dt IN (''2026-01-01'', ''2026-02-01'')'), ('total IN (12.34, 0.37)'), ('weight IN (1.5, 2.5)'),
  ('status LIKE ''%ai%'''), ('status NOT LIKE ''p%'''), ('status LIKE ''p_id'''), ('status LIKE ''\paid'''), ('status LIKE ''100\%'''),
  ('status LIKE ''a#%b'' ESCAPE ''#'''), ('status LIKE '''''),
  ('NOT (order_id > 3)'), ('order_id < 3 OR status = ''returned'' AND total > 990'), ('NOT (status = ''new'' OR order_id > 10)'),
  ('weight IS DISTINCT FROM 1.5 AND order_id < 5'), ('weight IS NOT DISTINCT FROM NULL'),
  ('(order_id < 3) IS TRUE'), ('(weight > 1) IS NOT TRUE AND order_id < 60'), ('(weight > 1) IS FALSE'),
  ('(weight > 1) IS NOT FALSE AND order_id < 60'), ('(order_id < 3) = (status = ''new'') AND order_id < 6'), ('(order_id < 3) IN (true, NULL)'), ('(order_id < 3) IS DISTINCT FROM (weight > 1) AND order_id < 9'),
  ('(order_id < 3 OR weight IS NULL) IS NOT NULL AND order_id < 5'), ('(weight > 1) IS UNKNOWN'), ('(weight > 1) IS NOT UNKNOWN AND order_id < 5');
\t on
SELECT cond || E'\n    ' || (SELECT string_agg(r, E'\n    ') FROM remote('SELECT 1 FROM sales.orders WHERE ' || cond) r)
  || E'\n    ' || both_ways('SELECT order_id FROM sales.orders WHERE ' || cond) FROM shipped ORDER BY n;
\t off
SELECT remote('SELECT name FROM sales.customers WHERE vip');
SELECT remote('SELECT name FROM sales.customers WHERE NOT vip');
SELECT remote('SELECT name FROM sales.customers WHERE vip IS NOT TRUE');
SELECT both_ways('SELECT name FROM sales.customers WHERE vip'), both_ways('SELECT name FROM sales.customers WHERE NOT vip'),
  both_ways('SELECT name FROM sales.customers WHERE vip IS NOT TRUE');
-- what stays here, and why
CREATE FOREIGN TABLE other (i int, ci text COLLATE "en-x-icu", t text COLLATE "C", ch char(5), r real, f double precision, g double precision,
  n numeric, n38 numeric(38,10), n2 numeric(10,2), d date, z timestamptz, j jsonb, y interval, ip inet,
  wrong text OPTIONS (remote_type 'bigint'), bin bytea, u uuid, tm time)
  SERVER lake OPTIONS (database 'odd', "table" 'other');
\t on
SELECT c || E'\n    ' || (SELECT string_agg(r, E'\n    ') FROM remote('SELECT 1 FROM other WHERE ' || c) r) FROM (VALUES
  (1, 'ci < ''a'''), (2, 'ci = ''a'''), (3, 'ch = ''a  '''), (4, 'ch < ''a'''), (5, 'ch LIKE ''a%'''), (6, 'n = 1.5'), (7, 'n38 = 1e28'),
  (8, 'n38 = 1e27'), (9, 'n2 = ''NaN'''), (10, 'f = ''NaN'''), (11, 'f > ''Infinity'''), (12, 'f = g'), (13, 'f <> g'), (14, 'f > g'),
  (15, 'f >= g'), (16, 'f < g'), (17, 'f <= g'), (18, 'd = ''infinity'''), (19, 'd = ''0044-03-15 BC'''), (20, 'd = z'),
  (21, 'z > ''2026-01-01 00:00:00+01'''), (22, 'j = ''1'''), (23, 'y > ''1 day'''), (24, 'ip = ''10.0.0.1'''), (25, 'wrong = ''5'''),
  (26, 'wrong IS NULL'), (27, 'bin = ''\xdead'''), (28, 'u > ''12345678-1234-5678-1234-567812345678'''), (29, 'tm < ''12:00:00.25'''),
  (30, 'tm = ''24:00'''), (31, 'i + 1 = 2'), (32, 't ILIKE ''a'''), (33, 't LIKE t'), (34, 't LIKE ''a\'''), (35, 't ~ ''a'''),
  (36, 'i = random()'), (37, 'i > ALL (''{1,2}'')'), (38, 'd >= current_date - 7'), (39, 'z < now()'), (40, 'r > 1.5::real'), (41, 'r = 1.5'),
  (42, 'n2 = 12345678901234567890123456789012345678'), (43, 't < ''a'' AND ci < ''a''')
) v(n, c) ORDER BY n;
\t off
-- parameters travel as literals, typed, also those that have none
PREPARE p(bigint, text, date, bigint[]) AS
  SELECT order_id, status FROM sales.orders WHERE order_id < $1 AND status = $2 AND dt <= $3 AND order_id = ANY ($4) ORDER BY 1;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE p(10, 'new', '2026-01-01', '{1,2,9}');
EXECUTE p(10, 'new', '2026-01-01', '{1,2,9}');
EXECUTE p(10, 'paid', '2026-01-01', '{1,2,4,5}');
EXECUTE p(10, 'it''s', '2026-01-01', '{1,2}');
EXECUTE p(NULL, 'new', '2026-01-01', '{1,2}');
EXECUTE p(10, 'new', '2026-01-01', '{}');
EXECUTE p(10, 'new', '2026-01-01', NULL);
EXECUTE p(10, 'new', 'infinity', '{1,2,9}');
RESET plan_cache_mode;
EXECUTE p(10, 'new', '2026-01-01', '{1,2,9}');
-- subqueries, whether they are the same for all rows or not
SELECT remote('SELECT order_id FROM sales.orders WHERE order_id = (SELECT min(customer_id) FROM sales.customers)');
SELECT order_id FROM sales.orders WHERE order_id = (SELECT min(customer_id) FROM sales.customers);
SELECT remote('SELECT (SELECT count(*) FROM sales.orders o WHERE o.customer_id = c.customer_id) FROM sales.customers c');
-- switched off
SET athena_fdw.pushdown = off;
SELECT remote('SELECT order_id FROM sales.orders WHERE order_id = 5 LIMIT 1');
RESET athena_fdw.pushdown;
-- too long for a statement of Athena's: evaluated here
SELECT count(*) FROM remote((SELECT 'SELECT 1 FROM sales.orders WHERE order_id IN (' || string_agg((g + 1000000)::text, ',') || ')' FROM generate_series(1, 40000) g)) r
  WHERE r LIKE 'Remote SQL%WHERE%';
-- names
CREATE FOREIGN TABLE "Odd Name" ("select" int, "Date" date, "a""b" int, "end" int OPTIONS (column_name 'ende'), "group" int OPTIONS (column_name 'First'))
  SERVER lake OPTIONS (database 'my-db', "table" 'order');
SELECT remote('SELECT * FROM "Odd Name" WHERE "Date" IS NULL AND "a""b" = 1');
-- forms in which columns are read
CREATE FOREIGN TABLE forms (z timestamptz, b bytea, a int[], plain jsonb, j jsonb OPTIONS (remote_type 'json'),
  m jsonb OPTIONS (remote_type 'map<date,array<binary>>'), r jsonb OPTIONS (remote_type 'row(a integer, "B c" row(t time(3), u uuid), d decimal(5,2))'),
  t text OPTIONS (remote_type 'array<string>'), arr jsonb OPTIONS (remote_type 'array(timestamp(6) with time zone)'),
  anonymous jsonb OPTIONS (remote_type 'row(integer, varchar(3), row(double precision, x timestamp with time zone))'))
  SERVER lake OPTIONS (database 'odd', "table" 'forms');
\t on
SELECT regexp_replace(r, ', ', E',\n  ', 'g') FROM remote('SELECT * FROM forms') r;
\t off
DROP TABLE shipped;
DROP FUNCTION remote;
