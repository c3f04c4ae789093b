-- The clock and the events that every activity and history view is computed from.
--
-- Snapshots are numbered by UTC midnight (days since 1970); the number after the last midnight stands for as_of
-- itself. An event is visible from greatest(event_timestamp, recorded_at) on; a snapshot counts it while it is
-- visible and no older than the window. Running counts are sums of changes: +amount at the first snapshot that
-- counts an event, -amount at the first that no longer does, so no snapshot is ever joined to raw events.
-- Needs the variable as_of and the lake's views. Amounts are integers (money in 1e-4 USD): sums cancel exactly.

CREATE OR REPLACE TEMP MACRO snapshot_index(moment) AS CASE
    WHEN moment <= getvariable('as_of') THEN (epoch_us(moment) + 86399999999) // 86400000000
    ELSE (epoch_us(getvariable('as_of')) + 86399999999) // 86400000000 + 1
END;

CREATE OR REPLACE TEMP MACRO snapshot_time(index) AS least(to_timestamp(index * 86400), getvariable('as_of'));

CREATE OR REPLACE TEMP MACRO money(value_usd) AS coalesce(round(value_usd * 10000), 0)::BIGINT;

-- Empirical Bayes: `weight` pseudo-observations at the rate of all entities in the same window. NULL without any.
CREATE OR REPLACE TEMP MACRO smoothed(successes, trials, all_successes, all_trials, weight) AS
    ((successes + weight * all_successes / nullif(all_trials, 0)) / (trials + weight))::FLOAT;

-- A job's client, and since when the platform knows the job.
CREATE OR REPLACE TEMP TABLE known_jobs AS
SELECT
    job_id,
    arg_min(client_id, greatest(event_timestamp, recorded_at)) AS client_id,
    min(greatest(event_timestamp, recorded_at)) AS visible_at,
    arg_min(recorded_at, greatest(event_timestamp, recorded_at)) AS recorded_at,
    arg_min(coalesce(posted_at, event_timestamp), greatest(event_timestamp, recorded_at)) AS posted_at
FROM jobs
WHERE greatest(event_timestamp, recorded_at) <= getvariable('as_of')
GROUP BY job_id;

-- `pair` is the job, or the client where an interaction names no job: what an invite and its answer share.
CREATE OR REPLACE TEMP TABLE acts AS
SELECT
    i.interaction_id, i.kind, i.side, i.freelancer_id, i.job_id, i.value_usd, i.rating,
    coalesce('job ' || i.job_id, 'client ' || i.client_id) AS pair,
    coalesce(i.client_id, j.client_id) AS client_id,
    i.event_timestamp AS happened_at,
    greatest(i.event_timestamp, i.recorded_at) AS visible_at,
    i.recorded_at,
    CASE WHEN i.client_id IS NULL THEN greatest(i.event_timestamp, i.recorded_at, j.visible_at)
         ELSE greatest(i.event_timestamp, i.recorded_at) END AS client_visible_at
FROM interactions i
LEFT JOIN known_jobs j ON i.job_id = j.job_id
WHERE greatest(i.event_timestamp, i.recorded_at) <= getvariable('as_of');

-- Applications and invites with the moment from which an answer to them is visible (NULL: none yet).
-- A side that takes back its own move answers it too: nothing is pending any more.
CREATE OR REPLACE TEMP TABLE moves AS
SELECT
    m.interaction_id, m.kind, m.freelancer_id, m.job_id, m.client_id, m.happened_at, m.visible_at, m.recorded_at,
    m.client_visible_at,
    min(a.visible_at) AS answer_visible_at,
    min(a.visible_at) FILTER (a.side = 'client' OR a.kind = 'hire') AS client_answer_visible_at
FROM acts m
LEFT JOIN acts a
    ON a.freelancer_id = m.freelancer_id AND a.pair = m.pair
    AND a.kind IN ('accept', 'decline', 'hire') AND a.happened_at >= m.happened_at
WHERE (m.kind = 'apply' AND m.side = 'freelancer') OR (m.kind = 'invite' AND m.side = 'client')
GROUP BY ALL;

-- What was shown, paid placements left out.
CREATE OR REPLACE TEMP TABLE shown AS
SELECT
    i.candidate_id, q.surface,
    i.event_timestamp AS happened_at,
    greatest(i.event_timestamp, i.recorded_at, q.event_timestamp, q.recorded_at) AS visible_at,
    greatest(i.recorded_at, q.recorded_at) AS recorded_at
FROM impressions i
JOIN queries q USING (query_id)
WHERE i.placement IN ('organic', 'exploration') AND q.surface IN ('talent_search', 'job_feed');

-- Windowed counts of `happenings` (entity_id, measure, amount, happened_at, visible_at, recorded_at) as spans of
-- snapshots [starts, ends); `in_window` counts whatever keeps an entity's rows coming.
CREATE OR REPLACE TEMP MACRO windowed_spans(happenings) AS TABLE
WITH counted AS (
    SELECT
        entity_id, measure, days,
        snapshot_index(visible_at) AS starts,
        snapshot_index(happened_at + to_days(days)) AS ends,
        sum(amount)::BIGINT AS amount,
        count(*) AS events,
        max(recorded_at) AS recorded_at
    FROM query_table(happenings), (VALUES (7), (30)) AS windows(days)
    WHERE visible_at <= getvariable('as_of') AND entity_id IS NOT NULL
    GROUP BY ALL
    HAVING starts < ends
)
SELECT entity_id, measure || '_' || days || 'd' AS measure, starts, ends, amount, recorded_at FROM counted
UNION ALL
SELECT entity_id, 'in_window', starts, ends, events, recorded_at FROM counted WHERE days = 30;

-- The two ends of every span.
CREATE OR REPLACE TEMP MACRO span_ends(spans) AS TABLE
SELECT entity_id, measure, starts AS index, amount FROM query_table(spans)
UNION ALL
SELECT entity_id, measure, ends, -amount FROM query_table(spans) WHERE ends <= snapshot_index(getvariable('as_of'));

-- Running sums of `changes` (entity_id, index, one column a measure), one row per entity and snapshot: at every
-- change, and every day while anything is in the window.
CREATE OR REPLACE TEMP MACRO daily_counts(changes, spans) AS TABLE
WITH news AS (
    SELECT entity_id, starts AS index, max(recorded_at) AS recorded_at FROM query_table(spans) GROUP BY ALL
),
running AS (
    SELECT
        entity_id, index,
        lead(index, 1, snapshot_index(getvariable('as_of')) + 1) OVER so_far AS next_index,
        max(recorded_at) OVER so_far AS recorded_at,
        coalesce(sum(COLUMNS(* EXCLUDE (entity_id, index, recorded_at))) OVER so_far, 0)::DOUBLE
    FROM query_table(changes) LEFT JOIN news USING (entity_id, index)
    WINDOW so_far AS (PARTITION BY entity_id ORDER BY index)
)
SELECT
    * EXCLUDE (index, next_index),
    snapshot_time(unnest(range(index, CASE WHEN in_window > 0 THEN next_index ELSE index + 1 END))) AS event_timestamp
FROM running;
