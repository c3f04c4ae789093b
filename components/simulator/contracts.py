"""Contracts: their beginning, pay, end and the ratings of both sides.

Knows nothing of how people found each other.
"""

import numpy as np

from components.simulator.config import DAY_US
from components.simulator.market import Columns, Market, fill_job, in_us, picked
from components.simulator.world_log import NOBODY


def hires(market: Market, day: int) -> None:
    """Contracts that begin on that day; the one that takes the last opening fills the job."""
    rows = market.calendar.due("hire", day)
    if rows is None:
        return
    market.settled.add(rows["freelancer"], market.context(rows["job"], rows["client"]))
    market.log.act("hire", "client", rows, rows["at_us"])
    market.seen_freelancers.hired += np.bincount(rows["freelancer"], minlength=len(market.people))
    market.seen_freelancers.popularity += 4 * np.bincount(rows["freelancer"], minlength=len(market.people))
    np.add.at(market.contracts, rows["freelancer"], 1)
    for job in rows["job"][rows["job"] != NOBODY]:
        market.jobs.unfilled[job] -= 1
        if market.jobs.unfilled[job] == 0:
            fill_job(market, int(job), day)
    _follow(market, rows)


def endings(market: Market, day: int) -> None:
    """Contracts that end on that day: last pay, ratings of both sides, hands free again."""
    due = market.calendar.due("end", day)
    if due is None:
        return
    rng, person, size = market.rng, due["freelancer"], len(due["job"])
    organic = due | {"query": np.full(size, NOBODY)}
    market.log.act("pay", "client", organic, due["at_us"], value_usd=due["value_usd"])
    market.log.act("end", "client", organic, due["at_us"] + 60_000_000)
    praise = 4.3 + 0.3 * market.people.quality[person] + 0.25 * due["client_suits"] + rng.normal(0, 0.4, size)
    stars = np.clip(np.round(2 * praise) / 2, 1, 5)
    market.log.act("rate", "client", organic, due["at_us"] + 3_600_000_000, rating=stars)
    fair = np.clip(
        np.round(2 * (4.3 + 0.4 * market.clients.fairness[due["client"]] + rng.normal(0, 0.4, size))) / 2, 1, 5
    )
    market.log.act("rate", "freelancer", organic, due["at_us"] + 7_200_000_000, rating=fair)
    np.add.at(market.seen_freelancers.rating_sum, person, stars)
    np.add.at(market.seen_freelancers.rated, person, 1)
    np.subtract.at(market.contracts, person, 1)


def _follow(market: Market, rows: Columns) -> None:
    """A first payment after a week, and the end of the contract after some weeks."""
    rng, size = market.rng, len(rows["job"])
    week = (
        market.people.rate_usd[rows["freelancer"]] * market.people.hours[rows["freelancer"]] * rng.uniform(0.3, 1, size)
    )
    lasts = np.maximum(rng.lognormal(np.log(18), 0.7, size), 1.5)
    paid = rows | {"query": np.full(size, NOBODY)}
    long = lasts > 8
    market.log.act("pay", "client", picked(paid, long), rows["at_us"][long] + 7 * DAY_US,
                   value_usd=np.round(week[long], 2))  # fmt: skip
    last = rows | {
        "at_us": rows["at_us"] + in_us(DAY_US * lasts),
        "value_usd": np.round(week * np.maximum(lasts / 7 - long, 0.2), 2),
    }
    market.calendar.add("end", last)
