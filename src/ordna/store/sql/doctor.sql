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
join connection c on c.merchant_id = o.merchant_id and c.connection_id = o.connection_id
where t.fired_at is null and t.due_at < now() - interval '5 minutes'
  and coalesce(greatest(c.last_webhook_at, c.last_read_at), '-infinity') < t.due_at
