-- Versions of a job in the order they became visible; one that is older than a visible version never shows.
-- text_key is feature_repo.texts.text.text_key(card_text(title, description, skills)). Needs clock.sql.

WITH ranked AS (
    SELECT
        job_id, event_timestamp, recorded_at,
        greatest(event_timestamp, recorded_at) AS visible_at,
        max(event_timestamp) OVER (PARTITION BY job_id ORDER BY visible_at) AS newest,
        row_number() OVER (
            PARTITION BY job_id, visible_at ORDER BY event_timestamp DESC, recorded_at DESC
        ) AS place
    FROM jobs
    WHERE visible_at <= getvariable('clock')
)
SELECT
    job_id,
    visible_at AS event_timestamp,
    recorded_at,
    client_id, posted_at, title, skills, category, company, industry, country, region, city, languages, budget_kind,
    budget_min_usd, budget_max_usd, experience_level, openings, visibility, status,
    left(sha256(concat(title, '. ', array_to_string(skills, ', '), '. ', description)), 16) AS text_key
FROM jobs
JOIN ranked USING (job_id, event_timestamp, recorded_at)
WHERE ranked.event_timestamp = newest AND place = 1 AND visible_at > block_start()
ORDER BY visible_at, job_id;
