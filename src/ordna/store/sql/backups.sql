-- Backups: what they look at, and what they leave alone.

-- name: moment
select now(), (select max(number) from ordna_migration)

-- name: counts
-- Rows of what must not get lost. Orders are never deleted; of the others some may be, by retention or erasure.
select 'merchant', count(*) from merchant
union all select 'connection', count(*) from connection
union all select 'orders', count(*) from orders
union all select 'journal', count(*) from journal
union all select 'effect', count(*) from effect
union all select 'person', count(*) from person
union all select 'inbox', count(*) from inbox

-- name: keep_log
select pg_create_physical_replication_slot(%s, true, true)

-- name: export_snapshot
select pg_export_snapshot(), rolsuper or rolbypassrls from pg_roles where rolname = current_user

-- name: holds_anything
-- Whether a database holds tables of ours with a merchant in them.
select to_regclass('public.merchant') is not null

-- name: clear
drop schema if exists site cascade;
drop schema if exists public cascade;
create schema public;

-- name: analyze
analyze
