"""Sentences put to the deterministic planner, read by the shipped taxonomy; what a conversation holds is in view."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

from components.language.assistant.arguments import PeopleSearch
from components.language.assistant.conversation import Conversation
from components.language.assistant.planning.calls import calls_of
from components.language.assistant.planning.planner import DeterministicPlanner
from components.language.assistant.results import Candidate
from components.language.taxonomy import shipped_taxonomy
from components.language.understanding import Grammar, plan_filters, shipped_exchange

NOW = datetime(2026, 3, 1, tzinfo=UTC)
GRAMMAR = Grammar(shipped_taxonomy())


class Reads:
    """By the shipped taxonomy; people are called fr_..., jobs jb_..."""

    def read(self, text, surface):
        plan, taxonomy = GRAMMAR.plan(text, surface), shipped_taxonomy()
        needs = {"must": plan.must, "nice": plan.nice, "not": plan.not_}
        skills = [(skill, taxonomy.label(skill), need) for need, each in needs.items() for skill in each]
        filters = plan_filters(plan, surface, taxonomy, shipped_exchange(), NOW)
        return SimpleNamespace(plan=plan, filters=filters, skills=skills)

    def surface_of(self, name):
        return {"fr": "talent_search", "jb": "job_feed"}.get(name.split("_")[0])


READER = Reads()


def candidate(name, rate):
    return Candidate(candidate_id=name, rank=1, score=0.5, shown={"hourly_rate_usd": str(rate)})


NEW = Conversation("c" * 32, "", "talent_search", NOW)
STANDING = replace(
    NEW,
    actor_id="cl_1",
    search=PeopleSearch(text="react developer in India under $40/h"),
    limits={"country": ["IN"], "rate_max_usd": 40.0, "agencies": False},
    shortlist=(candidate("fr_1", 20), candidate("fr_2", 30), candidate("fr_3", 40)),
)


def planned(said, conversation=STANDING):
    move = DeterministicPlanner(READER).move(said, conversation, 1.0)
    return move, calls_of(move, said, conversation, READER)


def changed(said, **limits):
    """(filters applied, limits relaxed) by a sentence where these limits hold."""
    _, call = planned(said, replace(STANDING, limits=limits))
    return call and (call.arguments.applied, set(call.arguments.relax))
