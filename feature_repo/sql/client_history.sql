-- Freelancers a client turned to by an act of its own or an outcome. Needs visible_events.sql and freelancer_profile.

CREATE OR REPLACE TEMP VIEW turned_to AS
SELECT
    client_id AS entity_id, freelancer_id AS candidate_id, client_visible_at AS visible_at, happened_at, recorded_at,
    interaction_id
FROM acts
WHERE (side = 'client' AND kind IN ('click', 'save', 'invite')) OR kind IN ('accept', 'hire');

CREATE OR REPLACE TEMP VIEW candidates AS
SELECT
    freelancer_id AS candidate_id, event_timestamp, recorded_at,
    text_key, city, region, agency_id AS agency, category
FROM freelancer_profile;

FROM remembered('turned_to', 'candidates')
ORDER BY entity_id, visible_at, happened_at, candidate_id, interaction;
