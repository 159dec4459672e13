-- What must always be so, as views of what is not: each must be empty. `ordna doctor` looks into them, also in production,
-- and so does every test of the engine. A view sees what its reader may see, and so only the reader's merchants.
-- Every view has merchant_id, order_id (null where it is about no order) and a text that says what is wrong, without any
-- value that a shop sent. Conditions on (merchant_id, order_id) reach the keys below, so a sample is cheap.

-- name: views
create or replace view inv_order_behind_journal with (security_invoker = true) as
select o.merchant_id, o.order_id,
       format('version %s, its journal ends at %s', o.seq, coalesce(last.seq::text, 'nothing')) as what
from orders o
left join lateral (select coalesce(max(j.seq), (select c.seq from checkpoint c
                                                where c.merchant_id = o.merchant_id and c.order_id = o.order_id)) as seq
                   from journal j
                   where j.merchant_id = o.merchant_id and j.order_id = o.order_id) last on true
where last.seq is distinct from o.seq;

create or replace view inv_gap_in_journal with (security_invoker = true) as
select j.merchant_id, j.order_id, format('%s events from %s to %s', count(*), min(j.seq), max(j.seq)) as what
from journal j
left join checkpoint c on c.merchant_id = j.merchant_id and c.order_id = j.order_id
group by j.merchant_id, j.order_id, c.seq
having count(*) <> max(j.seq) - coalesce(c.seq, 0) or min(j.seq) <> coalesce(c.seq, 0) + 1;

create or replace view inv_journal_without_order with (security_invoker = true) as
select j.merchant_id, j.order_id, 'events of an order that has no row' as what
from journal j
where j.seq = 1
  and not exists (select from orders o where o.merchant_id = j.merchant_id and o.order_id = j.order_id);

create or replace view inv_decision_ahead with (security_invoker = true) as
select d.merchant_id, d.order_id, format('decision up to version %s, the order is at %s', d.seq_after, o.seq) as what
from decision d
join orders o on o.merchant_id = d.merchant_id and o.order_id = d.order_id
where d.seq_after > o.seq or d.seq_before > d.seq_after;

create or replace view inv_link_without_event with (security_invoker = true) as
select l.merchant_id, l.order_id, format('link %s of %s %s', l.seq, l.object_kind, l.object_id) as what
from journal_object l
where not exists (select from journal j
                  where j.merchant_id = l.merchant_id and j.order_id = l.order_id and j.seq = l.seq and j.kind = l.kind);

create or replace view inv_link_chained_wrong with (security_invoker = true) as
select merchant_id, order_id, format('link %s of %s %s', seq, object_kind, object_id) as what
from (
    select l.*,
           lag(kind) over object as was,
           extract(epoch from occurred_at - lag(occurred_at) over object) as seconds
    from journal_object l
    window object as (partition by merchant_id, order_id, object_kind, object_id order by occurred_at, seq)
) chained
where (previous is distinct from was or abs(coalesce(seconds_since, -1) - coalesce(seconds, -1)) > 0.001)
  and not exists (select from checkpoint c where c.merchant_id = chained.merchant_id and c.order_id = chained.order_id);

create or replace view inv_message_without_outcome with (security_invoker = true) as
select merchant_id, null::text as order_id, format('message %s', inbox_id) as what, inbox_id
from inbox
where (handled_at is null) <> (outcome is null);

create or replace view inv_effect_confirmed_twice with (security_invoker = true) as
select merchant_id, order_id, format('%s, %s times', data ->> 'key', count(*)) as what
from journal
where kind = 'EffectConfirmed'
group by merchant_id, order_id, data ->> 'key'
having count(*) > 1;

create or replace view inv_two_effects_under_way with (security_invoker = true) as
select merchant_id, order_id, format('%s effects of one slot', count(*)) as what
from effect
where status in ('due', 'sending', 'in_doubt')
group by merchant_id, order_id, connection_id, regexp_replace(effect_key, '#[0-9]+$', '')
having count(*) > 1;

create or replace view inv_effect_key_of_other_generation with (security_invoker = true) as
select merchant_id, order_id, format('generation %s under %s', generation, effect_key) as what
from effect
where effect_key not like '%#' || generation::text;

create or replace view inv_effect_of_observed with (security_invoker = true) as
select e.merchant_id, e.order_id, format('effect %s', e.effect_key) as what
from effect e
join connection c on c.merchant_id = e.merchant_id and c.connection_id = e.connection_id
where c.mode = 'observe' and c.live_since is null;

create or replace view inv_task_without_open_step with (security_invoker = true) as
select t.merchant_id, t.order_id, format('task %s', t.task_key) as what
from task t
where t.closed_at is null and t.kind = 'step'
  and not exists (select from step s
                  where s.merchant_id = t.merchant_id and s.order_id = t.order_id and s.step = t.step and s.part = t.part
                    and s.status in ('open', 'paused'));

create or replace view inv_open_step_of_cancelled_order with (security_invoker = true) as
select s.merchant_id, s.order_id, format('step %s', s.step) as what
from step s
left join orders o on o.merchant_id = s.merchant_id and o.order_id = s.order_id
where s.status in ('open', 'paused') and (o.order_id is null or o.headline in ('cancelled', 'deleted'));

create or replace view inv_turn_without_open_step with (security_invoker = true) as
select o.merchant_id, o.order_id, format('turn of step %s', o.turn_step) as what
from orders o
where o.turn_step <> ''
  and not exists (select from step s
                  where s.merchant_id = o.merchant_id and s.order_id = o.order_id and s.step = o.turn_step
                    and s.status = 'open');

create or replace view inv_timer_without_outcome with (security_invoker = true) as
select merchant_id, order_id, format('timer %s', timer_key) as what
from timer
where (fired_at is null) <> (outcome is null);

create or replace view inv_part_of_no_order with (security_invoker = true) as
select p.merchant_id, p.connection_id || '-' || p.order_ref as order_id, 'a part of an order that has no row' as what
from part_owner p
where not exists (select from orders o
                  where o.merchant_id = p.merchant_id and o.order_id = p.connection_id || '-' || p.order_ref);

create or replace view inv_person_of_no_order with (security_invoker = true) as
select p.merchant_id, p.person_id as order_id, 'a person of no order' as what
from person p
where not exists (select from orders o
                  where o.merchant_id = p.merchant_id and o.order_id = p.person_id and o.person_id = p.person_id);

create or replace view inv_lease_without_token with (security_invoker = true) as
select merchant_id, null::text as order_id, format('lane %s', lane) as what
from lease
where merchant_id = any((select coalesce(nullif(current_setting('ordna.merchants', true), ''), '{}'))::bigint[])
  and (token < 0 or (owner <> '' and token = 0) or (owner = '' and until > now()));

-- name: how_many_orders
-- Estimated: the exact count of a big table takes seconds.
select greatest(reltuples, 0)::bigint from pg_class where oid = 'public.orders'::regclass

-- name: sample
-- (merchant, order) of some orders: a random part of the table, and the newest of each merchant.
(select merchant_id, order_id from orders tablesample system (%(percent)s) limit %(most)s)
union
select o.merchant_id, o.order_id
from unnest(%(merchants)s::bigint[]) as m(merchant_id)
cross join lateral (select o.merchant_id, o.order_id from orders o where o.merchant_id = m.merchant_id
                    order by o.placed_at desc, o.order_id desc limit %(newest)s) o

-- name: newest_message
select coalesce(max(inbox_id), 0) from inbox where merchant_id = any(%(merchants)s::bigint[])
