-- Versions of profiles in the order they became visible, and the texts of their cards. Needs clock.sql.

-- The text that a card is encoded and indexed by, and its key: as feature_repo.texts.text spells them.
CREATE OR REPLACE TEMP MACRO card_text(title, skills, prose) AS
    concat(title, '. ', array_to_string(skills, ', '), '. ', prose);
-- `canonical` is a function that the connection has from feature_repo.build.macros.
CREATE OR REPLACE TEMP MACRO text_key(card) AS
    left(sha256(CASE WHEN strlen(card) = length(card) THEN card ELSE canonical(card) END), 16);

-- Skills that the texts of a card name, where it lists none. `named_skills` is a function that the connection has.
CREATE OR REPLACE TEMP MACRO linked_skills_of(title, prose, skills) AS
    CASE WHEN coalesce(len(skills), 0) = 0 THEN named_skills(title, prose) ELSE []::VARCHAR[] END;

-- Those of `versions` (entity_id, event_timestamp, recorded_at) that became visible in the block, with the moment from
-- which each is the newest; one that is older than a visible version never shows.
CREATE OR REPLACE TEMP MACRO shown_versions(versions) AS TABLE
SELECT entity_id, event_timestamp, recorded_at, visible_at
FROM (
    SELECT
        entity_id, event_timestamp, recorded_at,
        greatest(event_timestamp, recorded_at) AS visible_at,
        max(event_timestamp) OVER (PARTITION BY entity_id ORDER BY visible_at) AS newest,
        row_number() OVER (
            PARTITION BY entity_id, visible_at ORDER BY event_timestamp DESC, recorded_at DESC
        ) AS place
    FROM query_table(versions)
    WHERE visible_at <= getvariable('clock')
)
WHERE event_timestamp = newest AND place = 1 AND visible_at > block_start();
