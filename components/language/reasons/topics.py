"""What a model input is about, by its name: the few topics under which reasons are told.

A topic holds the features that say the same thing in several ways, which a client would name in one word; they enter a
score together and leave it together.
"""

import functools
import re
from collections.abc import Sequence
from typing import Literal, get_args

Topic = Literal[
    "typed_skills", "typed_limits", "typed_text", "history", "skills", "pay", "place", "level", "trade", "texts",
    "newness", "client", "record", "asker", "other",
]  # fmt: skip
TOPICS: tuple[Topic, ...] = get_args(Topic)

PATTERNS: dict[Topic, str] = {
    "typed_skills": r"asked_(must_met|near_met|kindred_share|nice_met|unwanted_share)",
    "typed_limits": r"asked_\w+",
    "typed_text": r"request_\w+",
    "history": r"past_\w+",
    "skills": r"skill_\w+|\w+_skill_count",
    "pay": r"rate_\w+|\w+_(hourly_rate|budget)_\w+",
    "place": r"(city|region|country|language)_match|\w+_(country|region)_code",
    "level": r"level_\w+|\w+_experience_level_code",
    "trade": r"category_match|\w+_(category|industry)_code",
    "texts": r"semantic_cosine|lexical_score|headline_score|(person|job)_v\d\d",
    "newness": r"candidate_age_days|application_\w+",
    "client": r"candidate_client_\w+",
    "record": r"candidate_\w+",
    "asker": r"(actor|job)_\w+",
}
"""The first that matches counts. `record` is what was done with the candidate and by it, `asker` what is known of who
asks and of the job that is asked for: the same for all candidates of a request."""


def topics_of(features: Sequence[str]) -> tuple[Topic, ...]:
    """The topic of each feature; `other` of one that follows none of the patterns, such as a feature of your own.

    >>> topics_of(["skill_coverage", "candidate_clicks_7d", "charm"])
    ('skills', 'record', 'other')
    """
    return tuple(_topic(feature) for feature in features)


@functools.cache
def _topic(feature: str) -> Topic:
    return next((topic for topic, pattern in PATTERNS.items() if re.fullmatch(pattern, feature)), "other")
