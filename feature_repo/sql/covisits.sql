-- Co-visits: candidates that an entity turned to one after another, by its first turn to each. A day counts once it has
-- ended. Needs visible_events.sql, the view turned_to of a history, and ranked_codes (candidate_id, row).

CREATE OR REPLACE TEMP TABLE first_turns AS
SELECT
    entity_id, row, (epoch_us(visible_at) + 86399999999) // 86400000000 AS day,
    row_number() OVER (PARTITION BY entity_id ORDER BY visible_at, happened_at, candidate_id) AS turn
FROM (
    SELECT DISTINCT ON (entity_id, candidate_id) entity_id, candidate_id, visible_at, happened_at
    FROM turned_to
    WHERE entity_id IS NOT NULL AND candidate_id IS NOT NULL
    ORDER BY entity_id, candidate_id, visible_at, happened_at
)
JOIN ranked_codes USING (candidate_id)
WHERE day <= getvariable('last_day');

CREATE OR REPLACE TEMP TABLE covisits AS
WITH together AS (
    SELECT earlier.row AS one, later.row AS other, later.day
    FROM (SELECT *, unnest(range(turn + 1, turn + 1 + getvariable('reach'))) AS next_turn FROM first_turns) earlier
    JOIN first_turns later ON later.entity_id = earlier.entity_id AND later.turn = earlier.next_turn
    WHERE earlier.row <> later.row
), counted AS (
    SELECT one, other, day, count(*) AS covisits
    FROM (FROM together UNION ALL SELECT other, one, day FROM together)
    GROUP BY ALL
)
SELECT one, other, day, sum(covisits) OVER (PARTITION BY one, other ORDER BY day)::INTEGER AS covisits
FROM counted;

SELECT one, other, day, covisits FROM covisits ORDER BY one, other, day;

SELECT row, day, sum(count(*)) OVER (PARTITION BY row ORDER BY day)::INTEGER AS turns
FROM first_turns
GROUP BY row, day
ORDER BY row, day;
