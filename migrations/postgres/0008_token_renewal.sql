-- How far a channel's access token is from its end, and who renews it. The tokens themselves are among the channel's
-- sealed secrets.
create table token_renewals (
    channel_id uuid primary key references channels (id),
    -- When the token ends, and when it is renewed before that. Null: not known.
    expires_at timestamptz,
    renew_at timestamptz,
    -- The renewal under way, and until when nobody else begins one.
    holder uuid,
    held_until timestamptz,
    -- A renewal was cut off before its answer was kept: the platform may have taken the refresh token back.
    cut_off boolean not null default false,
    -- Renewals that failed for a reason that passes, and when the next one may begin.
    tries bigint not null default 0,
    try_at timestamptz
);

-- When the platform last refused the channel's credentials.
alter table channels add column refused_at timestamptz;
