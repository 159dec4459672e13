-- The inbox: raw messages in, their outcomes out.

-- name: store
insert into inbox (merchant_id, received_at, lane, connection_id, topic, webhook_id, order_hint, headers, body,
                   raw_bytes)
select merchant_id, received_at, lane::smallint, connection_id, topic, webhook_id, order_hint, headers::jsonb, body, raw_bytes
from unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::bytea[], %s::bigint[])
     as m(merchant_id, received_at, lane, connection_id, topic, webhook_id, order_hint, headers, body, raw_bytes)

-- name: take_waiting
-- The oldest waiting messages of the leased lanes, a fair share of each lane; the first always, then up to so many bytes.
select merchant_id, inbox_id, received_at, connection_id, topic, webhook_id, order_hint, body, tries, lane, raw_bytes
from (
    select i.merchant_id, i.inbox_id, i.received_at, i.connection_id, i.topic, i.webhook_id, i.order_hint, i.body, i.tries, i.lane,
           i.raw_bytes, sum(i.bytes) over (order by i.inbox_id) - i.bytes as before
    from (
        select w.merchant_id as m, i.*
        from unnest(%s::bigint[], %s::bigint[], %s::bigint[]) as w(merchant_id, lane, behind)
        cross join lateral (
            select i.merchant_id, i.inbox_id, i.received_at, i.connection_id, i.topic, i.webhook_id, i.order_hint, i.body, i.tries,
                   i.lane, i.raw_bytes, coalesce(i.raw_bytes, octet_length(i.body)) as bytes
            from inbox i
            where i.merchant_id = w.merchant_id and i.lane = w.lane::smallint and i.handled_at is null
              and i.inbox_id > w.behind
            order by i.inbox_id
            limit %s::bigint
        ) i
        order by i.inbox_id
        limit %s::bigint
    ) i
) i
where before < %s::bigint
order by inbox_id

-- name: waiting_of_orders
-- The waiting messages of some orders, by what the look at their bytes told.
select i.merchant_id, i.inbox_id, i.received_at, i.connection_id, i.topic, i.webhook_id, i.order_hint, i.body, i.tries, i.lane,
       i.raw_bytes
from unnest(%s::bigint[], %s::bigint[], %s::text[]) as w(merchant_id, connection_id, order_ref)
join inbox i on i.merchant_id = w.merchant_id and i.connection_id = w.connection_id and i.order_hint = w.order_ref
where coalesce(i.handled_at, 'infinity') = 'infinity' and i.tries = 0
order by i.inbox_id
limit 2000

-- name: see
-- The deliveries not seen before; the same one twice in a batch comes back once.
insert into seen (merchant_id, webhook_id, body_hash, first_at)
select merchant_id, webhook_id, body_hash, first_at
from unnest(%s::bigint[], %s::text[], %s::bytea[], %s::timestamptz[]) as s(merchant_id, webhook_id, body_hash, first_at)
on conflict do nothing
returning merchant_id, webhook_id, body_hash

-- name: finish
-- "Still waiting" is said so that the index of what waits is no way in. Every row is found by its whole key, the time it came
-- at included: that names its partition, and leaves the planner no range of times to read from one end to the other.
update inbox i
set handled_at = %s::timestamptz, outcome = f.outcome, error = f.error
from unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[])
         as f(merchant_id, inbox_id, received_at, outcome, error)
where i.merchant_id = f.merchant_id and i.inbox_id = f.inbox_id and i.received_at = f.received_at
  and coalesce(i.handled_at, 'infinity') = 'infinity'
returning i.merchant_id, i.inbox_id

-- name: count_try
-- A try alone begins: counted before it is made, for it may be the last thing this process does.
update inbox set tries = tries + %s
where merchant_id = %s and inbox_id = %s and handled_at is null
returning tries

-- name: quarantine
update inbox set handled_at = %s, outcome = 'quarantined', error = %s
where merchant_id = %s and inbox_id = %s and handled_at is null

-- name: try_again
-- As if they had just come. What was handled meanwhile, or is being tried again already, is left alone.
update inbox set handled_at = null, outcome = null, error = null, tries = 0
where merchant_id = %s and inbox_id = any(%s::bigint[]) and outcome in ('quarantined', 'unusable')
returning inbox_id, webhook_id, body, raw_bytes

-- name: forget
-- Deliveries that are to be handled though they were seen.
delete from seen s
using unnest(%s::bigint[], %s::text[], %s::bytea[]) as f(merchant_id, webhook_id, body_hash)
where s.merchant_id = f.merchant_id and s.webhook_id = f.webhook_id and s.body_hash = f.body_hash
