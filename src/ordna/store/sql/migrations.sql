-- What came after the first schema, a block a migration; each may run while old and new processes work.

-- name: packed_bodies
-- How long a body was that is stored packed; null where it stands as it came.
alter table inbox add column if not exists raw_bytes integer

-- name: dark
-- Since when a shop can't be asked anything; until it can, nothing is sent to it.
alter table connection add column if not exists dark_since timestamptz;
-- One more duty: to ask a shop what it is.
alter table watch
    drop constraint if exists watch_duty_check,
    add constraint watch_duty_check check (duty in ('sweep', 'subscriptions', 'history', 'shop')) not valid

-- name: set_aside
-- What people look at: the few messages that could not be handled, among millions that were.
create index concurrently if not exists inbox_set_aside on inbox (merchant_id, inbox_id) where outcome in ('quarantined', 'unusable')
