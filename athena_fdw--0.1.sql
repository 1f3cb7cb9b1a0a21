/* athena_fdw--0.1.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION athena_fdw" to load this file. \quit

CREATE FUNCTION athena_fdw_handler()
RETURNS fdw_handler
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

CREATE FUNCTION athena_fdw_validator(text[], oid)
RETURNS void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

CREATE FOREIGN DATA WRAPPER athena_fdw
HANDLER athena_fdw_handler
VALIDATOR athena_fdw_validator;

-- the storage: is it right, what lies in it?

CREATE FUNCTION athena_check(server name,
	OUT step text, OUT ok boolean, OUT detail text, OUT hint text, OUT milliseconds double precision)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_check(name) IS
	'Checks the configuration of an Athena server, a row a step.';

CREATE FUNCTION athena_check(server name, "table" text,
	OUT step text, OUT ok boolean, OUT detail text, OUT hint text, OUT milliseconds double precision)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'athena_check_table'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_check(name, text) IS
	'Checks the configuration of an Athena server and one of its tables (database.table).';

CREATE FUNCTION athena_catalogs(server name, OUT name text, OUT type text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_catalogs(name) IS
	'Lists the data catalogues of a server''s account and region.';

CREATE FUNCTION athena_databases(server name, catalog text DEFAULT NULL)
RETURNS SETOF text
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE;

COMMENT ON FUNCTION athena_databases(name, text) IS
	'Lists the databases of a catalogue, by default the server''s.';

CREATE FUNCTION athena_tables(server name, database text, catalog text DEFAULT NULL,
	OUT name text, OUT kind text, OUT format text, OUT columns integer, OUT comment text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE;

COMMENT ON FUNCTION athena_tables(name, text, text) IS
	'Lists the tables and views of an Athena database.';

CREATE FUNCTION athena_columns(server name, database text, table_name text, catalog text DEFAULT NULL,
	OUT name text, OUT athena_type text, OUT type text, OUT partition boolean, OUT comment text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE;

COMMENT ON FUNCTION athena_columns(name, text, text, text) IS
	'Lists the columns of an Athena table, with the types in which they are imported.';

-- statements

CREATE FUNCTION athena_query(server name, sql text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_query(name, text) IS
	'Runs a statement in Athena and returns its rows.';

CREATE FUNCTION athena_execute(server name, sql text)
RETURNS bigint
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_execute(name, text) IS
	'Runs DDL or DML in Athena and returns the number of rows changed.';

-- it changes data that no GRANT of this database protects
REVOKE ALL ON FUNCTION athena_execute(name, text) FROM PUBLIC;

CREATE FUNCTION athena_describe(server name, sql text,
	OUT name text, OUT athena_type text, OUT type text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_describe(name, text) IS
	'The columns that a SELECT of Athena''s returns; scans nothing.';

CREATE FUNCTION athena_create_table(server name, name text, sql text)
RETURNS regclass
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_create_table(name, text, text) IS
	'Declares a foreign table over a SELECT of Athena''s.';

CREATE FUNCTION athena_explain_io(server name, sql text)
RETURNS jsonb
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_explain_io(name, text) IS
	'EXPLAIN (TYPE IO) of a SELECT, as Athena gives it; scans nothing.';

CREATE FUNCTION athena_explain(server name, sql text,
	OUT catalog text, OUT database text, OUT "table" text, OUT columns text[],
	OUT estimated_rows double precision, OUT estimated_bytes double precision)
RETURNS SETOF record
LANGUAGE sql STRICT VOLATILE
BEGIN ATOMIC
	SELECT t -> 'table' ->> 'catalog',
		t -> 'table' -> 'schemaTable' ->> 'schema',
		t -> 'table' -> 'schemaTable' ->> 'table',
		ARRAY(SELECT c ->> 'columnName'
			FROM jsonb_array_elements(t -> 'constraint' -> 'columnConstraints') c),
		nullif((t -> 'estimate' ->> 'outputRowCount')::double precision, 'NaN'),
		nullif((t -> 'estimate' ->> 'outputSizeInBytes')::double precision, 'NaN')
	FROM jsonb_array_elements(athena_explain_io(server, sql) -> 'inputTableColumnInfos') t;
END;

COMMENT ON FUNCTION athena_explain(name, text) IS
	'Validates a SELECT of Athena''s and lists the tables that it reads; scans nothing.';

-- drift

CREATE FUNCTION athena_diff(target text,
	OUT table_name text, OUT column_name text, OUT state text, OUT type text,
	OUT athena_type text, OUT statement text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'athena_diff_text'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_diff(text) IS
	'Compares foreign tables with the tables of Athena that they stand for, a row a column.';

CREATE FUNCTION athena_diff("table" regclass,
	OUT table_name text, OUT column_name text, OUT state text, OUT type text,
	OUT athena_type text, OUT statement text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'athena_diff_table'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_diff(regclass) IS
	'Compares foreign tables with the tables of Athena that they stand for, a row a column.';

CREATE FUNCTION athena_diff(schema regnamespace,
	OUT table_name text, OUT column_name text, OUT state text, OUT type text,
	OUT athena_type text, OUT statement text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'athena_diff_schema'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_diff(regnamespace) IS
	'Compares foreign tables with the tables of Athena that they stand for, a row a column.';

CREATE FUNCTION athena_sync(target text, import_new boolean DEFAULT false,
	OUT table_name text, OUT column_name text, OUT state text, OUT type text,
	OUT athena_type text, OUT statement text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'athena_sync_text'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_sync(text, boolean) IS
	'Alters foreign tables to what the tables of Athena have become.';

CREATE FUNCTION athena_sync("table" regclass,
	OUT table_name text, OUT column_name text, OUT state text, OUT type text,
	OUT athena_type text, OUT statement text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'athena_sync_table'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_sync(regclass) IS
	'Alters foreign tables to what the tables of Athena have become.';

CREATE FUNCTION athena_sync(schema regnamespace, import_new boolean DEFAULT false,
	OUT table_name text, OUT column_name text, OUT state text, OUT type text,
	OUT athena_type text, OUT statement text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'athena_sync_schema'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_sync(regnamespace, boolean) IS
	'Alters foreign tables to what the tables of Athena have become.';

-- cost

CREATE FUNCTION athena_queries(OUT query_execution_id text, OUT server text, OUT remote_sql text,
	OUT state text, OUT error text, OUT started timestamptz, OUT ended timestamptz,
	OUT queue_ms bigint, OUT planning_ms bigint, OUT engine_ms bigint, OUT total_ms bigint,
	OUT bytes_scanned bigint, OUT cost double precision, OUT rows bigint, OUT reader text,
	OUT reused boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_queries() IS
	'What this session has run in Athena.';

CREATE FUNCTION athena_stats_entries(OUT dbid oid, OUT server text, OUT userid oid, OUT queries bigint, OUT succeeded bigint,
	OUT reused bigint, OUT errors_permission bigint, OUT errors_credentials bigint, OUT
	errors_network bigint, OUT errors_throttled bigint, OUT errors_statement bigint, OUT
	errors_limit bigint, OUT errors_cancelled bigint, OUT errors_other bigint, OUT rows
	bigint, OUT bytes_scanned bigint, OUT cost double precision, OUT total_ms bigint, OUT
	calls_throttled bigint, OUT calls_repeated bigint, OUT since timestamptz)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_stats_entries() IS
	'The counters behind the view athena_stats.';

CREATE VIEW athena_stats AS
SELECT d.datname AS database, s.server, pg_get_userbyid(s.userid) AS username,
	s.queries, s.succeeded, s.reused, s.errors_permission, s.errors_credentials,
	s.errors_network, s.errors_throttled, s.errors_statement, s.errors_limit,
	s.errors_cancelled, s.errors_other, s.rows, s.bytes_scanned, s.cost, s.total_ms,
	s.calls_throttled, s.calls_repeated, s.since
FROM athena_stats_entries() s LEFT JOIN pg_database d ON d.oid = s.dbid;

COMMENT ON VIEW athena_stats IS
	'What all sessions have run in Athena, by server and user; needs shared_preload_libraries.';

GRANT SELECT ON athena_stats TO PUBLIC;

CREATE FUNCTION athena_stats_reset()
RETURNS void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_stats_reset() IS
	'Sets the counters of athena_stats to zero.';

REVOKE ALL ON FUNCTION athena_stats_reset() FROM PUBLIC;

CREATE FUNCTION athena_cancel(query_execution_id text, server name DEFAULT NULL)
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE;

COMMENT ON FUNCTION athena_cancel(text, name) IS
	'Stops a query of Athena''s; says whether it was running.';

CREATE FUNCTION athena_clean_results(server name, older_than interval DEFAULT '7 days', dry_run boolean DEFAULT true,
	OUT object text, OUT bytes bigint, OUT modified timestamptz, OUT deleted boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_clean_results(name, interval, boolean) IS
	'Lists, or deletes, old result objects under a server''s output_bucket.';

-- it deletes what no GRANT of this database protects
REVOKE ALL ON FUNCTION athena_clean_results(name, interval, boolean) FROM PUBLIC;

/*
 * Functions that Athena alone has, under its names, in a schema of their own.
 * They are shipped; where that is not possible they raise an error (0A000).
 * Source: the Athena user guide, "Functions in Amazon Athena".
 */
CREATE SCHEMA athena;
GRANT USAGE ON SCHEMA athena TO PUBLIC;

CREATE FUNCTION athena.url_extract_protocol(url text) RETURNS text
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.url_extract_protocol(text) IS 'The protocol of a URL';
CREATE FUNCTION athena.url_extract_host(url text) RETURNS text
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.url_extract_host(text) IS 'The host of a URL';
CREATE FUNCTION athena.url_extract_port(url text) RETURNS bigint
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.url_extract_port(text) IS 'The port of a URL';
CREATE FUNCTION athena.url_extract_path(url text) RETURNS text
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.url_extract_path(text) IS 'The path of a URL';
CREATE FUNCTION athena.url_extract_query(url text) RETURNS text
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.url_extract_query(text) IS 'The query string of a URL';
CREATE FUNCTION athena.url_extract_fragment(url text) RETURNS text
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.url_extract_fragment(text) IS 'The fragment of a URL';
CREATE FUNCTION athena.url_extract_parameter(url text, name text) RETURNS text
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.url_extract_parameter(text, text) IS 'The first value of a parameter in the query string of a URL';
CREATE FUNCTION athena.url_encode(value text) RETURNS text
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.url_encode(text) IS 'Text as it can stand in a query string';
CREATE FUNCTION athena.url_decode(value text) RETURNS text
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.url_decode(text) IS 'Text that stood in a query string';
CREATE FUNCTION athena.json_extract_scalar(document text, path text) RETURNS text
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.json_extract_scalar(text, text) IS 'A scalar in a JSON document, by a JSONPath such as $.a[0]';
CREATE FUNCTION athena.json_array_length(document text) RETURNS bigint
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.json_array_length(text) IS 'The number of elements of a JSON array';
CREATE FUNCTION athena.regexp_like(value text, pattern text) RETURNS boolean
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.regexp_like(text, text) IS 'Does a pattern of Java match?';
CREATE FUNCTION athena.regexp_extract(value text, pattern text) RETURNS text
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.regexp_extract(text, text) IS 'The first match of a pattern of Java';
CREATE FUNCTION athena.regexp_extract(value text, pattern text, group_number integer) RETURNS text
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.regexp_extract(text, text, integer) IS 'A group of the first match of a pattern of Java';
CREATE FUNCTION athena.levenshtein_distance(a text, b text) RETURNS bigint
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.levenshtein_distance(text, text) IS 'Single-character edits between two texts';
CREATE FUNCTION athena.hamming_distance(a text, b text) RETURNS bigint
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.hamming_distance(text, text) IS 'Positions at which two texts of one length differ';
CREATE FUNCTION athena.date_diff(unit text, begin timestamp, "end" timestamp) RETURNS bigint
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.date_diff(text, timestamp, timestamp) IS 'Whole units from one moment to another';
CREATE FUNCTION athena.date_add(unit text, value bigint, at timestamp) RETURNS timestamp
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.date_add(text, bigint, timestamp) IS 'A moment so many units later';
CREATE FUNCTION athena.date_parse(value text, format text) RETURNS timestamp
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.date_parse(text, text) IS 'A moment, by a format of MySQL such as %Y-%m-%d; milliseconds';
CREATE FUNCTION athena.date_format(at timestamp, format text) RETURNS text
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.date_format(timestamp, text) IS 'A moment in a format of MySQL such as %Y-%m-%d';
CREATE FUNCTION athena.from_unixtime(seconds double precision) RETURNS timestamp with time zone
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.from_unixtime(double precision) IS 'A moment, from seconds since 1970-01-01 UTC; milliseconds';
CREATE FUNCTION athena.to_unixtime(at timestamp) RETURNS double precision
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.to_unixtime(timestamp) IS 'Seconds since 1970-01-01 of a moment taken as UTC';
CREATE FUNCTION athena.from_iso8601_date(value text) RETURNS date
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.from_iso8601_date(text) IS 'A date in a form of ISO 8601';
CREATE FUNCTION athena.from_iso8601_timestamp(value text) RETURNS timestamp with time zone
	LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'athena_fdw_remote_only';
COMMENT ON FUNCTION athena.from_iso8601_timestamp(text) IS 'A moment in a form of ISO 8601; milliseconds';

/* What the aggregates are made of here. */
CREATE FUNCTION athena.transition(internal, anyelement) RETURNS internal
	LANGUAGE c AS 'MODULE_PATHNAME', 'athena_fdw_remote_only_aggregate';
CREATE FUNCTION athena.transition(internal, anyelement, double precision) RETURNS internal
	LANGUAGE c AS 'MODULE_PATHNAME', 'athena_fdw_remote_only_aggregate';
CREATE FUNCTION athena.transition(internal, double precision, double precision) RETURNS internal
	LANGUAGE c AS 'MODULE_PATHNAME', 'athena_fdw_remote_only_aggregate';
CREATE FUNCTION athena.transition(internal, anyelement, anycompatible) RETURNS internal
	LANGUAGE c AS 'MODULE_PATHNAME', 'athena_fdw_remote_only_aggregate';
CREATE FUNCTION athena.transition(internal, double precision) RETURNS internal
	LANGUAGE c AS 'MODULE_PATHNAME', 'athena_fdw_remote_only_aggregate';
CREATE FUNCTION athena.final_count(internal) RETURNS bigint
	LANGUAGE c AS 'MODULE_PATHNAME', 'athena_fdw_remote_only_aggregate';
CREATE FUNCTION athena.final_double(internal) RETURNS double precision
	LANGUAGE c AS 'MODULE_PATHNAME', 'athena_fdw_remote_only_aggregate';
CREATE FUNCTION athena.final_any(internal, anyelement) RETURNS anyelement
	LANGUAGE c AS 'MODULE_PATHNAME', 'athena_fdw_remote_only_aggregate';
CREATE FUNCTION athena.final_by(internal, anyelement, anycompatible) RETURNS anyelement
	LANGUAGE c AS 'MODULE_PATHNAME', 'athena_fdw_remote_only_aggregate';

CREATE AGGREGATE athena.approx_distinct(value anyelement) (sfunc = athena.transition, stype = internal, finalfunc = athena.final_count);
COMMENT ON AGGREGATE athena.approx_distinct(anyelement) IS 'The number of distinct values, with a standard error of 2.3 %';
CREATE AGGREGATE athena.approx_distinct(value anyelement, error double precision) (sfunc = athena.transition, stype = internal, finalfunc = athena.final_count);
COMMENT ON AGGREGATE athena.approx_distinct(anyelement, double precision) IS 'The number of distinct values, with a standard error between 0.0040625 and 0.26';
CREATE AGGREGATE athena.approx_percentile(value double precision, percentage double precision) (sfunc = athena.transition, stype = internal, finalfunc = athena.final_double);
COMMENT ON AGGREGATE athena.approx_percentile(double precision, double precision) IS 'The value below which a share between 0 and 1 of the values lies, approximately';
CREATE AGGREGATE athena.max_by(value anyelement, key anycompatible) (sfunc = athena.transition, stype = internal, finalfunc = athena.final_by, finalfunc_extra);
COMMENT ON AGGREGATE athena.max_by(anyelement, anycompatible) IS 'The value of the row with the greatest key';
CREATE AGGREGATE athena.min_by(value anyelement, key anycompatible) (sfunc = athena.transition, stype = internal, finalfunc = athena.final_by, finalfunc_extra);
COMMENT ON AGGREGATE athena.min_by(anyelement, anycompatible) IS 'The value of the row with the least key';
CREATE AGGREGATE athena.arbitrary(value anyelement) (sfunc = athena.transition, stype = internal, finalfunc = athena.final_any, finalfunc_extra);
COMMENT ON AGGREGATE athena.arbitrary(anyelement) IS 'Any value that is not NULL';
CREATE AGGREGATE athena.geometric_mean(value double precision) (sfunc = athena.transition, stype = internal, finalfunc = athena.final_double);
COMMENT ON AGGREGATE athena.geometric_mean(double precision) IS 'The geometric mean';
CREATE AGGREGATE athena.skewness(value double precision) (sfunc = athena.transition, stype = internal, finalfunc = athena.final_double);
COMMENT ON AGGREGATE athena.skewness(double precision) IS 'The skewness';
CREATE AGGREGATE athena.kurtosis(value double precision) (sfunc = athena.transition, stype = internal, finalfunc = athena.final_double);
COMMENT ON AGGREGATE athena.kurtosis(double precision) IS 'The excess kurtosis';
