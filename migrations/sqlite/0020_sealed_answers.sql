-- Answers are kept encrypted: one may show what is shown only once. Those kept in clear are forgotten, and a repeated
-- request runs again as it does after a crash, recognised by what it wrote.
update idempotency_keys set status = 0, answer = null where answer is not null;
