"""What the assistant says: sentences made of counts, limits and values that candidates show, these with their spans.

Knows no planner and no engine.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.language.answers.told import Citation
from components.language.assistant.arguments import MOST_SHOWN, listed
from components.language.assistant.conversation import Conversation
from components.language.assistant.planning.moves import Doing
from components.language.assistant.results import (
    Candidate,
    Comparison,
    JobPost,
    Rates,
    Said,
    SearchResult,
    Told,
    Wanted,
)
from components.language.names.countries import country_name

COMPARED = (
    "title", "skills", "hourly_rate_usd", "budget_kind", "budget_min_usd", "budget_max_usd", "experience_level",
    "country", "languages", "hours_per_week", "company",
)  # fmt: skip
CALLED = {
    "country": "the country", "not_countries": "the countries left out", "language": "the language",
    "rate_min_usd": "the lowest rate", "rate_max_usd": "the highest rate", "budget_min_usd": "the lowest budget",
    "budget_max_usd": "the highest budget", "budget_kind": "the kind of budget", "hours_min": "the hours a week",
    "available": "being available now", "agencies": "agencies", "posted_since": "the date of the post",
    "level": "the level", "not_levels": "the levels left out", "not_skills": "the skills left out",
    "skills": "the skills", "skills_all": "the skills", "not_industries": "the industries left out",
    "category": "the category",
}  # fmt: skip
HELP = (
    "I search people and jobs, apply and relax limits, compare candidates, tell what they show, what the market pays, "
    "and draft job posts."
)
UNCHANGED = "Nothing of that changes the search, which stands: no limit that holds is named, and none that I can read."
NOTHING_BEFORE = "There is no search before this one to go back to."
UNCLEAR = "I did not understand that."
DECLINED = "I only search, compare and draft: I do not contact, hire, pay or post for anybody. That is yours to do."


def unclear(note: str, conversation: Conversation) -> Iterator[Said]:
    """That nothing was done, why if it is known, and what may be said next."""
    yield Said(text=note or UNCLEAR)
    if conversation.search is None:
        yield Said(text="Say what you look for, such as: a React developer in Poland under $40 an hour.")
    else:
        yield Said(text="The search stands as it was; for another one say “find” and what you look for.")


def led_in(doing: Doing, conversation: Conversation, result: SearchResult) -> Iterator[Said]:
    """That a search was gone back to, or that no more are shown."""
    if doing == "undo":
        what = f"for “{result.search.text}”" if result.search.text else "before"
        yield Said(text=f"Back to the search {what}.")
    if doing == "more" and result.search.k == MOST_SHOWN and len(conversation.shortlist) >= MOST_SHOWN:
        yield Said(text=f"I show {MOST_SHOWN} at most; narrow the search to see others.")


def limits_in_words(limits: Mapping[str, Any]) -> str:
    """Limits as a person reads them: the highest rate 40, the country India or Ukraine."""
    return ", ".join(f"{CALLED.get(name, name)} {_value(name, value)}" for name, value in limits.items())


def found(result: SearchResult, given_up: Sequence[str]) -> Iterator[Said]:
    """How many fit, under which limits, what was given up for it, and what the first show of what is wanted."""
    noun = "job" if result.search.surface == "job_feed" else "person"
    if given_up:
        yield Said(text=f"Nobody is known to fit all of it, so I gave up {', then '.join(given_up)}.")
    plural = {"job": "jobs", "person": "people"}[noun] if result.fitting != 1 else noun
    limits = f" within {limits_in_words(result.limits)}" if result.limits else ", as no limit holds"
    fits = f"{result.fitting} {plural} {'fits' if result.fitting == 1 else 'fit'}{limits}"
    yield Said(text=f"{fits}{_listing(result)}.")
    if result.search.text and not result.limits and result.wanted == Wanted():
        yield Said(text="I know no skill and no limit in that: they are the nearest to its words.")
    if result.candidates:
        yield from _lacking(result)
        for candidate in result.candidates[:3]:
            yield from candidate.meets[:2]
    elif not result.fitting:
        yield Said(text="No limit alone is to blame; say which I should give up, or search for something else.")
    few = [
        f"{count} without {CALLED.get(name, name)}" for name, count in result.without.items() if count > result.fitting
    ]
    if few and result.fitting:
        yield Said(text=f"More would fit: {', '.join(few[:3])}.")


def _listing(result: SearchResult) -> str:
    """How many of those who fit list the skills that order them."""
    if result.listing is None or not result.fitting:
        return ""
    skills = " and ".join(result.wanted.must)
    if not result.listing:
        return f"; none of them lists {skills}: those shown are the nearest"
    return f"; {result.listing} of them {'lists' if result.listing == 1 else 'list'} {skills}"


def _lacking(result: SearchResult) -> Iterator[Said]:
    shows = any(
        cited.field == "skills" for each in result.candidates for said in each.meets for cited in said.citations
    )
    if result.listing and not shows:
        yield Said(text=f"None of those shown lists {' or '.join(result.wanted.must)}: they are the nearest.")


def compared(result: Comparison) -> Iterator[Said]:
    """Field by field what each shows, and who may not be shown."""
    for name in COMPARED:
        cited = [(each, _cited(each, name)) for each in result.candidates if name in each.shown]
        if cited:
            values = "; ".join(f"{each.candidate_id}: {citation.quote}" for each, citation in cited)
            yield Said(text=f"{name.replace('_', ' ')} – {values}.", citations=[citation for _, citation in cited])
    if result.not_shown:
        yield Said(text=f"Not known, or not for you to see: {', '.join(result.not_shown)}.")


def answered(told: Told) -> Iterator[Said]:
    """The answer, or why there is none."""
    if told.sentences:
        yield from told.sentences
    else:
        yield Said(text=f"I cannot tell: {told.reason or 'nobody shows it'}.")


def rates(result: Rates) -> Iterator[Said]:
    """Quartiles, and of how many."""
    who, do = ("Jobs", "pay") if result.surface == "job_feed" else ("People", "charge")
    skills = f" with {' and '.join(result.skills)}" if result.skills else ""
    place = f" in {country_name(result.country)}" if result.country else ""
    level = f" of the level {result.level}" if result.level else ""
    if result.median is None:
        yield Said(text=f"Too few {who.lower()}{skills}{place}{level} say what they {do}: {result.known}.")
        return
    yield Said(
        text=f"{who}{skills}{place}{level} {do} {result.median:g} USD an hour in the middle, half of them between "
        f"{result.low:g} and {result.high:g}; {result.known} say what they {do}."
    )


def draft(post: JobPost) -> Iterator[Said]:
    """That nothing was posted, and what the draft lacks."""
    yield Said(text=f"A draft, “{post.title}”; nothing is posted.")
    yield Said(text=post.description)
    if post.missing:
        yield Said(text=f"It does not say yet: {', '.join(post.missing)}.")


def explained(candidates: Sequence[Candidate]) -> Iterator[Said]:
    """What candidates meet of the search, and what moved their scores."""
    for candidate in candidates:
        yield from candidate.meets
        if candidate.reasons:
            yield Said(text=f"{candidate.candidate_id}, by the ranker: {'; '.join(candidate.reasons)}.")
        elif not candidate.meets:
            yield Said(text=f"{candidate.candidate_id} is near the words of the search; no more is known.")


def account(conversation: Conversation) -> Iterator[Said]:
    """What the last search was, and what was changed in it."""
    search = conversation.search
    if search is None:
        yield Said(text="Nothing was searched for yet.")
        return
    what = f"“{search.text}”" if search.text else "what fits the profile" if search.surface == "job_feed" else "the job"
    limits = limits_in_words(conversation.limits)
    yield Said(text=f"I searched for {what}{f' within {limits}' if limits else ', without limits'}.")
    for line in conversation.done:
        yield Said(text=f"{line[:1].upper()}{line[1:]}.")
    if not conversation.done:
        yield Said(text="I changed nothing of it.")


def _cited(candidate: Candidate, name: str) -> Citation:
    text = candidate.shown[name]
    return Citation(candidate.candidate_id, name, 0, len(text), text)


def _value(name: str, value: Any) -> str:
    values = [str(each) for each in listed(value)]
    if name in ("country", "not_countries"):
        values = [country_name(each) if len(each) == 2 else each for each in values]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "posted_since":
        return f"from {str(value)[:10]} on"
    if isinstance(value, float):
        return f"{value:g}"
    return " or ".join(values[:6]) + (" ..." if len(values) > 6 else "")
