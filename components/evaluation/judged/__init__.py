"""A relevance judge: what it is given, how far it agrees with known grades, and what it may inform."""
