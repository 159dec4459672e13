-- Stock: what there is where, what is promised to whom, and every movement that made it so.

-- name: tables
create table if not exists location (
    merchant_id bigint not null references merchant,
    location text not null,                   -- the outside system's id where it has one
    title text not null,
    priority integer not null default 100,    -- the lower, the earlier it is asked
    active boolean not null default true,
    connection_id bigint,                     -- whose location it is
    led_by text not null default 'ordna' check (led_by in ('ordna', 'shop')),
    primary key (merchant_id, location)
);

-- `item` is the SKU as it is compared. A bundle has no levels of its own: it is the sum of its components.
create table if not exists stock_item (
    merchant_id bigint not null references merchant,
    item text not null,
    sku text not null,
    title text not null default '',
    barcode text,
    bundle boolean not null default false,
    backorder text not null default 'no' check (backorder in ('no', 'incoming', 'any')),
    expected_on date,
    connection_id bigint,
    inventory_item text,                      -- the outside system's id of it
    primary key (merchant_id, item)
);
create index if not exists stock_item_barcode on stock_item (merchant_id, barcode) where barcode is not null;
create index if not exists stock_item_outside on stock_item (merchant_id, inventory_item) where inventory_item is not null;

create table if not exists stock_component (
    merchant_id bigint not null,
    item text not null,                       -- the bundle
    component text not null,
    units bigint not null check (units > 0),
    primary key (merchant_id, item, component)
);
create index if not exists stock_component_of on stock_component (merchant_id, component);

-- No more than `units` of an item are promised through a channel at one time.
create table if not exists stock_limit (
    merchant_id bigint not null,
    item text not null,
    connection_id bigint not null,
    units bigint not null check (units >= 0),
    primary key (merchant_id, item, connection_id)
);

-- The sums of the movements. `available` may fall below nothing by facts from outside, never by a promise.
create table if not exists stock_level (
    merchant_id bigint not null,
    item text not null,
    location text not null,
    available bigint not null default 0,
    committed bigint not null default 0,      -- set aside for orders: the sum of the reservations
    incoming bigint not null default 0,
    reserved bigint not null default 0,
    damaged bigint not null default 0,
    safety_stock bigint not null default 0,
    quality_control bigint not null default 0,
    on_hand bigint not null generated always as
        (available + committed + reserved + damaged + safety_stock + quality_control) stored,
    updated_at timestamptz not null default now(),
    primary key (merchant_id, item, location)
) with (fillfactor = 50);

-- The ledger: appended to, never changed.
create table if not exists stock_movement (
    merchant_id bigint not null,
    movement_id bigint generated always as identity,
    at timestamptz not null,
    item text not null,
    location text not null,
    available bigint not null default 0,
    committed bigint not null default 0,
    incoming bigint not null default 0,
    reserved bigint not null default 0,
    damaged bigint not null default 0,
    safety_stock bigint not null default 0,
    quality_control bigint not null default 0,
    cause text not null,
    order_id text,
    line text,
    moved_by text not null default '',
    note text not null default '',
    primary key (merchant_id, movement_id)
);
create index if not exists stock_movement_of on stock_movement (merchant_id, item, location, movement_id);

-- What is set aside for whom (kind reserved), and what waits for more (short, backorder). A projection of the orders.
create table if not exists reservation (
    merchant_id bigint not null,
    order_id text not null,
    line text not null,
    item text not null,
    location text not null,                   -- '' while it waits for units anywhere
    kind text not null check (kind in ('reserved', 'short', 'backorder')),
    units bigint not null check (units > 0),
    connection_id bigint not null,
    cause text not null,
    release_rule text not null,
    made_at timestamptz not null,
    expires_at timestamptz,
    until text not null default '',
    primary key (merchant_id, order_id, line, item, location, kind)
) with (fillfactor = 80);
create index if not exists reservation_of on reservation (merchant_id, item, kind, made_at);
