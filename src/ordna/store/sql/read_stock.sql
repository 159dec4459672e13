-- What pages and the API read of stock, under the reader role.

-- name: levels
-- From a place in the list on, by item and location.
select l.item, coalesce(i.sku, l.item) as sku, coalesce(i.title, '') as title, l.location,
       coalesce(p.title, l.location) as place, l.available, l.committed, l.reserved, l.damaged, l.safety_stock,
       l.quality_control, l.incoming, l.on_hand
from stock_level l
left join stock_item i on i.merchant_id = l.merchant_id and i.item = l.item
left join location p on p.merchant_id = l.merchant_id and p.location = l.location
where l.merchant_id = %(merchant_id)s and (l.item, l.location) > (%(item)s, %(location)s)
order by l.item, l.location
limit %(limit)s

-- name: levels_of
select l.item, coalesce(i.sku, l.item) as sku, coalesce(i.title, '') as title, l.location,
       coalesce(p.title, l.location) as place, l.available, l.committed, l.reserved, l.damaged, l.safety_stock,
       l.quality_control, l.incoming, l.on_hand
from stock_level l
left join stock_item i on i.merchant_id = l.merchant_id and i.item = l.item
left join location p on p.merchant_id = l.merchant_id and p.location = l.location
where l.merchant_id = %(merchant_id)s and l.item = %(item)s
order by l.location

-- name: item
select i.item, i.sku, i.title, i.barcode, i.bundle, i.backorder, i.expected_on
from stock_item i where i.merchant_id = %(merchant_id)s and i.item = %(item)s

-- name: by_barcode
select i.item, i.sku, i.title, i.barcode, i.bundle, i.backorder, i.expected_on
from stock_item i where i.merchant_id = %(merchant_id)s and i.barcode = %(barcode)s
order by i.item limit 1

-- name: components
select c.component, c.units from stock_component c
where c.merchant_id = %(merchant_id)s and c.item = %(item)s order by c.component

-- name: movements
-- The newest of an item, location by location, merged.
select m.movement_id, m.at, m.location, m.available, m.committed, m.incoming, m.reserved, m.damaged, m.safety_stock,
       m.quality_control, m.cause, m.order_id, o.name as order_name, m.moved_by, m.note
from unnest(%(locations)s::text[]) as w(location)
cross join lateral (
    select * from stock_movement s
    where s.merchant_id = %(merchant_id)s and s.item = %(item)s and s.location = w.location
    order by s.movement_id desc limit %(limit)s
) m
left join orders o on o.merchant_id = %(merchant_id)s and o.order_id = m.order_id
order by m.movement_id desc
limit %(limit)s

-- name: reservations
-- Who has units of an item, and who waits for them: the longest first.
select r.order_id, coalesce(o.name, r.order_id) as order_name, r.location, r.kind, r.units, r.cause, r.made_at,
       r.expires_at, r.until
from unnest(array['short', 'backorder', 'reserved']) as w(kind)
cross join lateral (
    select * from reservation s
    where s.merchant_id = %(merchant_id)s and s.item = %(item)s and s.kind = w.kind
    order by s.made_at limit %(limit)s
) r
left join orders o on o.merchant_id = %(merchant_id)s and o.order_id = r.order_id
order by w.kind <> 'short', r.made_at
limit %(limit)s

-- name: locations
select p.location, p.title, p.priority, p.active from location p
where p.merchant_id = %(merchant_id)s order by p.priority, p.location

-- name: limits
select s.connection_id, s.units from stock_limit s
where s.merchant_id = %(merchant_id)s and s.item = %(item)s order by s.connection_id
