"""Manifests of bundles and releases survive their way through JSON."""

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from components.releases.bundle import Manifest
from components.releases.folder import ReleaseManifest
from metier.contract import SURFACES
from metier.stored import as_json, from_json

TEXTS = st.text(max_size=12)
ZONES = st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-720, 720))
MOMENTS = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1), timezones=ZONES)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.builds(
        Manifest,
        surface=st.sampled_from(SURFACES),
        feature_service=TEXTS,
        candidate_counts=st.booleans(),
        as_of=MOMENTS,
        lake_digest=TEXTS,
        inputs_digest=TEXTS,
        code_digest=TEXTS,
        lineage=st.dictionaries(TEXTS, PLAIN, max_size=4),
        feature_names=st.lists(TEXTS, max_size=4).map(tuple),
        feature_schema_hash=TEXTS,
        categories=st.dictionaries(TEXTS, st.integers(0, 2**20), max_size=3),
        encoder_hash=TEXTS,
        language=TEXTS,
        metier_version=TEXTS,
        dtype=TEXTS,
    )
)
def test_a_bundles_manifest_is_read_as_it_was_written(manifest):
    read = from_json(Manifest, as_json(manifest))
    assert read == manifest
    assert read.as_of.isoformat() == manifest.as_of.isoformat()


@given(
    st.builds(
        ReleaseManifest,
        surface=st.sampled_from(SURFACES),
        version=TEXTS,
        views=st.dictionaries(TEXTS, MOMENTS, max_size=4),
        files=st.dictionaries(TEXTS, TEXTS, max_size=4),
        format=st.integers(0, 100),
    )
)
def test_a_releases_manifest_is_read_as_it_was_written(manifest):
    assert from_json(ReleaseManifest, as_json(manifest)) == manifest
