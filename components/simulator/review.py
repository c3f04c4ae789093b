"""Applicant review: clients go through the open applicants of a job, mostly in order of arrival, and answer some.

Knows nothing of how the applicants got there.
"""

import numpy as np

from components.simulator.asked import Asked
from components.simulator.clicks import Mask
from components.simulator.config import DAY_US
from components.simulator.funnel import ShownPairs, present, settle_answers
from components.simulator.geography import Integers
from components.simulator.jobs import OPEN
from components.simulator.market import Applicant, Market
from components.simulator.policy import EMPTY, LONGEST, ORGANIC, ChosenSlates, policy_names, shuffle
from components.simulator.sessions import SessionBatch, times_of_day
from components.simulator.world_log import Sessions

NEWEST_FIRST_SHARE = 0.12


def review_applicants(market: Market, day: int, eagerness: float) -> None:
    """The day's reviews: who is clicked may be accepted or declined at once; the others stay on the pile."""
    batch = _reviews(market, day, eagerness)
    if batch is None:
        return
    pairs = present(market, batch)
    rng, size = market.rng, len(pairs.suits)
    feeling = pairs.suits + rng.normal(0, 0.35, size)
    accepts = pairs.clicked & (rng.random(size) < 1 / (1 + np.exp(-(1.7 * feeling - 1.4))))
    refuses = np.where(pairs.clicked, 0.35, 0.04) / (1 + np.exp(1.5 * feeling - 0.8))
    declines = pairs.on_screen & ~accepts & (rng.random(size) < refuses)
    answered = accepts | declines
    rows = pairs.pick(
        answered, pairs.at_us[answered] + rng.integers(200_000_000, DAY_US // 6, size=int(answered.sum()))
    )
    _clear(market, pairs, answered)
    settle_answers(market, rows, accepts[answered], "client")


def _reviews(market: Market, day: int, eagerness: float) -> SessionBatch | None:
    """One session a job at most; a job with more and newer applicants is looked at sooner."""
    rng, jobs, clients = market.rng, market.jobs, market.clients
    waiting = [job for job in sorted(market.applicants) if jobs.openings_left[job] and market.applicants[job]]
    waiting = [job for job in waiting if jobs.status[job] == OPEN]
    stamps = rng.permutation(times_of_day(market, day, len(waiting)))
    chosen: list[tuple[int, int, list[Applicant]]] = []
    for job, stamp in zip(waiting, stamps, strict=True):
        pile = [entry for entry in market.applicants[job] if entry.at_us < stamp]
        last = market.reviewed_us.get(job, 0)
        new = sum(1 for entry in pile if entry.at_us > last)
        chance = clients.diligence[jobs.demand.client[job]] * min(0.06 + 0.1 * new + 0.03 * len(pile), 0.85)
        if pile and rng.random() < eagerness * chance:
            market.reviewed_us[job] = int(stamp)
            chosen.append((job, int(stamp), pile))
    if not chosen:
        return None
    sessions = _sessions(market, chosen)
    demand = jobs.demand.take(sessions.job)
    return SessionBatch(sessions, demand, by_query=True, asked=Asked.nothing(len(sessions.actor)))


def _sessions(market: Market, chosen: list[tuple[int, int, list[Applicant]]]) -> Sessions:
    rng, count = market.rng, len(chosen)
    candidates = np.full((count, LONGEST), EMPTY)
    newest = rng.random(count) < NEWEST_FIRST_SHARE
    for query, (_, _, pile) in enumerate(chosen):
        people = [applicant.freelancer for applicant in sorted(pile, key=lambda applicant: applicant.at_us)]
        ordered = people[::-1] if newest[query] else people
        candidates[query, : min(len(people), LONGEST)] = ordered[:LONGEST]
    blank = np.full(candidates.shape, np.nan, np.float32)
    slates = ChosenSlates(
        candidates=candidates, score=blank, placement=np.full(candidates.shape, ORGANIC), propensity=blank.copy()
    )
    for shuffled in np.flatnonzero(rng.random(count) < market.config.randomised_share).tolist():
        shuffle(slates, shuffled, rng)
    job: Integers = np.array([j for j, _, _ in chosen])
    names = policy_names(slates, [f"{'newest' if n else 'arrival'}-1" for n in newest])
    actor, stamps = market.jobs.demand.client[job], np.array([stamp for _, stamp, _ in chosen])
    return Sessions(
        "applicant_review", actor, job, stamps, slates, text=[None] * count, filters=["{}"] * count, policy=names
    )


def _clear(market: Market, pairs: ShownPairs, answered: Mask) -> None:
    """Take the answered off their piles."""
    answered_pairs = set(
        zip(pairs.parties["job"][answered].tolist(), pairs.parties["freelancer"][answered].tolist(), strict=True)
    )
    for job in {job for job, _ in answered_pairs}:
        pile = market.applicants.get(job, [])
        market.applicants[job] = [entry for entry in pile if (job, entry.freelancer) not in answered_pairs]
