-- What was done to one kind of thing, and to one thing, beside the entry that every message leaves.
create index audit_logs_entity on audit_logs (organisation_id, entity, created_at desc);
create index audit_logs_thing on audit_logs (organisation_id, entity_id, created_at desc);
