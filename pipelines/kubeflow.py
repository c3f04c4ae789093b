"""Reach a Kubeflow Pipelines server and create runs there.

Knows the server's API and its errors, nothing of what a pipeline does. Every call ends within its timeout, and
whatever a host or a network answers becomes one line of ours.
"""

import json
import ssl
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kfp.client
import kfp_server_api  # type: ignore[import-untyped]
import urllib3

from metier.errors import AbsentError, InputError, MetierError, NoAnswerError, PipelineError, first_line
from metier.settings import Settings, load_settings
from pipelines.package import Package

CALL_SECONDS = (5.0, 30.0)  # to connect, then for each piece of the answer
PAUSES = (0.5, 1.0, 2.0)  # between tries of a call that changes nothing, while the server does not answer
BUSY = {429, 502, 503, 504}


@dataclass(frozen=True)
class SubmittedRun:
    """A run as the server took it; `url` shows it in a browser."""

    run_id: str
    experiment_id: str
    url: str
    pipeline: str


class Server(kfp.client.Client):
    """kfp's client, whose calls end, fail in our words, and leave the home directory alone."""

    def __init__(
        self,
        host: str,
        namespace: str | None = None,
        *,
        seconds: tuple[float, float] = CALL_SECONDS,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self.host = _checked_url(host)
        self._seconds, self._pauses = seconds, pauses
        settings = load_settings()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # "only works with Kubeflow Pipeline v2"
                super().__init__(
                    host=self.host,
                    namespace=namespace or "kubeflow",
                    credentials=_credentials(settings),
                    cookies=settings.kubeflow_cookie.get_secret_value() or None,
                    ssl_ca_cert=_ca_file(settings),
                )
        except (OSError, ValueError) as error:  # kfp reads a file of its own
            raise PipelineError(f"{self._LOCAL_KFP_CONTEXT}: {error}; correct or remove it") from error
        self.namespace: str = namespace or self.get_user_namespace()

    def ask(self, call: Callable[..., Any], **arguments: object) -> Any:
        """The answer of one call of the generated API."""
        try:
            return call(**arguments, _request_timeout=self._seconds)
        except kfp_server_api.ApiException as error:
            raise self._refusal(error) from error
        except urllib3.exceptions.HTTPError as error:
            raise self._silence(error) from error
        except OSError as error:  # the file of the token
            raise PipelineError(f"{error}; see {kfp.client.KF_PIPELINES_SA_TOKEN_ENV}") from error
        except (ValueError, TypeError, LookupError) as error:  # an answer that the generated client cannot read
            raise self.not_kubeflow() from error

    def read(self, call: Callable[..., Any], **arguments: object) -> Any:
        """As `ask`, and again after each pause while nothing answers: for calls that may be made twice."""
        for pause in self._pauses:
            try:
                return self.ask(call, **arguments)
            except NoAnswerError:
                time.sleep(pause)
        return self.ask(call, **arguments)

    def not_kubeflow(self) -> PipelineError:
        """The error of a host that is something else."""
        return PipelineError(f"{self.host} answers, but not as Kubeflow Pipelines 2; give the URL above /apis/v2beta1")

    def run_url(self, run_id: str) -> str:
        return f"{self.host}/#/runs/details/{run_id}"

    def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
        """One call, which also finds out whether this is Kubeflow; kfp's own tries five times and logs tracebacks."""
        try:
            health = self.ask(self.healthzs.healthz_service_get_healthz)
        except AbsentError as error:
            raise self.not_kubeflow() from error
        if health.multi_user is None:
            raise self.not_kubeflow()
        return health

    def set_user_namespace(self, namespace: str) -> None:
        """For this object only; kfp's own writes it into the home directory."""
        self._context_setting["namespace"] = namespace

    def _load_config(self, *arguments: Any) -> Any:
        """As kfp does it, less its three silent retries, each of which would have the whole timeout."""
        config = super()._load_config(*arguments)
        config.retries = urllib3.Retry(3, connect=0, read=0, status=0, other=0, respect_retry_after_header=False)
        return config

    def _silence(self, error: Exception) -> PipelineError:
        cause = _cause(error)
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return PipelineError(
                f"the certificate of {self.host} is not trusted ({cause}); "
                "set METIER_KUBEFLOW_CA_FILE to the authority that signed it"
            )
        return NoAnswerError(f"no answer from {self.host} ({cause}); is it up, and is the URL right?")

    def _refusal(self, error: Any) -> MetierError:
        message = _message(error.body)
        if error.status in BUSY:
            return NoAnswerError(f"{self.host} is busy (HTTP {error.status}); try again later")
        if error.status in {401, 403}:
            return PipelineError(
                f"{self.host} refuses access (HTTP {error.status}{f': {message}' if message else ''}); a pod of the "
                f"cluster gets in by a token file ({kfp.client.KF_PIPELINES_SA_TOKEN_ENV}), "
                "a person by the cookie of a login (METIER_KUBEFLOW_COOKIE)"
            )
        if message is None:
            return self.not_kubeflow()
        kind = AbsentError if error.status == 404 else PipelineError
        return kind(f"{self.host} refuses (HTTP {error.status}): {message}")


def submit(server: Server, package: Package, *, experiment: str, now: datetime) -> SubmittedRun:
    """Create a run of the package in the experiment, which is found by its name or created."""
    experiment_id = experiment_or_new(server, experiment)
    run = server.api_models.V2beta1Run(
        experiment_id=experiment_id,
        display_name=f"{package.name} {now:%Y-%m-%d %H-%M-%S}",
        pipeline_spec=package.spec,
        runtime_config=server.api_models.V2beta1RuntimeConfig(parameters=package.arguments),
        service_account=package.service_account,
    )
    try:
        created = server.ask(server.runs.run_service_create_run, run=run)
    except NoAnswerError as error:
        raise PipelineError(f"{error}; the run may exist: see {server.host}/#/runs before submitting again") from error
    if not created.run_id:
        raise server.not_kubeflow()
    return SubmittedRun(created.run_id, experiment_id, server.run_url(created.run_id), package.name)


def _checked_url(host: str) -> str:
    try:
        parts = urlsplit(host)
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise InputError(f"host {host!r} is not a URL; give one such as http://localhost:8080")
    return host.rstrip("/")


def _credentials(settings: Settings) -> Any:
    """The pod's service account, where its token is mounted."""
    path = settings.kubeflow_token_path or kfp.client.KF_PIPELINES_SA_TOKEN_PATH
    return kfp.client.ServiceAccountTokenVolumeCredentials(path) if Path(path).is_file() else None


def _ca_file(settings: Settings) -> str | None:
    """The file of METIER_KUBEFLOW_CA_FILE; InputError where it holds no certificate."""
    path = settings.kubeflow_ca_file
    if path is None:
        return None
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        fault = error.strerror or first_line(error)
        raise InputError(f"METIER_KUBEFLOW_CA_FILE is {path}: {fault}; set it to a PEM file of certificates") from error
    return str(path)


def _cause(error: Exception) -> str:
    """The innermost words of a urllib3 error, such as `[Errno 111] Connection refused`."""
    reason = getattr(error, "reason", None) or error
    return str(reason.args[-1] if reason.args else reason).rsplit(": ", 1)[-1]


def _message(body: str | None) -> str | None:
    """What the server's error envelope says, on one line; None for the body of another kind of host."""
    try:
        envelope = json.loads(body or "")
        return " ".join(f"{envelope['message']}".split()) if "code" in envelope else None
    except (ValueError, TypeError, LookupError):
        return None


def experiment_named(server: Server, name: str) -> str:
    """The id of the experiment; InputError where there is none."""
    found = _experiment(server, name)
    if found is None:
        raise InputError(f"no experiment {name!r} at {server.host}; they are listed at {server.host}/#/experiments")
    return found


def experiment_or_new(server: Server, name: str) -> str:
    """The id of the experiment, which is created where there is none."""
    if (found := _experiment(server, name)) is not None:
        return found
    experiment = server.api_models.V2beta1Experiment(display_name=name, namespace=server.namespace)
    created = server.ask(server.experiments.experiment_service_create_experiment, experiment=experiment)
    if not created.experiment_id:
        raise server.not_kubeflow()
    return str(created.experiment_id)


def _experiment(server: Server, name: str) -> str | None:
    named = json.dumps({"predicates": [{"operation": 1, "key": "display_name", "stringValue": name}]})
    call = server.experiments.experiment_service_list_experiments
    existing = server.read(call, filter=named, namespace=server.namespace).experiments
    return str(existing[0].experiment_id) if existing else None
