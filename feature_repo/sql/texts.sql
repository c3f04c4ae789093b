-- Every distinct text of the visible versions of jobs and freelancers, with its title.
-- Must agree with feature_repo.texts.text: card_text, text_key.

WITH texts AS (
    SELECT title, concat(title, '. ', array_to_string(skills, ', '), '. ', overview) AS text
    FROM freelancers
    WHERE greatest(event_timestamp, recorded_at) <= getvariable('clock')
    UNION ALL
    SELECT title, concat(title, '. ', array_to_string(skills, ', '), '. ', description)
    FROM jobs
    WHERE greatest(event_timestamp, recorded_at) <= getvariable('clock')
)
SELECT left(sha256(text), 16) AS text_key, text, min(title) AS title
FROM texts
GROUP BY text
ORDER BY text_key;
