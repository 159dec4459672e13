-- The order rows: locked in one order everywhere, by merchant and id; written only on the version they were read at.

-- name: lock
select o.merchant_id, o.order_id, o.state, o.verdict, o.trail, o.person_id, o.person_mark, o.seq,
       o.erased_at is not null as erased
from unnest(%s::bigint[], %s::text[]) as w(merchant_id, order_id)
join orders o on o.merchant_id = w.merchant_id and o.order_id = w.order_id
order by o.merchant_id, o.order_id
for update of o

-- name: insert
-- An order nobody has written yet; the caller checks the count, for somebody may have.
insert into orders (
    merchant_id, order_id, connection_id, order_ref, seq, state, verdict, policy_version, name,
    name_key, placed_at, headline, turn_step, turn_owner, turn_since, turn_due, attention, open, test,
    currency, total, country, payment, customer, person_id, person_mark, trail, updated_at)
select merchant_id, order_id, connection_id, order_ref, seq, state, verdict, policy_version, name,
       name_key, placed_at, headline, turn_step, turn_owner, turn_since, turn_due, attention, open, test,
       currency, total, country, payment, customer, person_id, person_mark, trail, updated_at
from unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::bytea[], %s::bytea[],
            %s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[],
            %s::timestamptz[], %s::timestamptz[], %s::boolean[], %s::boolean[], %s::boolean[], %s::text[],
            %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bytea[], %s::bytea[],
            %s::timestamptz[])
     as w(merchant_id, order_id, connection_id, order_ref, seq, state, verdict, policy_version, name,
          name_key, placed_at, headline, turn_step, turn_owner, turn_since, turn_due, attention, open, test,
          currency, total, country, payment, customer, person_id, person_mark, trail, updated_at)
on conflict (merchant_id, order_id) do nothing

-- name: update
-- Orders whose rows we locked.
update orders o
set seq = w.seq, state = w.state, verdict = w.verdict, policy_version = w.policy_version, name = w.name,
    name_key = w.name_key, placed_at = w.placed_at, headline = w.headline, turn_step = w.turn_step,
    turn_owner = w.turn_owner, turn_since = w.turn_since, turn_due = w.turn_due, attention =
    w.attention, open = w.open, test = w.test, currency = w.currency, total = w.total, country =
    w.country, payment = w.payment, customer = w.customer, person_id = w.person_id, person_mark =
    w.person_mark, trail = w.trail, updated_at = w.updated_at
from unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::bytea[], %s::bytea[],
            %s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[],
            %s::timestamptz[], %s::timestamptz[], %s::boolean[], %s::boolean[], %s::boolean[], %s::text[],
            %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bytea[], %s::bytea[],
            %s::timestamptz[])
     as w(merchant_id, order_id, connection_id, order_ref, seq, state, verdict, policy_version, name,
          name_key, placed_at, headline, turn_step, turn_owner, turn_since, turn_due, attention, open, test,
          currency, total, country, payment, customer, person_id, person_mark, trail, updated_at)
where o.merchant_id = w.merchant_id and o.order_id = w.order_id

-- name: orders_before
-- How many orders of each customer were placed before that moment, as far as we know now; and is there a later one that
-- would have to count anew: an open one, or one of the last week?
select w.place, (
    select count(*) from orders o
    where o.merchant_id = w.merchant_id and o.customer = w.customer and o.placed_at < w.placed_at
      and o.order_id <> w.order_id),
    exists (
        select from orders o
        where o.merchant_id = w.merchant_id and o.customer = w.customer and o.placed_at > w.placed_at
          and (o.open or o.placed_at > now() - interval '7 days'))
from unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
     as w(place, merchant_id, order_id, customer, placed_at)

-- name: later_orders
-- Orders that were placed after that moment by the same customer, are open or of the last week, and do not wait to be read
-- anyway. Not without end: some customers of a shop are a shop themselves, or everybody who gave no name.
select o.merchant_id, o.connection_id, o.order_ref
from unnest(%s::bigint[], %s::text[], %s::timestamptz[]) as w(merchant_id, customer, placed_at)
cross join lateral (
    select o.merchant_id, o.connection_id, o.order_ref from orders o
    where o.merchant_id = w.merchant_id and o.customer = w.customer and o.placed_at > w.placed_at
      and (o.open or o.placed_at > now() - interval '7 days')
      and not exists (
          select from reread r
          where r.merchant_id = o.merchant_id and r.connection_id = o.connection_id and r.order_ref = o.order_ref
            and r.not_before > now())
    order by o.placed_at
    limit %s::bigint
) o
