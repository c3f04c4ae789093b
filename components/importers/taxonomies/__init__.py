"""Taxonomies of skills from files as they are published: ESCO, O*NET, and plain tables."""

from components.importers.taxonomies.importing import TaxonomyReport, import_taxonomy
from components.importers.taxonomies.reading import read_skills

__all__ = ["TaxonomyReport", "import_taxonomy", "read_skills"]
