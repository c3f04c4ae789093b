"""Language models in trouble: a real small one in a process of its own, and a chat endpoint that misbehaves."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Response

from metier.errors import InputError, ServingError

SERVER = Path(__file__).parents[3] / "infra" / "llm" / "serve.py"
SMALL_MODEL = "SmolLM2-135M-Instruct"
START_SECONDS, STOP_SECONDS = 120.0, 30.0
LOOK_SECONDS = 0.05
LONG_SECONDS = 60.0
"""Beyond every deadline."""
LATE_SECONDS = 0.6
"""Within every deadline: a model that answers so is never left alone for a while."""

SAYS = {
    "no JSON": "Sure! Here are some great candidates for you:",
    "unsupported": '{"sentences": [{"text": "Everybody here is perfect for it.", "statements": [1]}]}',
    "empty": "",
    "late": "I am still thinking about it.",
}
"""What an endpoint says that answers as it should, but for the words: only questions know the second one's schema."""
WAYS = ("slow", *SAYS, "no chat", "HTTP 500")
"""In which `Misbehaving` answers."""


class SmallModel:
    """What `make llm` serves, at `url`; a process that can be stopped and killed."""

    def __init__(self, process: subprocess.Popen, url: str) -> None:
        self._process = process
        self.url = url

    def stop(self) -> None:
        """Answer no more, and keep all connections."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """Be gone: connections are refused."""
        self._process.kill()
        self._process.wait(STOP_SECONDS)


@contextmanager
def small_model(folder: Path) -> Iterator[SmallModel]:
    """The model once it answers; InputError where it is not installed. `folder` gets its log."""
    ready, log = folder / "model.url", folder / "model.log"
    with log.open("w") as output:
        command = (sys.executable, SERVER, "--port", "0", "--ready", ready)
        process = subprocess.Popen(command, stdout=output, stderr=output)
    model = SmallModel(process, "")
    try:
        until = time.monotonic() + START_SECONDS
        while not ready.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        if not ready.exists():
            raise InputError(f"the small model does not start; run `make llm` once. {log.read_text()[-500:].strip()}")
        model.url = ready.read_text()
        yield model
    finally:
        model.kill()


class Misbehaving:
    """A chat endpoint, as an application, that answers in the `way` that is set."""

    def __init__(self) -> None:
        self.way = WAYS[0]
        self.app = FastAPI()
        self.app.post("/v1/chat/completions")(self.answer)

    async def answer(self) -> Response:
        match self.way:
            case "slow":
                await asyncio.sleep(LONG_SECONDS)
            case "late":
                await asyncio.sleep(LATE_SECONDS)
            case "no chat":
                return Response("<html>It works!</html>", media_type="text/html")
            case "HTTP 500":
                return Response('{"error": {"message": "out of memory"}}', 500, media_type="application/json")
        return Response(_completion(SAYS.get(self.way, "")), media_type="application/json")


def _completion(text: str) -> str:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    return json.dumps({"id": "c", "object": "chat.completion", "choices": [choice], "usage": usage})


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The URL of an application behind a server on a free port of this machine, in a thread of this process."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(LOOK_SECONDS)
        if not server.started:
            raise ServingError("an endpoint does not start; what it says above tells why")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
