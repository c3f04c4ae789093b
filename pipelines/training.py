"""The `training` pipeline: features; per study a training set, rankers, blend and evaluation; then the bundles."""

from kfp import dsl

from components.blend_ensemble import blend_ensemble
from components.build_candidate_index import build_candidate_index
from components.build_training_set import build_training_set
from components.evaluate_ensemble import evaluate_ensemble
from components.plan_training import plan_training
from components.register_ensemble import register_ensemble
from components.report_evaluation import report_evaluation
from components.train_ranker import train_ranker
from metier.contract import SURFACES
from pipelines.features import prepare_features

EVERY_SURFACE = list(SURFACES)
OURS = [{"name": name, "source": name, "version": ""} for name in ("xgboost", "neural")]
"""Fields of a RankerChoice each."""


@dsl.pipeline(name="metier-training")
def training(as_of: str, inputs_digest: str, surfaces: list = EVERY_SURFACE, rankers: list = OURS) -> str:
    """The gate's verdicts, one line per surface.

    Args:
        as_of: Moment that everything is looked at from, ISO 8601 with its zone.
        inputs_digest: What the lake, its language, its skills and the code are at that moment; steps that are given
            the same are answered from their cache.
        surfaces: Surfaces to train for; those without data are passed over.
        rankers: Name, source and version of each ranker to train, as `metier pipeline run` has them from --ranker.
    """
    featured = prepare_features(as_of=as_of, inputs_digest=inputs_digest)
    featured.set_caching_options(False)
    planned = plan_training(as_of=as_of, inputs_digest=inputs_digest, surfaces=surfaces)
    planned.set_caching_options(False)
    with dsl.ParallelFor(planned.output, name="studies", parallelism=2) as study:
        sets = build_training_set(
            study=study, as_of=as_of, inputs_digest=inputs_digest, features_digest=featured.output
        )
        train, validation = sets.outputs["train"], sets.outputs["validation"]
        with dsl.ParallelFor(rankers, name="rankers") as choice:
            trained = train_ranker(choice=choice, train=train, validation=validation)
        blend = blend_ensemble(choices=rankers, rankers=dsl.Collected(trained.outputs["ranker"]), validation=validation)
        evaluated = evaluate_ensemble(
            study=study,
            as_of=as_of,
            features_digest=featured.output,
            choices=rankers,
            held_out=sets.outputs["held_out"],
            ensemble=blend.outputs["ensemble"],
        )
    reported = report_evaluation(evaluations=dsl.Collected(evaluated.outputs["evaluation"]))
    reported.set_caching_options(False)  # what earlier looks have spent is in the registry, and no input
    registered = register_ensemble(
        evaluations=dsl.Collected(evaluated.outputs["evaluation"]),
        ensembles=dsl.Collected(blend.outputs["ensemble"]),
        choices=rankers,
        as_of=as_of,
        inputs_digest=inputs_digest,
        verdicts=reported.outputs["Output"],
    )
    registered.set_caching_options(False)
    indexed = build_candidate_index(as_of=as_of, after=registered.output)
    indexed.set_caching_options(False)
    return reported.outputs["Output"]  # type: ignore[no-any-return]
