-- Checkpoints: where folding an order begins when what came before it is in the archive.

-- name: tables
create table if not exists checkpoint (
    merchant_id bigint not null,
    order_id text not null,
    seq integer not null,                     -- the last event that is in it
    state bytea not null,                     -- the state after that event
    hash bytea not null,                      -- SHA-256 of the state
    trail bytea not null,                     -- the last activity of each object, as of then
    written_at timestamptz not null,
    files text[] not null default '{}',       -- the archive's files that hold the events; none where they were let go
    primary key (merchant_id, order_id)
)

-- name: of_orders
select order_id, seq, state, hash, trail, files from checkpoint
where merchant_id = %s and order_id = any(%s::text[])

-- name: trails_of
select c.merchant_id, c.order_id, c.trail
from unnest(%s::bigint[], %s::text[]) as w(merchant_id, order_id)
join checkpoint c on c.merchant_id = w.merchant_id and c.order_id = w.order_id

-- name: write
insert into checkpoint (merchant_id, order_id, seq, state, hash, trail, written_at, files)
select w.merchant_id, w.order_id, w.seq, w.state, w.hash, w.trail, %(at)s::timestamptz, %(files)s::text[]
from unnest(%(merchants)s::bigint[], %(orders)s::text[], %(seqs)s::bigint[], %(states)s::bytea[], %(hashes)s::bytea[],
            %(trails)s::bytea[])
     as w(merchant_id, order_id, seq, state, hash, trail)
on conflict (merchant_id, order_id) do update
set seq = excluded.seq, state = excluded.state, hash = excluded.hash, trail = excluded.trail,
    written_at = excluded.written_at, files = checkpoint.files || excluded.files

-- name: candidates
-- The next orders that still have events of so long ago; `ready` says that they are closed and were left alone since.
select c.order_id, coalesce(not o.open and o.updated_at < %(before)s, false) as ready
from (
    select distinct j.order_id from journal j
    where j.merchant_id = %(merchant)s and j.recorded_at < %(before)s and j.order_id > %(after)s
    order by j.order_id limit %(most)s
) c
left join orders o on o.merchant_id = %(merchant)s and o.order_id = c.order_id
order by c.order_id

-- name: journal_to_archive
select order_id, seq, kind, version, occurred_at, recorded_at, actor_kind, actor, cause, policy_version, data::text
from journal
where merchant_id = %s and order_id = any(%s::text[])
order by order_id, seq

-- name: decisions_to_archive
select order_id, seq_after, seq_before, at, cause, policy_version, changes::text
from decision
where merchant_id = %s and order_id = any(%s::text[])
order by order_id, seq_after, decision_id

-- name: drop_journal
delete from journal j using unnest(%s::text[], %s::bigint[]) as w(order_id, seq)
where j.merchant_id = %s and j.order_id = w.order_id and j.seq <= w.seq

-- name: drop_links
delete from journal_object j using unnest(%s::text[], %s::bigint[]) as w(order_id, seq)
where j.merchant_id = %s and j.order_id = w.order_id and j.seq <= w.seq

-- name: drop_decisions
delete from decision d using unnest(%s::text[], %s::bigint[]) as w(order_id, seq)
where d.merchant_id = %s and d.order_id = w.order_id and d.seq_after <= w.seq

-- name: setting
select value from switch where merchant_id = %s and name = 'archive'

-- name: count
select count(*), coalesce(sum(seq), 0) from checkpoint where merchant_id = %s
