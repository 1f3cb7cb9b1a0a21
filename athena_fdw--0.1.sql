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

CREATE FUNCTION athena_check(server name,
	OUT step text, OUT ok boolean, OUT detail text, OUT hint text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_check(name) IS
	'Checks the configuration of an Athena server, a row a step.';

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

CREATE FUNCTION athena_databases(server name)
RETURNS SETOF text
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_databases(name) IS
	'Lists the databases of the server''s catalogue.';

CREATE FUNCTION athena_tables(server name, database text,
	OUT name text, OUT kind text, OUT format text, OUT columns integer, OUT comment text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION athena_tables(name, text) IS
	'Lists the tables and views of an Athena database.';
