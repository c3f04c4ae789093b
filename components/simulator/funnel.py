"""From slates to contracts: clicks, moves, answers, hires and what follows, with delays and capacity on both sides.

People answer less as pending invites and running contracts grow; a job takes its openings and ignores whoever is late.
Decides by latent suitability; never told which policy showed whom.
"""

from dataclasses import dataclass

import numpy as np

from components.simulator.asked import breaking_jobs, breaking_people
from components.simulator.clicks import CLICK_MODELS, Mask
from components.simulator.config import DAY_US, HOUR_US
from components.simulator.geography import Integers
from components.simulator.jobs import OPEN
from components.simulator.market import Applicant, Columns, Market, in_us, picked
from components.simulator.relevance import REFUSED, Suitability, as_asked, combined, graded, observable, suitability
from components.simulator.sessions import SessionBatch
from components.simulator.taxonomy import Floats
from components.simulator.world_log import NOBODY
from metier.contract import SURFACES

PATIENCE = {"talent_search": 0.4, "job_feed": 0.4, "applicant_review": 0.85}
ATTRACTION = {"talent_search": (1.25, -1.0), "job_feed": (1.25, -0.6), "applicant_review": (1.3, -0.7)}
"""(slope, intercept) of the logit of being attractive at first glance."""
HIRE_MEDIAN_DAYS, HIRE_SIGMA = 5.0, 1.1
INVITE_EXPIRES_DAYS = 10
SLOWEST_CLICK_US = 180_000_000
TRACKED_ORGANIC_CLICKS = 0.25
PENDING_COST, CONTRACT_COST = 0.35, 0.3
"""An answer's log-probability falls by these for each pending invite and each running contract."""


@dataclass(frozen=True)
class ShownPairs:
    """Shown candidates as flat pairs. `parties` as in WorldLog.act; suits: the true match of the surface."""

    parties: Columns
    at_us: Integers
    match: Suitability
    suits: Floats
    clicked: Mask
    on_screen: Mask

    def pick(self, rows: Mask, at_us: Integers) -> Columns:
        """The rows as something to put on the calendar at `at_us`."""
        chosen = picked(self.parties, rows)
        return chosen | {"client_suits": self.match.client[rows], "freelancer_suits": self.match.freelancer[rows],
                         "at_us": at_us}  # fmt: skip


@dataclass(frozen=True)
class JudgedByText:
    """What the text of a query says to its candidates, pair by pair: see relevance.as_asked and .graded."""

    stands_in: Floats
    covered: Floats
    broken: Mask


def present(market: Market, batch: SessionBatch, logged: bool = True) -> ShownPairs:
    """Show slates, let actors look and click, and log all of it; organic visits (not logged) have no query."""
    sessions, rng = batch.sessions, market.rng
    person, row, query = batch.pairs()
    client_asks = sessions.surface != "job_feed"
    match = suitability(market.people, person, batch.demand, row)
    asked = _judged_by_text(market, batch, (person, row, query))
    suits = combined(match, client_asks)
    if not client_asks:
        suits = as_asked(suits, match.skill, asked.covered, asked.stands_in)
    suits, first = (np.where(asked.broken, np.minimum(felt, REFUSED), felt) for felt in (suits, match.glance))
    slope, intercept = ATTRACTION[sessions.surface]
    glance = (first if client_asks else suits) + rng.normal(0, 0.5, len(person)).astype(np.float32)
    attraction = np.zeros(sessions.filled.shape, np.float32)
    attraction[sessions.filled] = 1 / (1 + np.exp(-(slope * glance + intercept)))
    clicks = CLICK_MODELS[market.config.click_model](attraction, sessions.filled, PATIENCE[sessions.surface], rng)
    job = sessions.job[query] if client_asks else row
    parties = {
        "freelancer": person,
        "job": job,
        "client": batch.demand.client[row],
        "query": np.full(len(person), NOBODY),
    }
    if logged:
        truth = graded(suits, asked.broken)
        parties["query"] = market.log.show(sessions, clicks.on_screen, truth, batch.asked)[query]
        _judge(market, batch, parties | {"row": row, "truth": truth}, asked)
        _count_impressions(market, sessions.surface, person, job)
    filled = sessions.filled
    pairs = ShownPairs(parties, sessions.at_us[query], match, suits, clicks.clicked[filled], clicks.on_screen[filled])
    _react(market, sessions.surface, pairs, logged)
    return pairs


def seek(market: Market, pairs: ShownPairs, client_asks: bool) -> None:
    """Clicks of retrieving surfaces lead to invites (client) or applications (freelancer), minutes to days later."""
    rng = market.rng
    feeling = pairs.suits + rng.normal(0, 0.4, len(pairs.suits))
    chance = 1 / (1 + np.exp(-(1.5 * feeling - (2.2 if client_asks else 0.1))))
    if not client_asks:
        chance = chance * np.exp(-CONTRACT_COST * market.contracts[pairs.parties["freelancer"]])
    moving = pairs.clicked & (rng.random(len(chance)) < chance)
    delay = HOUR_US * rng.lognormal(np.log(0.7), 1.3, int(moving.sum()))
    when = pairs.at_us[moving] + SLOWEST_CLICK_US + in_us(delay)
    market.calendar.add("invite" if client_asks else "apply", pairs.pick(moving, when))


def applications(market: Market, day: int) -> None:
    """Applications of the day reach jobs that are still open; some clients answer without a review."""
    due = _new_moves(market, "apply", day)
    if due is None:
        return
    market.log.act("apply", "freelancer", due, due["at_us"])
    market.seen_jobs.moved += np.bincount(due["job"], minlength=len(market.jobs))
    market.seen_jobs.popularity += 2 * np.bincount(due["job"], minlength=len(market.jobs))
    for job, *applicant in zip(due["job"].tolist(), due["at_us"].tolist(), due["freelancer"].tolist(), strict=True):
        market.applicants.setdefault(job, []).append(Applicant(*applicant))
    direct = market.rng.random(len(due["job"])) < 0.08
    rows = picked(due, direct)
    rows["at_us"] = rows["at_us"] + in_us(DAY_US * market.rng.lognormal(0.5, 0.6, int(direct.sum())))
    market.calendar.add("direct", rows)


def invites(market: Market, day: int) -> None:
    """Invites of the day; whether and how people will answer depends on what already waits for them."""
    due = _new_moves(market, "invite", day)
    if due is None:
        return
    rng, person = market.rng, due["freelancer"]
    market.log.act("invite", "client", due, due["at_us"])
    market.seen_freelancers.moved += np.bincount(person, minlength=len(market.people))
    market.seen_freelancers.popularity += 2 * np.bincount(person, minlength=len(market.people))
    pending = market.pending(market.day_start(day))[person] + _earlier_today(person)
    free = np.exp(-PENDING_COST * pending - CONTRACT_COST * market.contracts[person])
    answers = rng.random(len(person)) < np.minimum(1.25 * market.people.responsiveness[person], 0.97) * free
    delay = in_us(HOUR_US * rng.lognormal(np.log(14), 1.0, len(person)))
    until = due["at_us"] + np.where(
        answers, np.minimum(delay, INVITE_EXPIRES_DAYS * DAY_US), INVITE_EXPIRES_DAYS * DAY_US
    )
    market.invites = {"freelancer": np.concatenate([market.invites["freelancer"], person]),
                      "until_us": np.concatenate([market.invites["until_us"], until])}  # fmt: skip
    answered = picked(due, answers) | {"at_us": until[answers]}
    market.calendar.add("answer", answered)


def answers(market: Market, day: int) -> None:
    """Freelancers accept or decline the invites that they answer on that day."""
    due = market.calendar.due("answer", day)
    if due is None:
        return
    feeling = due["freelancer_suits"] + market.rng.normal(0, 0.5, len(due["job"]))
    settle_answers(
        market, due, market.rng.random(len(feeling)) < 1 / (1 + np.exp(-(1.4 * feeling - 0.2))), "freelancer"
    )


def direct_answers(market: Market, day: int) -> None:
    """Clients who answer an application from their inbox: no query is behind it."""
    due = market.calendar.due("direct", day)
    if due is None:
        return
    waiting = [_take_applicant(market, int(j), int(f)) for j, f in zip(due["job"], due["freelancer"], strict=True)]
    due = picked(due, np.array(waiting, bool))
    due["query"] = np.full(len(due["job"]), NOBODY)
    feeling = due["client_suits"] + market.rng.normal(0, 0.4, len(due["job"]))
    settle_answers(market, due, market.rng.random(len(feeling)) < 1 / (1 + np.exp(-(1.6 * feeling - 1.3))), "client")


def settle_answers(market: Market, due: Columns, accepted: Mask, side: str) -> None:
    """Log accepts and declines by `side`; an accept may become a hire, days to weeks later."""
    rng = market.rng
    for kind, chosen in (("accept", accepted), ("decline", ~accepted)):
        market.log.act(kind, side, picked(due, chosen), due["at_us"][chosen])
    yes = picked(due, accepted)
    market.seen_freelancers.accepted += np.bincount(yes["freelancer"], minlength=len(market.people))
    joint = 0.6 * yes["client_suits"] + 0.4 * yes["freelancer_suits"] + rng.normal(0, 0.3, len(yes["job"]))
    willing = rng.random(len(joint)) < 0.85 / (1 + np.exp(-(1.5 * joint - 0.9)))
    hired = willing & np.array([w and _promise(market, int(j)) for w, j in zip(willing, yes["job"], strict=True)], bool)
    delay = DAY_US * HIRE_MEDIAN_DAYS * rng.lognormal(0, HIRE_SIGMA, int(hired.sum()))
    rows = picked(yes, hired)
    market.calendar.add("hire", rows | {"at_us": rows["at_us"] + in_us(delay)})


def _react(market: Market, surface: str, pairs: ShownPairs, logged: bool) -> None:
    """Log clicks with dwell, saves and dismissals; of organic visits only some clicks are tracked."""
    rng, side = market.rng, "freelancer" if surface == "job_feed" else "client"
    size, like = len(pairs.suits), np.clip(pairs.suits, -2, 3)
    at = pairs.at_us + rng.integers(2_000_000, SLOWEST_CLICK_US - 10_000_000, size=size)
    tracked = pairs.clicked & (rng.random(size) < (1.0 if logged else TRACKED_ORGANIC_CLICKS))
    chosen = picked(pairs.parties, tracked)
    dwell = np.round(rng.lognormal(2.8 + 0.35 * like[tracked], 0.7), 1)
    market.log.act("click", side, chosen, at[tracked], dwell_seconds=dwell)
    history, key = (market.seen_jobs, "job") if side == "freelancer" else (market.seen_freelancers, "freelancer")
    history.popularity += np.bincount(chosen[key], minlength=len(history.clicked))
    if surface == "applicant_review" or not logged:
        return
    history.clicked += np.bincount(chosen[key], minlength=len(history.clicked))
    saved = pairs.clicked & (rng.random(size) < 0.08 + 0.05 * like)
    dismissed = pairs.on_screen & ~pairs.clicked & (rng.random(size) < 0.008 * np.exp(-0.6 * like))
    for kind, rows in (("save", saved), ("dismiss", dismissed)):
        market.log.act(kind, side, picked(pairs.parties, rows), at[rows] + 5_000_000)
    dismissed_pairs = picked(pairs.parties, dismissed)
    market.settled.add(dismissed_pairs["freelancer"], market.context(dismissed_pairs["job"], dismissed_pairs["client"]))


def _judge(market: Market, batch: SessionBatch, columns: Columns, asked: JudgedByText) -> None:
    """Keep for the summary what could have been known of the pairs of judged queries."""
    sessions, some = batch.sessions, market.log.judged(columns["query"])
    rank = np.nonzero(sessions.filled)[1] + 1
    pairs = picked(columns, some)
    rates = _job_rates(market, pairs["job"])
    observed = observable(
        market.people, pairs["freelancer"], batch.demand, pairs["row"],
        freelancer=market.seen_freelancers, job_rates=rates,
        asked=[column[some] for column in (asked.stands_in, asked.stands_in * asked.covered, asked.broken)],
    )  # fmt: skip
    market.log.observed.append({
        "query": pairs["query"], "surface": np.full(len(some), SURFACES.index(sessions.surface), np.int8),
        "rank": rank[some], "truth": pairs["truth"], "observed": observed.astype(np.float16),
    })  # fmt: skip


def _judged_by_text(market: Market, batch: SessionBatch, pairs: tuple[Integers, Integers, Integers]) -> JudgedByText:
    """What the texts of a batch say to its pairs (person, row, query)."""
    (person, row, query), asked = pairs, batch.asked
    if batch.by_query:
        nothing = np.zeros(len(query), np.float32)
        return JudgedByText(nothing, nothing, breaking_people(asked, query, market.people, person))
    covered, many = np.zeros(len(query), np.float32), asked.skills.weight.sum(axis=1)[query]
    typed = np.flatnonzero(many)
    covered[typed] = asked.skills.total(query[typed], market.covers, row[typed]) / many[typed]
    return JudgedByText(asked.stands_in[query], covered, breaking_jobs(asked, query, batch.demand, row))


def _job_rates(market: Market, job: Integers) -> Floats:
    clicks, moves, _ = market.seen_jobs.rates(job)
    return np.where(job[:, None] == NOBODY, 0, np.stack([clicks, moves], axis=1)).astype(np.float32)


def _count_impressions(market: Market, surface: str, person: Integers, job: Integers) -> None:
    if surface == "job_feed":
        market.seen_jobs.impressions += np.bincount(job, minlength=len(market.jobs))
    elif surface == "talent_search":
        market.seen_freelancers.impressions += np.bincount(person, minlength=len(market.people))


def _new_moves(market: Market, kind: str, day: int) -> Columns | None:
    """First applications or invites of their pair, to jobs still open (or to no job)."""
    due = market.calendar.due(kind, day)
    if due is None:
        return None
    context = market.context(due["job"], due["client"])
    open_still = (due["job"] == NOBODY) | (market.jobs.status[due["job"]] == OPEN)
    due = picked(due, open_still)
    fresh = market.settled.first(due["freelancer"], context[open_still])
    due = picked(due, fresh)
    market.settled.add(due["freelancer"], context[open_still][fresh])
    return due


def _earlier_today(person: Integers) -> Integers:
    """How often each value occurred before its place."""
    order = np.argsort(person, kind="stable")
    ordered = person[order]
    count = np.zeros(len(person), np.int64)
    count[order] = np.arange(len(person)) - np.searchsorted(ordered, ordered)
    return count


def _take_applicant(market: Market, job: int, person: int) -> bool:
    """Take an application off the pile; False where it lies there no more."""
    pile = market.applicants.get(job, [])
    remaining = [entry for entry in pile if entry.freelancer != person]
    if job in market.applicants:
        market.applicants[job] = remaining
    return len(remaining) < len(pile)


def _promise(market: Market, job: int) -> bool:
    """Promise one opening of `job`; False when all are. A contract without a job needs none."""
    if job == NOBODY:
        return True
    openings = int(market.jobs.openings_left[job])
    market.jobs.openings_left[job] = max(openings - 1, 0)
    return openings > 0
