"""How typed texts are read for training: by the home's taxonomy, joined by the skills that its lake names often.

A bundle keeps the taxonomy, so that texts are read alike wherever it serves. Knows no feature.
"""

from datetime import datetime

from components.language.taxonomy import Taxonomy, taxonomy_of
from components.language.understanding import Grammar
from feature_repo.inputs.reading import TextReader
from metier.contract import Surface
from metier.settings import Settings


def trained_taxonomy(settings: Settings, as_of: datetime) -> Taxonomy:
    """The taxonomy that texts are read by, as known at `as_of`."""
    from metier.lake import Lake  # where texts are only read there is none

    with Lake(settings.lake).connect(as_of) as connection:
        used = connection.sql(
            """
            WITH listed AS (
                SELECT freelancer_id AS id, unnest(skills) AS skill FROM freelancers
                UNION SELECT job_id, unnest(skills) FROM jobs
            )
            SELECT skill, count(*) FROM listed WHERE skill IS NOT NULL GROUP BY skill ORDER BY skill
            """
        ).fetchall()
    return taxonomy_of(settings.taxonomy, dict(used))


def text_reader(surface: Surface, taxonomy: Taxonomy) -> TextReader:
    """Reads the texts of a surface by the grammar."""
    return TextReader(surface, Grammar(taxonomy), taxonomy)
