-- One merchant moves to another server: its rows, and no other's, follow by logical replication until it is cut over.

-- name: may
-- Whoever moves a merchant reads and writes past row-level security.
select rolsuper or (rolbypassrls and rolreplication) from pg_roles where rolname = current_user

-- name: wal_level
select current_setting('wal_level')

-- name: migrations
select coalesce(array_agg(number order by number), '{}') from ordna_migration

-- name: here
select exists (select from merchant where merchant_id = %s)

-- name: tables
-- (table, whether merchant_id is part of what replication tells rows apart by). Who works on what is not taken along.
select c.relname,
       exists (select from pg_index i
               where i.indrelid = c.oid and i.indisprimary
                 and a.attnum = any(i.indkey::smallint[]))
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id' and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'lease'
order by c.relname

-- name: position
select pg_current_wal_lsn()::text

-- name: tables_behind
select count(*) from pg_subscription_rel r join pg_subscription s on s.oid = r.srsubid
where s.subname = %s and r.srsubstate <> 'r'

-- name: reached
-- Whether what the source had written at that position has arrived; null where nobody follows.
select (select confirmed_flush_lsn >= %s::pg_lsn from pg_replication_slots where slot_name = %s)

-- name: lanes
select lane from lease where merchant_id = %s

-- name: give_up_lanes
delete from lease where merchant_id = %s

-- name: take_lanes
insert into lease (merchant_id, lane) select %s, unnest(%s::smallint[]) on conflict do nothing

-- name: identities
-- (table, column) of the numbers that a server gives out itself.
select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
where a.attidentity <> '' and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
order by c.relname

-- name: newest
select coalesce(max({column}), 0) from {table}

-- name: restart
alter table {table} alter column {column} restart with {number}
