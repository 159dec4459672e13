-- Carriers and their labels. A label's row follows from its order's journal; what is printed is sealed with the person's key.

-- name: tables
-- A connection is a shop's or a carrier's.
alter table connection add column if not exists role text not null default 'shop';
alter table connection drop constraint if exists connection_role_check;
alter table connection add constraint connection_role_check check (role in ('shop', 'carrier')) not valid;

alter table watch drop constraint if exists watch_duty_check;
alter table watch add constraint watch_duty_check check (duty in ('sweep', 'subscriptions', 'history', 'shop', 'parcels')) not valid;

create table if not exists label (
    merchant_id bigint not null,
    order_id text not null,
    label_id text not null,                   -- '51-1': the fulfillment order and a number
    connection_id bigint not null,            -- the carrier's
    part text not null,
    order_name text not null,
    carrier text not null,
    service text not null,
    tracking text not null,
    shipment text not null,                   -- the carrier's own reference
    price bigint not null,                    -- minor units
    currency text not null,
    weight_g bigint not null,
    bought_at timestamptz not null,
    stands text not null,                     -- bought | handed over | voided, or a state of the shipment machine
    stands_since timestamptz not null,
    handover text,
    primary key (merchant_id, order_id, label_id)
);
create index if not exists label_tracking on label (merchant_id, connection_id, tracking);
create index if not exists label_stands on label (merchant_id, stands, stands_since, order_id, label_id);
create index if not exists label_handover on label (merchant_id, handover) where handover is not null;

-- What is printed: sealed with the key of the order's person, gone after a while.
create table if not exists label_file (
    merchant_id bigint not null,
    order_id text not null,
    label_id text not null,
    form text not null,                       -- pdf | zpl
    sealed bytea not null,
    expires_at timestamptz not null,
    primary key (merchant_id, order_id, label_id, form)
);
create index if not exists label_file_expires on label_file (merchant_id, expires_at);

-- Parcels that were handed to a carrier together.
create table if not exists parcel_batch (
    merchant_id bigint not null,
    handover text not null,
    connection_id bigint not null,
    at timestamptz not null,
    by text not null,
    primary key (merchant_id, handover)
);

-- name: proof
alter table connection validate constraint connection_role_check;
alter table watch validate constraint watch_duty_check;

-- name: write_labels
insert into label (merchant_id, order_id, label_id, connection_id, part, order_name, carrier, service, tracking, shipment,
                   price, currency, weight_g, bought_at, stands, stands_since, handover)
select l.merchant_id, l.order_id, l.label_id, l.connection_id, l.part, l.order_name, l.carrier, l.service, l.tracking,
       l.shipment, l.price, l.currency, l.weight_g, l.bought_at, l.stands, l.stands_since, l.handover
from jsonb_to_recordset(%(labels)s::jsonb) as l(
    merchant_id bigint, order_id text, label_id text, connection_id bigint, part text, order_name text, carrier text,
    service text, tracking text, shipment text, price bigint, currency text, weight_g bigint, bought_at timestamptz,
    stands text, stands_since timestamptz, handover text)
order by l.merchant_id, l.order_id, l.label_id
on conflict (merchant_id, order_id, label_id) do update
set connection_id = excluded.connection_id, part = excluded.part, order_name = excluded.order_name,
    carrier = excluded.carrier, service = excluded.service, tracking = excluded.tracking, shipment = excluded.shipment,
    price = excluded.price, currency = excluded.currency, weight_g = excluded.weight_g, bought_at = excluded.bought_at,
    stands = excluded.stands, stands_since = excluded.stands_since, handover = excluded.handover

-- name: owners
-- Whose order a carrier's parcel belongs to.
select l.merchant_id, l.connection_id, l.tracking, l.order_id
from unnest(%(merchants)s::bigint[], %(connections)s::bigint[], %(numbers)s::text[]) as w(merchant_id, connection_id, tracking)
join label l on l.merchant_id = w.merchant_id and l.connection_id = w.connection_id and l.tracking = w.tracking

-- name: keep_files
-- Only while the person is there: what is printed names them.
insert into label_file (merchant_id, order_id, label_id, form, sealed, expires_at)
select f.merchant_id, f.order_id, f.label_id, f.form, f.sealed, now() + make_interval(days => %(days)s)
from unnest(%(merchants)s::bigint[], %(orders)s::text[], %(labels)s::text[], %(forms)s::text[], %(sealed)s::bytea[])
         as f(merchant_id, order_id, label_id, form, sealed)
join person p on p.merchant_id = f.merchant_id and p.person_id = f.order_id
on conflict (merchant_id, order_id, label_id, form) do update
set sealed = excluded.sealed, expires_at = excluded.expires_at

-- name: drop_old_files
delete from label_file where merchant_id = %(merchant)s and expires_at < now()

-- name: travelling
-- Parcels of a carrier that are not at their end, the longest unheard of first.
select l.order_id, l.label_id, l.tracking, l.stands, l.stands_since
from label l
where l.merchant_id = %(merchant)s and l.connection_id = %(connection)s
  and l.stands in ('bought', 'handed over', 'in_transit', 'out_for_delivery', 'attempted', 'delayed', 'ready_for_pickup', 'failed')
  and l.bought_at > now() - make_interval(days => %(days)s)
order by l.stands_since
limit %(most)s

-- name: become_carrier
update connection set role = 'carrier', mode = 'live', live_since = coalesce(live_since, now())
where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: carrier
select c.connection_id, c.kind, c.title, c.mode, c.facts::text as facts from connection c
where c.merchant_id = %(merchant)s and c.connection_id = %(connection)s and c.role = 'carrier'

-- name: carriers_of
-- Carriers by (merchant, connection), with what they are told of the sender.
select c.merchant_id, c.connection_id, c.mode, c.facts::text as facts
from unnest(%(merchants)s::bigint[], %(connections)s::bigint[]) as w(merchant_id, connection_id)
join connection c on c.merchant_id = w.merchant_id and c.connection_id = w.connection_id
where c.role = 'carrier'

-- name: write_handover
insert into parcel_batch (merchant_id, handover, connection_id, at, by)
values (%(merchant)s, %(handover)s, %(connection)s, now(), %(by)s)
on conflict (merchant_id, handover) do nothing
