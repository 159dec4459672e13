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
            execute format('select last_value + is_called::integer from %s', pg_get_serial_sequence(t.name, t.number)) into next_number;
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

-- name: inbox_keys
create unique index concurrently if not exists inbox_timed on inbox (merchant_id, inbox_id, received_at)

-- name: inbox_bounds
do $$
declare until text := date_trunc('day', now() at time zone 'utc') + interval '3 days' || '+00';
begin
    execute format('alter table inbox add constraint inbox_past check (received_at < %L) not valid', until);
end $$

-- name: inbox_proof
alter table inbox validate constraint inbox_past

-- name: inbox_swap
-- As the journal was: the table becomes the first partition, its indexes are those of the whole.
do $$
declare
    part text;
    until text;
    next_number bigint;
    own record;
    ours constant text := $set$
        merchant_id + 0 in (select unnest(coalesce(nullif(current_setting('ordna.merchants', true), ''), '{}')::bigint[]))
    $set$;
begin
    lock table inbox in access exclusive mode;
    select substring(pg_get_constraintdef(oid) from '''([^'']+)''') into until
    from pg_constraint where conrelid = 'inbox'::regclass and conname = 'inbox_past';
    execute format('select last_value + is_called::integer from %s', pg_get_serial_sequence('inbox', 'inbox_id')) into next_number;
    alter table inbox alter column inbox_id drop identity;
    alter table inbox rename to inbox_begin;
    alter table inbox_begin drop constraint inbox_pkey;
    alter table inbox_begin add constraint inbox_begin_pkey primary key using index inbox_timed;
    create table inbox (like inbox_begin including defaults including storage including compression) partition by range (received_at);
    alter table inbox add primary key (merchant_id, inbox_id, received_at);
    execute format('alter table inbox alter column inbox_id add generated always as identity (start with %s)', next_number);
    for own in
        select c.relname as name, pg_get_indexdef(c.oid) as how from pg_index i join pg_class c on c.oid = i.indexrelid
        where i.indrelid = 'inbox_begin'::regclass and not i.indisprimary
    loop
        execute format('alter index %I rename to %I', own.name, own.name || '_begin');
        execute replace(own.how, ' ON public.inbox_begin ', ' ON public.inbox ');
    end loop;
    execute format('alter table inbox attach partition inbox_begin for values from (minvalue) to (%L)', until);
    alter table inbox_begin drop constraint inbox_past;
    create table inbox_rest partition of inbox default;
    foreach part in array array['inbox', 'inbox_begin', 'inbox_rest'] loop
        execute format('alter table %I enable row level security', part);
        execute format('alter table %I force row level security', part);
        execute format('drop policy if exists its_merchants on %I', part);
        execute format('create policy its_merchants on %I using (%s) with check (%s)', part, ours, ours);
    end loop;
    if exists (select from pg_roles where rolname = 'ordna_engine') then
        revoke all on inbox_begin from ordna_engine, ordna_reader;
        grant select, insert, update, delete on inbox to ordna_engine;
        grant select on inbox to ordna_reader;
    end if;
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

-- name: keep_waiting
-- What is not done with outlives its day: with no partition of its time left, it lies in the rest.
insert into inbox overriding system value
select * from {part} where handled_at is null or outcome = 'quarantined'

-- name: forget_rest
-- What lay in the rest and has been dealt with since.
delete from inbox_rest
where ctid = any(array(
    select ctid from inbox_rest
    where handled_at is not null and outcome <> 'quarantined' and received_at < %s and handled_at < %s
    limit 5000))

-- name: forget_seen
-- Deliveries seen so long ago that nobody sends them again.
delete from seen
where ctid = any(array(select ctid from seen where first_at < %s limit 5000))

-- name: show_all
alter table {part} no force row level security

-- name: detach
alter table {table} detach partition {part}

-- name: drop
drop table {part}
