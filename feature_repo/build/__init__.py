"""Offline features, built from the lake to the last table."""

from feature_repo.build.feature_tables import build_all, read_vectors

__all__ = ["build_all", "read_vectors"]
