-- What a client asked, did, posted, paid and how it answers applications to its jobs.
-- Smoothing weights: 2 posted jobs, 5 applications. hire_rate_30d is hires per posted job and may exceed 1.
-- Needs visible_events.sql.

CREATE OR REPLACE TEMP VIEW happenings AS
SELECT actor_id AS entity_id, 'queries' AS measure, 1 AS amount, happened_at, visible_at
FROM asked
WHERE surface IN ('talent_search', 'applicant_review') AND NOT starts_with(actor_id, 'anonymous:')
UNION ALL
SELECT client_id, measure, 1, happened_at, client_visible_at
FROM acts
WHERE (side = 'client' AND kind IN ('click', 'invite')) OR kind = 'hire'
UNION ALL
SELECT client_id, measure, amount, happened_at, client_visible_at
FROM rewards
UNION ALL
SELECT client_id, 'jobs_posted', 1, posted_at, greatest(visible_at, posted_at)
FROM known_jobs
UNION ALL
SELECT client_id, 'applications', 1, happened_at, client_visible_at
FROM moves
WHERE kind = 'apply'
UNION ALL
SELECT client_id, 'answered', 1, happened_at, greatest(client_visible_at, client_answer_visible_at)
FROM moves
WHERE kind = 'apply' AND client_answer_visible_at IS NOT NULL;

CREATE OR REPLACE TEMP TABLE counts AS
FROM counted('happenings');

CREATE OR REPLACE TEMP TABLE spans AS
FROM windowed_spans('counts');

CREATE OR REPLACE TEMP TABLE changes AS
PIVOT (FROM span_ends('spans'))
ON measure IN (
    'queries_30d', 'clicks_30d', 'invites_30d', 'hires_30d', 'jobs_posted_30d',
    -- not features themselves
    'in_window', 'applications_30d', 'answered_30d', 'paid_30d', 'ratings_30d', 'rating_sum_30d'
)
USING sum(amount)
GROUP BY entity_id, index;

SELECT
    entity_id AS client_id,
    event_timestamp,
    event_timestamp AS recorded_at,
    COLUMNS(* EXCLUDE (
        entity_id, event_timestamp, in_window, applications_30d, answered_30d, paid_30d, ratings_30d, rating_sum_30d
    ))::FLOAT,
    smoothed(hires_30d, jobs_posted_30d, 2) AS hire_rate_30d,
    smoothed(answered_30d, applications_30d, 5) AS answer_rate_30d,
    (paid_30d / 10000)::FLOAT AS spend_30d_usd,
    (rating_sum_30d / 10000 / nullif(ratings_30d, 0))::FLOAT AS rating_given_30d
FROM daily_counts('changes')
ORDER BY event_timestamp, client_id;
