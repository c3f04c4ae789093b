-- Versions of a job in the order they became visible; one that is older than a visible version never shows.
-- text_key is feature_repo.text.text_key(job_text(title, description, skills)).

WITH visible AS (
    SELECT *, greatest(event_timestamp, recorded_at) AS visible_at
    FROM jobs
    WHERE greatest(event_timestamp, recorded_at) <= getvariable('as_of')
),
ranked AS (
    SELECT
        *,
        max(event_timestamp) OVER (PARTITION BY job_id ORDER BY visible_at) AS newest,
        row_number() OVER (
            PARTITION BY job_id, visible_at ORDER BY event_timestamp DESC, recorded_at DESC
        ) AS place
    FROM visible
)
SELECT
    job_id,
    visible_at AS event_timestamp,
    recorded_at,
    client_id, posted_at, title, skills, category, company, industry, country, region, city, languages, budget_kind,
    budget_min_usd, budget_max_usd, experience_level, openings, visibility, status,
    left(sha256(concat(title, '. ', description, '. ', array_to_string(skills, ', '))), 16) AS text_key
FROM ranked
WHERE event_timestamp = newest AND place = 1
ORDER BY event_timestamp, job_id;
