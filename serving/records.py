"""A served slate as rows of the data contract: one query and its impressions.

Knows columns; writes nothing.
"""

import json
from collections.abc import Mapping
from typing import Any

from metier.contract import ANONYMOUS
from serving.events.event_log import Event
from serving.request.ranking import RankingRequest, Slate
from serving.request.trace import RequestTrace
from serving.stages import Stages


def events_of(
    request: RankingRequest, slate: Slate, trace: RequestTrace, stages: Stages, feature_service: str
) -> list[Event]:
    """Rows for the event log, the query first. Propensity is null where the rank was deterministic."""
    moment = {"event_timestamp": slate.event_timestamp, "recorded_at": slate.event_timestamp}
    query: dict[str, Any] = {
        "query_id": slate.query_id,
        "surface": request.surface,
        "actor_id": request.actor_id or f"{ANONYMOUS}{request.session_id or slate.query_id}",
        "session_id": request.session_id,
        "job_id": request.job_id,
        "text": request.text,
        "filters": _json(request.filters),
        "context": _json({**request.context, **slate.reading}),
        "variant": slate.variant,
        "policy": stages.bundle.version,
        "snapshot_version": stages.candidates.version,
        "tier": slate.tier,
        "degraded": list(trace.degraded),
        "feature_service": feature_service,
        "feature_schema_hash": stages.ranked and stages.ranked.manifest.feature_schema_hash,
        **moment,
    }
    impressions: list[Event] = [
        (
            "impressions",
            {
                "query_id": slate.query_id,
                "candidate_id": entry.candidate_id,
                "rank": entry.rank,
                "placement": entry.placement,
                "propensity": entry.propensity,
                "score": entry.score,
                "features": entry.features,
                **moment,
            },
        )
        for entry in slate.entries
    ]
    return [("queries", query), *impressions]


def _json(fields: Mapping[str, Any]) -> str:
    return json.dumps(dict(fields), ensure_ascii=False, sort_keys=True)
