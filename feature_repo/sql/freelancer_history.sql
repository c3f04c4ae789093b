-- Jobs a freelancer turned to by an act of its own or an outcome. Needs visible_events.sql and job_profile.

CREATE OR REPLACE TEMP VIEW turned_to AS
SELECT
    freelancer_id AS entity_id, job_id AS candidate_id, visible_at, happened_at, recorded_at, interaction_id
FROM acts
WHERE (side = 'freelancer' AND kind IN ('click', 'save', 'apply')) OR kind IN ('accept', 'hire');

CREATE OR REPLACE TEMP VIEW candidates AS
SELECT
    job_id AS candidate_id, event_timestamp, recorded_at,
    text_key, city, region, company, industry, category
FROM job_profile;

FROM remembered('turned_to', 'candidates')
ORDER BY entity_id, visible_at, happened_at, candidate_id, interaction;
