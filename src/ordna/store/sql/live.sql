-- Hints to pages: which merchants changed.

-- name: notify
select pg_notify('ordna_live', merchant::text) from unnest(%s::bigint[]) as merchant

-- name: listen
listen ordna_live
