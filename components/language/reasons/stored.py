"""Words of stored features: what a person, a job or a client did, and what each says of itself.

Named as feature_repo.inputs.stored_features names them, without the role that precedes: `clicks_30d`, `openings`.
"""

import re

from components.language.reasons.phrases import (
    Phrase,
    Show,
    category,
    counted,
    dollars,
    either,
    number,
    percent,
    stating,
    times,
    unlogged,
)

ACTS = {
    "person": {
        "impressions": "was shown",
        "clicks": "was opened",
        "invites": "was invited",
        "applies": "applied",
        "accepts": "accepted",
        "declines": "declined an invite",
        "hires": "was hired",
    },
    "job": {
        "impressions": "was shown",
        "clicks": "was opened",
        "applies": "was applied to",
        "invites": "had somebody invited",
        "accepts": "had somebody accepted",
        "hires": "had somebody hired",
    },
    "client": {
        "queries": "searched",
        "clicks": "opened somebody",
        "invites": "invited somebody",
        "hires": "hired somebody",
        "jobs_posted": "posted a job",
    },
}
"""What each kind did, or had done to it, by the count that a window holds."""
RATES = {
    "person": {
        "click_rate": "the showings of {who} led to a click",
        "invite_rate": "the showings of {who} led to an invite",
        "accept_rate": "the invites of {who} were accepted",
        "hire_rate": "the invites and applications of {who} led to a hire",
    },
    "job": {
        "click_rate": "the showings of {who} led to a click",
        "apply_rate": "the showings of {who} led to an application",
    },
    "client": {"answer_rate": "the applications to {who} were answered"},
}
"""Smoothed shares of 30 days."""
MONTH = "in the last 30 days"
STATED: dict[str, dict[str, tuple[str, str, Show]]] = {
    "person": {
        "pending_invites": (
            "the invites that {who} has not answered",
            "{who} has {value} without an answer",
            unlogged(lambda value: counted(value, "invite")),
        ),
        "earnings_30d_usd": (
            f"what {{who}} earned {MONTH}",
            f"{{who}} earned {{value}} {MONTH}",
            unlogged(dollars),
        ),
        "rating_30d": (f"how {{who}} was rated {MONTH}", f"{{who}} was rated {{value}} on average {MONTH}", number),
        "active_days_30d": (
            "on how many of the last 30 days {who} was active",
            "{who} was active on {value} of the last 30 days",
            unlogged(number),
        ),
        "hourly_rate_usd_log": ("the hourly rate of {who}", "{who} asks {value} an hour", unlogged(dollars)),
        "hours_per_week": ("the hours a week of {who}", "{who} works {value} hours a week", number),
        "skill_count": ("how many skills {who} lists", "{who} lists {value}", lambda value: counted(value, "skill")),
    },
    "job": {
        "applicants_open": (
            "who waits for an answer of {who}",
            "{value} for an answer of {who}",
            unlogged(lambda value: "1 applicant waits" if round(value) == 1 else f"{number(value)} applicants wait"),
        ),
        "openings_left": (
            "the openings that {who} has left",
            "{who} has {value} left",
            unlogged(lambda value: counted(value, "opening")),
        ),
        "openings": (
            "the openings that {who} began with",
            "{who} began with {value}",
            lambda value: counted(value, "opening"),
        ),
        "budget_min_usd_log": ("where the budget of {who} begins", "{who} pays {value} at least", unlogged(dollars)),
        "budget_max_usd_log": ("where the budget of {who} ends", "{who} pays {value} at most", unlogged(dollars)),
        "skill_count": ("how many skills {who} asks", "{who} asks for {value}", lambda value: counted(value, "skill")),
    },
    "client": {
        "hire_rate_30d": (
            f"the hires of {{who}} by posted job {MONTH}",
            f"{{who}} made about {{value}} a posted job {MONTH}",
            lambda value: counted(value, "hire"),
        ),
        "spend_30d_usd": (f"what {{who}} paid {MONTH}", f"{{who}} paid {{value}} {MONTH}", unlogged(dollars)),
        "rating_given_30d": (
            f"the ratings that {{who}} gave {MONTH}",
            f"{{who}} gave a rating of {{value}} on average {MONTH}",
            number,
        ),
    },
}
CODES = {
    "category_code": "the category of {who}",
    "industry_code": "the industry of {who}",
    "country_code": "the country of {who}",
    "region_code": "the region of {who}",
    "experience_level_code": "the experience level of {who}",
    "budget_kind_code": "whether {who} pays by the hour or a fixed price",
}
WINDOW = re.compile(r"(?P<measure>\w+)_(?P<days>7|30)d")


def stored_phrase(kind: str, who: str, name: str) -> Phrase | None:
    """The phrase of the feature `name` of `who`, a "person", "job" or "client"; None where there is no such feature."""
    if name in CODES:
        return category(CODES[name].format(who=who))
    if name == "payment_verified":
        verified = f"the payment of {who} is"
        return either(f"whether {verified} verified", f"{verified} verified", f"{verified} not verified")
    if name in STATED[kind]:
        about, statement, show = STATED[kind][name]
        return stating(about.replace("{who}", who), statement.replace("{who}", who), show)
    window = WINDOW.fullmatch(name)
    return None if window is None else _windowed(kind, who, window["measure"], window["days"])


def _windowed(kind: str, who: str, measure: str, days: str) -> Phrase | None:
    span = f"in the last {days} days"
    if measure in RATES[kind]:
        part = f"{RATES[kind][measure].format(who=who)} {span}"
        return stating(f"how many of {part}", f"about {{value}} of {part}", percent)
    if measure not in ACTS[kind]:
        return None
    act = f"{who} {ACTS[kind][measure]}"
    return stating(f"how often {act} {span}", f"{act} {{value}} {span}", unlogged(times))
