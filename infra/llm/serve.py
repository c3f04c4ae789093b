"""Serve a small language model on loopback: SmolLM2-135M by llama.cpp, for tests and demos. `make llm` sets it up.

    python infra/llm/serve.py [--port 8080] [--ready FILE] [--adapter FILE]

Speaks OpenAI's chat protocol. Says what to set once it answers, and stops at SIGTERM or Ctrl-C. With an adapter it
serves the model that the pipeline `query_model` trained.
"""

import argparse
import importlib.util
import os
import signal
import socket
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

from components.language.query_model.bases import small_weights
from metier.durable import write_whole

MODEL, TUNED = "SmolLM2-135M-Instruct", "query-model"
"""Names that it is served by, without an adapter and with one."""
HOST = "127.0.0.1"
CONTEXT = 8_192
"""Tokens that the model was trained to read at once."""
WARNINGS = 2
"""llama.cpp's verbosity."""
SECONDS_TO_LOAD = 60


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one (default 8080)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="default: one a core")
    parser.add_argument("--ready", type=Path, help="write the URL to this file once it answers")
    parser.add_argument("--adapter", type=Path, help="LoRA adapter as GGUF, as the pipeline query_model writes it")
    arguments = parser.parse_args()
    weights = small_weights()
    if weights is None or importlib.util.find_spec("xllamacpp") is None:
        print("error: no language model is installed; run `make llm`", file=sys.stderr)
        return 1
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    if is_taken(arguments.port):
        print(f"error: port {arguments.port} is taken; give another --port, or 0 for a free one", file=sys.stderr)
        return 2
    if arguments.adapter is not None and not arguments.adapter.is_file():
        print(f"error: {arguments.adapter} is no file; train one by `metier pipeline run query_model`", file=sys.stderr)
        return 2
    server = started(weights, arguments.port, arguments.threads, arguments.adapter)
    url = f"{server.listening_address}/v1"
    name, model, setting = (MODEL, "METIER_LLM_MODEL", "METIER_LLM_URL")
    if arguments.adapter is not None:
        name, model, setting = (TUNED, "METIER_QUERY_MODEL", "METIER_QUERY_MODEL_URL")
    print(f"{name} answers at {url} (process {os.getpid()}); stop with Ctrl-C. For `metier serve`:")
    print(f"export {setting}={url} {model}={name}", flush=True)
    if arguments.ready is not None:
        write_whole(arguments.ready, url)
    stopped.wait()
    del server
    return 0


def started(weights: Path, port: int, threads: int, adapter: Path | None = None) -> Any:
    """The server once it answers."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias, params.verbosity = {TUNED if adapter else MODEL}, WARNINGS
    if adapter is not None:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter))]
    params.hostnames, params.port, params.ui = [HOST], port, False
    params.n_ctx, params.n_parallel = CONTEXT, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(params)
    with urllib.request.urlopen(f"{server.listening_address}/health", timeout=SECONDS_TO_LOAD) as answer:  # noqa: S310
        answer.read()
    return server


def is_taken(port: int) -> bool:
    """Whether something listens on the port."""
    with socket.socket() as asking:
        asking.settimeout(1)
        return port != 0 and asking.connect_ex((HOST, port)) == 0


if __name__ == "__main__":
    sys.exit(main())
