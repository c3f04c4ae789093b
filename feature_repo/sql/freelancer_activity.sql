-- What a freelancer received as a candidate (impressions, clicks, invites), did (applies, answers) and earned.
-- Smoothing weights: 20 impressions, 5 invites, 5 invites or applies. Needs shown.sql.

CREATE OR REPLACE TEMP VIEW happenings AS
SELECT freelancer_id AS entity_id, measure, 1 AS amount, happened_at, visible_at
FROM acts
WHERE (side = 'client' AND kind IN ('click', 'invite'))
    OR (side = 'freelancer' AND kind IN ('apply', 'accept'))
    OR kind = 'hire'
UNION ALL
SELECT freelancer_id, measure, amount, happened_at, visible_at
FROM rewards
UNION ALL
-- A decline answers an invite of the same pair; without one it is a withdrawal.
SELECT d.freelancer_id, d.measure, 1, d.happened_at, greatest(d.visible_at, min(m.visible_at))
FROM acts d
JOIN acts m ON m.freelancer_id = d.freelancer_id AND m.pair = d.pair AND m.happened_at <= d.happened_at
WHERE d.kind = 'decline' AND d.side = 'freelancer' AND m.kind = 'invite' AND m.side = 'client'
GROUP BY d.interaction_id, d.freelancer_id, d.measure, d.happened_at, d.visible_at;

CREATE OR REPLACE TEMP TABLE counts AS
FROM counted_with_impressions('happenings', 'talent_search');

CREATE OR REPLACE TEMP TABLE spans AS
FROM windowed_spans('counts')
UNION ALL
-- A pending invite lasts until its answer is visible, 30 days at most.
SELECT
    freelancer_id, 'pending_invites', snapshot_index(visible_at) AS starts,
    snapshot_index(least(happened_at + to_days(30), coalesce(answer_visible_at, happened_at + to_days(30)))) AS ends,
    1
FROM moves
WHERE kind = 'invite' AND starts < ends
UNION ALL
SELECT freelancer_id, 'active_days_30d', min(starts), max(ends), 1
FROM (
    SELECT freelancer_id, happened_at::DATE AS active_day,
        snapshot_index(visible_at) AS starts, snapshot_index(happened_at + to_days(30)) AS ends
    FROM acts
    WHERE side = 'freelancer'
)
WHERE starts < ends
GROUP BY freelancer_id, active_day;

CREATE OR REPLACE TEMP TABLE changes AS
PIVOT (FROM span_ends('spans'))
ON measure IN (
    'impressions_7d', 'impressions_30d', 'clicks_7d', 'clicks_30d', 'invites_7d', 'invites_30d',
    'applies_7d', 'applies_30d', 'accepts_30d', 'declines_30d', 'hires_30d', 'pending_invites', 'active_days_30d',
    -- not features themselves
    'in_window', 'paid_30d', 'ratings_30d', 'rating_sum_30d'
)
USING sum(amount)
GROUP BY entity_id, index;

SELECT
    entity_id AS freelancer_id,
    event_timestamp,
    event_timestamp AS recorded_at,
    COLUMNS(* EXCLUDE (entity_id, event_timestamp, in_window, paid_30d, ratings_30d, rating_sum_30d))::FLOAT,
    smoothed(clicks_30d, impressions_30d, 20) AS click_rate_30d,
    smoothed(invites_30d, impressions_30d, 20) AS invite_rate_30d,
    smoothed(accepts_30d, invites_30d, 5) AS accept_rate_30d,
    smoothed(hires_30d, invites_30d + applies_30d, 5) AS hire_rate_30d,
    (paid_30d / 10000)::FLOAT AS earnings_30d_usd,
    (rating_sum_30d / 10000 / nullif(ratings_30d, 0))::FLOAT AS rating_30d
FROM daily_counts('changes')
ORDER BY event_timestamp, freelancer_id;
