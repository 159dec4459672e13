-- Personal data: what finds it, what was erased, what is asked about it.

-- name: tables
-- Whom orders are found by. A token is a keyed hash; it dies with the person it leads to.
create table if not exists person_token (
    merchant_id bigint not null,
    token bytea not null,
    placed_at timestamptz not null,
    order_id text not null,
    primary key (merchant_id, token, placed_at, order_id)
);
alter table person add column if not exists tokens bytea;      -- the same tokens one after the other; null: not made yet
alter table orders add column if not exists erased_at timestamptz;

-- The list of erasures: it holds no personal data, outlives what it erased, and is applied again after a restore.
create table if not exists erasure (
    merchant_id bigint not null,
    erasure_id text not null,
    at timestamptz not null,
    asked_by text not null,
    cause text not null,                      -- 'customers/redact', 'shop/redact', 'asked here'
    marks text[] not null,                    -- 'order:7-1001', 'customer:<keyed hash>', 'email:<keyed hash>', 'shop:7'
    done_at timestamptz,
    primary key (merchant_id, erasure_id)
);

-- The marks one by one: what comes in about them later is stored without the person.
create table if not exists erased (
    merchant_id bigint not null,
    mark text not null,
    at timestamptz not null,
    primary key (merchant_id, mark)
);

-- What is asked about personal data, by the shop or by people here; `subject` is sealed and goes when it is done.
create table if not exists privacy_request (
    merchant_id bigint not null,
    request_id bigint generated always as identity,
    connection_id bigint,
    kind text not null,                       -- data_request | redact | shop_redact | uninstalled | erase
    subject bytea,
    asked_by text not null,
    received_at timestamptz not null,
    due_at timestamptz not null,
    taken_until timestamptz,                  -- whoever carries it out has so long
    done_at timestamptz,
    outcome text,
    primary key (merchant_id, request_id)
);
create index if not exists privacy_open on privacy_request (merchant_id, due_at) where done_at is null;

-- A shop that removed the app: nothing is sent, read or taken in any more.
alter table connection drop constraint if exists connection_mode_check;
alter table connection add constraint connection_mode_check check (mode in ('observe', 'live', 'paused', 'gone'));

-- name: alone_erasing
-- Batches that may store persons hold this lock, shared, to their end (keys_of_persons): an erasure waits for them before it
-- looks for what to erase.
select pg_advisory_xact_lock(7021040)

-- name: erased_marks
select e.merchant_id, e.mark, e.at
from unnest(%s::bigint[], %s::text[]) as w(merchant_id, mark)
join erased e on e.merchant_id = w.merchant_id and e.mark = w.mark

-- name: mark_orders
update orders o set erased_at = %s::timestamptz
from unnest(%s::bigint[], %s::text[]) as w(merchant_id, order_id)
where o.merchant_id = w.merchant_id and o.order_id = w.order_id and o.erased_at is null

-- name: empty_messages
-- What was received about an order that was erased keeps its place and its outcome, and nothing that it said.
update inbox i set body = '', raw_bytes = null, headers = '{}', error = null
from unnest(%s::bigint[], %s::bigint[]) as w(merchant_id, inbox_id)
where i.merchant_id = w.merchant_id and i.inbox_id = w.inbox_id

-- name: begin_erasure
insert into erasure (merchant_id, erasure_id, at, asked_by, cause, marks, done_at)
values (%(merchant)s, %(erasure)s, %(at)s, %(by)s, %(cause)s, %(marks)s::text[], %(done_at)s)
on conflict (merchant_id, erasure_id) do update
    set marks = array(select distinct unnest(erasure.marks || excluded.marks) order by 1)

-- name: add_marks
insert into erased (merchant_id, mark, at)
select %(merchant)s, mark, %(at)s from unnest(%(marks)s::text[]) as m(mark)
on conflict (merchant_id, mark) do update set at = greatest(erased.at, excluded.at)

-- name: end_erasure
update erasure set done_at = now() where merchant_id = %(merchant)s and erasure_id = %(erasure)s

-- name: erasures
select merchant_id, erasure_id, at, asked_by, cause, marks, done_at from erasure
where merchant_id = any(%(merchants)s::bigint[]) order by at, erasure_id

-- name: orders_to_erase
-- The person's orders that are not erased yet: by their ids, by the customer's number, by the token of the e-mail address.
-- A customer who orders again after the erasure is a new person to us.
select order_id, connection_id, order_ref from (
    select o.order_id, o.connection_id, o.order_ref from orders o
    where o.merchant_id = %(merchant)s and o.order_id = any(%(orders)s::text[]) and o.erased_at is null
    union
    select o.order_id, o.connection_id, o.order_ref from orders o
    where o.merchant_id = %(merchant)s and o.customer = %(customer)s and o.erased_at is null and o.placed_at < %(at)s
      and (%(connection)s::bigint is null or o.connection_id = %(connection)s)
    union
    select o.order_id, o.connection_id, o.order_ref from person_token t
    join orders o on o.merchant_id = t.merchant_id and o.order_id = t.order_id
    where t.merchant_id = %(merchant)s and t.token = any(%(tokens)s::bytea[]) and o.erased_at is null and o.placed_at < %(at)s
) found
order by order_id
limit %(limit)s

-- name: forget_persons
delete from person where merchant_id = %(merchant)s and person_id = any(%(orders)s::text[])
returning person_id, coalesce(tokens, '')

-- name: forget_orders
update orders set person_id = null, person_mark = null, erased_at = %(at)s
where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: forget_effects
-- What was to be sent or was sent: the sealed body goes. What still waits is withdrawn when its turn comes.
update effect set body = '' where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[]) and body <> ''

-- name: forget_label_files
delete from label_file where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: forget_notes
delete from note where merchant_id = %(merchant)s and order_id = any(%(orders)s::text[])

-- name: forget_messages
-- Messages that still wait are handled first and emptied by whoever handles them: their facts must not be lost.
update inbox i set body = '', raw_bytes = null, headers = '{}', error = null
from unnest(%(connections)s::bigint[], %(refs)s::text[]) as w(connection_id, order_ref)
where i.merchant_id = %(merchant)s and i.connection_id = w.connection_id and i.order_hint = w.order_ref
  and i.handled_at is not null and i.body <> ''

-- name: forget_caused
-- Messages whose look at the bytes told another order, or none, but from which facts of these orders came.
update inbox i set body = '', raw_bytes = null, headers = '{}', error = null
from (
    select distinct substring(j.cause from 7)::bigint as inbox_id from journal j
    where j.merchant_id = %(merchant)s and j.order_id = any(%(orders)s::text[]) and j.cause like 'inbox:%%'
) c
where i.merchant_id = %(merchant)s and i.inbox_id = c.inbox_id and i.handled_at is not null and i.body <> ''

-- name: loose_messages
-- Messages that came to nothing an order knows, and may name somebody all the same; a window of the inbox at a time.
select i.inbox_id, i.body, i.raw_bytes from inbox i
where i.merchant_id = %(merchant)s and i.inbox_id > %(after)s and i.inbox_id <= %(until)s
  and i.handled_at is not null and i.body <> '' and i.outcome in ('unusable', 'ignored', 'quarantined', 'early')

-- name: inbox_ends
select coalesce(min(inbox_id), 0), coalesce(max(inbox_id), 0) from inbox where merchant_id = %(merchant)s

-- name: file_request
insert into privacy_request (merchant_id, connection_id, kind, subject, asked_by, received_at, due_at)
values (%(merchant)s, %(connection)s, %(kind)s, %(subject)s, %(by)s, %(at)s, %(due_at)s)
returning request_id

-- name: take_requests
update privacy_request r set taken_until = now() + make_interval(secs => %(patience_s)s)
where (r.merchant_id, r.request_id) in (
    select merchant_id, request_id from privacy_request
    where merchant_id = any(%(merchants)s::bigint[]) and done_at is null and kind <> 'data_request' and outcome is null
      and coalesce(taken_until, '-infinity') < now()
    order by due_at, request_id
    limit %(limit)s)
  and coalesce(r.taken_until, '-infinity') < now()
returning merchant_id, request_id, connection_id, kind, subject, asked_by, received_at, due_at, done_at, outcome

-- name: request
select merchant_id, request_id, connection_id, kind, subject, asked_by, received_at, due_at, done_at, outcome
from privacy_request
where merchant_id = %(merchant)s and request_id = %(request)s

-- name: end_request
update privacy_request set done_at = %(at)s, outcome = %(outcome)s, subject = null
where merchant_id = %(merchant)s and request_id = %(request)s and done_at is null

-- name: confirm_request
update privacy_request set outcome = null, taken_until = null
where merchant_id = %(merchant)s and request_id = %(request)s and done_at is null and kind = 'shop_redact'
returning connection_id

-- name: note_request
update privacy_request set outcome = %(outcome)s
where merchant_id = %(merchant)s and request_id = %(request)s and done_at is null

-- name: orders_of_subject
select o.order_id, o.connection_id, o.order_ref, o.name, o.placed_at, o.currency, o.total, o.country, o.payment, o.headline,
       o.customer, o.erased_at, p.person_key, p.sealed
from orders o
left join person p on p.merchant_id = o.merchant_id and p.person_id = o.person_id
where o.merchant_id = %(merchant)s and o.order_id in (
    select o.order_id from orders o where o.merchant_id = %(merchant)s and o.order_id = any(%(orders)s::text[])
    union
    select o.order_id from orders o where o.merchant_id = %(merchant)s and o.customer = %(customer)s
      and (%(connection)s::bigint is null or o.connection_id = %(connection)s)
    union
    select t.order_id from person_token t where t.merchant_id = %(merchant)s and t.token = any(%(tokens)s::bytea[]))
order by o.placed_at, o.order_id

-- name: messages_of_orders
select i.order_hint, i.connection_id, i.received_at, i.topic, i.body, i.raw_bytes
from unnest(%(connections)s::bigint[], %(refs)s::text[]) as w(connection_id, order_ref)
join inbox i on i.merchant_id = %(merchant)s and i.connection_id = w.connection_id and i.order_hint = w.order_ref
where i.body <> '' and i.topic not like 'ordna/%%'
order by i.received_at, i.inbox_id

-- name: ids_named
select order_id from orders
where merchant_id = %(merchant)s and (name_key = %(name_key)s or order_id = %(text)s or order_ref = %(text)s)

-- name: leave_shop
-- The app was removed: no credentials, no subscriptions, nothing to read again. Its webhook secrets stay until shop/redact.
update connection set mode = 'gone', credentials = %(credentials)s, subscribed = '[]', last_error = null, dark_since = null
where merchant_id = %(merchant)s and connection_id = %(connection)s and mode <> 'gone'

-- name: drop_rereads
delete from reread where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: mode_of
select mode from connection where merchant_id = %(merchant)s and connection_id = %(connection)s

-- name: orders_of_shop
select order_id from orders where merchant_id = %(merchant)s and connection_id = %(connection)s order by order_id limit %(limit)s

-- name: persons_untokened
select p.person_id, p.person_key, p.sealed, o.placed_at from person p
join orders o on o.merchant_id = p.merchant_id and o.order_id = p.person_id
where p.merchant_id = %(merchant)s and p.person_id > %(after)s and p.tokens is null
order by p.person_id
limit %(limit)s

-- name: give_tokens
-- Who got tokens meanwhile keeps them.
with given as (
    update person p set tokens = w.tokens
    from unnest(%(persons)s::text[], %(tokens)s::bytea[]) as w(person_id, tokens)
    where p.merchant_id = %(merchant)s and p.person_id = w.person_id and p.tokens is null
    returning p.merchant_id, p.person_id
)
insert into person_token (merchant_id, token, placed_at, order_id)
select g.merchant_id, f.token, f.placed_at, g.person_id
from unnest(%(orders)s::text[], %(found_by)s::bytea[], %(placed)s::timestamptz[]) as f(person_id, token, placed_at)
join given g on g.merchant_id = %(merchant)s and g.person_id = f.person_id
on conflict do nothing
