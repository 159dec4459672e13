-- Connections as they are made, switched and called.

-- name: endpoints
select c.merchant_id, c.connection_id, c.kind, c.mode, c.base_url, c.domain, c.api_version, c.credentials
from unnest(%(merchants)s::bigint[], %(connections)s::bigint[]) as w(merchant_id, connection_id)
join connection c on c.merchant_id = w.merchant_id and c.connection_id = w.connection_id

-- name: all_connections
select merchant_id, connection_id from connection
where merchant_id = any(%(merchants)s::bigint[]) and mode <> 'gone' and role = 'shop' order by 1, 2

-- name: merchants
select distinct merchant_id from lease where merchant_id > 0 order by 1

-- name: create_merchant
insert into merchant (merchant_id, name, zone, currency) values (%(merchant)s, %(name)s, %(zone)s, %(currency)s)
on conflict (merchant_id) do nothing

-- name: describe_merchant
-- The shop knows better than we do which currency and zone it trades in, as long as it is the only one.
update merchant set zone = %(zone)s, currency = %(currency)s
where merchant_id = %(merchant)s
  and not exists (select from connection where merchant_id = %(merchant)s and connection_id <> %(connection)s
                  and role = 'shop')

-- name: facts
select facts::text from connection where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: keep_facts
update connection set facts = %(facts)s::jsonb where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: newest_flow
-- Where the merchant has no other shop: the flow of two shops is neither's.
select version, flow from policy
where merchant_id = %(merchant)s
  and not exists (select from connection where merchant_id = %(merchant)s and connection_id <> %(connection)s)
order by version desc
limit 1

-- name: open_under
select order_ref from orders
where merchant_id = %(merchant)s and connection_id = %(connection)s and open and policy_version = %(version)s
order by order_ref

-- name: same_shop
select connection_id from connection where merchant_id = %(merchant)s and kind = %(kind)s and domain = %(domain)s

-- name: next_connection
-- A number is never given twice: what was erased of a shop is known by it for ever.
select greatest(
    (select coalesce(max(connection_id), 0) from connection where merchant_id = %(merchant)s),
    (select coalesce(max(substring(mark from 6)::bigint), 0) from erased
     where merchant_id = %(merchant)s and mark like 'shop:%%')) + 1

-- name: create_connection
insert into connection (merchant_id, connection_id, kind, title, domain, base_url, api_version, credentials,
                        webhook_secrets, facts)
values (%(merchant)s, %(connection)s, %(kind)s, %(title)s, %(domain)s, %(base_url)s, %(api_version)s, %(credentials)s,
        %(webhook_secrets)s, %(facts)s::jsonb)

-- name: renew_connection
update connection
set credentials = %(credentials)s, webhook_secrets = %(webhook_secrets)s, base_url = %(base_url)s, title = %(title)s,
    facts = %(facts)s::jsonb, last_error = null, dark_since = null, mode = case mode when 'gone' then 'observe' else mode end
where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: address_of
select token from address where merchant_id = %(merchant)s and connection_id = %(connection)s limit 1

-- name: create_address
insert into address (token, merchant_id, connection_id) values (%(token)s, %(merchant)s, %(connection)s)

-- name: set_subscribed
update connection set subscribed = %(subscribed)s::jsonb
where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: standing
select c.mode, c.last_webhook_at, c.last_read_at, c.title, now(), c.created_at
from connection c where c.merchant_id = %(merchant)s and c.connection_id = %(connection)s

-- name: switch_mode
-- Only from where it stands: a connection that observes can't be paused into being live.
update connection
set mode = %(mode)s, live_since = case when %(mode)s = 'live' then coalesce(live_since, now()) else live_since end
where merchant_id = %(merchant)s and connection_id = %(connection)s and mode = any(%(from)s::text[])
returning live_since

-- name: open_orders
select order_id, order_ref, name, state, verdict from orders
where merchant_id = %(merchant)s and connection_id = %(connection)s and open
order by placed_at, order_id

-- name: open_refs
select order_ref from orders
where merchant_id = %(merchant)s and connection_id = %(connection)s and open
order by placed_at, order_id

-- name: set_switch
insert into switch (merchant_id, name, value, at) values (%(merchant)s, %(name)s, %(value)s, now())
on conflict (merchant_id, name) do update set value = excluded.value, at = excluded.at

-- name: waiting_reads
select count(*) from reread where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: waiting_messages
select count(*) from inbox where merchant_id = %(merchant)s and connection_id = %(connection)s and handled_at is null


-- name: activate_policy
insert into policy (merchant_id, version, flow, activated_by)
select %(merchant)s, coalesce(max(version), 0) + 1, %(flow)s, %(by)s from policy where merchant_id = %(merchant)s
returning version

-- name: newest_policy
select max(version) from policy where merchant_id = %(merchant)s

-- name: named_orders
select o.merchant_id, o.connection_id, o.order_id, o.name, o.state, o.verdict, m.zone
from orders o join merchant m on m.merchant_id = o.merchant_id
where o.merchant_id = any(%(merchants)s::bigint[])
  and (o.name_key = %(name_key)s or o.order_id = %(text)s or o.order_ref = %(text)s)
order by o.placed_at desc
limit 20
