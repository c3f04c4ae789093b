"""The log of changes that every replica follows."""

from metier.changes.log import Change, ChangeLog
from metier.changes.opened import open_change_log

__all__ = ["Change", "ChangeLog", "open_change_log"]
