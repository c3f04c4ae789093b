"""The seam to language models: what they are asked, what they answer, and which ones the settings name."""

from components.language.models.chat import ChatModel, Completion, Message, Usage
from components.language.models.opened import open_model, open_query_model

__all__ = ["ChatModel", "Completion", "Message", "Usage", "open_model", "open_query_model"]
