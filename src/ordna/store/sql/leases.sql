-- Leases: who works on which lane, fenced by a token that only grows. All times are the database's.

-- name: merchants
select distinct merchant_id from lease where merchant_id > 0

-- name: lanes_with_few_messages
-- (merchant, lane) of the first waiting messages, with how many were looked at: all of them, when fewer than the limit.
select merchant_id, lane::integer, count(*) from (
    select i.merchant_id, i.lane from inbox i where i.inbox_id > %s and i.handled_at is null
    order by i.merchant_id, i.lane
    limit %s
) waiting
group by merchant_id, lane

-- name: lanes_with_messages
-- The same however many wait: a loose scan of the partial index, one probe a lane that has any.
with recursive found as (
    (select merchant_id, lane from inbox where inbox_id > %(above)s and handled_at is null
     order by merchant_id, lane
     limit 1)
    union all
    select next.merchant_id, next.lane
    from found
    cross join lateral (
        select i.merchant_id, i.lane from inbox i
        where i.handled_at is null and (i.merchant_id, i.lane) > (found.merchant_id, found.lane) and i.inbox_id > %(above)s
        order by i.merchant_id, i.lane
        limit 1
    ) next
)
select merchant_id, lane::integer from found

-- name: oldest_waiting
-- However many that are handled stand before it: while somebody keeps an old snapshot open, nothing clears them away.
select min(inbox_id) from inbox where inbox_id > %s and handled_at is null

-- name: lanes_with_due
-- Lanes where a timer, an effect or a re-read is due.
select distinct merchant_id, lane::integer from (
    select l.merchant_id, l.lane from lease l
    where l.merchant_id > 0 and (
        exists (select from timer t
                where t.merchant_id = l.merchant_id and t.lane = l.lane and t.fired_at is null and t.due_at <= now())
        or exists (select from effect e
                   where e.merchant_id = l.merchant_id and e.lane = l.lane
                     and e.status in ('due', 'sending', 'in_doubt') and e.due_at <= now()))
    union all
    select r.merchant_id, r.lane from reread r where r.not_before <= now()
) due

-- name: enter
-- A worker is present: its slot is a lane of nobody's, merchant 0. The count of live slots is the count of workers.
insert into lease (merchant_id, lane, owner, token, until)
select 0, slot, %(owner)s, 1, now() + make_interval(secs => %(seconds)s)
from generate_series(0, 999) as slot
where not exists (select from lease where merchant_id = 0 and lane = slot and until > now())
order by slot limit 1
on conflict (merchant_id, lane) do update
set owner = excluded.owner, token = lease.token + 1, until = excluded.until
where lease.until <= now()
returning lane::integer

-- name: stay
update lease set until = now() + make_interval(secs => %(seconds)s)
where merchant_id = 0 and lane = %(slot)s and owner = %(owner)s

-- name: leave
update lease set owner = '', until = '-infinity' where merchant_id = 0 and lane = %(slot)s and owner = %(owner)s

-- name: workers
select count(*) from lease where merchant_id = 0 and until > now()

-- name: leased
select count(*) from lease where merchant_id > 0 and until > now()

-- name: claim
-- Free or expired lanes among those wanted, skipping what another worker claims at this moment. `unfinished` says
-- that the last owner never gave the lane back: it died.
with free as (
    select l.merchant_id, l.lane, l.owner <> '' as unfinished
    from unnest(%(merchants)s::bigint[], %(lanes)s::bigint[]) as w(merchant_id, lane)
    join lease l on l.merchant_id = w.merchant_id and l.lane = w.lane::smallint
    where l.until <= now()
    limit %(most)s
    for update of l skip locked
)
update lease l
set owner = %(owner)s, token = l.token + 1, until = now() + make_interval(secs => %(seconds)s)
from free
where l.merchant_id = free.merchant_id and l.lane = free.lane
returning l.merchant_id, l.lane::integer, l.token, free.unfinished

-- name: renew
update lease l
set until = now() + make_interval(secs => %(seconds)s)
from unnest(%(merchants)s::bigint[], %(lanes)s::bigint[], %(tokens)s::bigint[]) as w(merchant_id, lane, token)
where l.merchant_id = w.merchant_id and l.lane = w.lane::smallint and l.token = w.token
returning l.merchant_id, l.lane::integer

-- name: release
update lease l
set owner = '', until = '-infinity'
from unnest(%(merchants)s::bigint[], %(lanes)s::bigint[], %(tokens)s::bigint[]) as w(merchant_id, lane, token)
where l.merchant_id = w.merchant_id and l.lane = w.lane::smallint and l.token = w.token

-- name: fence
-- Still ours? This lock keeps any other worker from claiming a lane before the transaction ends (a claim locks "for
-- update"), and never keeps the owner from renewing, which changes no key: however long a batch takes, its lanes stay.
select l.merchant_id, l.lane::integer
from unnest(%s::bigint[], %s::bigint[], %s::bigint[]) as w(merchant_id, lane, token)
join lease l on l.merchant_id = w.merchant_id and l.lane = w.lane::smallint and l.token = w.token
order by l.merchant_id, l.lane
for key share of l

-- name: take_turn
-- The turn to look after the tables is a lane of nobody's too: whoever takes it has it until the next is due.
insert into lease (merchant_id, lane, owner, token, until)
values (-1, 0, %(owner)s, 1, now() + make_interval(secs => %(seconds)s))
on conflict (merchant_id, lane) do update
set owner = excluded.owner, token = lease.token + 1, until = excluded.until
where lease.until <= now()
returning lane
