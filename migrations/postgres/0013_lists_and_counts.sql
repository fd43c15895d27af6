-- Lists of tickets by what they are asked for, the latest change first: whoever asks for a few reads a few.
create index tickets_of_customer on tickets (identity_id, updated_at desc, id);
create index tickets_of_assignee on tickets (organisation_id, assignee_id, status, updated_at desc, id);
create index tickets_of_status on tickets (organisation_id, status, updated_at desc, id);
create index tickets_of_priority on tickets (organisation_id, priority, updated_at desc, id);
create index tickets_of_channel on tickets (channel_id, updated_at desc, id);

-- How many recipients of a campaign stand how: kept by the statements that change them, so that it is exact at any time
-- and nobody counts half a million rows to know it.
create table campaign_counts (
    campaign_id uuid not null references campaigns (id),
    status text not null,
    reason text not null,
    recipients bigint not null,
    primary key (campaign_id, status, reason)
);
insert into campaign_counts (campaign_id, status, reason, recipients)
    select campaign_id, status, reason, count(*) from campaign_recipients group by campaign_id, status, reason;

create function count_added_recipients() returns trigger language plpgsql as $$
begin
    insert into campaign_counts as known (campaign_id, status, reason, recipients)
        select campaign_id, status, reason, count(*) from added
        group by campaign_id, status, reason order by campaign_id, status, reason
        on conflict (campaign_id, status, reason) do update set recipients = known.recipients + excluded.recipients;
    return null;
end
$$;

create function count_changed_recipients() returns trigger language plpgsql as $$
begin
    insert into campaign_counts as known (campaign_id, status, reason, recipients)
        select campaign_id, status, reason, sum(difference) from (
            select campaign_id, status, reason, 1 as difference from after
            union all select campaign_id, status, reason, -1 from before
        ) changed
        group by campaign_id, status, reason having sum(difference) <> 0 order by campaign_id, status, reason
        on conflict (campaign_id, status, reason) do update set recipients = known.recipients + excluded.recipients;
    return null;
end
$$;

create trigger campaign_recipients_added after insert on campaign_recipients
    referencing new table as added for each statement execute function count_added_recipients();
create trigger campaign_recipients_changed after update on campaign_recipients
    referencing old table as before new table as after for each statement execute function count_changed_recipients();
