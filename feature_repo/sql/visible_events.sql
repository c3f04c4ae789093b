-- The events that every activity and history view is computed from, once a build.
--
-- An event is visible from greatest(event_timestamp, recorded_at) on; a snapshot counts it while it is visible and no
-- older than the window. Running counts are sums of changes: +amount at the first snapshot that counts an event,
-- -amount at the first that no longer does, so no snapshot is ever joined to raw events. Amounts are integers (money
-- in 1e-4 USD): sums cancel exactly. Needs clock.sql and the lake's views.

CREATE OR REPLACE TEMP MACRO money(value_usd) AS coalesce(round(value_usd * 10000), 0)::BIGINT;

-- Empirical Bayes: `weight` pseudo-observations at the rate of all entities in the same snapshot. NULL without any.
CREATE OR REPLACE TEMP MACRO smoothed(successes, trials, weight) AS (
    (successes + weight * sum(successes) OVER (PARTITION BY event_timestamp)
        / nullif(sum(trials) OVER (PARTITION BY event_timestamp), 0))
    / (trials + weight)
)::FLOAT;

-- A job's client, and since when the platform knows it.
CREATE OR REPLACE TEMP TABLE known_jobs AS
SELECT DISTINCT ON (job_id)
    job_id, client_id, greatest(event_timestamp, recorded_at) AS visible_at,
    coalesce(posted_at, event_timestamp) AS posted_at
FROM jobs
WHERE client_id IS NOT NULL AND greatest(event_timestamp, recorded_at) <= getvariable('clock')
ORDER BY job_id, visible_at, event_timestamp DESC, recorded_at DESC;

-- `pair` is the job, or the client where an interaction names no job: what an invite and its answer share. `measure`
-- names a count of the kind.
CREATE OR REPLACE TEMP TABLE acts AS
SELECT
    i.interaction_id, i.kind, i.side, i.freelancer_id, i.job_id, i.value_usd, i.rating,
    CASE i.kind WHEN 'apply' THEN 'applies' ELSE i.kind || 's' END AS measure,
    coalesce('job ' || i.job_id, 'client ' || i.client_id) AS pair,
    coalesce(i.client_id, j.client_id) AS client_id,
    i.event_timestamp AS happened_at,
    greatest(i.event_timestamp, i.recorded_at) AS visible_at,
    i.recorded_at,
    CASE WHEN i.client_id IS NULL THEN greatest(i.event_timestamp, i.recorded_at, j.visible_at)
         ELSE greatest(i.event_timestamp, i.recorded_at) END AS client_visible_at
FROM interactions i
LEFT JOIN known_jobs j ON i.job_id = j.job_id
WHERE greatest(i.event_timestamp, i.recorded_at) <= getvariable('clock');

-- What was paid and how clients rated the work, for the activity of both sides.
CREATE OR REPLACE TEMP VIEW rewards AS
SELECT freelancer_id, client_id, 'paid' AS measure, money(value_usd) AS amount, happened_at, visible_at, client_visible_at
FROM acts
WHERE kind = 'pay'
UNION ALL
SELECT freelancer_id, client_id, unnest(['ratings', 'rating_sum']), unnest([1, money(rating)]), happened_at, visible_at,
    client_visible_at
FROM acts
WHERE kind = 'rate' AND side = 'client' AND rating IS NOT NULL;

-- Applications and invites with the moment from which an answer to them is visible (NULL: none yet).
-- A side that takes back its own move answers it too: nothing is pending any more.
CREATE OR REPLACE TEMP TABLE moves AS
SELECT
    m.interaction_id, m.kind, m.freelancer_id, m.job_id, m.client_id, m.happened_at, m.visible_at,
    m.client_visible_at,
    min(a.visible_at) AS answer_visible_at,
    min(a.visible_at) FILTER (a.side = 'client' OR a.kind = 'hire') AS client_answer_visible_at
FROM acts m
LEFT JOIN acts a
    ON a.freelancer_id = m.freelancer_id AND a.pair = m.pair
    AND a.kind IN ('accept', 'decline', 'hire') AND a.happened_at >= m.happened_at
WHERE (m.kind = 'apply' AND m.side = 'freelancer') OR (m.kind = 'invite' AND m.side = 'client')
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE asked AS
SELECT query_id, surface, actor_id, event_timestamp AS happened_at, greatest(event_timestamp, recorded_at) AS visible_at
FROM queries
WHERE greatest(event_timestamp, recorded_at) <= getvariable('clock');

-- `happenings` (entity_id, measure, amount, happened_at, visible_at) that a snapshot of the block may count, added up
-- by the snapshots that do: from `starts` on, up to `ends_7` and `ends_30` for the two windows. NULL: never in it.
CREATE OR REPLACE TEMP MACRO counted(happenings) AS TABLE
SELECT
    entity_id, measure,
    greatest(starts, getvariable('first_day')) AS starts,
    CASE WHEN starts < ends_7 AND ends_7 >= getvariable('first_day') THEN ends_7 END AS ends_7,
    ends_30,
    sum(amount)::BIGINT AS amount,
    count(*) AS events
FROM (
    SELECT
        entity_id, measure, amount,
        snapshot_index(visible_at) AS starts,
        snapshot_index(happened_at + to_days(7)) AS ends_7,
        snapshot_index(happened_at + to_days(30)) AS ends_30
    FROM query_table(happenings)
    WHERE visible_at <= getvariable('clock') AND entity_id IS NOT NULL
        AND happened_at <= getvariable('clock') AND happened_at > block_start() - to_days(30)
)
WHERE starts < ends_30
GROUP BY ALL;

-- Windowed counts of `counts` (see counted) as spans of snapshots [starts, ends); `in_window` counts whatever keeps an
-- entity's rows coming.
CREATE OR REPLACE TEMP MACRO windowed_spans(counts) AS TABLE
SELECT entity_id, measure || '_7d' AS measure, starts, ends_7 AS ends, amount
FROM query_table(counts)
WHERE ends_7 IS NOT NULL
UNION ALL
SELECT entity_id, measure || '_30d', starts, ends_30, amount FROM query_table(counts)
UNION ALL
SELECT entity_id, 'in_window', starts, ends_30, events FROM query_table(counts);

-- The two ends of every span.
CREATE OR REPLACE TEMP MACRO span_ends(spans) AS TABLE
SELECT entity_id, measure, starts AS index, amount
FROM query_table(spans)
WHERE starts <= snapshot_index(getvariable('clock')) AND ends >= getvariable('first_day')
UNION ALL
SELECT entity_id, measure, ends, -amount
FROM query_table(spans)
WHERE ends BETWEEN getvariable('first_day') AND snapshot_index(getvariable('clock'));

-- Running sums of `changes` (entity_id, index, one column a measure), one row per entity and snapshot of the block: at
-- every change, and every day while anything is in the window.
CREATE OR REPLACE TEMP MACRO daily_counts(changes) AS TABLE
WITH running AS (
    SELECT
        entity_id, index,
        lead(index, 1, snapshot_index(getvariable('clock')) + 1) OVER so_far AS next_index,
        coalesce(sum(COLUMNS(* EXCLUDE (entity_id, index))) OVER so_far, 0)::DOUBLE
    FROM query_table(changes)
    WINDOW so_far AS (PARTITION BY entity_id ORDER BY index)
)
SELECT
    * EXCLUDE (index, next_index),
    snapshot_time(unnest(range(
        greatest(index, getvariable('first_day')),
        CASE WHEN in_window > 0 THEN next_index ELSE index + 1 END
    ))) AS event_timestamp
FROM running;

-- Interactions of the block that make a history longer, `turned_to` (entity_id, candidate_id, visible_at, happened_at,
-- recorded_at, interaction_id), each with what the version of `candidates` visible by then says; histories.py folds them.
-- `interaction` is histories.fingerprint of its id.
CREATE OR REPLACE TEMP MACRO remembered(turned_to, candidates) AS TABLE
SELECT
    t.entity_id, t.visible_at, t.happened_at,
    greatest(t.recorded_at, coalesce(c.recorded_at, t.recorded_at)) AS recorded_at,
    t.candidate_id,
    coalesce(COLUMNS(c.* EXCLUDE (candidate_id, event_timestamp, recorded_at)), ''),
    ('0x' || left(sha256(t.interaction_id), 15))::BIGINT AS interaction
FROM query_table(turned_to) t
ASOF LEFT JOIN query_table(candidates) c ON t.candidate_id = c.candidate_id AND t.visible_at >= c.event_timestamp
WHERE t.entity_id IS NOT NULL AND t.candidate_id IS NOT NULL
    AND t.visible_at > block_start() AND t.visible_at <= getvariable('clock');
