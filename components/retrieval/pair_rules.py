"""Which acts between two sides stand: every rule on pairs.

A block is a dismiss that names no job: by a client of a person, or by a person of a client. It stands for good and
holds both ways. A dismiss with a job hides that pair alone. A decline by the freelancer stands until they apply to the
job or accept it after all, one by the client until the client invites or accepts the person after all. Whom a job was
given to, or who accepted it, is not offered it again; a client's acceptance stands until the client declines. An
application awaits its answer until either side accepts, declines or hires. Of what happened at one moment a decline
comes last.
"""

from components.retrieval.pair_facts import Act, Pairs


def blocked(pairs: Pairs) -> list[str]:
    """Of the acts that name no job: who blocked, or was blocked."""
    return pairs.those(pairs.did(Act.DISMISS, Act.SET_ASIDE))


def declined(pairs: Pairs) -> list[str]:
    """Where the freelancer's decline stands."""
    stands = pairs.when(Act.DECLINE) >= pairs.when(Act.APPLY, Act.ACCEPT)
    return pairs.those(pairs.did(Act.DECLINE) & stands)


def refused(pairs: Pairs) -> list[str]:
    """Where the client's decline stands."""
    stands = pairs.when(Act.REFUSE) >= pairs.when(Act.INVITE, Act.CHOOSE)
    return pairs.those(pairs.did(Act.REFUSE) & stands)


def accepted(jobs: Pairs) -> list[str]:
    """What the freelancer has accepted, or is accepted for."""
    chosen = jobs.when(Act.CHOOSE) > jobs.when(Act.REFUSE)
    return jobs.those(jobs.did(Act.ACCEPT) | chosen)


def awaiting(of_job: Pairs) -> list[str]:
    """Whose application neither side has answered."""
    answered = of_job.when(Act.ACCEPT, Act.CHOOSE, Act.DECLINE, Act.REFUSE, Act.HIRE)
    return of_job.those(of_job.when(Act.APPLY) > answered)
