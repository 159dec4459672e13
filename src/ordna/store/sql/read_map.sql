-- The flow map: where orders stand now. Only open steps and open orders are read, each by its own partial index.

-- name: step_counts
select step,
       count(*) filter (where status = 'open') as open,
       count(*) filter (where status = 'paused') as paused,
       count(*) filter (where status = 'open' and (late or due_at < %(now)s)) as late,
       min(opened_at) filter (where status = 'open') as oldest_at,
       min(due_at) filter (where status = 'open' and due_at >= %(now)s) as next_due_at
from step
where merchant_id = %(merchant_id)s and status in ('open', 'paused')
group by step

-- name: open_by_owner
select turn_owner as owner, count(*) as open, count(*) filter (where turn_due < %(now)s) as late
from orders
where merchant_id = %(merchant_id)s and open
group by turn_owner

-- name: attention
select count(*) as attention from orders where merchant_id = %(merchant_id)s and attention

-- name: trouble
select count(*) as trouble from effect
where merchant_id = %(merchant_id)s and status in ('refused', 'dead', 'in_doubt')

-- name: closed_since
select count(*) as n from orders where merchant_id = %(merchant_id)s and placed_at >= %(since)s
