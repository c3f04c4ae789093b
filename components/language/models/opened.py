"""The language models that the settings name. Knows settings; nothing of what the model is asked."""

from typing import TYPE_CHECKING

from pydantic import SecretStr

from components.language.models.budget import Budget, Prices
from metier.settings import Settings

if TYPE_CHECKING:
    from components.language.models.remote import RemoteModel


def open_model(settings: Settings) -> "RemoteModel | None":
    """The model at METIER_LLM_URL, to be closed; None where that is not set. The client is imported for it alone."""
    return _opened(settings, settings.llm_url, settings.llm_model, settings.llm_api_key)


def open_query_model(settings: Settings) -> "RemoteModel | None":
    """The model at METIER_QUERY_MODEL_URL in the same way, with a budget of its own."""
    return _opened(settings, settings.query_model_url, settings.query_model, settings.query_model_api_key)


def _opened(settings: Settings, url: str, name: str, key: SecretStr) -> "RemoteModel | None":
    if not url:
        return None
    from components.language.models.remote import Endpoint, RemoteModel

    prices = Prices(settings.llm_usd_per_million_read, settings.llm_usd_per_million_written)
    budget = Budget(
        settings.llm_tokens_per_request,
        settings.llm_tokens_per_minute,
        settings.llm_usd_per_minute,
        prices=prices,
    )
    return RemoteModel(Endpoint(url, name, key), budget)
