-- The links to outside systems: how fresh, what flows, what is in trouble.

-- name: connections
select c.connection_id, c.kind, c.role, c.title, c.domain, c.mode, c.live_since, c.last_webhook_at, c.last_read_at,
       c.last_error, c.dark_since, c.created_at, c.facts::text as facts, jsonb_array_length(c.subscribed) as subscriptions,
       least(b.maximum, b.available + b.restore_per_s * extract(epoch from %(now)s - b.updated_at)) as budget,
       b.maximum as budget_maximum, b.restore_per_s
from connection c
left join budget b on b.merchant_id = c.merchant_id and b.connection_id = c.connection_id
where c.merchant_id = %(merchant_id)s
order by c.connection_id

-- name: duties
select w.connection_id, w.duty, w.due_at, w.until > %(now)s as running, w.good_at, w.found, w.missed, w.failures, w.error,
       case when w.duty = 'history' then w.progress::text else '{}' end as progress
from watch w
where w.merchant_id = %(merchant_id)s
order by w.connection_id, w.duty

-- name: gaps
select g.connection_id, g.began_at, g.cause, g.topics::text as topics, g.subscribed_at, g.orders, g.ended_at, g.closed_at,
       case when g.closed_at is null then
           (select count(*) from reread r
            where r.merchant_id = g.merchant_id and r.connection_id = g.connection_id and r.why = 'silence')
       else 0 end as waiting
from gap g
where g.merchant_id = %(merchant_id)s and g.began_at >= %(since)s
order by g.began_at desc
limit %(limit)s

-- name: last_before
-- Messages are numbered as they come: the newest one before a window bounds it, so nothing older is looked at and no index
-- by time has to be kept for every message. Asked first, for a plan that does not know the number expects a third of all.
select inbox_id from inbox
where merchant_id = %(merchant_id)s and received_at < %(since)s
order by inbox_id desc
limit 1

-- name: flows
select connection_id, topic, coalesce(outcome, 'waiting') as outcome, count(*) as messages,
       max(received_at) as last_at
from inbox
where merchant_id = %(merchant_id)s and inbox_id > %(last_before)s and received_at >= %(since)s
group by connection_id, topic, coalesce(outcome, 'waiting')
order by connection_id, topic, outcome

-- name: rereads
select connection_id, count(*) as waiting, min(wanted_at) as oldest_at
from reread
where merchant_id = %(merchant_id)s
group by connection_id

-- name: trouble
select e.order_id, o.name as order_name, e.connection_id, e.effect_key, e.kind, e.status, e.asked_at, e.attempts,
       e.answered_at, e.code, e.sentence
from effect e
join orders o on o.merchant_id = e.merchant_id and o.order_id = e.order_id
where e.merchant_id = %(merchant_id)s and e.status in ('refused', 'dead', 'in_doubt')
order by e.asked_at desc
limit %(limit)s

-- name: effects_waiting
select connection_id, count(*) as waiting, min(due_at) as oldest_at
from effect
where merchant_id = %(merchant_id)s and status in ('due', 'sending')
group by connection_id

-- name: switches
select name, value, at from switch where merchant_id = %(merchant_id)s

-- name: merchant
select merchant_id, name, zone, currency from merchant where merchant_id = %(merchant_id)s

-- name: policy
select version, flow, activated_at from policy
where merchant_id = %(merchant_id)s and version = coalesce(%(version)s, version)
order by version desc
limit 1
