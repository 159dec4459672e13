-- What is asked about personal data, and what was erased.

-- name: requests
select request_id, connection_id, kind, subject, asked_by, received_at, due_at, done_at, outcome
from privacy_request
where merchant_id = %(merchant_id)s and done_at is null
order by due_at, request_id
limit %(limit)s

-- name: done
select request_id, connection_id, kind, subject, asked_by, received_at, due_at, done_at, outcome
from privacy_request
where merchant_id = %(merchant_id)s and done_at is not null
order by request_id desc
limit %(limit)s

-- name: request
select request_id, connection_id, kind, subject, asked_by, received_at, due_at, done_at, outcome
from privacy_request
where merchant_id = %(merchant_id)s and request_id = %(request_id)s

-- name: waiting_for_people
select count(*) from privacy_request
where merchant_id = %(merchant_id)s and done_at is null and (kind = 'data_request' or outcome is not null)

-- name: erasures
select erasure_id, at, asked_by, cause,
       (select count(*) from unnest(marks) as m(mark) where mark like 'order:%%') as orders, done_at
from erasure
where merchant_id = %(merchant_id)s
order by at desc
limit %(limit)s
