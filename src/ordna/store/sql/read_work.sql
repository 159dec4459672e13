-- My work: the open tasks of a merchant's people, the most urgent first.

-- name: tasks
-- First the tasks to show, then their orders: an order's row is large.
with chosen as materialized (
    select t.merchant_id, t.order_id, t.task_key, t.kind, t.owner, t.title, t.reason, t.step, t.part, t.asks, t.opened_at,
           t.due_at, t.claimed_by, t.order_name
    from task t
    where t.merchant_id = %(merchant_id)s and t.closed_at is null

-- name: where_owner
and t.owner = %(owner)s

-- name: where_claimed_by
and t.claimed_by = %(person)s

-- name: page
order by (t.claimed_by = %(person)s) desc nulls last, t.due_at nulls last, t.opened_at, t.order_id, t.task_key
limit %(limit)s

-- name: with_orders
)
select t.order_id, t.task_key, t.kind, t.owner, t.title, t.reason, t.step, t.part, t.asks::text as asks, t.opened_at,
       t.due_at, t.claimed_by, t.order_name, o.seq, o.currency, o.total, o.country, o.placed_at
from chosen t
join orders o on o.merchant_id = t.merchant_id and o.order_id = t.order_id
order by (t.claimed_by = %(person)s) desc nulls last, t.due_at nulls last, t.opened_at, t.order_id, t.task_key

-- name: counts
select owner, count(*) as open, count(*) filter (where due_at < %(now)s) as late,
       count(*) filter (where claimed_by = %(person)s) as mine
from task
where merchant_id = %(merchant_id)s and closed_at is null
group by owner

-- name: order_tasks
select order_id, task_key, kind, owner, title, reason, step, part, asks::text as asks, opened_at, due_at, claimed_by,
       closed_at
from task
where merchant_id = %(merchant_id)s and order_id = %(order_id)s
order by closed_at desc nulls first, due_at nulls last, opened_at
