"""Drills on deploying: other bundles of the feed, sound and odd, are rolled out under the load, and back again.

What they do to the home is done to copies: its bundles and candidates are made its own before it is served.
"""

import json
import math
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from drilled import Endpoint
from drills import Bounds, Drill, none_failed
from faults import registries_down
from harness.home import METIER, environment, say
from harness.steady import Sent

from components.language.taxonomy import Taxonomy
from components.ranking import Ensemble, ExternalRanker
from components.ranking.ensemble import Share
from components.releases import Bundle, RegisteredBundle, open_registry
from components.releases.bundle import TAXONOMY, Origin
from components.releases.deployments import chosen_bundles
from metier.contract import Surface
from metier.errors import InputError
from metier.settings import Settings

SURFACE: Surface = "job_feed"
OWN = ("bundles", "candidates", "deployed")
COMMAND_SECONDS = 240


@dataclass
class Deploys:
    """What is there to deploy on an endpoint of these settings, made before it starts."""

    settings: Settings
    pins: dict[str, RegisteredBundle] = field(default_factory=dict)
    """Bundles by what is to be seen of them."""

    def drills(self) -> Sequence[Drill]:
        """In their order: each leaves one bundle that serves; none where nothing was made."""
        if not self.pins:
            return ()
        refused = {"NaN": "a score that is no number", "constants": "one score", "wrong length": "scores of shape"}
        return (
            self._drill("rolling deploy", self._deployed("sound"), none_failed),
            self._drill("deploy taken back", lambda _: self._run(0, "", "rollback", SURFACE), none_failed),
            self._drill("deploy of a damaged bundle", self._damaged, none_failed),
            *(
                self._drill(f"deploy of a bundle: {odd}", self._refused(odd, why), none_failed)
                for odd, why in refused.items()
            ),
            self._drill(
                "rolling deploy, taken back while the registry is down", self._back_without_registry, none_failed
            ),
        )

    def _drill(
        self, name: str, act: Callable[[Endpoint], None], bounds: Callable[[Sequence[Sent], float], Bounds]
    ) -> Drill:
        said: list[str] = []

        @contextmanager
        def fault(endpoint: Endpoint) -> Iterator[None]:
            try:
                act(endpoint)
            except InputError as error:
                said.append(str(error))
            yield

        def kept(answers: Sequence[Sent], at: float) -> Bounds:
            served = {json.loads(sent.said)["bundle"] for sent in answers[-5:] if sent.status == 200}
            wrong = {**dict.fromkeys(said, False)}
            return {**bounds(answers, at), "one bundle serves at the end": len(served) == 1, **wrong}

        return Drill(name, fault, kept)

    def _deployed(self, kind: str) -> Callable[[Endpoint], None]:
        return lambda _: self._deploy(kind, 0, "serves on 2 replicas")

    def _refused(self, kind: str, why: str) -> Callable[[Endpoint], None]:
        return lambda _: self._deploy(kind, 1, why)

    def _deploy(self, kind: str, status: int, says: str) -> None:
        pin = self.pins[kind]
        self._run(status, says, "deploy", pin.name, str(pin.version))

    def _damaged(self, _: Endpoint) -> None:
        pin = self.pins["damaged"]
        path = self.settings.bundles / pin.name / f"{pin.version}-{pin.sha256[:12]}" / "text_weights.npz"
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content[:-100])
        self._deploy("damaged", 1, "differs from the sha256 in its manifest")

    def _back_without_registry(self, endpoint: Endpoint) -> None:
        self._deploy("sound", 0, "serves on 2 replicas")
        with registries_down(endpoint):
            self._run(0, "serves on 2 replicas", "rollback")

    def _run(self, status: int, says: str, *arguments: str) -> None:
        """`metier ...`; InputError where it ends otherwise than it should, or does not say so in its last line."""
        done = subprocess.run(
            (*METIER, *arguments), env=environment(self.settings), capture_output=True, text=True,
            timeout=COMMAND_SECONDS, check=False,
        )  # fmt: skip
        last = (done.stderr if done.returncode else done.stdout).strip().splitlines()[-1:]
        if done.returncode != status or says not in "".join(last):
            raise InputError(f"`metier {' '.join(arguments)}` ended with {done.returncode}: {''.join(last)}")


@contextmanager
def deploys(settings: Settings) -> Iterator[Deploys]:
    """Bundles that are there to be deployed; none where the registry is no file."""
    if settings.registry_uri:
        say("nothing is deployed: the registry is no file")
        yield Deploys(settings)
        return
    for name in OWN:
        _make_own(settings.home / name)
    chosen = chosen_bundles(settings, open_registry(settings))
    if SURFACE not in chosen:
        say(f"nothing is deployed: {SURFACE} has no bundle")
        yield Deploys(settings)
        return
    pin = chosen[SURFACE].bundle
    served = open_registry(settings).load(pin)
    with _short_scores() as url:
        made = Deploys(settings)
        for kind, ensemble in _ensembles(served, url).items():
            made.pins[kind] = _registered(settings, served, kind, ensemble)
        yield made


def _ensembles(served: Bundle, url: str) -> dict[str, Ensemble]:
    """What is to be deployed, by what is to be seen of it."""
    ensemble = served.ensemble
    shares = {name: Share(weight, 0.0, 1.0) for name, weight in ensemble.weights.items()}

    def altered(**amiss: float) -> Ensemble:
        wrong = {name: Share(**{**vars(share), **amiss}) for name, share in shares.items()}
        return Ensemble(ensemble.rankers, wrong, ensemble.calibration)

    short = ExternalRanker(url=url)
    short._feature_names = ensemble.feature_names
    return {
        "sound": altered(),
        "damaged": altered(),
        "NaN": altered(location=math.nan),
        "constants": altered(scale=math.inf),
        "wrong length": Ensemble({"external": short}, {"external": Share(1.0, 0.0, 1.0)}, ensemble.calibration),
    }


def _registered(settings: Settings, served: Bundle, kind: str, ensemble: Ensemble) -> RegisteredBundle:
    """A version of the registry whose files lie where replicas look for them."""
    from mlflow import MlflowClient

    origin = {name: getattr(served.manifest, name) for name in Origin.__dataclass_fields__}
    taxonomy = served.folder / TAXONOMY
    bundle = Bundle.write(
        settings.home / "drilled",
        origin=Origin(**{**origin, "lineage": {"drill": kind}}),
        ensemble=ensemble,
        encoder=served.encoder,
        text_weights=served.text_weights,
        evaluation=served.evaluation,
        decision=served.decision,
        taxonomy=Taxonomy.load(taxonomy) if taxonomy.exists() else None,
    )
    name, client = f"metier_{SURFACE}", MlflowClient(settings.registry, settings.registry)
    version = client.create_model_version(name, bundle.folder.as_uri(), tags={"sha256": bundle.sha256}).version
    pin = RegisteredBundle(name, int(version), bundle.sha256)
    bundle.folder.rename(settings.bundles / name / f"{pin.version}-{pin.sha256[:12]}")
    shutil.copytree(settings.candidates / served.version, settings.candidates / bundle.version, copy_function=_linked)
    return pin


def _make_own(folder: Path) -> None:
    """In place of a link to a folder, a folder of links to its files."""
    if folder.is_symlink():
        target = folder.resolve()
        folder.unlink()
        shutil.copytree(target, folder, copy_function=_linked)


def _linked(source: str, target: str) -> None:
    os.symlink(os.path.realpath(source), target)


@contextmanager
def _short_scores() -> Iterator[str]:
    """The URL of a ranker that scores one row fewer than it is given."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Short)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Short(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))
        content = json.dumps({"scores": [0.0] * (len(asked["features"]) - 1)}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass
