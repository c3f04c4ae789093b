"""Step: say which rankers this lake can train and by which protocol each is evaluated."""

from components.step import step


@step()
def plan_training(as_of: str, inputs_digest: str, surfaces: list) -> list:
    """One {surface, protocol} per ranker to train; EmptyDataError when the lake holds no evidence for any."""
    from datetime import datetime

    from components.data.plan import plan
    from metier.lake import Lake
    from metier.settings import load_settings

    studies = plan(Lake(load_settings().lake), datetime.fromisoformat(as_of), surfaces)
    for study in studies:
        print(f"metier: {study.surface}: {study.name}")
    return [study.as_dict() for study in studies]
