-- Indexes that the lists, the map and the connections' page walk at any number of orders.

-- name: indexes
-- Every combination of headline and payment, and of country with both, in the order of the list.
create index concurrently if not exists orders_standing
    on orders (merchant_id, headline, payment, placed_at desc, order_id desc);
create index concurrently if not exists orders_country
    on orders (merchant_id, country, headline, payment, placed_at desc, order_id desc);
-- What is open, by whose turn it is, with what the map counts; and by when it is due.
create index concurrently if not exists orders_owner
    on orders (merchant_id, turn_owner, placed_at desc, order_id desc) include (turn_due) where open;
create index concurrently if not exists orders_due on orders (merchant_id, turn_due, order_id) where open;
create index concurrently if not exists orders_test on orders (merchant_id, placed_at desc, order_id desc) where test;

-- name: superseded
-- orders_standing serves what this one did.
drop index concurrently if exists orders_headline;
