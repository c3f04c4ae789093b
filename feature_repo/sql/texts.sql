-- Every text of the visible versions of jobs and freelancers that another key has, with its title. Needs versions.sql.

WITH texts AS (
    SELECT title, card_text(title, skills, overview) AS text
    FROM freelancers
    WHERE greatest(event_timestamp, recorded_at) <= getvariable('clock')
    UNION ALL
    SELECT title, card_text(title, skills, description)
    FROM jobs
    WHERE greatest(event_timestamp, recorded_at) <= getvariable('clock')
)
SELECT text_key(text) AS text_key, min(text) AS text, min(title) AS title
FROM texts
GROUP BY text_key(text)
ORDER BY text_key;
