"""Candidates for a query: search by words and meaning, and who may be shown at all."""

from components.retrieval.eligibility import Eligibility
from components.retrieval.hybrid import HybridRetriever

__all__ = ["Eligibility", "HybridRetriever"]
