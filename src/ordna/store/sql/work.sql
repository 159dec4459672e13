-- What follows from the verdict: steps, tasks, timers; and what it asks of the outside: effects, re-reads.
-- A condition that a partial index holds is worded so that the planner does not take that index for a way in: rows are found
-- by their keys, and reading all that is open to find fifty would be quadratic.

-- name: write_steps
insert into step (merchant_id, order_id, step, part, run, status, owner, opened_at, due_at, ended_at, late, placed_at)
select merchant_id, order_id, step, part, run, status, owner, opened_at, due_at, ended_at, late, placed_at
from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[],
            %s::timestamptz[], %s::timestamptz[], %s::boolean[], %s::timestamptz[])
     as w(merchant_id, order_id, step, part, run, status, owner, opened_at, due_at, ended_at, late, placed_at)
on conflict (merchant_id, order_id, step, part) do update set
    run = excluded.run, status = excluded.status, owner = excluded.owner,
    opened_at = coalesce(excluded.opened_at, case when step.run = excluded.run then step.opened_at end),
    due_at = excluded.due_at, ended_at = excluded.ended_at, late = excluded.late, placed_at = excluded.placed_at

-- name: drop_steps
delete from step s
using unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) as w(merchant_id, order_id, step, part)
where s.merchant_id = w.merchant_id and s.order_id = w.order_id and s.step = w.step and s.part = w.part

-- name: write_tasks
insert into task (merchant_id, order_id, task_key, kind, owner, title, reason, step, part, asks, opened_at, due_at,
                  claimed_by, order_name)
select merchant_id, order_id, task_key, kind, owner, title, reason, step, part, asks::jsonb, opened_at, due_at, claimed_by,
       order_name
from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[])
     as w(merchant_id, order_id, task_key, kind, owner, title, reason, step, part, asks, opened_at, due_at, claimed_by,
          order_name)
on conflict (merchant_id, order_id, task_key) do update set
    kind = excluded.kind, owner = excluded.owner, title = excluded.title, reason = excluded.reason, step = excluded.step,
    part = excluded.part, asks = excluded.asks, opened_at = excluded.opened_at, due_at = excluded.due_at,
    claimed_by = excluded.claimed_by, closed_at = null, order_name = excluded.order_name

-- name: close_tasks
update task t
set closed_at = %s::timestamptz
from unnest(%s::bigint[], %s::text[], %s::text[]) as w(merchant_id, order_id, task_key)
where t.merchant_id = w.merchant_id and t.order_id = w.order_id and t.task_key = w.task_key
  and coalesce(t.closed_at, 'infinity') = 'infinity'

-- name: write_timers
-- A timer that is moved is armed again; one that fired at this very time stays fired.
insert into timer (merchant_id, order_id, timer_key, lane, due_at)
select merchant_id, order_id, timer_key, lane::smallint, due_at
from unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[])
     as w(merchant_id, order_id, timer_key, lane, due_at)
on conflict (merchant_id, order_id, timer_key) do update set due_at = excluded.due_at, fired_at = null, outcome = null
where timer.due_at <> excluded.due_at

-- name: drop_timers
-- One probe a timer: the lateral look-up leaves the planner no other way, however young the table is. A place alone would
-- mean another row on another shard, so the merchant comes with it.
delete from timer t
using (
    select known.merchant_id, known.place
    from unnest(%s::bigint[], %s::text[], %s::text[]) as w(merchant_id, order_id, timer_key)
    cross join lateral (
        select k.merchant_id, k.ctid as place from timer k
        where k.merchant_id = w.merchant_id and k.order_id = w.order_id and k.timer_key = w.timer_key
          and coalesce(k.fired_at, 'infinity') = 'infinity'
        limit 1
    ) known
) found
where t.merchant_id = found.merchant_id and t.ctid = found.place

-- name: stale_timers
update timer t
set outcome = 'stale'
from unnest(%s::bigint[], %s::text[], %s::text[]) as w(merchant_id, order_id, timer_key)
where t.merchant_id = w.merchant_id and t.order_id = w.order_id and t.timer_key = w.timer_key

-- name: ask_effects
-- The caller checks the count: one key is asked once.
insert into effect (merchant_id, order_id, effect_key, generation, connection_id, lane, kind, once, body, status, asked_at,
                    due_at)
select merchant_id, order_id, effect_key, generation, connection_id, lane::smallint, kind, once, body, 'due', asked_at, due_at
from unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::boolean[],
            %s::bytea[], %s::timestamptz[], %s::timestamptz[])
     as w(merchant_id, order_id, effect_key, generation, connection_id, lane, kind, once, body, asked_at, due_at)
on conflict do nothing

-- name: want_rereads
insert into reread (merchant_id, connection_id, order_ref, lane, urgency, wanted_at, not_before, why)
select merchant_id, connection_id, order_ref, lane::smallint, urgency::smallint, clock_timestamp(), not_before, why
from unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[])
     as w(merchant_id, connection_id, order_ref, lane, urgency, not_before, why)
on conflict (merchant_id, connection_id, order_ref) do update set
    urgency = least(reread.urgency, excluded.urgency), wanted_at = excluded.wanted_at,
    not_before = least(reread.not_before, excluded.not_before),
    why = case when excluded.why = 'silence' then 'silence' else reread.why end   -- a gap closes when the last of these is read

-- name: own_parts
insert into part_owner (merchant_id, connection_id, part, order_ref)
select * from unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[])
on conflict do nothing

-- name: owners_of
select p.merchant_id, p.connection_id, p.part, p.order_ref
from unnest(%s::bigint[], %s::bigint[], %s::text[]) as w(merchant_id, connection_id, part)
join part_owner p on p.merchant_id = w.merchant_id and p.connection_id = w.connection_id and p.part = w.part

-- name: keys_of_persons
-- The shared lock says, to the end of the transaction, that persons may be stored: an erasure waits for it.
with storing as materialized (select pg_advisory_xact_lock_shared(7021040))
select p.merchant_id, p.person_id, p.person_key, coalesce(p.tokens, '') as tokens
from storing
left join (unnest(%s::bigint[], %s::text[]) as w(merchant_id, person_id)
           join person p on p.merchant_id = w.merchant_id and p.person_id = w.person_id) on true

-- name: persons_of_orders
select o.merchant_id, o.order_id, p.person_id, p.person_key, p.sealed
from unnest(%s::bigint[], %s::text[]) as w(merchant_id, order_id)
join orders o on o.merchant_id = w.merchant_id and o.order_id = w.order_id
join person p on p.merchant_id = o.merchant_id and p.person_id = o.person_id

-- name: write_persons
-- And the tokens they are found by from now on.
with persons as (
insert into person (merchant_id, person_id, person_key, sealed, tokens, updated_at)
select merchant_id, person_id, person_key, sealed, tokens, %s::timestamptz
from unnest(%s::bigint[], %s::text[], %s::bytea[], %s::bytea[], %s::bytea[])
     as w(merchant_id, person_id, person_key, sealed, tokens)
on conflict (merchant_id, person_id) do update set
    sealed = excluded.sealed, tokens = excluded.tokens, updated_at = excluded.updated_at
)
insert into person_token (merchant_id, token, placed_at, order_id)
select merchant_id, token, placed_at, order_id
from unnest(%s::bigint[], %s::bytea[], %s::timestamptz[], %s::text[]) as w(merchant_id, token, placed_at, order_id)
on conflict do nothing

-- name: drop_tokens
-- Found by token, not by order: the only index of the table begins with the token.
delete from person_token t
using unnest(%s::bigint[], %s::bytea[], %s::text[]) as w(merchant_id, token, order_id)
where t.merchant_id = w.merchant_id and t.token = w.token and t.order_id = w.order_id
