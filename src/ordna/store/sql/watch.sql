-- The duties of connections: sweep, subscriptions, history. And the gaps they find and close.

-- name: ensure
-- A connection that was made before there were duties gets them here.
insert into watch (merchant_id, connection_id, duty, due_at)
select c.merchant_id, c.connection_id, d.duty, now() + d.after
from connection c
join (values ('shop', 'sweep', interval '0'), ('shop', 'subscriptions', interval '0'), ('shop', 'shop', interval '1 hour'),
             ('carrier', 'parcels', interval '0')) as d(role, duty, after) on d.role = c.role
where c.merchant_id = any(%(merchants)s::bigint[])
  and not exists (select from watch w where w.merchant_id = c.merchant_id and w.connection_id = c.connection_id and w.duty = d.duty)
on conflict do nothing

-- name: claim
-- Guarded twice: who waited for another's claim sees that it is no longer free.
update watch w
set owner = %(owner)s, token = w.token + 1, until = now() + make_interval(secs => %(seconds)s), begun_at = now()
from (
    select merchant_id, connection_id, duty from watch
    where merchant_id = any(%(merchants)s::bigint[]) and due_at <= now() and until < now()
    order by due_at
    limit %(most)s
) as due
where w.merchant_id = due.merchant_id and w.connection_id = due.connection_id and w.duty = due.duty
  and w.due_at <= now() and w.until < now()
returning w.merchant_id, w.connection_id, w.duty, w.token, now() as now, w.good_at, w.failures, w.progress::text

-- name: keep
update watch
set progress = %(progress)s::jsonb, until = now() + make_interval(secs => %(seconds)s)
where merchant_id = %(merchant)s and connection_id = %(connection)s and duty = %(duty)s and token = %(token)s
  and until > now()

-- name: finish
update watch
set owner = '', until = '-infinity', due_at = now() + make_interval(secs => %(wait_s)s),
    good_at = coalesce(%(good_at)s, good_at), progress = %(progress)s::jsonb, error = %(error)s,
    found = coalesce(%(found)s, found), missed = coalesce(%(missed)s, missed),
    failures = case when %(error)s::text is null then 0 else least(failures + 1, 10000) end
where merchant_id = %(merchant)s and connection_id = %(connection)s and duty = %(duty)s and token = %(token)s

-- name: hurry
-- Not sooner after its last run than `spared_s`; a run that is broken off is not waited for.
update watch w
set due_at = now()
from unnest(%(merchants)s::bigint[], %(connections)s::bigint[]) as silent(merchant_id, connection_id)
where w.merchant_id = silent.merchant_id and w.connection_id = silent.connection_id and w.duty = %(duty)s
  and w.due_at > now() and coalesce(w.begun_at, '-infinity') <= now() - make_interval(secs => %(spared_s)s)

-- name: begin
insert into watch (merchant_id, connection_id, duty, due_at, progress)
values (%(merchant)s, %(connection)s, %(duty)s, now(), %(progress)s::jsonb)
on conflict (merchant_id, connection_id, duty) do update set due_at = excluded.due_at, progress = excluded.progress

-- name: unread
-- Of orders that were listed as changed: which no read was filed of since, and of which of them no webhook told.
-- A read is filed a while after it began, so it must have come clearly later than the change.
select l.order_ref,
       coalesce((select o.open from orders o
                 where o.merchant_id = %(merchant)s and o.connection_id = %(connection)s
                   and o.order_id = %(connection)s::bigint || '-' || l.order_ref), true) as open,
       not exists (
           select from inbox i
           where i.merchant_id = %(merchant)s and i.connection_id = %(connection)s and i.order_hint = l.order_ref
             and i.received_at >= l.changed_at - interval '1 minute' and i.topic not like 'ordna/%%') as untold,
       exists (
           select from reread r
           where r.merchant_id = %(merchant)s and r.connection_id = %(connection)s and r.order_ref = l.order_ref
             and r.why = 'silence') as waits
from unnest(%(refs)s::text[], %(changed)s::timestamptz[]) as l(order_ref, changed_at)
where not exists (
    select from inbox i
    where i.merchant_id = %(merchant)s and i.connection_id = %(connection)s and i.order_hint = l.order_ref
      and i.topic = 'ordna/read' and i.outcome is distinct from 'unusable'
      and i.received_at >= l.changed_at + interval '1 minute')

-- name: notice
-- One gap is open at a time: what else is found wrong meanwhile belongs to it.
insert into gap (merchant_id, connection_id, began_at, cause)
values (%(merchant)s, %(connection)s, %(began_at)s, %(cause)s)
on conflict do nothing

-- name: gap_of
select began_at, cause, ended_at is not null as ended, topics = '[]' or subscribed_at is not null as listening from gap
where merchant_id = %(merchant)s and connection_id = %(connection)s and closed_at is null

-- name: lost
update gap
set topics = %(topics)s::jsonb, ended_at = null, read_at = null, subscribed_at = null
where merchant_id = %(merchant)s and connection_id = %(connection)s and closed_at is null

-- name: subscribed_again
update gap set subscribed_at = now()
where merchant_id = %(merchant)s and connection_id = %(connection)s and closed_at is null
  and topics <> '[]' and subscribed_at is null

-- name: found_in_gap
update gap set orders = orders + %(orders)s
where merchant_id = %(merchant)s and connection_id = %(connection)s and closed_at is null and ended_at is null

-- name: end_gap
-- Lost subscriptions: only a sweep that began after they were made again has seen all that nobody told.
update gap set ended_at = coalesce(subscribed_at, %(begun_at)s)
where merchant_id = %(merchant)s and connection_id = %(connection)s and closed_at is null and ended_at is null
  and (topics = '[]' or subscribed_at <= %(begun_at)s)

-- name: read_gaps
update gap g set read_at = now()
where g.merchant_id = any(%(merchants)s::bigint[]) and g.closed_at is null and g.ended_at is not null
  and g.read_at is null
  and not exists (
      select from reread r
      where r.merchant_id = g.merchant_id and r.connection_id = g.connection_id and r.why = 'silence')

-- name: close_gaps
update gap g set closed_at = now()
where g.merchant_id = any(%(merchants)s::bigint[]) and g.closed_at is null and g.read_at is not null
  and not exists (
      select from inbox i
      where i.merchant_id = g.merchant_id and i.connection_id = g.connection_id and i.handled_at is null
        and i.topic = 'ordna/read' and i.received_at <= g.read_at)

-- name: look_back
update watch
set good_at = least(coalesce(good_at, %(at)s::timestamptz), %(at)s::timestamptz), due_at = now(), owner = '', until = '-infinity',
    token = token + 1000, progress = '{}'
where merchant_id = any(%(merchants)s::bigint[]) and duty = 'sweep'

-- name: swept
select count(*), coalesce(sum(found), 0), count(*) filter (where coalesce(good_at, '-infinity') <= %(at)s::timestamptz)
from watch
where merchant_id = any(%(merchants)s::bigint[]) and duty = 'sweep'
