"""What a typed sentence asks for: a typed plan, and the filters that eligibility obeys."""

from components.language.understanding.exchange import Exchange, exchange_of, shipped_exchange
from components.language.understanding.grammar import Grammar
from components.language.understanding.plan import PARTS, Money, Plan, Span, Understanding
from components.language.understanding.plan_filters import plan_filters

__all__ = [
    "PARTS",
    "Exchange",
    "Grammar",
    "Money",
    "Plan",
    "Span",
    "Understanding",
    "exchange_of",
    "plan_filters",
    "shipped_exchange",
]
