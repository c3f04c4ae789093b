"""The language model that the settings name. Knows settings; nothing of what the model is asked."""

from typing import TYPE_CHECKING

from components.language.models.budget import Budget, Prices
from metier.settings import Settings

if TYPE_CHECKING:
    from components.language.models.remote import RemoteModel


def open_model(settings: Settings) -> "RemoteModel | None":
    """The model at METIER_LLM_URL, to be closed; None where that is not set. The client is imported for it alone."""
    if not settings.llm_url:
        return None
    from components.language.models.remote import Endpoint, RemoteModel

    prices = Prices(settings.llm_usd_per_million_read, settings.llm_usd_per_million_written)
    budget = Budget(
        settings.llm_tokens_per_request,
        settings.llm_tokens_per_minute,
        settings.llm_usd_per_minute,
        prices=prices,
    )
    return RemoteModel(Endpoint(settings.llm_url, settings.llm_model, settings.llm_api_key), budget)
