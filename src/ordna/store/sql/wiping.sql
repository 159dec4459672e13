-- A shop asks that everything of it be deleted: its orders with all that hangs on them, then the connection itself.
-- A test compares these statements with the catalogue: a table that is added needs one.

-- name: order_journal
delete from journal where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: order_journal_object
delete from journal_object where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: order_decision
delete from decision where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: order_step
delete from step where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: order_task
delete from task where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: order_timer
delete from timer where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: order_effect
delete from effect where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: order_note
delete from note where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: order_label
delete from label where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: order_label_file
delete from label_file where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: order_checkpoint
delete from checkpoint where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: order_reservation
-- What was set aside is free again, and the ledger says so.
with gone as (
    delete from reservation r
    where r.merchant_id = %(merchant)s and r.order_id = any(%(orders)s::text[])
    returning r.merchant_id, r.item, r.location, r.kind, r.units
), freed as (
    select g.merchant_id, g.item, g.location, sum(g.units)::bigint as units
    from gone g where g.kind = 'reserved' group by g.merchant_id, g.item, g.location
), booked as (
    insert into stock_movement (merchant_id, at, item, location, available, committed, cause)
    select f.merchant_id, now(), f.item, f.location, f.units, -f.units, 'erased' from freed f
)
update stock_level l
set available = l.available + f.units, committed = l.committed - f.units, updated_at = now()
from freed f
where l.merchant_id = f.merchant_id and l.item = f.item and l.location = f.location

-- name: order_stock_movement
-- The movement happened; whose order it was is forgotten.
update stock_movement set order_id = null, line = null
where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: order_orders
delete from orders where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: shop_inbox
-- Some thousand at a time: a long transaction would hold up everybody.
delete from inbox where merchant_id = %(merchant)s and inbox_id in (
    select inbox_id from inbox where merchant_id = %(merchant)s and connection_id = %(connection)s
    order by inbox_id limit %(limit)s)

-- name: shop_reread
delete from reread where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: shop_part_owner
delete from part_owner where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: shop_budget
delete from budget where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: shop_watch
delete from watch where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: shop_gap
delete from gap where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: shop_location
with gone as (
    delete from location where merchant_id = %(merchant)s and connection_id = %(connection)s
    returning merchant_id, location
), moved as (
    delete from stock_movement m using gone g where m.merchant_id = g.merchant_id and m.location = g.location
)
delete from stock_level l using gone g where l.merchant_id = g.merchant_id and l.location = g.location

-- name: shop_stock_item
with gone as (
    delete from stock_item where merchant_id = %(merchant)s and connection_id = %(connection)s
    returning merchant_id, item
)
delete from stock_component c using gone g where c.merchant_id = g.merchant_id and c.item = g.item

-- name: shop_stock_limit
delete from stock_limit where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: shop_parcel_batch
delete from parcel_batch where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: shop_address
delete from address where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: shop_privacy_request
-- What was asked about its customers goes with them; the request under way stays as the record of what was done.
delete from privacy_request
where merchant_id = %(merchant)s and connection_id = %(connection)s and request_id <> coalesce(%(request)s, -1)

-- name: shop_connection
delete from connection where merchant_id = %(merchant)s and connection_id = %(connection)s
