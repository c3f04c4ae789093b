"""Sections of the report of logged slates that stand beside what every ranker reaches."""
