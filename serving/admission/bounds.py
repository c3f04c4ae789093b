"""How much a replica takes on at a time; past it a request is refused at once, by 503 with Retry-After."""

MOST_RANKED = 16
"""Rankings, the declared bound of a replica: at 9 ms each, so many fit the default deadline of 150 ms."""
MOST_READ = 16
"""Texts that a language model reads before they are ranked for."""
MOST_ASKED = 16
"""Questions about candidates and calls of tools, which may wait for a language model."""
MOST_ASSISTED = 8
"""Turns with the assistant."""
MOST_LOOKED_AT = 16
"""What pages of the console read."""
MOST_WRITTEN = 64
"""Requests with feedback, and new versions."""
MOST_AT_ONCE = MOST_RANKED + MOST_READ + MOST_ASKED + MOST_ASSISTED + MOST_LOOKED_AT + MOST_WRITTEN
