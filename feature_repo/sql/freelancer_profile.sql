-- Versions of a freelancer in the order they became visible; one that is older than a visible version never shows.
-- text_key is feature_repo.texts.text.text_key(card_text(title, overview, skills)). Needs clock.sql.

WITH ranked AS (
    SELECT
        freelancer_id, event_timestamp, recorded_at,
        greatest(event_timestamp, recorded_at) AS visible_at,
        max(event_timestamp) OVER (PARTITION BY freelancer_id ORDER BY visible_at) AS newest,
        row_number() OVER (
            PARTITION BY freelancer_id, visible_at ORDER BY event_timestamp DESC, recorded_at DESC
        ) AS place
    FROM freelancers
    WHERE visible_at <= getvariable('clock')
)
SELECT
    freelancer_id,
    visible_at AS event_timestamp,
    recorded_at,
    title, skills, category, country, region, city, languages, hourly_rate_usd, experience_level, hours_per_week,
    agency_id, status, joined_at,
    left(sha256(concat(title, '. ', array_to_string(skills, ', '), '. ', overview)), 16) AS text_key
FROM freelancers
JOIN ranked USING (freelancer_id, event_timestamp, recorded_at)
WHERE ranked.event_timestamp = newest AND place = 1 AND visible_at > block_start()
ORDER BY visible_at, freelancer_id;
