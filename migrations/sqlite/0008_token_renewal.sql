-- How far a channel's access token is from its end, and who renews it. The tokens themselves are among the channel's
-- sealed secrets.
create table token_renewals (
    channel_id blob primary key references channels (id),
    -- When the token ends, and when it is renewed before that. Null: not known.
    expires_at text,
    renew_at text,
    -- The renewal under way, and until when nobody else begins one.
    holder blob,
    held_until text,
    -- A renewal was cut off before its answer was kept: the platform may have taken the refresh token back.
    cut_off integer not null default 0 check (cut_off in (0, 1)),
    -- Renewals that failed for a reason that passes, and when the next one may begin.
    tries integer not null default 0,
    try_at text
) strict;

-- When the platform last refused the channel's credentials.
alter table channels add column refused_at text;
