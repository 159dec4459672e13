-- The world outside: effects that are due, orders to be read again, timers that fell due, the cost budget, connections.
-- "Leased" lanes come as two arrays of equal length, merchants and lanes; every statement names its merchants.

-- name: due_effects
-- The oldest undone effect of each order of the leased lanes, where it is due and its connection lets it out.
-- An effect that is dead, refused or withdrawn is done with: its followers do not wait for it.
-- In two stages, and with look-ups where a join would do: planning seven tables at once took longer than running them.
with due as materialized (
    select e.merchant_id, e.order_id, e.effect_key, e.connection_id, e.lane, e.status, e.attempts, e.body, e.due_at,
           e.effect_no
    from unnest(%(merchants)s::bigint[], %(lanes)s::smallint[]) as leased(merchant_id, lane)
    join effect e on e.merchant_id = leased.merchant_id and e.lane = leased.lane
    where e.status in ('due', 'sending', 'in_doubt') and e.due_at <= now()
      and (select c.mode = 'live' and c.dark_since is null from connection c
           where c.merchant_id = e.merchant_id and c.connection_id = e.connection_id)
      and (select s.value from switch s
           where s.merchant_id = e.merchant_id and s.name = 'outgoing') is distinct from 'paused'
      and (select true from effect earlier
           where earlier.merchant_id = e.merchant_id and earlier.order_id = e.order_id
             and earlier.connection_id = e.connection_id and earlier.effect_no < e.effect_no
             and earlier.status in ('due', 'sending', 'in_doubt')
           limit 1) is null
    order by e.due_at, e.effect_no
    limit %(most)s
)
select d.merchant_id, d.order_id, d.effect_key, d.connection_id, d.lane, d.status, d.attempts, d.body,
       p.person_key, o.order_ref, o.state, now() as now
from due d
join orders o on o.merchant_id = d.merchant_id and o.order_id = d.order_id
left join person p on p.merchant_id = o.merchant_id and p.person_id = o.person_id
order by d.due_at, d.effect_no

-- name: mark_sending
-- Claim effects for one try. What changed since they were read (withdrawn, paused, no longer live) is left alone.
-- Until due_at nobody else looks at them: a call of a worker that lost its lease may still be on its way.
update effect e
set status = case when e.status = 'due' then 'sending' else 'in_doubt' end,
    attempts = e.attempts + 1,
    sent_at = case when e.status = 'due' then now() else e.sent_at end,
    due_at = now() + make_interval(secs => %(patience_s)s)
from unnest(%(merchants)s::bigint[], %(order_ids)s::text[], %(keys)s::text[], %(statuses)s::text[])
         as claimed(merchant_id, order_id, effect_key, status),
     connection c
where e.merchant_id = claimed.merchant_id and e.order_id = claimed.order_id and e.effect_key = claimed.effect_key
  and e.status = claimed.status
  and c.merchant_id = e.merchant_id and c.connection_id = e.connection_id and c.mode = 'live'
  and not exists (
      select from switch s where s.merchant_id = e.merchant_id and s.name = 'outgoing' and s.value = 'paused')
returning e.merchant_id, e.order_id, e.effect_key

-- name: record_answers
-- The row itself is the fence: an answer counts for the try it belongs to, whoever holds the lane by now, and for no other.
update effect e
set status = a.status,
    due_at = now() + make_interval(secs => a.wait_s),
    attempts = e.attempts - a.uncounted,
    answered_at = case when a.status in ('due', 'in_doubt') then e.answered_at else now() end,
    code = a.code, sentence = a.sentence,
    reference = coalesce(a.reference, e.reference),
    points = e.points + a.points
from jsonb_to_recordset(%(answers)s::jsonb) as a(
    merchant_id bigint, order_id text, effect_key text, tries smallint, status text, wait_s double precision,
    uncounted smallint, code text, sentence text, reference text, points real)
where e.merchant_id = a.merchant_id and e.order_id = a.order_id and e.effect_key = a.effect_key
  and e.status in ('due', 'sending', 'in_doubt') and e.attempts = a.tries
returning e.merchant_id, e.order_id, e.effect_key

-- name: take_up
-- Whether it ever arrived is not known any more: it comes back in doubt, so that it is looked up before anything is sent.
update effect set status = 'in_doubt', attempts = 0, due_at = now(), answered_at = null
where merchant_id = %(merchant)s and order_id = %(order_id)s and effect_key = %(key)s and status in ('dead', 'in_doubt')

-- name: file_internal
-- What we tell ourselves travels like any message, so that it shares the order's lane, lock and replay.
insert into inbox (merchant_id, received_at, lane, connection_id, topic, webhook_id, order_hint, headers, body, raw_bytes,
                   handled_at, outcome, error)
select merchant_id, now(), lane, connection_id, topic, webhook_id, order_hint, '{}'::jsonb, body, raw_bytes,
       case when error is null then null else now() end, case when error is null then null else 'unusable' end, error
from unnest(%(merchants)s::bigint[], %(lanes)s::smallint[], %(connections)s::bigint[], %(topics)s::text[],
            %(webhook_ids)s::text[], %(hints)s::text[], %(bodies)b::bytea[], %(sizes)s::integer[], %(errors)s::text[])
         as m(merchant_id, lane, connection_id, topic, webhook_id, order_hint, body, raw_bytes, error)

-- name: due_rereads
-- The most urgent orders to be read again, at most `most` a connection; `began_at` is when the read begins.
select merchant_id, connection_id, order_ref, lane, urgency, wanted_at, attempts, why, now() as began_at
from (
    select r.*, row_number() over (
        partition by r.merchant_id, r.connection_id order by r.urgency, r.not_before, r.order_ref) as nth
    from unnest(%(merchants)s::bigint[], %(lanes)s::smallint[]) as leased(merchant_id, lane)
    join reread r on r.merchant_id = leased.merchant_id and r.lane = leased.lane
    where r.not_before <= now()
) as ranked
where nth <= %(most)s
order by merchant_id, connection_id, nth

-- name: hold_rereads
-- Locked in one order everywhere before any is changed: others ask for the same orders meanwhile.
select from reread r
join unnest(%(merchants)s::bigint[], %(connections)s::bigint[], %(refs)s::text[]) as h(merchant_id, connection_id, order_ref)
  on r.merchant_id = h.merchant_id and r.connection_id = h.connection_id and r.order_ref = h.order_ref
order by r.merchant_id, r.connection_id, r.order_ref collate "C"
for update of r

-- name: expected_orders
-- Of orders that the shop did not show: those we know, and that it would show if it had them. One that is new may not have
-- reached the copy that was asked; of old ones a shop shows only what an app may see.
select o.connection_id, o.order_ref from orders o
join unnest(%(merchants)s::bigint[], %(connections)s::bigint[], %(refs)s::text[]) as w(merchant_id, connection_id, order_ref)
  on o.merchant_id = w.merchant_id and o.order_id = w.connection_id || '-' || w.order_ref
where o.merchant_id = any(%(merchants)s::bigint[])
  and o.placed_at between now() - interval '59 days' and now() - interval '10 minutes'

-- name: quiet_orders
-- Open orders of which nothing was heard for days, the longest ago first, and that do not wait to be read.
select o.order_ref, o.placed_at from orders o
where o.merchant_id = %(merchant)s and o.connection_id = %(connection)s and o.open
  and o.placed_at between now() - interval '59 days' and now() - make_interval(days => %(days)s)
  and not exists (
      select from inbox i
      where i.merchant_id = o.merchant_id and i.connection_id = o.connection_id and i.order_hint = o.order_ref
        and i.received_at > now() - make_interval(days => %(days)s))
  and not exists (
      select from reread r
      where r.merchant_id = o.merchant_id and r.connection_id = o.connection_id and r.order_ref = o.order_ref)
order by o.placed_at
limit %(most)s

-- name: done_rereads
-- A hint that came while we read moved wanted_at on: that row stays and is read once more.
delete from reread r
using unnest(%(merchants)s::bigint[], %(connections)s::bigint[], %(refs)s::text[], %(wanted)s::timestamptz[])
          as done(merchant_id, connection_id, order_ref, wanted_at)
where r.merchant_id = done.merchant_id and r.connection_id = done.connection_id
  and r.order_ref = done.order_ref and r.wanted_at = done.wanted_at

-- name: put_off_rereads
update reread r
set attempts = r.attempts + 1, not_before = now() + make_interval(secs => late.wait_s)
from unnest(%(merchants)s::bigint[], %(connections)s::bigint[], %(refs)s::text[], %(waits_s)s::double precision[])
         as late(merchant_id, connection_id, order_ref, wait_s)
where r.merchant_id = late.merchant_id and r.connection_id = late.connection_id and r.order_ref = late.order_ref

-- name: note_reads
-- A connection was heard of: when the read began that succeeded, or what went wrong. One that is dark is so until a read
-- succeeds.
update connection c
set last_read_at = greatest(c.last_read_at, heard.began_at), last_error = heard.error,
    dark_since = case when heard.began_at is not null then null
                      when heard.dark then coalesce(c.dark_since, now()) else c.dark_since end
from unnest(%(merchants)s::bigint[], %(connections)s::bigint[], %(began)s::timestamptz[], %(errors)s::text[],
            %(dark)s::boolean[])
         as heard(merchant_id, connection_id, began_at, error, dark)
where c.merchant_id = heard.merchant_id and c.connection_id = heard.connection_id

-- name: due_timers
-- Timers that may be decided: due, all of the order's messages taken in and none to be read, its connection fresh.
-- A step is late by what did not come, and what came of other orders proves nothing of this one: only a sweep that began
-- since and reached its end does. For what no news can undo, a webhook is proof of a living connection, unless it has a gap.
select t.merchant_id, t.order_id, t.timer_key, t.lane, t.due_at, o.connection_id, o.order_ref
from unnest(%(merchants)s::bigint[], %(lanes)s::smallint[]) as leased(merchant_id, lane)
join timer t on t.merchant_id = leased.merchant_id and t.lane = leased.lane
join orders o on o.merchant_id = t.merchant_id and o.order_id = t.order_id
join connection c on c.merchant_id = o.merchant_id and c.connection_id = o.connection_id
left join watch w on w.merchant_id = c.merchant_id and w.connection_id = c.connection_id and w.duty = 'sweep'
where t.fired_at is null and t.due_at <= now()
  and (t.timer_key like 'read|%%' or (
      (coalesce(w.good_at >= t.due_at, false)
       or (t.timer_key not like 'step|%%' and c.last_webhook_at >= t.due_at and not exists (
               select from gap g
               where g.merchant_id = c.merchant_id and g.connection_id = c.connection_id and g.closed_at is null
                 and g.ended_at is null)))
      and not exists (
          select from inbox i
          where i.merchant_id = t.merchant_id and i.connection_id = o.connection_id and i.order_hint = o.order_ref
            and i.handled_at is null)
      and not exists (
          select from reread r
          where r.merchant_id = t.merchant_id and r.connection_id = o.connection_id and r.order_ref = o.order_ref)))
order by t.due_at
limit %(most)s

-- name: unheard_connections
-- Connections that must be swept before a due timer can be decided.
select distinct c.merchant_id, c.connection_id
from unnest(%(merchants)s::bigint[], %(lanes)s::smallint[]) as leased(merchant_id, lane)
join timer t on t.merchant_id = leased.merchant_id and t.lane = leased.lane
join orders o on o.merchant_id = t.merchant_id and o.order_id = t.order_id
join connection c on c.merchant_id = o.merchant_id and c.connection_id = o.connection_id
join watch w on w.merchant_id = c.merchant_id and w.connection_id = c.connection_id and w.duty = 'sweep'
where t.fired_at is null and t.due_at <= now() and t.timer_key not like 'read|%%'
  and coalesce(w.good_at, '-infinity') < t.due_at
  and (t.timer_key like 'step|%%' or coalesce(c.last_webhook_at, '-infinity') < t.due_at)

-- name: fire_timers
-- A timer whose time was moved since it was read does not fire now.
update timer t
set fired_at = now(), outcome = 'fired'
from unnest(%(merchants)s::bigint[], %(order_ids)s::text[], %(keys)s::text[], %(due)s::timestamptz[])
         as fired(merchant_id, order_id, timer_key, due_at)
where t.merchant_id = fired.merchant_id and t.order_id = fired.order_id and t.timer_key = fired.timer_key
  and t.due_at = fired.due_at and t.fired_at is null
returning t.merchant_id, t.order_id, t.timer_key

-- name: open_budget
insert into budget (merchant_id, connection_id, available, maximum, restore_per_s, updated_at)
values (%(merchant)s, %(connection)s, %(maximum)s, %(maximum)s, %(restore_per_s)s, now())
on conflict (merchant_id, connection_id) do nothing

-- name: reserve_points
-- One guarded statement for any number of connections: what is there now, by the database's clock, less `kept` for more
-- urgent work. Grants each all or nothing. Locked in one order everywhere.
with asked as materialized (
    select b.merchant_id, b.connection_id, w.points, w.kept
    from unnest(%(merchants)s::bigint[], %(connections)s::bigint[], %(points)s::double precision[], %(kept)s::double precision[])
             as w(merchant_id, connection_id, points, kept)
    join budget b on b.merchant_id = w.merchant_id and b.connection_id = w.connection_id
    order by b.merchant_id, b.connection_id
    for update of b
)
update budget b
set available = least(maximum, available + restore_per_s * extract(epoch from clock_timestamp() - updated_at)) - asked.points,
    updated_at = clock_timestamp()
from asked
where b.merchant_id = asked.merchant_id and b.connection_id = asked.connection_id
  and least(maximum, available + restore_per_s * extract(epoch from clock_timestamp() - updated_at))
      - maximum * asked.kept >= asked.points
returning b.merchant_id, b.connection_id

-- name: points_there
select b.merchant_id, b.connection_id,
       least(maximum, available + restore_per_s * extract(epoch from clock_timestamp() - updated_at)) as available, maximum
from unnest(%(merchants)s::bigint[], %(connections)s::bigint[]) as w(merchant_id, connection_id)
join budget b on b.merchant_id = w.merchant_id and b.connection_id = w.connection_id

-- name: rest
-- The shop said that it is over its budget: nothing is set aside until it has refilled for so long.
update budget
set available = least(available, -restore_per_s * %(seconds)s), updated_at = clock_timestamp()
where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: settle_points
-- Give back what was reserved and not used. What the other side says is believed when it is less than we think.
with told as materialized (
    select b.merchant_id, b.connection_id, w.returned, w.said, w.most, w.refill
    from unnest(%(merchants)s::bigint[], %(connections)s::bigint[], %(returned)s::double precision[], %(said)s::double precision[],
                %(maximum)s::double precision[], %(restore_per_s)s::double precision[])
             as w(merchant_id, connection_id, returned, said, most, refill)
    join budget b on b.merchant_id = w.merchant_id and b.connection_id = w.connection_id
    order by b.merchant_id, b.connection_id
    for update of b
)
update budget b
set available = least(
        coalesce(told.most, maximum),
        coalesce(told.said, 'infinity'::double precision),
        available + restore_per_s * extract(epoch from clock_timestamp() - updated_at) + told.returned),
    maximum = coalesce(told.most, maximum),
    restore_per_s = coalesce(told.refill, restore_per_s),
    updated_at = clock_timestamp()
from told
where b.merchant_id = told.merchant_id and b.connection_id = told.connection_id
