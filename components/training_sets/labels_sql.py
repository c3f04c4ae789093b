"""The SQL of attribution: which impression each outcome credits. Text only; labels.py fills it in and runs it.

Placeholders: {as_of} a TIMESTAMPTZ literal, {surfaces} a list of string literals, {flags} columns. Table `rules` holds
one row per (surface, kind, side) that counts: outcome, role (act, move or answer) and window_us.
"""

SEEN = """
CREATE TEMP TABLE seen AS
SELECT
    row_number() OVER (ORDER BY q.event_timestamp, q.query_id, i.rank, i.candidate_id) AS impression,
    i.query_id, i.candidate_id, q.surface, q.actor_id, q.job_id, q.event_timestamp,
    i.event_timestamp AS shown_at, i.rank, i.placement, i.propensity,
    q.surface = 'job_feed' OR q.job_id IS NOT NULL AS by_job,
    CASE WHEN q.surface = 'job_feed' THEN i.candidate_id ELSE coalesce(q.job_id, q.actor_id) END AS subject_id,
    CASE WHEN q.surface = 'job_feed' THEN q.actor_id ELSE i.candidate_id END AS freelancer_id
FROM impressions i
JOIN queries q ON q.query_id = i.query_id
WHERE coalesce(i.viewed, true) AND i.event_timestamp <= {as_of} AND q.surface IN ({surfaces})
"""
"""Impressions that were seen, numbered by time. subject_id is the job, or the client where the query had no job."""

OWNERS = """owners AS (
    SELECT job_id, arg_max(client_id, event_timestamp) AS client_id
    FROM jobs WHERE client_id IS NOT NULL GROUP BY job_id
)"""
"""The client of each job by its newest version that names one (arg_max would pass over NULL anyway)."""

DUE = f"""
CREATE TEMP TABLE due AS
WITH {OWNERS}
SELECT
    row_number() OVER (ORDER BY i.event_timestamp, i.interaction_id, r.surface) AS due,
    i.interaction_id, i.kind, i.query_id, i.job_id, coalesce(i.client_id, owners.client_id) AS client_id,
    i.freelancer_id, i.event_timestamp, r.surface, r.outcome, r.role, r.window_us
FROM interactions i
JOIN rules r ON r.kind = i.kind AND (r.side IS NULL OR r.side = i.side)
LEFT JOIN owners ON owners.job_id = i.job_id
LEFT JOIN queries named ON named.query_id = i.query_id
WHERE i.event_timestamp <= {{as_of}}
  AND NOT (i.kind IN ('click', 'save') AND coalesce(named.surface, r.surface) <> r.surface)
"""
"""Outcomes by the surface on which they may credit. A click or save that names its query never leaves its surface."""

SUBJECTS = """
CREATE TEMP TABLE subjects AS
SELECT due, surface, role, true AS by_job, job_id AS subject_id, freelancer_id, event_timestamp
FROM due WHERE job_id IS NOT NULL
UNION ALL
SELECT due, surface, role, false, client_id, freelancer_id, event_timestamp FROM due WHERE client_id IS NOT NULL
"""

LATEST_IMPRESSION = """
CREATE TEMP TABLE latest_impression AS
WITH pairs AS (
    SELECT surface, by_job, subject_id, freelancer_id, shown_at, max(impression) AS impression
    FROM seen SEMI JOIN subjects USING (surface, by_job, subject_id, freelancer_id)
    GROUP BY ALL
)
SELECT due, max(struct_pack(shown_at, impression)).impression AS impression
FROM subjects ASOF JOIN pairs
  ON subjects.surface = pairs.surface AND subjects.by_job = pairs.by_job
 AND subjects.subject_id = pairs.subject_id AND subjects.freelancer_id = pairs.freelancer_id
 AND subjects.event_timestamp >= pairs.shown_at
GROUP BY due
"""
"""The pair's latest impression at or before the outcome; of several at one moment, the last in the log's order."""

NAMED_IMPRESSION = """
CREATE TEMP TABLE named_impression AS
SELECT due.due, seen.impression
FROM due JOIN seen
  ON seen.query_id = due.query_id AND seen.surface = due.surface
 AND seen.candidate_id = CASE WHEN due.surface = 'job_feed' THEN due.job_id ELSE due.freelancer_id END
WHERE epoch_us(due.event_timestamp) - epoch_us(seen.shown_at) BETWEEN 0 AND due.window_us
"""
"""The impression of the query that the interaction itself names, while the window is open."""

MOVED_IMPRESSION = """
CREATE TEMP TABLE moved_impression AS
WITH moves AS (
    SELECT due.surface, due.job_id IS NOT NULL AS by_job, coalesce(due.job_id, due.client_id) AS subject_id,
           due.freelancer_id, due.event_timestamp, max(seen.impression) AS impression
    FROM due
    LEFT JOIN named_impression named USING (due)
    LEFT JOIN latest_impression latest USING (due)
    JOIN seen ON seen.impression = coalesce(named.impression, latest.impression)
    WHERE due.role = 'move' AND epoch_us(due.event_timestamp) - epoch_us(seen.shown_at) <= due.window_us
    GROUP BY ALL
)
SELECT due, max(struct_pack(moves.event_timestamp, impression)).impression AS impression
FROM (FROM subjects WHERE role = 'answer') answers ASOF JOIN moves
  ON answers.surface = moves.surface AND answers.by_job = moves.by_job
 AND answers.subject_id = moves.subject_id AND answers.freelancer_id = moves.freelancer_id
 AND answers.event_timestamp >= moves.event_timestamp
GROUP BY due
"""
"""For an answer: the impression credited by the pair's latest move before it."""

CREDITS = """
CREATE TEMP TABLE credits AS
SELECT due.due, due.interaction_id, due.kind, due.surface, due.outcome, due.window_us, seen.impression,
       epoch_us(due.event_timestamp) - epoch_us(seen.shown_at) AS delay_us,
       epoch_us(due.event_timestamp) - epoch_us(seen.shown_at) <= due.window_us AS in_window
FROM due
LEFT JOIN named_impression named USING (due)
LEFT JOIN moved_impression moved USING (due)
LEFT JOIN latest_impression latest USING (due)
LEFT JOIN seen ON seen.impression = coalesce(named.impression, moved.impression, latest.impression)
"""
"""Every outcome with the impression it points at (null: none) and whether its window was still open."""

CREDITED_IMPRESSIONS = """
CREATE TEMP TABLE credited AS SELECT impression, {flags} FROM credits WHERE in_window GROUP BY impression
"""
"""What each credited impression led to; {flags} are columns over `outcome`."""

STATEMENTS = (
    SEEN, DUE, SUBJECTS, LATEST_IMPRESSION, NAMED_IMPRESSION, MOVED_IMPRESSION, CREDITS, CREDITED_IMPRESSIONS,
)  # fmt: skip

LABELLED = """
CREATE OR REPLACE TEMP VIEW labelled AS
WITH aged AS (
    SELECT seen.*, credited.* EXCLUDE (impression), epoch_us({as_of}) - epoch_us(shown_at) AS age_us
    FROM seen LEFT JOIN credited USING (impression)
)
SELECT impression, query_id, candidate_id, surface, actor_id, job_id, event_timestamp, shown_at, rank, placement,
       propensity, {relevance} AS relevance, {heads}, {mature} AS mature
FROM aged
"""
"""One row per seen impression. {relevance}, {heads} and {mature} are expressions over the flags."""

QUERIES = """
SELECT query_id, count(*) AS size FROM labelled WHERE {where} GROUP BY query_id ORDER BY min(impression)
"""
"""The queries of some rows, in the order of the log."""

DELAYS = """
SELECT kind, count(*) AS outcomes, avg(in_window::DOUBLE) AS share_in_window,
       {quantiles}
FROM (SELECT DISTINCT ON (interaction_id) kind, in_window, delay_us / 86400e6 AS days
      FROM credits WHERE impression IS NOT NULL AND outcome IN ({heads}) ORDER BY interaction_id, delay_us)
GROUP BY kind ORDER BY kind
"""

CREDITED = """
SELECT kind, count(*) FILTER (in_window) AS credited,
       count(*) FILTER (has_impression AND NOT in_window) AS outside_window,
       count(*) FILTER (NOT has_impression) AS organic
FROM (SELECT kind, bool_or(impression IS NOT NULL) AS has_impression, coalesce(bool_or(in_window), false) AS in_window
      FROM credits WHERE outcome IN ({heads}) GROUP BY interaction_id, kind)
GROUP BY kind ORDER BY kind
"""
