-- What a freelancer says of itself, version by version. Needs versions.sql.

CREATE OR REPLACE TEMP VIEW versions AS
SELECT freelancer_id AS entity_id, event_timestamp, recorded_at FROM freelancers;

SELECT
    freelancer_id, visible_at AS event_timestamp, recorded_at,
    title, skills, linked_skills_of(title, overview, skills) AS linked_skills, category, country, region, city, languages, hourly_rate_usd, experience_level, hours_per_week,
    agency_id, status, joined_at,
    text_key(card_text(title, skills, overview)) AS text_key
FROM (SELECT *, freelancer_id AS entity_id FROM freelancers)
JOIN shown_versions('versions') USING (entity_id, event_timestamp, recorded_at)
ORDER BY visible_at, freelancer_id;
