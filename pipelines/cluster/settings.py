"""The one file that says what every step gets on a cluster: image, volume, variables, secrets, CPU and memory.

Knows Kubernetes' spelling of names and amounts, the settings of metier and the names of its steps; nothing of packages.
"""

import pkgutil
import re
import tomllib
from pathlib import Path
from typing import Annotated, Self

import pydantic

import components
from metier.errors import SettingsError
from metier.settings import PREFIX, Settings

QUANTITY = r"[0-9]+(\.[0-9]+)?"
Name = Annotated[str, pydantic.Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
Cpu = Annotated[str, pydantic.Field(pattern=rf"^{QUANTITY}m?$")]
Memory = Annotated[str, pydantic.Field(pattern=rf"^{QUANTITY}(Ki|Mi|Gi|Ti|K|M|G|T)$")]
IMAGE = re.compile(r"[^\s:@/]+(:[0-9]+)?/[^\s:@]+(:[\w.-]+|(:[\w.-]+)?@sha256:[0-9a-f]{64})")
"""With its registry, and a tag or a digest."""
HOME = "METIER_HOME"


class Part(pydantic.BaseModel):
    """A table of the file; what it does not know is refused."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Volume(Part):
    """A claim that all steps mount, and where."""

    claim: Name
    path: Annotated[str, pydantic.Field(pattern="^/.+")]


class SecretKey(Part):
    """Where a variable's value lies: a key of a Kubernetes secret, which the file does not hold."""

    secret: Name
    key: Annotated[str, pydantic.Field(pattern=r"^[-._a-zA-Z0-9]+$")]


class Resources(Part):
    """CPU that a step asks for, with more where some is free; memory that it asks for and may not exceed."""

    cpu: Cpu = "500m"
    memory: Memory = "1Gi"


class Retry(Part):
    """How often a step that talks to a service is tried again, and after how long."""

    most: int = pydantic.Field(default=3, ge=0, le=10)
    backoff_seconds: int = pydantic.Field(default=15, gt=0)
    factor: float = pydantic.Field(default=2.0, ge=1)
    longest_seconds: int = pydantic.Field(default=300, gt=0)


class Cluster(Part):
    """All of the file; `load_cluster` reads one."""

    image: str
    image_pull_secrets: tuple[Name, ...] = ()
    service_account: Name | None = None
    """Of the pods of a run; None: the server's own."""
    user: int = pydantic.Field(default=10001, gt=10_000)
    """Uid and gid that steps run as."""
    home: Volume
    """METIER_HOME of every step: what one writes there, the next reads."""
    environment: dict[str, str] = pydantic.Field(default_factory=dict)
    secrets: dict[str, SecretKey] = pydantic.Field(default_factory=dict)
    resources: Resources = Resources()
    steps: dict[str, Resources] = pydantic.Field(default_factory=dict)
    """By step, in place of `resources`."""
    retry: Retry = Retry()

    @pydantic.field_validator("image")
    @classmethod
    def _pinned(cls, image: str) -> str:
        if not IMAGE.fullmatch(image):
            raise ValueError(f"{image!r} is not registry/name:tag; add what is missing")
        if image.endswith(":latest"):
            raise ValueError("the tag latest names another image every day; give a version or a digest")
        return image

    @pydantic.model_validator(mode="after")
    def _variables(self) -> Self:
        if twice := self.environment.keys() & self.secrets.keys():
            raise ValueError(f"{', '.join(sorted(twice))} stands in [environment] and in [secrets]; keep one")
        for name in (*self.environment, *self.secrets):
            _require_variable(name)
        for name, value in self.environment.items():
            if _is_secret(name, value):
                raise ValueError(f"{name} in [environment] is a secret; name its secret and key in [secrets.{name}]")
        return self

    @pydantic.field_validator("steps")
    @classmethod
    def _known_steps(cls, steps: dict[str, Resources]) -> dict[str, Resources]:
        if unknown := sorted(steps.keys() - step_names()):
            raise ValueError(f"{unknown[0]!r} is no step; the steps are {', '.join(sorted(step_names()))}")
        return steps


def load_cluster(path: Path) -> Cluster:
    """The file's content. SettingsError, in one line, where it cannot be read or says what no cluster takes."""
    try:
        return Cluster.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; write one as infra/k8s/steps.toml is") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no TOML: {error}; correct it") from error
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{path}{f', {place}' if place else ''}: {reason}; correct the file") from error


def _require_variable(name: str) -> None:
    """ValueError for what is no variable of steps, a misspelt setting among them."""
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(f"{name!r} is no name of a variable; use letters, digits and _")
    if name == HOME:
        raise ValueError(f"{HOME} is the path of [home]; leave the variable out")
    if name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() not in Settings.model_fields:
        raise ValueError(f"{name} is no setting of metier; `metier settings` lists them")


def _is_secret(name: str, value: str) -> bool:
    """By the setting's type, by the name, or since a password stands in a URL."""
    field = Settings.model_fields.get(name.removeprefix(PREFIX).lower())
    hidden = field is not None and field.annotation is pydantic.SecretStr
    return bool(hidden or re.search("PASSWORD|SECRET|TOKEN", name) or re.search(r"://[^/@\s]*:[^/@\s]*@", value))


def step_names() -> frozenset[str]:
    """Steps as packages name them: train-ranker for components/train_ranker.py."""
    modules = pkgutil.iter_modules(components.__path__)
    return frozenset(each.name.replace("_", "-") for each in modules if not each.ispkg and each.name != "step")
