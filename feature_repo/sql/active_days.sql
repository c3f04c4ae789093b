-- Days of the block that may have a snapshot or a history version, and how many events each counts at most: what became
-- visible on it or within the month before. Needs visible_events.sql.

WITH visible AS (
    SELECT visible_at FROM acts
    UNION ALL
    SELECT client_visible_at FROM acts
    UNION ALL
    SELECT visible_at FROM asked
    UNION ALL
    SELECT greatest(event_timestamp, recorded_at) FROM impressions
    UNION ALL
    SELECT greatest(event_timestamp, recorded_at) FROM jobs
    UNION ALL
    SELECT posted_at FROM known_jobs
)
SELECT day, sum(events)::BIGINT AS events
FROM (
    SELECT unnest(range(day, day + 31)) AS day, events
    FROM (
        SELECT snapshot_index(visible_at) AS day, count(*) AS events
        FROM visible
        WHERE visible_at <= getvariable('clock') AND visible_at > block_start() - to_days(31)
        GROUP BY ALL
    )
)
WHERE day >= getvariable('first_day') AND day <= snapshot_index(getvariable('clock'))
GROUP BY day
ORDER BY day;
