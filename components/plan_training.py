"""Step: plan a study for each surface that has data: how it is evaluated, and which champion it is compared with."""

from components.step import step


@step()
def plan_training(as_of: str, inputs_digest: str, surfaces: list) -> list:
    """The studies of this lake; EmptyDataError when the lake holds no evidence for any."""
    from datetime import datetime

    from components.releases import open_registry
    from components.releases.aliases import champions
    from components.training_sets.budget import most_rows
    from components.training_sets.plan import plan
    from metier.lake import Lake
    from metier.settings import load_settings
    from metier.stored import as_plain

    settings = load_settings()
    current = champions(open_registry(settings))
    studies = plan(
        Lake(settings.lake), datetime.fromisoformat(as_of), surfaces, current, most_rows(settings.memory_bytes)
    )
    for study in studies:
        print(f"metier: {study.surface}: {study.name}")
    return [as_plain(study) for study in studies]
