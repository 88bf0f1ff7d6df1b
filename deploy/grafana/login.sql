-- The login that Grafana reads with: psql -f login.sql, as somebody who may make roles, after `rtc-receiver roles`.
-- May be run again, with another password too.
\getenv password GRAFANA_DATABASE_PASSWORD
SELECT 'CREATE ROLE grafana LOGIN IN ROLE rtc_ops' WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'grafana') \gexec
ALTER ROLE grafana PASSWORD :'password';
-- A query that somebody typed into a panel ends at last, and changes nothing.
ALTER ROLE grafana SET statement_timeout = '30s';
ALTER ROLE grafana SET default_transaction_read_only = on;
-- Compiling one of these queries takes longer than running it.
ALTER ROLE grafana SET jit = off;
