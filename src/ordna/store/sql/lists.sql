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

-- name: covering
-- A closed order may keep a step that nobody ended, or an oddity nobody settled: these grow with the years. What else a list
-- may be filtered by is in the index, so that only what matches is looked up.
create index concurrently if not exists orders_step
    on orders (merchant_id, turn_step, placed_at desc, order_id desc)
    include (headline, payment, country, turn_owner, turn_due, open, attention, test) where turn_step <> '';
create index concurrently if not exists orders_odd
    on orders (merchant_id, placed_at desc, order_id desc)
    include (headline, payment, country, turn_step, turn_owner, turn_due, open, attention, test) where attention;

-- name: covered
-- The same two without what else a list may be filtered by.
drop index concurrently if exists orders_turn;
drop index concurrently if exists orders_attention;
