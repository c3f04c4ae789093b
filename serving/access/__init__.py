"""Who may do what at an endpoint: keys with scopes, the scope of every route, and how often a key may ask.

Knows methods, paths and headers; no route's body and no engine.
"""

from serving.access.access import Access
from serving.access.keys import require_keys
from serving.access.scopes import COOKIE, LOGIN, SCOPES, Scope

__all__ = ["COOKIE", "LOGIN", "SCOPES", "Access", "Scope", "require_keys"]
