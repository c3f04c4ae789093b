"""What two sides did about each other hides a candidate in every tier, each of which is made to answer."""

import pytest

from metier.contract import SURFACES
from serving.events.versions import interaction_event
from serving.http.ranking import ApplicantReview, JobFeed, TalentSearch
from serving.request.ladder import LADDER
from serving.request.trace import RequestTrace
from tests.serving.world import wait_until

REQUESTS = {"talent_search": TalentSearch, "job_feed": JobFeed, "applicant_review": ApplicantReview}
ACTS = {
    "talent_search": ("dismiss", "client"),
    "job_feed": ("dismiss", "freelancer"),
    "applicant_review": ("decline", "client"),
}
"""By surface an act, and whose, that hides a candidate from who acted."""


def slates(engine, world, surface):
    """The slate of every tier, as deep as it goes."""
    request = REQUESTS[surface](**world.body(surface, k=100)).to_request(surface)
    found, _ = engine.slates(request, RequestTrace(60_000))
    assert tuple(found) == LADDER
    return {tier: [entry.candidate_id for entry in slate.entries] for tier, slate in found.items()}


@pytest.mark.parametrize("surface", SURFACES)
def test_whom_an_act_hides_is_shown_in_no_tier(own, engines, surface):
    engine = engines[0]
    before = slates(engine, own, surface)
    hidden, kept = before["ensemble"][:2]
    kind, side = ACTS[surface]
    body = own.body(surface)
    pair = (
        {"freelancer_id": body["actor_id"], "job_id": hidden}
        if surface == "job_feed"
        else {"freelancer_id": hidden, "job_id": body["job_id"], "client_id": body["actor_id"]}
    )
    act = {"interaction_id": f"hides on {surface}", "kind": kind, "side": side, "event_timestamp": None, **pair}
    engine.tell([interaction_event(act, engine.now())])
    wait_until(lambda: hidden not in slates(engine, own, surface)["ensemble"])
    for tier, shown in slates(engine, own, surface).items():
        assert hidden not in shown, tier
        assert kept in shown, tier
