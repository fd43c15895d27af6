-- Lists of tickets by what they are asked for, the latest change first: whoever asks for a few reads a few.
create index tickets_of_customer on tickets (identity_id, updated_at desc, id);
create index tickets_of_assignee on tickets (organisation_id, assignee_id, status, updated_at desc, id);
create index tickets_of_status on tickets (organisation_id, status, updated_at desc, id);
create index tickets_of_priority on tickets (organisation_id, priority, updated_at desc, id);
create index tickets_of_channel on tickets (channel_id, updated_at desc, id);

-- How many recipients of a campaign stand how: kept by the statements that change them, so that it is exact at any time
-- and nobody counts half a million rows to know it.
create table campaign_counts (
    campaign_id blob not null references campaigns (id),
    status text not null,
    reason text not null,
    recipients integer not null,
    primary key (campaign_id, status, reason)
) strict;
insert into campaign_counts (campaign_id, status, reason, recipients)
    select campaign_id, status, reason, count(*) from campaign_recipients group by campaign_id, status, reason;

create trigger campaign_recipients_added after insert on campaign_recipients
begin
    insert into campaign_counts (campaign_id, status, reason, recipients)
        values (new.campaign_id, new.status, new.reason, 1)
        on conflict (campaign_id, status, reason) do update set recipients = recipients + 1;
end;
create trigger campaign_recipients_changed after update of status, reason on campaign_recipients
when old.status <> new.status or old.reason <> new.reason
begin
    update campaign_counts set recipients = recipients - 1
        where campaign_id = old.campaign_id and status = old.status and reason = old.reason;
    insert into campaign_counts (campaign_id, status, reason, recipients)
        values (new.campaign_id, new.status, new.reason, 1)
        on conflict (campaign_id, status, reason) do update set recipients = recipients + 1;
end;
