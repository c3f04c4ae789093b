"""What is typed: off profile as often as is like a person, with limits, and judged by what it asks for."""

from dataclasses import replace

import numpy as np
import pytest

from components.simulator import SimulatorConfig
from components.simulator.asked import Asked, breaking_jobs, breaking_people
from components.simulator.config import DAY_US
from components.simulator.geography import geography
from components.simulator.jobs import HIGHEST_PAY
from components.simulator.market import Market
from components.simulator.people import MISSING
from components.simulator.relevance import as_asked, graded
from components.simulator.searches import feed_texts, talent_texts
from components.simulator.sessions import feed_sessions
from components.simulator.taxonomy import full_taxonomy
from components.simulator.world import create_market
from components.simulator.world_log import NOBODY
from metier.contract import LEVELS

PEOPLE, JOBS = 200, 80


@pytest.fixture(scope="module")
def market() -> Market:
    return create_market(SimulatorConfig(freelancers=PEOPLE, jobs=JOBS, impressions=1_000, days=30))


def one_query(**limits: int | float) -> Asked:
    asked = Asked.nothing(1)
    for name, value in limits.items():
        getattr(asked, name)[0] = value
    return asked


def test_the_curious_look_for_other_trades_and_the_others_for_their_own(market):
    people = replace(market.people, curiosity=np.repeat([0.0, 1.0], PEOPLE // 2).astype(np.float32))
    actors = np.tile(np.arange(PEOPLE), 20)
    texts, asked = feed_texts(replace(market, people=people), actors)
    typed = asked.typed
    assert [text is not None for text in texts] == typed.tolist()
    assert 0.1 < typed.mean() < 0.2
    curious = actors[typed] >= PEOPLE // 2
    assert (asked.off_profile[typed] == curious).all()
    assert (asked.category[typed] != people.category[actors[typed]])[curious].all()
    assert not asked.off_profile[~typed].any()
    held = people.depth[actors[typed][:, None], asked.skills.at[typed]] > 0
    assert held[~curious & (asked.skills.weight[typed].min(axis=1) > 0)].all()


def test_limits_are_in_the_text_by_name_or_number(market):
    texts, asked = feed_texts(market, np.tile(np.arange(PEOPLE), 20))
    for query in np.flatnonzero(~np.isnan(asked.pay_usd)):
        assert f"{asked.pay_usd[query]:.0f}" in texts[query]
    germany = geography().countries.index("Germany")
    named = [texts[query] for query in np.flatnonzero(asked.country == germany)]
    assert sum("germany" in text for text in named) > len(named) / 2  # the others have a slip
    seniors = [texts[query] for query in np.flatnonzero(asked.level == LEVELS.index("expert"))]
    assert sum(any(word in text for word in ("senior", "expert", "experienced")) for text in seniors) > len(seniors) / 2


def test_a_search_for_a_job_may_say_more_than_its_post_and_keeps_its_demand(market):
    job = np.tile(np.array([NOBODY, 3]), 400)
    demand = market.jobs.demand.take(np.maximum(job, 0))
    actor = np.where(job == NOBODY, 5, demand.client)
    texts, asked = talent_texts(market, actor, job, demand)
    with_job = job != NOBODY
    assert all(texts[query] for query in np.flatnonzero(~with_job))
    assert 0.05 < asked.typed[with_job].mean() < 0.3
    assert (demand.needs.at[with_job] == market.jobs.demand.needs.at[3]).all()
    assert not asked.off_profile[with_job].any()
    usual = np.isin(asked.category, market.clients.categories[5])
    assert (asked.off_profile & usual)[~with_job].sum() < asked.off_profile.sum()


def test_people_break_limits_by_what_they_list_and_by_what_is_so_where_they_list_nothing(market):
    people = replace(
        market.people, listed_rate=market.people.listed_rate.copy(), rate_usd=market.people.rate_usd.copy()
    )
    people.listed_rate[:3], people.rate_usd[:3] = [39, np.nan, 41], [80, 80, 10]
    query, person = np.zeros(3, int), np.arange(3)
    assert breaking_people(one_query(pay_usd=40), query, people, person).tolist() == [False, True, True]
    assert not breaking_people(one_query(), query, people, person).any()
    everyone = np.arange(PEOPLE)
    for level in range(3):
        broken = breaking_people(one_query(level=level), np.zeros(PEOPLE, int), people, everyone)
        listed = people.listed_level != MISSING
        assert (broken[listed] == (people.listed_level[listed] != level)).all()
    claimed = int(np.flatnonzero(people.claimed[0])[0])
    assert breaking_people(one_query(without=claimed), query[:1], people, person[:1]).all()


def test_jobs_break_limits_of_place_pay_language_and_skills(market):
    demand, every, query = market.jobs.demand, np.arange(JOBS), np.zeros(JOBS, int)
    country = breaking_jobs(one_query(country=int(demand.country[0])), query, demand, every)
    assert (country == (demand.country != demand.country[0])).all()
    pay = np.where(np.isnan(demand.listed_pay), demand.pay_usd, demand.listed_pay)
    assert (breaking_jobs(one_query(pay_usd=30), query, demand, every) == (HIGHEST_PAY * pay < 30)).all()
    language = int(demand.language[0])
    spoken = breaking_jobs(one_query(language=language), query, demand, every)
    assert (spoken == (demand.language != language)).all()
    listed = int(demand.listed.of(0)[0])
    unwanted = breaking_jobs(one_query(without=listed), query, demand, every)
    assert unwanted[0]
    assert unwanted.sum() == sum(listed in demand.listed.of(job) for job in every)


def test_another_trade_is_judged_by_the_wish_and_what_breaks_a_limit_is_worth_nothing():
    # the freelancer's skills add 1 to both; a full cover adds .85 * (1 - .5) / .3 = 1.417, none takes as much
    suits, skill, covered = np.full(2, 1.5, np.float32), np.ones(2, np.float32), np.array([1, 0], np.float32)
    assert as_asked(suits, skill, covered, np.ones(2, np.float32)) == pytest.approx(
        [0.5 + 1.417, 0.5 - 1.417], abs=1e-3
    )
    assert as_asked(suits, skill, covered, np.zeros(2, np.float32)).tolist() == [1.5, 1.5]
    assert graded(suits, np.array([False, True])).tolist() == [pytest.approx(3.564, abs=1e-3), 0]


def test_slates_of_other_trades_hold_jobs_of_both(market):
    day = 20
    people = replace(market.people, curiosity=np.ones(PEOPLE, np.float32))
    (batch,) = feed_sessions(replace(market, people=people), day, 400)
    off = np.flatnonzero(batch.asked.off_profile)
    taxonomy = full_taxonomy()
    category = np.array(taxonomy.cluster_category)[market.jobs.cluster]
    shown = batch.sessions.slates.candidates[off]
    asked = category[shown] == batch.asked.category[off, None]
    own = category[shown] == people.category[batch.sessions.actor[off], None]
    assert (asked & (shown != -1)).sum() > 0.05 * (shown != -1).sum()
    assert (own & (shown != -1)).sum() > 0.05 * (shown != -1).sum()
    assert batch.sessions.at_us.min() >= market.day_start(day)
    assert batch.sessions.at_us.max() < market.day_start(day) + DAY_US
