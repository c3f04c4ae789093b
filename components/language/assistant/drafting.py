"""A job post from what somebody says they need: the words as they are, and the fields that a plan reads from them.

Invents nothing: what was not said is named as missing. Knows no candidate and no engine.
"""

import re

from components.language.assistant.results import JobPost
from components.language.understanding import Exchange, Money, Plan
from metier.contract import BudgetKind

LONGEST_TITLE = 80
_ASKING = re.compile(
    r"^(?:please |ok(?:ay)?,? |now |can you |could you )*"
    r"(?:draft|write|create|make|prepare|compose|formulate) (?:me |us )?"
    r"(?:an? |the )?(?:job )?(?:post(?:ing)?|ad(?:vert)?|listing|description|job)\b(?: for)?[:,]? *(?:an? |the )?",
    re.IGNORECASE,
)
"""The words that ask for a draft."""


def drafted(text: str, plan: Plan, skills: list[str], exchange: Exchange) -> JobPost:
    """The post of `text`, of which `plan` is the plan and `skills` the labels of what it must have."""
    need = described(text)
    low, high, kind = _budget(plan)
    post = JobPost(
        title=_title(plan, skills, need),
        description=need[:1].upper() + need[1:] + ("" if need.endswith((".", "!", "?")) else "."),
        skills=skills,
        country=plan.countries[0] if len(plan.countries) == 1 else None,
        languages=list(plan.languages),
        experience_level=plan.levels[0] if plan.levels else None,
        budget_kind=plan.budget_kind or kind,
        budget_min_usd=None if low is None else exchange.in_usd(low),
        budget_max_usd=None if high is None else exchange.in_usd(high),
    )
    return post.model_copy(update={"missing": _missing(post)})


def described(text: str) -> str:
    """What is needed, without the words that ask for a draft.

    >>> described("Draft a job post for a senior React developer, $40/h")
    'senior React developer, $40/h'
    """
    return _ASKING.sub("", text.strip(), count=1).strip() or text.strip()


def _budget(plan: Plan) -> tuple[Money | None, Money | None, BudgetKind | None]:
    """(lowest, highest, kind) of what the plan says is paid."""
    if plan.rate_min or plan.rate_max:
        return plan.rate_min, plan.rate_max, "hourly"
    if plan.budget_min or plan.budget_max:
        return plan.budget_min, plan.budget_max, "fixed"
    return None, None, None


def _title(plan: Plan, skills: list[str], need: str) -> str:
    """Level and skills where they were read, else how the need begins."""
    if not skills:
        first = need.split(".")[0].split(",")[0]
        return first[:LONGEST_TITLE]
    level = {"expert": "Senior ", "entry": "Junior "}.get(plan.levels[0] if plan.levels else "", "")
    return f"{level}{' and '.join(skills[:2])} freelancer"[:LONGEST_TITLE]


def _missing(post: JobPost) -> list[str]:
    asked = {
        "skills": post.skills,
        "level": post.experience_level,
        "budget": post.budget_min_usd or post.budget_max_usd,
        "what is to be done, in a sentence or two": len(post.description.split()) >= 12,
    }
    return [name for name, value in asked.items() if not value]
