-- Stock items and locations as people keep them.

-- name: keep_item
insert into stock_item (merchant_id, item, sku, title, barcode, bundle, backorder, expected_on)
values (%(merchant)s, %(item)s, %(sku)s, %(title)s, %(barcode)s, %(bundle)s, %(backorder)s, %(expected_on)s)
on conflict (merchant_id, item) do update set
    sku = excluded.sku, title = excluded.title, barcode = excluded.barcode, bundle = excluded.bundle,
    backorder = excluded.backorder, expected_on = excluded.expected_on

-- name: make_items
insert into stock_item (merchant_id, item, sku)
select %(merchant)s::bigint, w.item, w.sku from unnest(%(items)s::text[], %(skus)s::text[]) as w(item, sku)
on conflict (merchant_id, item) do nothing

-- name: drop_components
delete from stock_component where merchant_id = %(merchant)s and item = %(item)s

-- name: add_component
insert into stock_component (merchant_id, item, component, units)
values (%(merchant)s, %(item)s, %(component)s, %(units)s)

-- name: drop_limits
delete from stock_limit where merchant_id = %(merchant)s and item = %(item)s

-- name: add_limit
insert into stock_limit (merchant_id, item, connection_id, units)
values (%(merchant)s, %(item)s, %(connection)s, %(units)s)

-- name: bundles
select item from stock_item where merchant_id = %(merchant)s and bundle

-- name: inside
select distinct component from stock_component where merchant_id = %(merchant)s

-- name: shelved
select distinct item from stock_level where merchant_id = %(merchant)s and (on_hand <> 0 or committed <> 0)

-- name: channels
select connection_id from connection where merchant_id = %(merchant)s

-- name: keep_place
insert into location (merchant_id, location, title, priority, active)
values (%(merchant)s, %(location)s, %(title)s, %(priority)s, %(active)s)
on conflict (merchant_id, location) do update set
    title = excluded.title, priority = excluded.priority, active = excluded.active
