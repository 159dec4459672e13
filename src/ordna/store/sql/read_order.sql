-- One order, in full.

-- name: order
select o.order_id, o.order_ref, o.connection_id, o.seq, o.name, o.placed_at, o.headline, o.turn_step, o.turn_owner,
       o.turn_since, o.turn_due, o.attention, o.open, o.test, o.currency, o.total, o.country, o.payment,
       o.policy_version, o.person_id, o.customer, o.erased_at, o.updated_at, o.state, o.verdict,
       c.title as connection_title, c.kind as connection_kind, c.mode, c.domain
from orders o
join connection c on c.merchant_id = o.merchant_id and c.connection_id = o.connection_id
where o.merchant_id = %(merchant_id)s and o.order_id = %(order_id)s

-- name: journal
select seq, kind, version, occurred_at, recorded_at, actor_kind, actor, cause, policy_version, data::text as data
from journal
where merchant_id = %(merchant_id)s and order_id = %(order_id)s and seq < %(before)s
order by seq desc
limit %(limit)s

-- name: archived
select seq from checkpoint where merchant_id = %(merchant_id)s and order_id = %(order_id)s

-- name: decisions
select seq_before, seq_after, at, cause, policy_version, changes::text as changes
from decision
where merchant_id = %(merchant_id)s and order_id = %(order_id)s and seq_after >= %(from_seq)s
order by seq_after, decision_id

-- name: effects
select order_id, effect_key, generation, kind, status, asked_at, due_at, sent_at, attempts, answered_at, code, sentence,
       reference
from effect
where merchant_id = %(merchant_id)s and order_id = %(order_id)s
order by asked_at desc, effect_key

-- name: waiting_inbox
select count(*) as waiting from inbox
where merchant_id = %(merchant_id)s and connection_id = %(connection_id)s and order_hint = %(order_ref)s
  and handled_at is null

-- name: person
select person_id, person_key, sealed from person
where merchant_id = %(merchant_id)s and person_id = %(person_id)s
