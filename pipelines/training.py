"""The `training` pipeline: features, then per study a training set, two rankers, their blend, its evaluation."""

from kfp import dsl

from components.blend_ensemble import blend_ensemble
from components.build_training_set import build_training_set
from components.evaluate_ensemble import evaluate_ensemble
from components.plan_training import plan_training
from components.report_evaluation import report_evaluation
from components.train_neural import train_neural
from components.train_xgboost import train_xgboost
from pipelines.features import features


@dsl.pipeline(name="metier-training")
def training(as_of: str, inputs_digest: str, surfaces: list) -> str:
    """The gate's verdicts, one line per surface."""
    featured = features(as_of=as_of, inputs_digest=inputs_digest)
    planned = plan_training(as_of=as_of, inputs_digest=inputs_digest, surfaces=surfaces)
    with dsl.ParallelFor(planned.output, name="studies", parallelism=2) as study:
        sets = build_training_set(
            study=study, as_of=as_of, inputs_digest=inputs_digest, features_digest=featured.output
        )
        train, validation = sets.outputs["train"], sets.outputs["validation"]
        xgboost = train_xgboost(train=train, validation=validation)
        neural = train_neural(train=train, validation=validation)
        blend = blend_ensemble(
            xgboost=xgboost.outputs["ranker"], neural=neural.outputs["ranker"], validation=validation
        )
        evaluated = evaluate_ensemble(
            study=study,
            as_of=as_of,
            features_digest=featured.output,
            held_out=sets.outputs["held_out"],
            ensemble=blend.outputs["ensemble"],
        )
    reported = report_evaluation(evaluations=dsl.Collected(evaluated.outputs["evaluation"]))
    return reported.outputs["Output"]  # type: ignore[no-any-return]
