-- Who may see what: two roles, and row-level security on every table that has a merchant_id. Safe to run again and again.

-- name: roles
-- Roles belong to the whole server: another database of the same server may be making them at this very moment.
do $$
declare wanted text;
begin
    foreach wanted in array array['ordna_engine', 'ordna_reader'] loop
        if not exists (select from pg_roles where rolname = wanted) then
            begin
                execute format('create role %I nologin', wanted);
            exception when duplicate_object or unique_violation then null;
            end;
        end if;
        if not pg_has_role(current_user, wanted, 'member') then
            execute format('grant %I to current_user', wanted);
        end if;
    end loop;
end $$

-- name: unguarded
-- The tables of merchants that have not got their policy yet.
select c.relname from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id' and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
  and c.relname not in ('lease', 'address')
  and not exists (select from pg_policies where schemaname = 'public' and tablename = c.relname and policyname = 'its_merchants')

-- name: guard
-- Without the setting ordna.merchants a session sees no row at all. The set of merchants is read and hashed once a
-- statement; compared as an array it would be parsed anew for every row, and with hundreds of merchants that was most of
-- the work. "+ 0" keeps the planner from taking the policy for a way into an index: statements name their merchants
-- themselves, and a plan that reads all rows of a merchant to find fifty would be quadratic.
alter table {table} enable row level security;
alter table {table} force row level security;
drop policy if exists merchants on {table};
create policy its_merchants on {table}
    using (merchant_id + 0 in (select unnest(coalesce(nullif(current_setting('ordna.merchants', true), ''), '{{}}')::bigint[])))
    with check (merchant_id + 0 in (select unnest(coalesce(nullif(current_setting('ordna.merchants', true), ''), '{{}}')::bigint[])))

-- name: grants
-- The reader sees all but what opens the doors outside.
do $$
declare ours text; columns text;
begin
    execute 'grant usage on schema public to ordna_engine, ordna_reader';
    for ours in
        select distinct c.relname from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id' and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    loop
        execute format('grant select, insert, update, delete on %I to ordna_engine', ours);
        select string_agg(quote_ident(attname), ', ' order by attnum) into columns from pg_attribute
        where attrelid = ours::regclass and attnum > 0 and not attisdropped
          and not (ours = 'connection' and attname in ('credentials', 'webhook_secrets'))
          and not (ours = 'address' and attname = 'token');
        execute format('grant select (%s) on %I to ordna_reader', columns, ours);
    end loop;
    for ours in select relname from pg_class where relnamespace = 'public'::regnamespace and relname in ('process', 'tally')
    loop
        execute format('grant select, insert, update, delete on %I to ordna_engine', ours);
    end loop;
    for ours in
        select relname from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'v' and relname like 'inv\_%'
    loop
        execute format('grant select on %I to ordna_engine, ordna_reader', ours);
    end loop;
end $$

-- name: compression
-- lz4 costs a tenth of the default; a server built without it keeps the default.
do $$
begin
    alter table inbox alter column body set compression lz4;
    alter table orders alter column state set compression lz4;
    alter table orders alter column verdict set compression lz4;
exception when feature_not_supported then null;
end $$

-- name: may_create_roles
select rolsuper or rolcreaterole or
       (select count(*) = 2 from pg_roles where rolname in ('ordna_engine', 'ordna_reader') and pg_has_role(current_user, oid, 'member'))
from pg_roles where rolname = current_user
