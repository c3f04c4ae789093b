-- How a job is doing as a candidate, who competes for it and how many openings it has left.
-- Smoothing weight of both rates: 20 impressions. A job has its first row at the snapshot after it became visible.
-- Needs shown.sql and job_profile.

CREATE OR REPLACE TEMP VIEW happenings AS
SELECT job_id AS entity_id, measure, 1 AS amount, happened_at, visible_at
FROM acts
WHERE (side = 'freelancer' AND kind IN ('click', 'apply'))
    OR (side = 'client' AND kind = 'invite')
    OR kind IN ('accept', 'hire');

CREATE OR REPLACE TEMP TABLE counts AS
FROM counted_with_impressions('happenings', 'job_feed');

CREATE OR REPLACE TEMP TABLE spans AS
FROM windowed_spans('counts')
UNION ALL
SELECT
    job_id, 'applicants_open', snapshot_index(visible_at) AS starts,
    coalesce(snapshot_index(answer_visible_at), snapshot_index(getvariable('clock')) + 1) AS ends, 1
FROM moves
WHERE kind = 'apply' AND job_id IS NOT NULL AND starts < ends
UNION ALL
-- Openings of the newest visible version, and the people hired so far.
SELECT
    job_id, 'openings', snapshot_index(event_timestamp), snapshot_index(getvariable('clock')) + 1,
    openings - lag(openings, 1, 0) OVER (PARTITION BY job_id ORDER BY event_timestamp)
FROM job_profile
UNION ALL
SELECT
    job_id, 'hired', snapshot_index(min(visible_at)), snapshot_index(getvariable('clock')) + 1, 1
FROM acts
WHERE kind = 'hire' AND job_id IS NOT NULL
GROUP BY job_id, freelancer_id;

CREATE OR REPLACE TEMP TABLE changes AS
PIVOT (FROM span_ends('spans'))
ON measure IN (
    'impressions_7d', 'impressions_30d', 'clicks_7d', 'clicks_30d', 'applies_7d', 'applies_30d',
    'invites_30d', 'accepts_30d', 'hires_30d', 'applicants_open',
    -- not features themselves
    'in_window', 'openings', 'hired'
)
USING sum(amount)
GROUP BY entity_id, index;

SELECT
    entity_id AS job_id,
    event_timestamp,
    event_timestamp AS recorded_at,
    COLUMNS(* EXCLUDE (entity_id, event_timestamp, in_window, openings, hired))::FLOAT,
    smoothed(clicks_30d, impressions_30d, 20) AS click_rate_30d,
    smoothed(applies_30d, impressions_30d, 20) AS apply_rate_30d,
    CASE WHEN openings > 0 THEN greatest(openings - hired, 0) END::FLOAT AS openings_left
FROM daily_counts('changes')
ORDER BY event_timestamp, job_id;
