"""What Feast's import brings into a process of ours: nothing of training."""

import json
import subprocess
import sys

OPENED = """
import json, sys
from pathlib import Path
import serving.engine
from feature_repo.client import FeatureStoreClient
from metier.settings import Settings
FeatureStoreClient(Settings(home=Path(sys.argv[1]))).apply()
training = {"torch", "transformers", "sentence_transformers", "onnx", "kfp", "great_expectations"}
print(json.dumps(sorted(training & set(sys.modules))))
"""
ASKED = """
import json, sys
import feature_repo
from feast.online_response import get_torch
before = "torch" in sys.modules
print(json.dumps([before, get_torch() is sys.modules["torch"]]))
"""
ALONE = """
import json, sys
from feast.torch_wrapper import get_torch
import feast, feature_repo.client
print(json.dumps([get_torch.__module__, get_torch() is sys.modules["torch"]]))
"""


def printed(program, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_a_process_that_serves_and_opens_the_feature_store_has_no_torch(tmp_path):
    assert printed(OPENED, tmp_path) == []


def test_feast_still_finds_torch_when_it_is_asked_for_tensors():
    assert printed(ASKED) == [False, True]


def test_feast_imported_first_is_left_as_it_is():
    assert printed(ALONE) == ["feast.torch_wrapper", True]
