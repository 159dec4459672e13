-- What people book of stock.

-- name: places
select location from location where merchant_id = %(merchant)s and active

-- name: bundles
select item from stock_item where merchant_id = %(merchant)s and item = any(%(items)s::text[]) and bundle

-- name: make_items
-- Items that nobody has named before.
insert into stock_item (merchant_id, item, sku)
select distinct on (w.item) %(merchant)s::bigint, w.item, w.sku
from unnest(%(items)s::text[], %(skus)s::text[]) as w(item, sku)
order by w.item, w.sku
on conflict (merchant_id, item) do nothing

-- name: stands
select item, location, on_hand, incoming from stock_level where merchant_id = %(merchant)s and item = any(%(items)s::text[])
