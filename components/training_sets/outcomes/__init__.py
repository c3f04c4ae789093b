"""The outcomes of each surface, in the order of its funnel, and when each of them can be told."""
