-- The journal, what its events touch, and the decisions.

-- name: append
insert into journal (merchant_id, order_id, seq, kind, version, occurred_at, recorded_at, actor_kind, actor, cause,
                     policy_version, data)
select merchant_id, order_id, seq, kind, version, occurred_at, %s::timestamptz, actor_kind, actor, cause, policy_version,
       data::jsonb
from unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[],
            %s::text[], %s::bigint[], %s::text[])
     as w(merchant_id, order_id, seq, kind, version, occurred_at, actor_kind, actor, cause, policy_version, data)

-- name: link
insert into journal_object (merchant_id, order_id, seq, object_kind, object_id, kind, actor_kind, occurred_at, previous,
                            seconds_since)
select *
from unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
            %s::text[], %s::double precision[])

-- name: links_of
-- Everything known of the objects that a late fact touches.
select j.merchant_id, j.order_id, j.seq, j.object_kind, j.object_id, j.kind, j.actor_kind, j.occurred_at, j.previous,
       j.seconds_since
from unnest(%s::bigint[], %s::text[]) as w(merchant_id, order_id)
join journal_object j on j.merchant_id = w.merchant_id and j.order_id = w.order_id
order by j.merchant_id, j.order_id, j.occurred_at, j.seq

-- name: relink
update journal_object j
set previous = w.previous, seconds_since = w.seconds_since
from unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::double precision[])
     as w(merchant_id, order_id, seq, object_kind, object_id, previous, seconds_since)
where j.merchant_id = w.merchant_id and j.order_id = w.order_id and j.seq = w.seq
  and j.object_kind = w.object_kind and j.object_id = w.object_id

-- name: decide
insert into decision (merchant_id, order_id, seq_after, seq_before, at, cause, policy_version, changes)
select merchant_id, order_id, seq_after, seq_before, at, cause, policy_version, changes::jsonb
from unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::bigint[], %s::text[])
     as w(merchant_id, order_id, seq_after, seq_before, at, cause, policy_version, changes)

-- name: kinds_since
select kind from journal where merchant_id = %s and order_id = %s and seq > %s

-- name: page_of_orders
-- A page of orders with their stored states, for the proof that the journal explains them.
select order_id, seq, state, trail from orders
where merchant_id = %s and order_id > %s
order by order_id
limit %s

-- name: journal_of
select order_id, seq, kind, version, occurred_at, actor_kind, data::text from journal
where merchant_id = %s and order_id = any(%s::text[])
order by order_id, seq

-- name: links_stored
select order_id, seq, object_kind, object_id, kind, actor_kind, occurred_at, previous, seconds_since
from journal_object
where merchant_id = %s and order_id = any(%s::text[])
order by order_id, seq, object_kind, object_id

-- name: orphans
-- Journal rows of orders that have no row.
select j.order_id from journal j
where j.merchant_id = %s and j.seq = 1
  and not exists (select from orders o where o.merchant_id = j.merchant_id and o.order_id = j.order_id)
limit 20

-- name: all_merchants
-- The lease table is the one that crosses merchants.
select distinct merchant_id from lease where merchant_id > 0 order by merchant_id
