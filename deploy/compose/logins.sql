-- The database and its two logins: psql -f logins.sql, as the superuser of the server. May be run again, with other
-- passwords too.
--
-- rtc_owner owns the database, migrates it and makes its roles; it is no superuser, so neither are the functions that run
-- with its rights. rtc_receiver is the receiver's: it holds rtc_writer and nothing else.
\getenv owner_password OWNER_PASSWORD
\getenv receiver_password RECEIVER_PASSWORD
SELECT format('CREATE ROLE %I', role) FROM unnest('{rtc_owner,rtc_writer,rtc_receiver}'::text[]) AS role
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role) \gexec
ALTER ROLE rtc_owner LOGIN CREATEROLE PASSWORD :'owner_password';
ALTER ROLE rtc_receiver LOGIN PASSWORD :'receiver_password';
GRANT rtc_writer TO rtc_receiver;
SELECT 'CREATE DATABASE rtc OWNER rtc_owner' WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'rtc') \gexec
