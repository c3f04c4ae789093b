"""Where am I running: the only reader of environment variables."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self

import pydantic
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from metier.contract import Surface
from metier.errors import SettingsError, UnknownNameError
from metier.exploration import Exploration
from metier.folders import Folders
from metier.languages import ENGLISH, language_code
from metier.machine import memory

PREFIX = "METIER_"
SHARE_OF_MEMORY = 0.75


def _default_home() -> Path:
    """`.metier` beside the checkout, or beside the caller where metier is an installed wheel."""
    checkout = Path(__file__).resolve().parents[1]
    folder = checkout if (checkout / "pyproject.toml").exists() else Path.cwd()
    return folder / ".metier"


def _language(name: str) -> str:
    try:
        return language_code(name)
    except UnknownNameError as error:
        raise ValueError(str(error)) from error


class Settings(Folders, BaseSettings):
    """Settings, each read from METIER_<NAME> unless it names another variable. Frozen; load_settings() makes one."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    home: Path = pydantic.Field(default_factory=_default_home)
    """Folder that holds everything metier writes; by default `.metier` in the checkout, or in the current folder."""
    lake_url: str = ""
    """Directory or fsspec URL of the event lake, such as s3://bucket/lake; empty: `lake` under METIER_HOME."""
    as_of: datetime | None = None
    """Clock of a run, ISO 8601, UTC where it names no zone; by default the newest recorded_at of the lake."""
    registry_uri: str = ""
    """MLflow's tracking and registry URI, such as postgresql://host/metier; empty: a SQLite file under METIER_HOME."""
    operator: str = ""
    """Who promotes bundles by hand, as it is written down; empty: the user of the operating system."""
    language: Annotated[str, pydantic.AfterValidator(_language)] = ENGLISH
    """Language of the lake's texts, such as `de` or `german`: what is built from now on is stemmed in it."""
    understand: bool = True
    """Whether the endpoint reads typed texts for what they ask, unless a request says otherwise."""
    exchange_rates: Path | None = None
    """JSON file of what currencies are worth in US dollars, for limits in texts; empty: the shipped one."""
    online_store_url: str = ""
    """redis:// or rediss:// URL of the online store that several machines share; empty: a file under METIER_HOME."""
    feature_registry_uri: str = ""
    """postgresql:// URL of Feast's registry; empty: a file under METIER_HOME. Set with METIER_ONLINE_STORE_URL."""
    online_timeout_seconds: float = pydantic.Field(default=0.1, gt=0)
    """Longest wait of a request for one answer of the online store, which then counts as failed."""
    http_host: str = "127.0.0.1"
    """Address that `metier serve` listens on."""
    http_port: int = pydantic.Field(default=8000, ge=0, le=65_535)
    """Port that `metier serve` listens on; 0 takes a free one."""
    api_keys_file: Path | None = None
    """TOML file of API keys, made by `metier key`, that others may not read; empty: no keys, and loopback only."""
    api_keys: pydantic.SecretStr = pydantic.SecretStr("")
    """The same as a text, beside or instead of the file."""
    api_key: pydantic.SecretStr = pydantic.SecretStr("")
    """Key that `metier rank`, `metier mcp` and `metier demo` send to an endpoint; in no log, trace or error."""
    metrics_open: bool = False
    """Whether /metrics is answered without a key."""
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins whose pages a browser lets ask the endpoint, such as `https://example.org`; between commas."""
    traces_url: str = ""
    """OTLP receiver of traces over HTTP, such as http://127.0.0.1:4318/v1/traces; empty: nothing is traced."""
    traces_share: float = pydantic.Field(default=0.01, ge=0, le=1)
    """Of requests that come without a trace of their caller's, the share that is traced."""
    usd_per_core_hour: float = pydantic.Field(default=0.0, ge=0)
    """Price of an hour of one processor core in US dollars, by which requests cost; 0: none is declared."""
    most_replicas: int = pydantic.Field(default=2, ge=1)
    """Replicas that the endpoint may scale up to."""
    refresh_seconds: float = pydantic.Field(default=10.0, gt=0)
    """Seconds between a replica's looks for a newer candidate release."""
    changes_url: str = ""
    """redis:// or rediss:// URL of the change log that several machines share; empty: files under METIER_HOME."""
    exploration: pydantic.Json[dict[Surface, Exploration]] = pydantic.Field(default="{}", validate_default=True)
    """Exploration by surface, as JSON: `{"job_feed": {"share": 0.05}}`; empty: no slate is drawn at random."""
    ranker_classes: Annotated[tuple[str, ...], NoDecode] = ()
    """Import paths of rankers of your own, such as `my_package:MyRanker`, that a bundle may load; between commas."""
    retention_days: pydantic.Json[dict[str, int | None]] = pydantic.Field(default="{}", validate_default=True)
    """Days by table, as JSON, over those that components.privacy.retention declares; null keeps for ever."""
    conversation_hours: float = pydantic.Field(default=24.0, gt=0)
    """Hours that a conversation with the assistant is kept after its last turn."""
    memory_mb: int | None = pydantic.Field(default=None, gt=0)
    """MiB that a run's steps may hold together; empty: three quarters of the machine's or of its control group's."""
    llm_url: str = ""
    """OpenAI-compatible chat endpoint, such as http://127.0.0.1:8080/v1; empty: answers are made without a model."""
    llm_model: str = ""
    """Name of the model at METIER_LLM_URL, which needs one."""
    llm_api_key: pydantic.SecretStr = pydantic.SecretStr("")
    """Key that METIER_LLM_URL takes; in no log, trace or error."""
    llm_timeout_seconds: float = pydantic.Field(default=10.0, gt=0)
    """Longest wait for a language model, retries included; a request that has less time waits less."""
    llm_tokens_per_request: int = pydantic.Field(default=8_000, gt=0)
    """Tokens that one request to a language model may use, read and written together."""
    llm_tokens_per_minute: int = pydantic.Field(default=400_000, gt=0)
    """Tokens that a replica's requests to a language model may use in a minute."""
    llm_usd_per_minute: float | None = pydantic.Field(default=None, gt=0)
    """US dollars that a replica's requests to a language model may cost in a minute; empty: any."""
    llm_usd_per_million_read: float = pydantic.Field(default=0.0, ge=0)
    """Price of a million tokens that the language model reads, in US dollars."""
    llm_usd_per_million_written: float = pydantic.Field(default=0.0, ge=0)
    """Price of a million tokens that the language model writes, in US dollars."""
    query_model: str = ""
    """Name of the model at METIER_QUERY_MODEL_URL that reads typed texts; empty: the grammar reads them."""
    query_model_url: str = ""
    """OpenAI-compatible chat endpoint of METIER_QUERY_MODEL, which needs one."""
    query_model_api_key: pydantic.SecretStr = pydantic.SecretStr("")
    """Key that METIER_QUERY_MODEL_URL takes; in no log, trace or error."""
    query_model_tuned: bool = True
    """Whether pipeline query_model trained METIER_QUERY_MODEL; false: it is told what to do with every text."""
    query_model_seconds: float = pydantic.Field(default=1.0, gt=0)
    """Longest wait for METIER_QUERY_MODEL; then the grammar reads, and the answer says so in `degraded`."""
    query_base: Path | None = None
    """Model that pipeline query_model adapts: a transformers folder or a GGUF file; empty: that of `make llm`."""
    query_workers: int = pydantic.Field(default=0, ge=0)
    """Workers of Ray Train that pipeline query_model trains with; 0: its own process."""
    judge_least_kappa: float = pydantic.Field(default=0.41, ge=-1, le=1)
    """Weighted kappa with known grades that a judge must show, at the low end of its interval, to be in a report."""
    cluster_file: Path | None = None
    """TOML file of what pipeline steps get on a cluster, such as infra/k8s/steps.toml; packages are fitted to it."""
    ray_address: str = pydantic.Field(default="", validation_alias="RAY_ADDRESS")
    """Ray cluster that point-in-time joins run on, as Ray itself reads it; empty: one that ends with the join."""
    kubeflow_cookie: pydantic.SecretStr = pydantic.SecretStr("")
    """Cookie that Kubeflow's login gave a browser, such as `oauth2_proxy_kubeflow=...`; in no log, trace or error."""
    kubeflow_ca_file: Path | None = None
    """PEM file of the authority that signed a Kubeflow server's certificate; empty: those that this machine trusts."""
    kubeflow_token_path: str = pydantic.Field(default="", validation_alias="KF_PIPELINES_SA_TOKEN_PATH")
    """File of a pod's token for Kubeflow Pipelines, as kfp itself reads it; empty: where Kubeflow mounts it."""

    @pydantic.field_validator("ranker_classes", "allowed_origins", mode="before")
    @classmethod
    def _between_commas(cls, names: object) -> object:
        return tuple(name.strip() for name in names.split(",") if name.strip()) if isinstance(names, str) else names

    @pydantic.field_validator("allowed_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not re.fullmatch(r"https?://[\w.\-\[\]:]+", origin):
                raise ValueError("each origin is a scheme, a host and perhaps a port, such as https://example.org")
        return origins

    @pydantic.field_validator("home", "api_keys_file", "cluster_file", "kubeflow_ca_file")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path and path.expanduser().absolute()

    @pydantic.field_validator("as_of")
    @classmethod
    def _utc(cls, as_of: datetime | None) -> datetime | None:
        if as_of is None:
            return None
        return as_of.replace(tzinfo=UTC) if as_of.tzinfo is None else as_of.astimezone(UTC)

    @pydantic.field_validator("online_store_url")
    @classmethod
    def _valkey(cls, url: str) -> str:
        return _starting_with(url, "redis://", "rediss://")

    @pydantic.field_validator("llm_url", "query_model_url")
    @classmethod
    def _chat_endpoint(cls, url: str) -> str:
        if "@" in url.partition("://")[2].partition("/")[0]:
            raise ValueError(
                "it holds a name or a key before the host; put the key into METIER_LLM_API_KEY "
                "or METIER_QUERY_MODEL_API_KEY"
            )
        return _starting_with(url, "http://", "https://")

    @pydantic.field_validator("traces_url")
    @classmethod
    def _receiver(cls, url: str) -> str:
        return _starting_with(url, "http://", "https://")

    @pydantic.field_validator("registry_uri")
    @classmethod
    def _database(cls, uri: str) -> str:
        scheme, separator, path = uri.partition("://")
        dialect = scheme.partition("+")[0]
        if uri and not (separator and path and dialect in ("sqlite", "postgresql")):
            raise ValueError("it has to be sqlite:///PATH or postgresql://USER@HOST/DATABASE")
        return uri

    @pydantic.field_validator("feature_registry_uri")
    @classmethod
    def _postgres(cls, uri: str) -> str:
        return _starting_with(uri, "postgresql://", "postgresql+psycopg://")

    @pydantic.model_validator(mode="after")
    def _stores_shared_together(self) -> Self:
        """With one of the two alone, machines would share values and not what they mean."""
        if bool(self.online_store_url) != bool(self.feature_registry_uri):
            raise ValueError(
                "METIER_ONLINE_STORE_URL and METIER_FEATURE_REGISTRY_URI go together; set both, or unset both"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _model_named(self) -> Self:
        if self.llm_url and not self.llm_model:
            raise ValueError("METIER_LLM_URL is set and METIER_LLM_MODEL is not; name the model that is served there")
        if bool(self.query_model_url) != bool(self.query_model):
            raise ValueError("METIER_QUERY_MODEL_URL and METIER_QUERY_MODEL go together; set both, or unset both")
        return self

    def allowing(self, ranker_classes: Iterable[str]) -> Self:
        """These settings, in which a saved model may load `ranker_classes` too."""
        return self.model_copy(update={"ranker_classes": (*self.ranker_classes, *ranker_classes)})

    @property
    def memory_bytes(self) -> int:
        """What a run's steps may hold together."""
        return self.memory_mb * 2**20 if self.memory_mb else int(SHARE_OF_MEMORY * memory().total)

    @property
    def lake(self) -> str:
        """Directory or fsspec URL of the lake."""
        return self.lake_url or str(self.home / "lake")

    @property
    def registry(self) -> str:
        """MLflow's tracking and registry URI: a SQLite file under METIER_HOME, or a Postgres URL."""
        return self.registry_uri or f"sqlite:///{self.home / 'mlflow.db'}"


def _starting_with(url: str, *schemes: str) -> str:
    if url and not url.startswith(schemes):
        raise ValueError(f"it has to start with {' or '.join(schemes)}")
    return url


@dataclass(frozen=True)
class SettingDoc:
    """One setting as the documentation says it."""

    variable: str
    default: str
    meaning: str


def setting_docs() -> Iterator[SettingDoc]:
    """Every setting, in the order of the fields."""
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or f"{PREFIX}{name.upper()}")
        default = (
            ""
            if field.default_factory is not None or str(field.default) in ("", "()", "None")
            else f"`{field.default}`"
        )
        yield SettingDoc(variable, default, " ".join((field.description or "").split()))


def load_settings(as_of: datetime | None = None) -> Settings:
    """Settings from the environment, a given `as_of` first; SettingsError names a variable that cannot be used."""
    try:
        return Settings() if as_of is None else Settings(as_of=as_of)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        reason = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:  # of several settings, which the message names
            raise SettingsError(reason) from error
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name} cannot be used: {reason}; correct or unset it") from error
