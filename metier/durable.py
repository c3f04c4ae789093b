"""What has to outlive a crash of the machine."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Return once the names of the files in `folder` are on disk; OSError where they cannot be."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
