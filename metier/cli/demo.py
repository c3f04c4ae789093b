"""`metier demo`: the main job on the embedded default, from nothing to an evaluation with intervals."""

from metier.cli import data
from metier.cli import pipeline as pipelines
from metier.lake import Lake
from metier.settings import load_settings


def demo() -> None:
    """Simulate a marketplace (once), run the training pipeline on it, print the evaluation.

    Example: METIER_HOME=/tmp/metier metier demo
    """
    settings = load_settings()
    if any(Lake(settings.lake).counts().values()):
        print(f"The lake at {settings.lake} already holds events: training on them.")
    else:
        print("Simulating a marketplace of 1,500 freelancers and 1,000 jobs")
        data.simulate()
    pipelines.run("training")
