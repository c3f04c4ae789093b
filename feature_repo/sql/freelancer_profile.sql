-- Versions of a freelancer in the order they became visible; one that is older than a visible version never shows.
-- text_key is feature_repo.text.text_key(freelancer_text(title, overview, skills)).

WITH visible AS (
    SELECT *, greatest(event_timestamp, recorded_at) AS visible_at
    FROM freelancers
    WHERE greatest(event_timestamp, recorded_at) <= getvariable('as_of')
),
ranked AS (
    SELECT
        *,
        max(event_timestamp) OVER (PARTITION BY freelancer_id ORDER BY visible_at) AS newest,
        row_number() OVER (
            PARTITION BY freelancer_id, visible_at ORDER BY event_timestamp DESC, recorded_at DESC
        ) AS place
    FROM visible
)
SELECT
    freelancer_id,
    visible_at AS event_timestamp,
    recorded_at,
    title, skills, category, country, region, city, languages, hourly_rate_usd, experience_level, hours_per_week,
    agency_id, status, joined_at,
    left(sha256(concat(title, '. ', overview, '. ', array_to_string(skills, ', '))), 16) AS text_key
FROM ranked
WHERE event_timestamp = newest AND place = 1
ORDER BY event_timestamp, freelancer_id;
