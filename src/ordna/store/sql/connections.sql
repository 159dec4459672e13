-- Connections, policies and leases: what decides how a batch is handled.

-- name: for_batch
-- What the batch must know of its connections: how they act, with which flow, and the credentials as sealed.
select c.merchant_id, c.connection_id, c.kind, c.mode, c.credentials, m.currency,
       (select max(p.version) from policy p where p.merchant_id = c.merchant_id) as policy_version
from unnest(%s::bigint[], %s::bigint[]) as w(merchant_id, connection_id)
join connection c on c.merchant_id = w.merchant_id and c.connection_id = w.connection_id
join merchant m on m.merchant_id = c.merchant_id

-- name: flows
select p.merchant_id, p.version, p.flow, m.currency
from unnest(%s::bigint[], %s::bigint[]) as w(merchant_id, version)
join policy p on p.merchant_id = w.merchant_id and p.version = w.version
join merchant m on m.merchant_id = p.merchant_id

-- name: heard
update connection c
set last_webhook_at = greatest(c.last_webhook_at, w.at)
from (select * from unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) as w(merchant_id, connection_id, at) order by 1, 2) w
where c.merchant_id = w.merchant_id and c.connection_id = w.connection_id

-- name: address
select merchant_id, connection_id from address where token = %s

-- name: hooks_of
select kind, domain, webhook_secrets, mode from connection where merchant_id = %s and connection_id = %s

-- name: of_domain
select merchant_id, connection_id from connection
where merchant_id = any(%s::bigint[]) and lower(domain) = %s
order by 1, 2

-- name: ensure_lanes
-- Every lane of a merchant has its lease row from the start.
insert into lease (merchant_id, lane)
select merchant_id, lane from unnest(%s::bigint[]) as m(merchant_id), generate_series(0, 15) as lane
on conflict do nothing
