-- Versions of a client in the order they became visible; one that is older than a visible version never shows.

WITH visible AS (
    SELECT *, greatest(event_timestamp, recorded_at) AS visible_at
    FROM clients
    WHERE greatest(event_timestamp, recorded_at) <= getvariable('as_of')
),
ranked AS (
    SELECT
        *,
        max(event_timestamp) OVER (PARTITION BY client_id ORDER BY visible_at) AS newest,
        row_number() OVER (
            PARTITION BY client_id, visible_at ORDER BY event_timestamp DESC, recorded_at DESC
        ) AS place
    FROM visible
)
SELECT
    client_id,
    visible_at AS event_timestamp,
    recorded_at,
    country, payment_verified, status, joined_at
FROM ranked
WHERE event_timestamp = newest AND place = 1
ORDER BY event_timestamp, client_id;
