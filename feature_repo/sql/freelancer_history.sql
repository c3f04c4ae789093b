-- Jobs a freelancer turned to by an act of its own or an outcome, each with the job version visible by then.
-- One row an interaction of the block, in the order they became visible; histories.py folds them into versions.
-- `interaction` is histories.fingerprint of its id. Needs visible_events.sql and job_profile.

SELECT
    a.freelancer_id AS entity_id,
    a.visible_at,
    a.happened_at,
    greatest(a.recorded_at, coalesce(j.recorded_at, a.recorded_at)) AS recorded_at,
    a.job_id AS candidate_id,
    coalesce(j.text_key, '') AS text_key,
    coalesce(j.city, '') AS city,
    coalesce(j.region, '') AS region,
    coalesce(j.company, '') AS company,
    coalesce(j.industry, '') AS industry,
    coalesce(j.category, '') AS category,
    ('0x' || left(sha256(a.interaction_id), 15))::BIGINT AS interaction
FROM acts a
ASOF LEFT JOIN job_profile j ON a.job_id = j.job_id AND a.visible_at >= j.event_timestamp
WHERE a.job_id IS NOT NULL AND a.visible_at > block_start() AND a.visible_at <= getvariable('clock')
    AND ((a.side = 'freelancer' AND a.kind IN ('click', 'save', 'apply')) OR a.kind IN ('accept', 'hire'))
ORDER BY entity_id, a.visible_at, a.happened_at, candidate_id, interaction;
