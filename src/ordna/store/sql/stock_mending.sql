-- What does not add up in a merchant's stock, in numbers: what the views inv_... of stock say in words.

-- name: off_ledger
-- Levels that are not the sum of their movements: (item, location, what the level says, what the ledger says).
select l.item, l.location,
       array[l.available, l.committed, l.incoming, l.reserved, l.damaged, l.safety_stock, l.quality_control] as stands,
       array[coalesce(m.available, 0), coalesce(m.committed, 0), coalesce(m.incoming, 0), coalesce(m.reserved, 0),
             coalesce(m.damaged, 0), coalesce(m.safety_stock, 0), coalesce(m.quality_control, 0)]::bigint[] as booked
from stock_level l
left join (
    select s.merchant_id, s.item, s.location, sum(s.available) as available, sum(s.committed) as committed,
           sum(s.incoming) as incoming, sum(s.reserved) as reserved, sum(s.damaged) as damaged,
           sum(s.safety_stock) as safety_stock, sum(s.quality_control) as quality_control
    from stock_movement s where s.merchant_id = %(merchant)s
    group by s.merchant_id, s.item, s.location
) m on m.merchant_id = l.merchant_id and m.item = l.item and m.location = l.location
where l.merchant_id = %(merchant)s
  and (l.available, l.committed, l.incoming, l.reserved, l.damaged, l.safety_stock, l.quality_control)
   is distinct from
      (coalesce(m.available, 0), coalesce(m.committed, 0), coalesce(m.incoming, 0), coalesce(m.reserved, 0),
       coalesce(m.damaged, 0), coalesce(m.safety_stock, 0), coalesce(m.quality_control, 0))
order by l.item, l.location

-- name: dead_reservations
-- Reservations whose order is gone or over: (order, line, item, location, kind, units).
select r.order_id, r.line, r.item, r.location, r.kind, r.units
from reservation r
left join orders o on o.merchant_id = r.merchant_id and o.order_id = r.order_id
where r.merchant_id = %(merchant)s and (o.order_id is null or o.headline in ('cancelled', 'deleted', 'closed'))
order by r.order_id, r.line, r.item, r.location, r.kind

-- name: off_reservations
-- Levels that commit other units than are reserved: (item, location, committed, reserved for living orders).
select l.item, l.location, l.committed, coalesce(r.units, 0)::bigint as reserved
from stock_level l
left join (
    select v.merchant_id, v.item, v.location, sum(v.units) as units
    from reservation v join orders o on o.merchant_id = v.merchant_id and o.order_id = v.order_id
    where v.merchant_id = %(merchant)s and v.kind = 'reserved' and o.headline not in ('cancelled', 'deleted', 'closed')
    group by v.merchant_id, v.item, v.location
) r on r.merchant_id = l.merchant_id and r.item = l.item and r.location = l.location
where l.merchant_id = %(merchant)s and l.committed <> coalesce(r.units, 0)
order by l.item, l.location

-- name: put_level
update stock_level set available = %(available)s, committed = %(committed)s, incoming = %(incoming)s,
    reserved = %(reserved)s, damaged = %(damaged)s, safety_stock = %(safety_stock)s,
    quality_control = %(quality_control)s, updated_at = now()
where merchant_id = %(merchant)s and item = %(item)s and location = %(location)s
