-- What a Citus cluster wants to know of the tables, read from the catalogue. Partitions go with the table they are of.

-- name: tables
-- (table, whether it has merchant_id) of every table that is ours.
select c.relname,
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'merchant_id' and not a.attisdropped)
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
order by c.relname

-- name: unique_keys
-- (table, key, its first column, whether merchant_id is in it) of every primary key and unique index.
select t.relname, x.relname,
       (select a.attname from pg_attribute a where a.attrelid = i.indrelid and a.attnum = i.indkey[0]),
       exists (select from pg_attribute a
               where a.attrelid = i.indrelid and a.attname = 'merchant_id' and a.attnum = any(i.indkey::smallint[]))
from pg_index i
join pg_class t on t.oid = i.indrelid
join pg_class x on x.oid = i.indexrelid
where t.relnamespace = 'public'::regnamespace and not t.relispartition and (i.indisunique or i.indisexclusion)
order by t.relname, x.relname

-- name: foreign_keys
-- (table, key, the table it points to, whether merchant_id points to merchant_id).
select t.relname, k.conname, f.relname,
       exists (select from unnest(k.conkey, k.confkey) as p(ours, theirs)
               join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.ours and a.attname = 'merchant_id'
               join pg_attribute b on b.attrelid = k.confrelid and b.attnum = p.theirs and b.attname = 'merchant_id')
from pg_constraint k
join pg_class t on t.oid = k.conrelid
join pg_class f on f.oid = k.confrelid
where k.contype = 'f' and k.connamespace = 'public'::regnamespace and k.conparentid = 0
order by t.relname, k.conname

-- name: triggers
select t.relname, g.tgname from pg_trigger g
join pg_class t on t.oid = g.tgrelid
where not g.tgisinternal and t.relnamespace = 'public'::regnamespace and g.tgparentid = 0
order by t.relname, g.tgname

-- name: small_identities
-- Numbers a node gives out carry the node's number in their upper bits: nothing smaller than bigint holds them.
select t.relname, a.attname from pg_attribute a
join pg_class t on t.oid = a.attrelid
where a.attidentity <> '' and a.atttypid <> 'bigint'::regtype and t.relnamespace = 'public'::regnamespace
order by t.relname, a.attname

-- name: optional_merchants
select t.relname from pg_attribute a
join pg_class t on t.oid = a.attrelid
where a.attname = 'merchant_id' and not a.attnotnull and t.relkind in ('r', 'p') and not t.relispartition
  and t.relnamespace = 'public'::regnamespace
order by t.relname

-- name: has_citus
select exists (select from pg_extension where extname = 'citus')

-- name: distributed_already
select logicalrelid::regclass::text from pg_dist_partition
