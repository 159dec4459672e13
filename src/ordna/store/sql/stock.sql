-- Stock: counters are locked in one order everywhere, by merchant, item and location, after the orders that touch them;
-- they are moved by sums, each guarded: what is promised must still be there.

-- name: articles
-- Stock items with what is in them.
select i.merchant_id, i.item, i.bundle, i.backorder, coalesce(i.expected_on::text, '') as until, c.component, c.units
from unnest(%s::bigint[], %s::text[]) as w(merchant_id, item)
join stock_item i on i.merchant_id = w.merchant_id and i.item = w.item
left join stock_component c on c.merchant_id = i.merchant_id and c.item = i.item
order by i.merchant_id, i.item, c.component

-- name: locations
select merchant_id, location from location
where merchant_id = any(%s::bigint[]) and active
order by merchant_id, priority, location

-- name: lock_levels
select l.merchant_id, l.item, l.location, l.available, l.incoming
from unnest(%s::bigint[], %s::text[], %s::text[]) as w(merchant_id, item, location)
join stock_level l on l.merchant_id = w.merchant_id and l.item = w.item and l.location = w.location
order by l.merchant_id, l.item, l.location
for update of l

-- name: open_levels
-- Levels that facts move and nobody has seen yet.
insert into stock_level (merchant_id, item, location)
select merchant_id, item, location
from unnest(%s::bigint[], %s::text[], %s::text[]) as w(merchant_id, item, location)
order by merchant_id, item, location
on conflict (merchant_id, item, location) do nothing

-- name: lock_scarce
-- Items whose promises are counted beyond the shelf: a channel's share, and what is on its way. After the levels.
select i.merchant_id, i.item
from unnest(%s::bigint[], %s::text[]) as w(merchant_id, item)
join stock_item i on i.merchant_id = w.merchant_id and i.item = w.item
where i.backorder = 'incoming'
   or exists (select from stock_limit s where s.merchant_id = i.merchant_id and s.item = i.item)
order by i.merchant_id, i.item
for update of i

-- name: incoming_left
-- What is on its way and promised to nobody, by item.
select w.merchant_id, w.item,
       (coalesce((select sum(l.incoming) from stock_level l
                  where l.merchant_id = w.merchant_id and l.item = w.item), 0)
        - coalesce((select sum(r.units) from reservation r
                    where r.merchant_id = w.merchant_id and r.item = w.item and r.kind = 'backorder'), 0))::bigint as units
from unnest(%s::bigint[], %s::text[]) as w(merchant_id, item)

-- name: limits_left
select s.merchant_id, s.item, s.connection_id,
       (s.units - coalesce((select sum(r.units) from reservation r
                            where r.merchant_id = s.merchant_id and r.item = s.item and r.kind = 'reserved'
                              and r.connection_id = s.connection_id), 0))::bigint as units
from unnest(%s::bigint[], %s::text[]) as w(merchant_id, item)
join stock_limit s on s.merchant_id = w.merchant_id and s.item = w.item

-- name: move_levels
-- The caller checks the count: a promise of what is no longer there moves nothing.
update stock_level l
set available = l.available + w.available, committed = l.committed + w.committed, incoming = l.incoming + w.incoming,
    reserved = l.reserved + w.reserved, damaged = l.damaged + w.damaged,
    safety_stock = l.safety_stock + w.safety_stock, quality_control = l.quality_control + w.quality_control,
    updated_at = now()
from unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
            %s::bigint[], %s::bigint[], %s::boolean[])
     as w(merchant_id, item, location, available, committed, incoming, reserved, damaged, safety_stock, quality_control,
          promised)
where l.merchant_id = w.merchant_id and l.item = w.item and l.location = w.location
  and (not w.promised or l.available + w.available >= 0)

-- name: append_movements
insert into stock_movement (merchant_id, at, item, location, available, committed, incoming, reserved, damaged, safety_stock,
                            quality_control, cause, order_id, line, moved_by, note)
select merchant_id, at, item, location, available, committed, incoming, reserved, damaged, safety_stock, quality_control,
       cause, order_id, line, moved_by, note
from unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
            %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
     as w(merchant_id, at, item, location, available, committed, incoming, reserved, damaged, safety_stock, quality_control,
          cause, order_id, line, moved_by, note)

-- name: write_reservations
insert into reservation (merchant_id, order_id, line, item, location, kind, units, connection_id, cause, release_rule,
                         made_at, expires_at, until)
select merchant_id, order_id, line, item, location, kind, units, connection_id, cause, release_rule, made_at, expires_at,
       until
from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[],
            %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[])
     as w(merchant_id, order_id, line, item, location, kind, units, connection_id, cause, release_rule, made_at, expires_at,
          until)
on conflict (merchant_id, order_id, line, item, location, kind) do update set
    units = excluded.units, cause = excluded.cause, release_rule = excluded.release_rule,
    expires_at = excluded.expires_at, until = excluded.until

-- name: drop_reservations
delete from reservation r
using unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
      as w(merchant_id, order_id, line, item, location, kind)
where r.merchant_id = w.merchant_id and r.order_id = w.order_id and r.line = w.line and r.item = w.item
  and r.location = w.location and r.kind = w.kind

-- name: waiting_orders
-- Orders that wait for units of these items, alone or in a bundle: the oldest first, no more than there are units.
select distinct w.merchant_id, found.order_id, found.connection_id
from unnest(%s::bigint[], %s::text[], %s::bigint[]) as w(merchant_id, item, units)
cross join lateral (
    select r.order_id, r.connection_id from reservation r
    where r.merchant_id = w.merchant_id and r.kind in ('short', 'backorder')
      and (r.item = w.item or r.item in (select c.item from stock_component c
                                         where c.merchant_id = w.merchant_id and c.component = w.item))
    order by r.made_at, r.order_id
    limit w.units
) found
