-- What is known of a client, version by version. Needs versions.sql.

CREATE OR REPLACE TEMP VIEW versions AS
SELECT client_id AS entity_id, event_timestamp, recorded_at FROM clients;

SELECT
    client_id, visible_at AS event_timestamp, recorded_at,
    country, payment_verified, status, joined_at
FROM (SELECT *, client_id AS entity_id FROM clients)
JOIN shown_versions('versions') USING (entity_id, event_timestamp, recorded_at)
ORDER BY visible_at, client_id;
