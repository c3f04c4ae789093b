-- Freelancers a client turned to by an act of its own or an outcome, each with the version visible by then.
-- One row an interaction of the block, in the order they became visible; histories.py folds them into versions.
-- `interaction` is histories.fingerprint of its id. Needs visible_events.sql and freelancer_profile.

WITH turned_to AS (
    SELECT interaction_id, client_id, freelancer_id, client_visible_at, happened_at, recorded_at
    FROM acts
    WHERE client_id IS NOT NULL
        AND client_visible_at > block_start() AND client_visible_at <= getvariable('clock')
        AND ((side = 'client' AND kind IN ('click', 'save', 'invite')) OR kind IN ('accept', 'hire'))
)
SELECT
    a.client_id AS entity_id,
    a.client_visible_at AS visible_at,
    a.happened_at,
    greatest(a.recorded_at, coalesce(f.recorded_at, a.recorded_at)) AS recorded_at,
    a.freelancer_id AS candidate_id,
    coalesce(f.text_key, '') AS text_key,
    coalesce(f.city, '') AS city,
    coalesce(f.region, '') AS region,
    coalesce(f.agency_id, '') AS agency,
    coalesce(f.category, '') AS category,
    ('0x' || left(sha256(a.interaction_id), 15))::BIGINT AS interaction
FROM turned_to a
ASOF LEFT JOIN freelancer_profile f
    ON a.freelancer_id = f.freelancer_id AND a.client_visible_at >= f.event_timestamp
ORDER BY entity_id, a.client_visible_at, a.happened_at, candidate_id, interaction;
