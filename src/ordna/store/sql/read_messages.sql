-- Messages that could not be handled, with their cause.

-- name: set_aside
-- The messages first: they are few, and each has one order.
select i.inbox_id, i.connection_id, c.title as connection_title, i.topic, i.received_at, i.handled_at, i.outcome,
       i.tries, coalesce(i.error, '') as error, i.order_hint as order_ref, o.order_id, o.name as order_name
from (
    select i.merchant_id, i.inbox_id, i.connection_id, i.topic, i.received_at, i.handled_at, i.outcome, i.tries, i.error,
           i.order_hint
    from inbox i
    where i.merchant_id = %(merchant_id)s and i.outcome in ('quarantined', 'unusable') and i.inbox_id < %(before)s
    order by i.inbox_id desc
    limit %(limit)s
) i
join connection c on c.merchant_id = i.merchant_id and c.connection_id = i.connection_id
left join lateral (
    select o.order_id, o.name from orders o
    where o.merchant_id = i.merchant_id and o.order_id = i.connection_id || '-' || i.order_hint
    limit 1
) o on true
order by i.inbox_id desc

-- name: set_aside_of_order
select i.inbox_id, i.connection_id, c.title as connection_title, i.topic, i.received_at, i.handled_at, i.outcome,
       i.tries, coalesce(i.error, '') as error, i.order_hint as order_ref, o.order_id, o.name as order_name
from orders o
join inbox i on i.merchant_id = o.merchant_id and i.connection_id = o.connection_id and i.order_hint = o.order_ref
join connection c on c.merchant_id = i.merchant_id and c.connection_id = i.connection_id
where o.merchant_id = %(merchant_id)s and o.order_id = %(order_id)s and i.outcome in ('quarantined', 'unusable')
order by i.inbox_id desc
limit %(limit)s
