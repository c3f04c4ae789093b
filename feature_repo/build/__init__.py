"""Offline features, built from the lake to the last table. What replicas read of it, `histories`, has no DuckDB."""
