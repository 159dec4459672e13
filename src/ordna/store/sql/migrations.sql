-- What came after the first schema, a block a migration; each may run while old and new processes work.

-- name: packed_bodies
-- How long a body was that is stored packed; null where it stands as it came.
alter table inbox add column if not exists raw_bytes integer
