-- What pages and the API read of orders, under the reader role. Every statement names the merchant, so that an index of
-- its own serves it; filters are equality or ranges on columns, because anything else is not leakproof under
-- row-level security and would read the whole table.

-- name: columns
select o.order_id, o.seq, o.name, o.placed_at, o.headline, o.turn_step, o.turn_owner, o.turn_since, o.turn_due,
       o.attention, o.open, o.test, o.currency, o.total, o.country, o.payment, o.connection_id, o.updated_at
from orders o
where o.merchant_id = %(merchant_id)s

-- name: few_begin
-- What is open, odd, a test or at a step: an index of its own keeps just these in the order of the page, and what else they
-- are filtered by. So that is asked for in a form no other index answers, and only what matches is looked up.
with chosen as (
select o.placed_at, o.order_id
from orders o
where o.merchant_id = %(merchant_id)s

-- name: few_headline
and coalesce(o.headline, '') = %(headline)s

-- name: few_payment
and coalesce(o.payment, '') = %(payment)s

-- name: few_country
and coalesce(o.country, '') = %(country)s

-- name: probes_begin
-- Orders by headline, payment or country, whatever of these was not asked for: each combination keeps its own orders in
-- the order of the page in an index, so the first of each, merged, are the first of all. A combination that few orders or
-- none have costs one look, where walking past a million others would not.
with chosen as (

-- name: probe
select found.placed_at, found.order_id
from unnest(%(headlines)s::text[]) as h(headline)
cross join unnest(%(payments)s::text[]) as p(payment)
cross join lateral (
    select o.placed_at, o.order_id
    from orders o
    where o.merchant_id = %(merchant_id)s and o.headline = h.headline and o.payment = p.payment

-- name: or_without_payment
union all
select found.placed_at, found.order_id
from unnest(%(headlines)s::text[]) as h(headline)
cross join lateral (
    select o.placed_at, o.order_id
    from orders o
    where o.merchant_id = %(merchant_id)s and o.headline = h.headline and o.payment is null

-- name: probe_end
) found

-- name: probes_end
order by placed_at desc, order_id desc
limit %(limit)s
)
select o.order_id, o.seq, o.name, o.placed_at, o.headline, o.turn_step, o.turn_owner, o.turn_since, o.turn_due,
       o.attention, o.open, o.test, o.currency, o.total, o.country, o.payment, o.connection_id, o.updated_at
from chosen
join orders o on o.merchant_id = %(merchant_id)s and o.order_id = chosen.order_id
order by o.placed_at desc, o.order_id desc

-- name: where_open
and o.open

-- name: where_step
and o.turn_step = %(step)s and o.turn_step <> ''

-- name: where_attention
and o.attention

-- name: where_late
and o.open and o.turn_due < %(now)s

-- name: where_country
and o.country = %(country)s

-- name: where_test
and o.test

-- name: where_owner
and o.open and o.turn_owner = %(owner)s

-- name: where_after
and (o.placed_at, o.order_id) < (%(after_placed)s, %(after_id)s)

-- name: where_name
and o.name_key = %(name_key)s

-- name: where_ids
and o.order_id = any(%(order_ids)s)

-- name: of_person
-- The newest orders that all these tokens lead to: the first is walked in the order of its index, the others are probed.
select o.order_id, o.seq, o.name, o.placed_at, o.headline, o.turn_step, o.turn_owner, o.turn_since, o.turn_due,
       o.attention, o.open, o.test, o.currency, o.total, o.country, o.payment, o.connection_id, o.updated_at
from person_token t
join orders o on o.merchant_id = t.merchant_id and o.order_id = t.order_id
where t.merchant_id = %(merchant_id)s and t.token = %(first)s
  and not exists (
      select from unnest(%(others)s::bytea[]) as w(token)
      where not exists (
          select from person_token p
          where p.merchant_id = t.merchant_id and p.token = w.token and p.placed_at = t.placed_at
            and p.order_id = t.order_id))
order by t.placed_at desc, t.order_id desc
limit %(limit)s

-- name: page
order by o.placed_at desc, o.order_id desc
limit %(limit)s

-- name: connection_ids
select connection_id from connection where merchant_id = %(merchant_id)s

-- name: has_orders
-- The newest, not any: looked for in an index's order, so that it is never looked for by a scan.
select count(*) from (
    select from orders where merchant_id = %(merchant_id)s order by placed_at desc, order_id desc limit 1) newest

-- name: oldest_late
select o.order_id, o.seq, o.name, o.placed_at, o.headline, o.turn_step, o.turn_owner, o.turn_since, o.turn_due,
       o.attention, o.open, o.test, o.currency, o.total, o.country, o.payment, o.connection_id, o.updated_at
from orders o
where o.merchant_id = %(merchant_id)s and o.open and o.turn_due < %(now)s
order by o.turn_due, o.order_id
limit %(limit)s
