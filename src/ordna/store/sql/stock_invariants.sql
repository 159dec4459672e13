-- What must always be so of stock, as views of what is not.

-- name: views
create or replace view inv_level_off_ledger with (security_invoker = true) as
select coalesce(l.merchant_id, m.merchant_id) as merchant_id, null::text as order_id,
       format('%s at %s: available %s, its ledger says %s; committed %s, its ledger says %s',
              coalesce(l.item, m.item), coalesce(l.location, m.location), coalesce(l.available, 0),
              coalesce(m.available, 0), coalesce(l.committed, 0), coalesce(m.committed, 0)) as what
from stock_level l
full join (
    select merchant_id, item, location, sum(available) as available, sum(committed) as committed, sum(incoming) as incoming,
           sum(reserved) as reserved, sum(damaged) as damaged, sum(safety_stock) as safety_stock,
           sum(quality_control) as quality_control
    from stock_movement
    group by merchant_id, item, location
) m on m.merchant_id = l.merchant_id and m.item = l.item and m.location = l.location
where (coalesce(l.available, 0), coalesce(l.committed, 0), coalesce(l.incoming, 0), coalesce(l.reserved, 0),
       coalesce(l.damaged, 0), coalesce(l.safety_stock, 0), coalesce(l.quality_control, 0))
   is distinct from
      (coalesce(m.available, 0), coalesce(m.committed, 0), coalesce(m.incoming, 0), coalesce(m.reserved, 0),
       coalesce(m.damaged, 0), coalesce(m.safety_stock, 0), coalesce(m.quality_control, 0));

create or replace view inv_committed_off_reservations with (security_invoker = true) as
select coalesce(l.merchant_id, r.merchant_id) as merchant_id, null::text as order_id,
       format('%s at %s: committed %s, its reservations sum up to %s', coalesce(l.item, r.item),
              coalesce(l.location, r.location), coalesce(l.committed, 0), coalesce(r.units, 0)) as what
from (select merchant_id, item, location, committed from stock_level where committed <> 0) l
full join (
    select merchant_id, item, location, sum(units) as units from reservation where kind = 'reserved'
    group by merchant_id, item, location
) r on r.merchant_id = l.merchant_id and r.item = l.item and r.location = l.location
where coalesce(l.committed, 0) is distinct from coalesce(r.units, 0);

create or replace view inv_reservation_of_no_order with (security_invoker = true) as
select r.merchant_id, r.order_id, format('%s of %s for line %s, %s', r.units, r.item, r.line, r.kind) as what
from reservation r
left join orders o on o.merchant_id = r.merchant_id and o.order_id = r.order_id
where o.order_id is null or o.headline in ('cancelled', 'deleted', 'closed')
