-- What a freelancer received as a candidate (impressions, clicks, invites), did (applies, answers) and earned.
-- Smoothing weights: 20 impressions, 5 invites, 5 invites or applies. Needs shown.sql.

CREATE OR REPLACE TEMP VIEW happenings AS
SELECT
    freelancer_id AS entity_id,
    CASE kind WHEN 'click' THEN 'clicks' WHEN 'invite' THEN 'invites' WHEN 'apply' THEN 'applies'
              WHEN 'accept' THEN 'accepts' WHEN 'hire' THEN 'hires' ELSE 'ratings' END AS measure,
    1 AS amount, happened_at, visible_at
FROM acts
WHERE (side = 'client' AND kind IN ('click', 'invite'))
    OR (side = 'freelancer' AND kind IN ('apply', 'accept'))
    OR kind = 'hire'
    OR (side = 'client' AND kind = 'rate' AND rating IS NOT NULL)
UNION ALL
SELECT freelancer_id, 'earnings', money(value_usd), happened_at, visible_at
FROM acts
WHERE kind = 'pay'
UNION ALL
SELECT freelancer_id, 'rating_sum', money(rating), happened_at, visible_at
FROM acts
WHERE kind = 'rate' AND side = 'client' AND rating IS NOT NULL
UNION ALL
-- A decline answers an invite of the same pair; without one it is a withdrawal.
SELECT d.freelancer_id, 'declines', 1, d.happened_at, greatest(d.visible_at, min(m.visible_at))
FROM acts d
JOIN acts m ON m.freelancer_id = d.freelancer_id AND m.pair = d.pair AND m.happened_at <= d.happened_at
WHERE d.kind = 'decline' AND d.side = 'freelancer' AND m.kind = 'invite' AND m.side = 'client'
GROUP BY d.interaction_id, d.freelancer_id, d.happened_at, d.visible_at;

CREATE OR REPLACE TEMP TABLE counts AS
SELECT * EXCLUDE surface FROM shown WHERE surface = 'talent_search'
UNION ALL
FROM counted('happenings');

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
    'in_window', 'impressions_7d', 'impressions_30d', 'clicks_7d', 'clicks_30d', 'invites_7d', 'invites_30d',
    'applies_7d', 'applies_30d', 'accepts_30d', 'declines_30d', 'hires_30d', 'pending_invites', 'earnings_30d',
    'ratings_30d', 'rating_sum_30d', 'active_days_30d'
)
USING sum(amount)
GROUP BY entity_id, index;

SELECT
    entity_id AS freelancer_id,
    event_timestamp,
    event_timestamp AS recorded_at,
    impressions_7d::FLOAT AS impressions_7d,
    impressions_30d::FLOAT AS impressions_30d,
    clicks_7d::FLOAT AS clicks_7d,
    clicks_30d::FLOAT AS clicks_30d,
    invites_7d::FLOAT AS invites_7d,
    invites_30d::FLOAT AS invites_30d,
    applies_7d::FLOAT AS applies_7d,
    applies_30d::FLOAT AS applies_30d,
    accepts_30d::FLOAT AS accepts_30d,
    declines_30d::FLOAT AS declines_30d,
    hires_30d::FLOAT AS hires_30d,
    pending_invites::FLOAT AS pending_invites,
    smoothed(clicks_30d, impressions_30d, sum(clicks_30d) OVER day, sum(impressions_30d) OVER day, 20)
        AS click_rate_30d,
    smoothed(invites_30d, impressions_30d, sum(invites_30d) OVER day, sum(impressions_30d) OVER day, 20)
        AS invite_rate_30d,
    smoothed(accepts_30d, invites_30d, sum(accepts_30d) OVER day, sum(invites_30d) OVER day, 5) AS accept_rate_30d,
    smoothed(hires_30d, invites_30d + applies_30d, sum(hires_30d) OVER day,
             sum(invites_30d + applies_30d) OVER day, 5) AS hire_rate_30d,
    (earnings_30d / 10000)::FLOAT AS earnings_30d_usd,
    (rating_sum_30d / 10000 / nullif(ratings_30d, 0))::FLOAT AS rating_30d,
    active_days_30d::FLOAT AS active_days_30d
FROM daily_counts('changes')
WINDOW day AS (PARTITION BY event_timestamp)
ORDER BY event_timestamp, freelancer_id;
