"""The change log that the settings name. Knows no change."""

from metier.changes.files import FileChangeLog
from metier.changes.log import ChangeLog
from metier.settings import Settings


def open_change_log(settings: Settings) -> ChangeLog:
    """The stream of METIER_CHANGES_URL, whose client is imported for it alone, or the files under METIER_HOME."""
    if not settings.changes_url:
        return FileChangeLog(settings.changes)
    from metier.changes.stream import StreamChangeLog

    return StreamChangeLog(settings.changes_url)
