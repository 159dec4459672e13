-- Tables that are kept by time: how they came to be partitioned, and how their partitions are made and dropped.

-- name: journal_times
alter table journal_object add column if not exists recorded_at timestamptz not null default now()

-- name: journal_keys
-- A unique key of a partitioned table has the time in it. Built beside the old key, while everybody writes.
create unique index concurrently if not exists journal_timed on journal (merchant_id, order_id, seq, recorded_at);
create unique index concurrently if not exists journal_object_timed
    on journal_object (merchant_id, order_id, seq, object_kind, object_id, recorded_at);
create unique index concurrently if not exists decision_timed on decision (merchant_id, order_id, seq_after, decision_id, at)

-- name: journal_bounds
-- What stands in the tables now becomes the first partition; it reaches far enough that the next one is made in time.
do $$
declare until text := date_trunc('month', now() at time zone 'utc') + interval '2 months' || '+00';
begin
    execute format('alter table journal add constraint journal_past check (recorded_at < %L) not valid', until);
    execute format('alter table journal_object add constraint journal_object_past check (recorded_at < %L) not valid', until);
    execute format('alter table decision add constraint decision_past check (at < %L) not valid', until);
end $$

-- name: journal_proof
-- Proved beforehand, so that attaching the first partition has nothing to look for.
alter table journal validate constraint journal_past;
alter table journal_object validate constraint journal_object_past;
alter table decision validate constraint decision_past

-- name: journal_swap
-- The table steps back as the first partition of a partitioned one of its name: nothing is copied. Who may see what is
-- said in the same transaction, for the others go on writing the moment it ends.
do $$
declare
    t record;
    part text;
    until text;
    next_number bigint;
    ours constant text := $set$
        merchant_id + 0 in (select unnest(coalesce(nullif(current_setting('ordna.merchants', true), ''), '{}')::bigint[]))
    $set$;
begin
    for t in
        select * from (values
            (1, 'journal', 'recorded_at', 'merchant_id, order_id, seq, recorded_at', null),
            (2, 'journal_object', 'recorded_at', 'merchant_id, order_id, seq, object_kind, object_id, recorded_at', null),
            (3, 'decision', 'at', 'merchant_id, order_id, seq_after, decision_id, at', 'decision_id')
        ) as v(place, name, moment, key, number) order by place
    loop
        execute format('lock table %I in access exclusive mode', t.name);
        select substring(pg_get_constraintdef(oid) from '''([^'']+)''') into until
        from pg_constraint where conrelid = t.name::regclass and conname = t.name || '_past';
        if t.number is not null then
            execute format('select last_value + 1 from %s', pg_get_serial_sequence(t.name, t.number)) into next_number;
            execute format('alter table %I alter column %I drop identity', t.name, t.number);
        end if;
        execute format('alter table %I rename to %I', t.name, t.name || '_begin');
        execute format('alter table %I drop constraint %I', t.name || '_begin', t.name || '_pkey');
        execute format('alter table %I add constraint %I primary key using index %I',
                       t.name || '_begin', t.name || '_begin_pkey', t.name || '_timed');
        execute format('create table %I (like %I including defaults including storage including compression) partition by range (%I)',
                       t.name, t.name || '_begin', t.moment);
        execute format('alter table %I add constraint %I primary key (%s)', t.name, t.name || '_pkey', t.key);
        if t.number is not null then
            execute format('alter table %I alter column %I add generated always as identity (start with %s)',
                           t.name, t.number, next_number);
        end if;
        execute format('alter table %I attach partition %I for values from (minvalue) to (%L)', t.name, t.name || '_begin', until);
        execute format('alter table %I drop constraint %I', t.name || '_begin', t.name || '_past');
        execute format('create table %I partition of %I default', t.name || '_rest', t.name);
        foreach part in array array[t.name, t.name || '_begin', t.name || '_rest'] loop
            execute format('alter table %I enable row level security', part);
            execute format('alter table %I force row level security', part);
            execute format('drop policy if exists its_merchants on %I', part);
            execute format('create policy its_merchants on %I using (%s) with check (%s)', part, ours, ours);
        end loop;
        if exists (select from pg_roles where rolname = 'ordna_engine') then
            execute format('revoke all on %I from ordna_engine, ordna_reader', t.name || '_begin');
            execute format('grant select, insert, update, delete on %I to ordna_engine', t.name);
            execute format('grant select on %I to ordna_reader', t.name);
        end if;
    end loop;
end $$

-- name: utc
set timezone = 'UTC'

-- name: partitions
-- (partition, how its bounds are written) of a table, the default one too.
select c.relname, pg_get_expr(c.relpartbound, c.oid)
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = %s::regclass
order by c.relname

-- name: make
create table {part} (like {table} including defaults including constraints including storage including compression);
alter table {part} enable row level security;
alter table {part} force row level security;
with strays as (delete from {rest} where {moment} >= {since} and {moment} < {until} returning *)
insert into {part} select * from strays;
alter table {table} attach partition {part} for values from ({since}) to ({until})

-- name: busy
-- Rows of a day's partition come and go within the minute they arrive in.
alter table {part} set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
                        autovacuum_vacuum_cost_delay = 0)

-- name: is_empty
select not exists (select from only {part})

-- name: show_all
alter table {part} no force row level security

-- name: detach
alter table {table} detach partition {part}

-- name: drop
drop table {part}
