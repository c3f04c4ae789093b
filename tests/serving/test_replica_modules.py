"""What a replica has in memory: an engine that answers, pushes and follows changes, and nothing that only builds."""

import json
import pickle
import subprocess
import sys

HEAVY = (
    *("feast", "sqlalchemy", "mlflow", "alembic", "torch", "transformers", "sentence_transformers", "onnx", "kfp"),
    *("great_expectations", "dask", "matplotlib", "components.training_sets.build", "feature_repo.client"),
    *("xgboost", "sklearn", "duckdb", "redis", "httpx", "scipy.optimize"),
)
SERVED = """
import json, pickle, sys
from pathlib import Path
from metier.settings import Settings
from serving.clock import OffsetClock
from serving.engine import Engine
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace

home, requests, acts, moment, heavy = pickle.loads(bytes.fromhex(sys.argv[1]))
settings, pins = home
engine = Engine(settings, pins, OffsetClock.starting_at(moment))
degraded = []
for surface, told in requests.items():
    trace = RequestTrace(600_000)
    asked = {"job_id": told.get("job_id"), "text": "java developer in Berlin", "explain": 3}
    request = RankingRequest(surface, told["actor_id"], **asked)
    slate, _ = engine.rank(request, trace)
    degraded += [*trace.degraded, *([] if slate.entries and slate.entries[0].reasons else ["nothing is explained"])]
engine.pushes.interactions(acts)
models = len({id(stages.bundle.encoder._model) for stages in engine.stages.values()})
names = len({id(stages.bundle.reader._taxonomy) for stages in engine.stages.values()})
engine.close()
print(json.dumps([degraded, [name for name in heavy if name in sys.modules], models, names]))
"""


def test_a_served_replica_has_nothing_that_only_builds_and_one_encoder_for_all_bundles(world, tmp_path):
    own = world.copy(tmp_path / "home")
    own.engine().close()  # the bundles are fetched, as `metier serve` does before a replica starts
    requests = {surface: own.body(surface) for surface in own.pins}
    act = {
        "interaction_id": "i", "kind": "click", "side": "freelancer", "freelancer_id": own.feed_actor,
        "job_id": own.open_jobs[0], "client_id": None, "event_timestamp": own.as_of, "recorded_at": own.as_of,
    }  # fmt: skip
    told = pickle.dumps(((own.settings, own.pins), requests, [act], own.as_of, HEAVY)).hex()
    done = subprocess.run([sys.executable, "-c", SERVED, told], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    degraded, heavy, models, names = json.loads(done.stdout.splitlines()[-1])
    assert (degraded, heavy, models, names) == ([], [], 1, 1)
