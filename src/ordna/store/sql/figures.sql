-- What an operator watches. All of it comes from the database, so that any web process can tell it of all processes; each
-- statement is a walk along an index of unfinished work, an estimate, or a count that ends at a cap.

-- name: tables
-- Who is present, and what was counted: no merchant's, the same for every node (reference tables).
create table if not exists process (
    process text primary key,                 -- 'host:pid:random'
    kind text not null,                       -- worker | web
    version text not null,
    started_at timestamptz not null default now(),
    beat_at timestamptz not null default now(),
    rounds jsonb not null default '{}'        -- seconds since each of its threads ended a round, as of beat_at
);
create table if not exists tally (
    name text not null,
    label text not null,
    total double precision not null,
    primary key (name, label)
) with (fillfactor = 50);

-- name: beat
insert into process (process, kind, version, rounds) values (%(process)s, %(kind)s, %(version)s, %(rounds)s::jsonb)
on conflict (process) do update set beat_at = now(), rounds = excluded.rounds

-- name: count
insert into tally (name, label, total)
select name, label, total from unnest(%(names)s::text[], %(labels)s::text[], %(totals)s::double precision[]) as t(name, label, total)
order by name, label
on conflict (name, label) do update set total = tally.total + excluded.total

-- name: forget
delete from process where beat_at < now() - interval '10 minutes'

-- name: leave
delete from process where process = %(process)s

-- name: processes
select process, kind, version, extract(epoch from now() - started_at)::float8, extract(epoch from now() - beat_at)::float8,
       rounds
from process order by kind, process

-- name: tallies
select name, label, total from tally

-- name: lanes
-- Of each lane that has waiting messages: (merchant, lane, seconds its oldest waits, how many wait, at most 10,000).
with recursive found as (
    (select merchant_id, lane from inbox where handled_at is null order by merchant_id, lane limit 1)
    union all
    select next.merchant_id, next.lane
    from found
    cross join lateral (
        select i.merchant_id, i.lane from inbox i
        where i.handled_at is null and (i.merchant_id, i.lane) > (found.merchant_id, found.lane)
        order by i.merchant_id, i.lane
        limit 1
    ) next
)
select f.merchant_id, f.lane::integer, extract(epoch from now() - oldest.received_at)::float8, many.count
from found f
cross join lateral (
    select i.received_at from inbox i
    where i.merchant_id = f.merchant_id and i.lane = f.lane and i.handled_at is null
    order by i.inbox_id limit 1) oldest
cross join lateral (
    select count(*) from (
        select 1 from inbox i
        where i.merchant_id = f.merchant_id and i.lane = f.lane and i.handled_at is null limit 10000) capped) many

-- name: effects
select status, count(*), coalesce(max(extract(epoch from now() - due_at)), 0)::float8
from effect where status in ('due', 'sending', 'in_doubt') group by status
union all
select 'dead', count(*), 0 from effect
where status = 'dead' and status in ('refused', 'dead', 'in_doubt') and asked_at > now() - interval '14 days'

-- name: connections
select c.merchant_id, c.connection_id, c.mode,
       extract(epoch from now() - greatest(c.last_webhook_at, c.last_read_at, c.created_at))::float8,
       c.last_error is not null,
       least(b.maximum, b.available + b.restore_per_s * extract(epoch from now() - b.updated_at))::float8,
       b.maximum
from connection c
left join budget b on b.merchant_id = c.merchant_id and b.connection_id = c.connection_id
where c.role = 'shop'

-- name: work
select (select count(*) from inbox where outcome = 'quarantined'),
       (select count(*) from reread),
       (select count(*) from (select 1 from timer where fired_at is null and due_at < now() limit 10000) capped),
       (select count(*) from switch where name = 'outgoing' and value = 'paused'),
       (select count(*) from lease where merchant_id > 0 and until > now()),
       (select count(*) from lease where merchant_id = 0 and until > now()),
       (select count(*) from lease where merchant_id > 0 and owner <> '' and until < now() - interval '1 minute')

-- name: sizes
-- (table, partition or null, bytes with indexes, rows by estimate) of what grows.
select t.relname, case when c.oid = t.oid then null else c.relname end, pg_total_relation_size(c.oid),
       greatest(c.reltuples, 0)::float8
from pg_class t
cross join lateral (
    select p.relid from pg_partition_tree(t.oid) p where p.isleaf and t.relkind = 'p'
    union all
    select t.oid where t.relkind = 'r') leaf
join pg_class c on c.oid = leaf.relid
where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p') and not t.relispartition
  and t.relname in ('inbox', 'seen', 'orders', 'journal', 'journal_object', 'decision', 'step', 'task', 'timer', 'effect',
                    'person')
order by 1, 2
