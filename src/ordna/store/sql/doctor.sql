-- What `ordna doctor` counts. Each sees the merchants that are set.

-- name: stuck_leases
select count(*) from lease where merchant_id > 0 and owner <> '' and until < now() - interval '1 minute'

-- name: old_messages
select count(*) from inbox where handled_at is null and received_at < now() - interval '5 minutes'

-- name: quarantined
select count(*) from inbox where outcome = 'quarantined'

-- name: in_doubt
select count(*) from effect where status = 'in_doubt'

-- name: dead
select count(*) from effect where status = 'dead' and answered_at > now() - interval '14 days'

-- name: paused
select count(*) from switch where name = 'outgoing' and value = 'paused'

-- name: unreadable_connections
select count(*) from connection where last_error is not null

-- name: waiting_timers
select count(*) from timer t
join orders o on o.merchant_id = t.merchant_id and o.order_id = t.order_id
left join watch w on w.merchant_id = o.merchant_id and w.connection_id = o.connection_id and w.duty = 'sweep'
where t.fired_at is null and t.due_at < now() - interval '5 minutes' and t.timer_key not like 'read|%'
  and coalesce(w.good_at, '-infinity') < t.due_at

-- name: gaps
select count(*) from gap where closed_at is null

-- name: lost_subscriptions
select coalesce(sum(jsonb_array_length(topics)), 0)::bigint from gap where closed_at is null and subscribed_at is null

-- name: unswept
-- Connections whose last sweep that reached its end is older than three of them take.
select count(*) from connection c
left join watch w on w.merchant_id = c.merchant_id and w.connection_id = c.connection_id and w.duty = 'sweep'
where c.role = 'shop' and coalesce(w.good_at, c.created_at) < now() - interval '15 minutes'
