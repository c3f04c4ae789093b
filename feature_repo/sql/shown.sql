-- What was shown to count in the block's snapshots, paid placements left out; columns as those of counted, by surface.
-- Impressions are read from the dates of the block's windows alone. Needs visible_events.sql.

CREATE OR REPLACE TEMP VIEW shown_candidates AS
SELECT
    i.candidate_id AS entity_id, q.surface AS measure, 1 AS amount,
    i.event_timestamp AS happened_at,
    greatest(i.event_timestamp, i.recorded_at, q.visible_at) AS visible_at
FROM impressions i
JOIN asked q USING (query_id)
WHERE i.placement IN ('organic', 'exploration') AND q.surface IN ('talent_search', 'job_feed');

CREATE OR REPLACE TEMP TABLE shown AS
SELECT measure AS surface, * REPLACE ('impressions' AS measure)
FROM counted('shown_candidates');

-- What counts for the candidates of a surface: `happenings`, and the impressions on it.
CREATE OR REPLACE TEMP MACRO counted_with_impressions(happenings, on_surface) AS TABLE
SELECT * EXCLUDE surface FROM shown WHERE surface = on_surface
UNION ALL
FROM counted(happenings);
