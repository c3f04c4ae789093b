-- What a job post says, version by version. Needs versions.sql.

CREATE OR REPLACE TEMP VIEW versions AS
SELECT job_id AS entity_id, event_timestamp, recorded_at FROM jobs;

SELECT
    job_id, visible_at AS event_timestamp, recorded_at,
    client_id, posted_at, title, skills, linked_skills_of(title, description, skills) AS linked_skills, category, company, industry, country, region, city, languages, budget_kind,
    budget_min_usd, budget_max_usd, experience_level, openings, visibility, status,
    text_key(card_text(title, skills, description)) AS text_key
FROM (SELECT *, job_id AS entity_id FROM jobs)
JOIN shown_versions('versions') USING (entity_id, event_timestamp, recorded_at)
ORDER BY visible_at, job_id;
