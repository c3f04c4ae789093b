"""The event lake: six tables of Parquet, partitioned by date."""

from metier.lake.lake import Lake

__all__ = ["Lake"]
