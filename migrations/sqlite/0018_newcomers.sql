-- Up to which event the organisation was when somebody came: what everybody was told before is none of their
-- notifications, and a page of them does not pass over it.
alter table users add column came_after integer not null default 0;
update users set came_after = coalesce((
    select max(n.sequence) from notifications n
    where n.organisation_id = users.organisation_id and n.created_at < users.created_at
), -9223372036854775807);
