-- The whole schema. merchant_id leads every key; every table below is either distributed by merchant_id or, where it has
-- none, a reference table. No triggers, no sequences on distributed tables' keys beyond identity.
-- Row-level security is forced: a session sees the merchants named in the setting ordna.merchants and nothing else.

-- name: tables
create table if not exists merchant (
    merchant_id bigint primary key,
    name text not null,
    zone text not null default 'Europe/Copenhagen',
    currency text not null default 'DKK',
    created_at timestamptz not null default now()
);

-- One configured link to one outside system; for a shop it is the channel too.
create table if not exists connection (
    merchant_id bigint not null references merchant,
    connection_id bigint not null,
    kind text not null,                       -- 'shopify'
    title text not null,
    domain text not null,                     -- 'example.myshopify.com'
    base_url text not null,
    api_version text not null,
    mode text not null default 'observe' check (mode in ('observe', 'live', 'paused')),
    live_since timestamptz,
    credentials bytea not null,               -- sealed
    webhook_secrets bytea not null,           -- sealed; several during rotation
    facts jsonb not null default '{}',        -- what the shop says of itself: name, currency, zone, country
    subscribed jsonb not null default '[]',   -- topics and subscription ids
    last_webhook_at timestamptz,
    last_read_at timestamptz,
    last_error text,
    created_at timestamptz not null default now(),
    primary key (merchant_id, connection_id)
);

-- Finds the connection of a webhook by the token in its address, before any merchant is known: a reference table.
create table if not exists address (
    token text primary key,
    merchant_id bigint not null,
    connection_id bigint not null
);

create table if not exists policy (
    merchant_id bigint not null references merchant,
    version integer not null,
    flow text not null,
    activated_at timestamptz not null default now(),
    activated_by text not null,
    primary key (merchant_id, version)
);

-- The one table that crosses merchants: who works on which lane. A lane is a hash of the order's id.
create table if not exists lease (
    merchant_id bigint not null,
    lane smallint not null,
    owner text not null default '',
    token bigint not null default 0,
    until timestamptz not null default '-infinity',
    primary key (merchant_id, lane)
) with (fillfactor = 50);

-- Raw messages as received. No unique key: a duplicate must not abort the batch that carries it.
create table if not exists inbox (
    merchant_id bigint not null,
    inbox_id bigint generated always as identity,
    received_at timestamptz not null,
    lane smallint not null,
    connection_id bigint not null,
    topic text not null,                      -- 'orders/create', 'ordna/read', 'ordna/answer', 'ordna/timer', 'ordna/live'
    webhook_id text not null,
    order_hint text,                          -- outside order id, for routing only, never trusted
    headers jsonb not null,
    body bytea not null,
    handled_at timestamptz,
    outcome text,                             -- facts | nothing | duplicate | early | hint | ignored | unusable | quarantined
    tries smallint not null default 0,        -- tries alone
    error text,
    primary key (merchant_id, inbox_id)
) with (fillfactor = 80);
alter table inbox alter column body set storage external;   -- read once, soon: compressing costs more than it saves
create index if not exists inbox_waiting on inbox (merchant_id, lane, inbox_id) where handled_at is null;
create index if not exists inbox_order on inbox (merchant_id, connection_id, order_hint) where order_hint is not null;

create table if not exists seen (
    merchant_id bigint not null,
    webhook_id text not null,
    body_hash bytea not null,
    first_at timestamptz not null,
    primary key (merchant_id, webhook_id, body_hash)
);

-- The order: folded state, verdict on it, and the projection that lists and filters read.
create table if not exists orders (
    merchant_id bigint not null,
    order_id text not null,                   -- '<connection_id>-<outside id>'
    connection_id bigint not null,
    order_ref text not null,                  -- outside id
    seq integer not null,                     -- events folded: the order's version
    state bytea not null,
    verdict bytea not null,
    policy_version integer not null,
    name text not null,
    name_key text not null,                   -- for exact search: upper case, without '#'
    placed_at timestamptz not null,
    headline text not null,
    turn_step text not null default '',       -- whose turn: the step that waits, its owner, since when, due when
    turn_owner text not null default '',
    turn_since timestamptz,
    turn_due timestamptz,
    attention boolean not null default false,
    open boolean not null,
    test boolean not null default false,
    currency text,
    total bigint,
    country text,
    payment text,
    customer text,                            -- outside customer id
    person_id text,
    person_mark bytea,                        -- keyed hash of what is sealed, to tell news from repetition; gone on erasure
    trail bytea not null,                     -- last activity of each object of the order, for journal_object
    updated_at timestamptz not null,
    primary key (merchant_id, order_id)
) with (fillfactor = 60, toast_tuple_target = 8160);   -- a state of some KB stays in the row, uncompressed
create index if not exists orders_placed on orders (merchant_id, placed_at desc, order_id desc);
create index if not exists orders_open on orders (merchant_id, placed_at desc, order_id desc) where open;
create index if not exists orders_headline on orders (merchant_id, headline, placed_at desc, order_id desc);
create index if not exists orders_turn on orders (merchant_id, turn_step, placed_at desc, order_id desc) where turn_step <> '';
create index if not exists orders_attention on orders (merchant_id, placed_at desc, order_id desc) where attention;
create index if not exists orders_name on orders (merchant_id, name_key);
create index if not exists orders_customer on orders (merchant_id, customer, placed_at) where customer is not null;

create table if not exists journal (
    merchant_id bigint not null,
    order_id text not null,
    seq integer not null,
    kind text not null,
    version smallint not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    actor_kind text not null,                 -- person | rule | system | outside
    actor text not null,
    cause text not null,                      -- the message: 'inbox:123', 'request:…', 'timer:…'
    policy_version integer not null,
    data jsonb not null,
    primary key (merchant_id, order_id, seq)
);

-- One row per object an event touches, with the object's previous activity: the graph of what happens is a GROUP BY.
create table if not exists journal_object (
    merchant_id bigint not null,
    order_id text not null,
    seq integer not null,
    object_kind text not null,                -- order | line | fulfillment_order | shipment | payment | refund
    object_id text not null,
    kind text not null,
    actor_kind text not null,
    occurred_at timestamptz not null,
    previous text,                            -- the object's previous activity
    seconds_since double precision,
    primary key (merchant_id, order_id, seq, object_kind, object_id)
);

create table if not exists decision (
    merchant_id bigint not null,
    order_id text not null,
    seq_after integer not null,
    seq_before integer not null,
    at timestamptz not null,
    cause text not null,
    policy_version integer not null,
    changes jsonb not null,
    decision_id bigint generated always as identity,
    primary key (merchant_id, order_id, seq_after, decision_id)
);

create table if not exists step (
    merchant_id bigint not null,
    order_id text not null,
    step text not null,
    part text not null default '',
    run integer not null,
    status text not null,                     -- open | paused | done | skipped | void (waiting steps have no row)
    owner text not null,
    opened_at timestamptz,
    due_at timestamptz,
    ended_at timestamptz,
    late boolean not null default false,
    placed_at timestamptz not null,
    primary key (merchant_id, order_id, step, part)
) with (fillfactor = 70);
create index if not exists step_open on step (merchant_id, step, due_at) where status in ('open', 'paused');

create table if not exists task (
    merchant_id bigint not null,
    order_id text not null,
    task_key text not null,
    kind text not null,
    owner text not null,                      -- the team
    title text not null,
    reason text not null,
    step text not null default '',
    part text not null default '',
    asks jsonb not null default '[]',
    opened_at timestamptz not null,
    due_at timestamptz,
    claimed_by text,
    closed_at timestamptz,
    order_name text not null,
    primary key (merchant_id, order_id, task_key)
) with (fillfactor = 70);
create index if not exists task_open on task (merchant_id, owner, due_at, opened_at) where closed_at is null;

create table if not exists timer (
    merchant_id bigint not null,
    order_id text not null,
    timer_key text not null,                  -- 'step|pick|123|1', 'hold|rule:…', 'read|routing'
    lane smallint not null,
    due_at timestamptz not null,
    fired_at timestamptz,
    outcome text,                             -- fired | stale
    primary key (merchant_id, order_id, timer_key)
);
create index if not exists timer_due on timer (merchant_id, lane, due_at) where fired_at is null;

create table if not exists effect (
    merchant_id bigint not null,
    order_id text not null,
    effect_key text not null,                 -- unique in the order; the generation is part of it
    generation integer not null,
    connection_id bigint not null,
    lane smallint not null,
    kind text not null,
    once boolean not null,
    body bytea not null,                      -- sealed JSON of the effect, frozen at first ask
    status text not null,                     -- due | sending | confirmed | refused | withdrawn | in_doubt | dead
    asked_at timestamptz not null,
    due_at timestamptz not null,
    sent_at timestamptz,
    attempts smallint not null default 0,
    answered_at timestamptz,
    code text,
    sentence text,
    reference text,
    points real not null default 0,
    effect_no bigint generated always as identity,  -- the order of asking, kept per (connection, order) when sending
    primary key (merchant_id, order_id, effect_key)
) with (fillfactor = 70);
create index if not exists effect_due on effect (merchant_id, lane, due_at) where status in ('due', 'sending', 'in_doubt');
create index if not exists effect_trouble on effect (merchant_id, asked_at desc) where status in ('refused', 'dead', 'in_doubt');

-- Orders to be read again: one row an order, however many hints asked for it.
create table if not exists reread (
    merchant_id bigint not null,
    connection_id bigint not null,
    order_ref text not null,
    lane smallint not null,
    urgency smallint not null,
    wanted_at timestamptz not null,
    not_before timestamptz not null,
    attempts smallint not null default 0,
    why text not null,
    primary key (merchant_id, connection_id, order_ref)
);
create index if not exists reread_due on reread (merchant_id, connection_id, urgency, not_before);

-- What a fulfillment order belongs to, for messages that name only it.
create table if not exists part_owner (
    merchant_id bigint not null,
    connection_id bigint not null,
    part text not null,
    order_ref text not null,
    primary key (merchant_id, connection_id, part)
);

-- The outside system's cost budget, shared by all workers. available is as of updated_at and refills by restore_per_s.
create table if not exists budget (
    merchant_id bigint not null,
    connection_id bigint not null,
    available double precision not null,
    maximum double precision not null,
    restore_per_s double precision not null,
    updated_at timestamptz not null,
    primary key (merchant_id, connection_id)
);

-- Whom an order is for: sealed with the person's own key, which is sealed with ours. To erase is to delete the row.
create table if not exists person (
    merchant_id bigint not null,
    person_id text not null,
    person_key bytea not null,
    sealed bytea not null,
    updated_at timestamptz not null,
    primary key (merchant_id, person_id)
);

create table if not exists note (
    merchant_id bigint not null,
    order_id text not null,
    note_id bigint generated always as identity,
    at timestamptz not null,
    author text not null,
    sealed bytea not null,
    primary key (merchant_id, order_id, note_id)
);

-- Switches that survive restarts: ('outgoing', 'paused').
create table if not exists switch (
    merchant_id bigint not null,
    name text not null,
    value text not null,
    at timestamptz not null default now(),
    primary key (merchant_id, name)
);

-- Rows that change often leave dead ones behind; what reads the oldest first must not wade through them for long.
alter table inbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
alter table orders set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
alter table timer set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
alter table effect set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
alter table reread set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
alter table lease set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
