-- Django's own tables, apart from order data: their schema and the role that uses them.

-- name: lock
select pg_advisory_xact_lock(7021002)

-- name: prepare
do $$
begin
    create schema if not exists site;
    if not exists (select from pg_roles where rolname = 'ordna_site') then
        begin
            create role ordna_site nologin;
        exception when duplicate_object or unique_violation then null;
        end;
    end if;
    if not pg_has_role(current_user, 'ordna_site', 'member') then
        execute 'grant ordna_site to current_user';
    end if;
end $$

-- name: grant
do $$
begin
    execute 'grant usage on schema site to ordna_site';
    execute 'grant select, insert, update, delete on all tables in schema site to ordna_site';
    execute 'grant usage, select on all sequences in schema site to ordna_site';
end $$
