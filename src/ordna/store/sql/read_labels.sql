-- Labels and hand-overs as people see them.

-- name: of_order
select order_id, label_id, connection_id, part, order_name, carrier, service, tracking, shipment, price, currency, weight_g,
       bought_at, stands, stands_since, handover
from label where merchant_id = %(merchant_id)s and order_id = %(order_id)s
order by label_id

-- name: standing
-- Those of some states, the latest change first, a page at a time: after the row of that moment, order and label. One short
-- look a state, so that no list reads more than it shows.
select l.*
from unnest(%(stands)s::text[]) as wanted(stands)
cross join lateral (
    select order_id, label_id, connection_id, part, order_name, carrier, service, tracking, shipment, price, currency,
           weight_g, bought_at, stands, stands_since, handover
    from label
    where merchant_id = %(merchant_id)s and label.stands = wanted.stands
      and (stands_since, order_id, label_id) < (%(before)s::timestamptz, %(before_order)s, %(before_label)s)
    order by stands_since desc, order_id desc, label_id desc
    limit %(limit)s
) as l
order by l.stands_since desc, l.order_id desc, l.label_id desc
limit %(limit)s

-- name: counts
select stands as name, count(*) as number from label
where merchant_id = %(merchant_id)s and stands = any(%(stands)s::text[])
group by stands

-- name: of_handover
select order_id, label_id, connection_id, part, order_name, carrier, service, tracking, shipment, price, currency, weight_g,
       bought_at, stands, stands_since, handover
from label where merchant_id = %(merchant_id)s and handover = %(handover)s
order by tracking

-- name: handovers
select h.handover, h.connection_id, h.at, h.by, c.title as carrier,
       (select count(*) from label l where l.merchant_id = h.merchant_id and l.handover = h.handover) as parcels
from parcel_batch h
join connection c on c.merchant_id = h.merchant_id and c.connection_id = h.connection_id
where h.merchant_id = %(merchant_id)s and h.handover = coalesce(%(handover)s, h.handover)
order by h.at desc
limit %(limit)s

-- name: carriers
select connection_id, kind, title, mode, facts::text as facts from connection
where merchant_id = %(merchant_id)s and role = 'carrier' and mode <> 'gone'
order by connection_id

-- name: file
select f.sealed, p.person_key from label_file f
join person p on p.merchant_id = f.merchant_id and p.person_id = f.order_id
where f.merchant_id = %(merchant_id)s and f.order_id = %(order_id)s and f.label_id = %(label_id)s and f.form = %(form)s
  and f.expires_at > %(now)s
