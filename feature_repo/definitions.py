"""Every Feast object of metier, made of the views that feature_repo/views.py declares: all that `feast apply` reads."""

from datetime import datetime, timedelta

import pyarrow as pa
from feast import Entity, FeatureService, FeatureView, Field, FileSource, PushSource, ValueType
from feast.types import Array, Bool, FeastType, Float32, Float64, Int64, String, UnixTimestamp

from feature_repo import views
from metier.contract import TIMESTAMP

NEVER_EXPIRES = timedelta(days=50 * 365)
"""A view says itself when something is over (windows that emptied have a row of zeros), so values do not expire.

Feast reads 0 as "never" in joins but as "one year before the wall clock" in `materialize-incremental`, which would
leave out archives; fifty years mean the same to both.
"""
FRESH_WITHIN = "fresh_within_hours"
"""Tag of a view: how old its values may be when they are served."""
KINDS: dict[pa.DataType, FeastType] = {
    pa.string(): String,
    pa.float32(): Float32,
    pa.float64(): Float64,
    pa.int64(): Int64,
    pa.bool_(): Bool,
    TIMESTAMP: UnixTimestamp,
    pa.list_(pa.string()): Array(String),
    pa.list_(pa.int64()): Array(Int64),
    pa.list_(pa.float32()): Array(Float32),
}
"""What Feast calls the types of features."""


class _AnyRecord(list[tuple[datetime, datetime]]):
    """The materializations of a declared view: equal to whatever the registry has recorded of it.

    With Feast's own empty list a view differs from its declaration once it is materialized: every `feast apply` from
    then on would print it as updated, with a page of timestamps. A view of a class of its own is no way out: Feast's
    SQL registry does not know it again, and writes it anew without its record.
    """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]


def _entity(name: str) -> Entity:
    return Entity(name=name, join_keys=[f"{name}_id"], value_type=ValueType.STRING)


def _view(declared: views.View) -> FeatureView:
    """Feast's view of a table; a pushed one also takes rows from the push source <name>_push."""
    table = FileSource(
        name=declared.name,
        path=declared.name,
        timestamp_field="event_timestamp",
        created_timestamp_column="recorded_at",
    )
    features = [Field(name=name, dtype=KINDS[kind]) for name, kind in declared.features.items()]
    view = FeatureView(
        name=declared.name,
        entities=[_ENTITIES[declared.entity]],
        ttl=NEVER_EXPIRES,
        schema=[Field(name=declared.key, dtype=String), *features],
        source=PushSource(name=f"{declared.name}_push", batch_source=table) if declared.pushed else table,
        online=True,
        description=declared.description,
        tags={FRESH_WITHIN: str(declared.fresh_within_hours)},
    )
    view.materialization_intervals = _AnyRecord()
    return view


freelancer = _entity("freelancer")
job = _entity("job")
client = _entity("client")
_ENTITIES = {entity.name: entity for entity in (freelancer, job, client)}
ENTITIES = tuple(_ENTITIES.values())

freelancer_profile = _view(views.freelancer_profile)
freelancer_activity = _view(views.freelancer_activity)
freelancer_history = _view(views.freelancer_history)
freelancer_text = _view(views.freelancer_text)
job_profile = _view(views.job_profile)
job_activity = _view(views.job_activity)
job_text = _view(views.job_text)
client_profile = _view(views.client_profile)
client_activity = _view(views.client_activity)
client_history = _view(views.client_history)

RANKED_VIEWS = (
    *(freelancer_profile, freelancer_activity, freelancer_history),
    *(job_profile, job_activity),
    *(client_profile, client_activity, client_history),
)
VIEWS = (*RANKED_VIEWS, freelancer_text, job_text)

talent_search_v1 = FeatureService(name="talent_search_v1", features=list(RANKED_VIEWS))
job_feed_v1 = FeatureService(name="job_feed_v1", features=list(RANKED_VIEWS))
applicant_review_v1 = FeatureService(name="applicant_review_v1", features=list(RANKED_VIEWS))

SERVICES = (talent_search_v1, job_feed_v1, applicant_review_v1)
