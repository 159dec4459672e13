-- What the migrations need besides their own statements.

-- name: try_lock
select pg_try_advisory_xact_lock(7021001)

-- name: stay_idle
set local idle_in_transaction_session_timeout = 0

-- name: short_locks
set local lock_timeout = '400ms'

-- name: long_locks
-- What runs alone takes locks that nobody who reads or writes has to wait behind.
set lock_timeout = '30s'

-- name: usual_locks
set lock_timeout = '2s'

-- name: has_merchants
select to_regclass('lease') is not null

-- name: see_all
-- Row-level security is forced on the owner too: a migration that moves rows sees every merchant's.
select set_config('ordna.merchants', coalesce(array_agg(distinct merchant_id), '{}')::text, true)
from lease where merchant_id > 0

-- name: has_ledger
select to_regclass('ordna_migration') is not null

-- name: has_needs
select exists (select from pg_attribute
               where attrelid = to_regclass('ordna_migration') and attname = 'needs' and not attisdropped)

-- name: ledger
create table if not exists ordna_migration (
    number integer primary key,
    name text not null,
    applied_at timestamptz not null default now()
);
alter table ordna_migration add column if not exists kind text not null default 'expand';
alter table ordna_migration add column if not exists needs integer not null default 0;

-- name: applied
select number, name, applied_at, needs from ordna_migration order by number

-- name: applied_before_needs
select number, name, applied_at, 0 from ordna_migration order by number

-- name: note
insert into ordna_migration (number, name, kind, needs) values (%s, %s, %s, %s) on conflict do nothing

-- name: is_invalid
select exists (select from pg_index i join pg_class c on c.oid = i.indexrelid
               where c.relname = %s and c.relnamespace = 'public'::regnamespace and not i.indisvalid)
