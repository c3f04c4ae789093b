"""What a replica's logs do not say: secrets of the settings, and e-mail addresses, phone numbers and links of people.

Exceptions of libraries quote what they were given, so every record of the process is masked, whoever writes it. Knows
settings; no request.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from metier.settings import Settings
from metier.texts.personal_data import mask

SECRET = "[secret]"  # noqa: S105 - what stands in its place
SHORTEST_SECRET = 4
"""Characters; what is shorter would be found in every other word."""


def keep_quiet(settings: Settings) -> None:
    """Mask what is logged in this process from now on, tracebacks included."""
    logging.setLogRecordFactory(_Masking(logging.LogRecord, masking(settings)))


def masking(settings: Settings) -> Callable[[str], str]:
    """What takes the secrets of the settings and personal data out of a text."""
    secrets = [secret for secret in secrets_of(settings) if len(secret) >= SHORTEST_SECRET]

    def masked(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, SECRET)
        return mask(text)[0]

    return masked


def secrets_of(settings: Settings) -> Iterator[str]:
    """Keys, and passwords of URLs, as they are set and as they are meant."""
    for value in vars(settings).values():
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, str) and "@" in value and (password := urlsplit(value).password):
            yield from {password, unquote(password)}


class _Masking:
    """Makes records whose message and traceback are masked."""

    def __init__(self, make: Callable[..., logging.LogRecord], masked: Callable[[str], str]) -> None:
        self._make = make
        self._masked = masked

    def __call__(self, *arguments: Any, **named: Any) -> logging.LogRecord:
        record = self._make(*arguments, **named)
        try:
            record.msg, record.args = self._masked(record.getMessage()), ()
        except (TypeError, ValueError):  # arguments that do not fit the message, of which logging tells
            return record
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = self._masked("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return record
