-- What makes a connection find its way back: its duties and the gaps they found. Migrations 10 and up.

-- name: watch
-- What is done for a connection again and again, and how it went. One worker does it at a time: the row is the lease.
create table watch (
    merchant_id bigint not null,
    connection_id bigint not null,
    duty text not null check (duty in ('sweep', 'subscriptions', 'history')),
    due_at timestamptz not null,
    owner text not null default '',
    token bigint not null default 0,
    until timestamptz not null default '-infinity',
    begun_at timestamptz,                     -- the last run, however it went
    good_at timestamptz,                      -- when the last run began that reached its end
    found integer not null default 0,         -- sweep: orders changed; subscriptions: topics in place; history: orders taken in
    missed integer not null default 0,        -- sweep: changes no webhook told of; subscriptions: topics made anew
    failures smallint not null default 0,     -- runs since the last good one that failed
    error text,
    progress jsonb not null default '{}',     -- where a run that was broken off goes on
    primary key (merchant_id, connection_id, duty)
) with (fillfactor = 60);
create index watch_due on watch (merchant_id, due_at);

-- A time in which a connection was not heard of as it should be, and how what was missed came in.
create table gap (
    merchant_id bigint not null,
    connection_id bigint not null,
    began_at timestamptz not null,            -- the last moment known to be whole
    cause text not null check (cause in ('silent', 'unreadable', 'unsubscribed')),
    noticed_at timestamptz not null default now(),
    topics jsonb not null default '[]',       -- subscriptions that were gone
    subscribed_at timestamptz,                -- when they were made again
    orders integer not null default 0,        -- found changed, and read again
    ended_at timestamptz,                     -- everything that changed is known by name
    read_at timestamptz,                      -- everything is read
    closed_at timestamptz,                    -- everything is taken in
    primary key (merchant_id, connection_id, began_at)
);
create unique index gap_open on gap (merchant_id, connection_id) where closed_at is null;
