-- After a restore: what held at the time of the backup and does not hold any more.

-- name: free_lanes
update lease set owner = '', until = '-infinity', token = token + 1000000000

-- name: doubt_effects
-- Whether it left after the backup is not known here: it comes back in doubt, so that it is looked up before it is sent.
update effect set status = 'in_doubt', due_at = now() where status in ('due', 'sending')
