-- Versions of a client in the order they became visible; one that is older than a visible version never shows.
-- Needs clock.sql.

WITH ranked AS (
    SELECT
        client_id, event_timestamp, recorded_at,
        greatest(event_timestamp, recorded_at) AS visible_at,
        max(event_timestamp) OVER (PARTITION BY client_id ORDER BY visible_at) AS newest,
        row_number() OVER (
            PARTITION BY client_id, visible_at ORDER BY event_timestamp DESC, recorded_at DESC
        ) AS place
    FROM clients
    WHERE visible_at <= getvariable('clock')
)
SELECT
    client_id,
    visible_at AS event_timestamp,
    recorded_at,
    country, payment_verified, status, joined_at
FROM clients
JOIN ranked USING (client_id, event_timestamp, recorded_at)
WHERE ranked.event_timestamp = newest AND place = 1 AND visible_at > block_start()
ORDER BY visible_at, client_id;
