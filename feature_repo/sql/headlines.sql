-- What a card shows at a glance (title, city, region, company): one row a distinct job or freelancer version.

SELECT title, city, region, company
FROM jobs
WHERE greatest(event_timestamp, recorded_at) <= getvariable('clock')
GROUP BY job_id, title, city, region, company
UNION ALL
SELECT title, city, region, NULL
FROM freelancers
WHERE greatest(event_timestamp, recorded_at) <= getvariable('clock')
GROUP BY freelancer_id, title, city, region
ORDER BY ALL;
