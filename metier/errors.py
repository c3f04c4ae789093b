"""The exception tree: every exception class of metier is here. Every message names the fact and the next move.

Each can be pickled, which is how Ray and process pools hand errors over.

MetierError
├── InputError                the caller's mistake; the CLI exits with status 2, HTTP answers 4xx
│   ├── ContractError         a table or file that does not keep the data contract
│   │   ├── RefusedValueError       a value that cannot be read with certainty; importers count it
│   │   └── UnconvertibleTypeError  no value of a column's type can become one of the contract's
│   ├── UnknownNameError      a surface, table, pipeline or suite that does not exist
│   ├── ContradictionError    an id that is known with other content; HTTP answers 409
│   └── SettingsError         an environment variable or path that cannot be used
├── DataError                 the data as a whole cannot be used
│   ├── EmptyDataError        nothing left to work on
│   ├── ValidationError       a blocking expectation failed
│   └── FeatureError          a feature, view or vector that should be there is not
│       ├── RegistryChangedError  another process changed the feature registry at the same moment
│       └── RestingStoreError     a store failed just now and is not asked for a while
├── RankerError               a ranker was given or asked something it cannot do
│   ├── FeatureMismatchError  names, order or dtype differ from those of the fit
│   └── ArtifactError         a saved model is missing, truncated or of another version
├── ServingError              the endpoint cannot do what was asked of it
│   ├── NotFoundError         an unknown actor, job or candidate; HTTP answers 404
│   ├── SuspendedError        who asks is suspended; HTTP answers 403
│   ├── UnknownKeyError       no API key, or one that is not among those set; HTTP answers 401
│   ├── ScopeError            an API key that may not do this; HTTP answers 403
│   ├── RateLimitError        an API key that asks too often; HTTP answers 429
│   ├── BusyError             more requests wait than can be answered in time; HTTP answers 503
│   └── EventLogError         an event could not be made durable, so it was not acknowledged
├── ModelError                a language model gave no answer; whoever asked it goes on without
│   ├── RestingModelError       it failed just now and is not asked for a while
│   ├── ModelBudgetError        the tokens or the dollars that settings allow are used up
│   └── ModelAnswerError        what it answered does not keep the schema
├── RegistryError             the registry cannot be reached or holds no such bundle
├── UnsupportedEstimate       the log does not support the asked off-policy estimate
└── PipelineError             a pipeline run failed; carries the step and where its log is
    ├── NoAnswerError         the Kubeflow server was not reached or is busy: another try may succeed
    └── AbsentError           the Kubeflow server knows no such thing
"""


class MetierError(Exception):
    """Root of every error raised on purpose."""


class InputError(MetierError):
    """The caller's mistake."""


class ContractError(InputError):
    """A table or file does not keep the data contract."""


class RefusedValueError(ContractError):
    """A value that cannot be read with certainty; the text is a reason without the value."""


class UnconvertibleTypeError(ContractError):
    """No value of this Arrow type can become a value of the contract's type."""


class UnknownNameError(InputError):
    """A name that is not one of the known ones; its arguments are kept as given, so that it can be pickled."""

    def __init__(self, what: str, name: str, choices: tuple[str, ...]) -> None:
        super().__init__(what, name, choices)

    def __str__(self) -> str:
        what, name, choices = self.args
        return f"unknown {what} {name!r}; use one of: {', '.join(choices)}"


class ContradictionError(InputError):
    """An id that is known with other content."""


class SettingsError(InputError):
    """A setting cannot be used."""


class DataError(MetierError):
    """The data as a whole cannot be used."""


class EmptyDataError(DataError):
    """Nothing is left to work on."""


class ValidationError(DataError):
    """A blocking expectation failed."""


class FeatureError(DataError):
    """A feature, view or vector that should be there is not."""


class RegistryChangedError(FeatureError):
    """Another process changed the feature registry at the same moment."""


class RestingStoreError(FeatureError):
    """A store failed just now and is not asked for a while."""


class RankerError(MetierError):
    """A ranker was given or asked something it cannot do."""


class FeatureMismatchError(RankerError):
    """Feature names, order or dtype differ from those of the fit."""


class ArtifactError(RankerError):
    """A saved model is missing, truncated or of another version."""


class ServingError(MetierError):
    """The endpoint cannot do what was asked of it."""


class NotFoundError(ServingError):
    """An unknown actor, job or candidate."""


class SuspendedError(ServingError):
    """Who asks is suspended."""


class UnknownKeyError(ServingError):
    """No API key, or one that is not among those set."""


class ScopeError(ServingError):
    """An API key that may not do this."""


class RateLimitError(ServingError):
    """An API key asks too often; `wait_seconds` until it may again, kept as given, so that it can be pickled."""

    def __init__(self, line: str, wait_seconds: float = 1.0) -> None:
        super().__init__(line, wait_seconds)
        self.wait_seconds = wait_seconds

    def __str__(self) -> str:
        return str(self.args[0])


class BusyError(ServingError):
    """More requests wait than can be answered in time."""


class EventLogError(ServingError):
    """An event could not be made durable."""


class ModelError(MetierError):
    """A language model gave no answer."""


class RestingModelError(ModelError):
    """A language model failed just now and is not asked for a while."""


class ModelBudgetError(ModelError):
    """The tokens or the dollars that settings allow are used up."""


class ModelAnswerError(ModelError):
    """What a language model answered does not keep the schema that was asked for."""


class RegistryError(MetierError):
    """The registry cannot be reached or holds no such bundle."""


class UnsupportedEstimate(MetierError):  # noqa: N818 - the name that callers rely on
    """The log does not support the asked off-policy estimate."""


class PipelineError(MetierError):
    """A pipeline run failed."""


class NoAnswerError(PipelineError):
    """The Kubeflow server was not reached or is busy: another try may succeed."""


class AbsentError(PipelineError):
    """The Kubeflow server knows no such thing."""


def first_line(error: BaseException) -> str:
    """What an error of any library says, in one line; empty where it says nothing."""
    return next(iter(str(error).splitlines()), "")
