"""Whether it lives, whether it can work, and how it does: ``/healthz``, ``/readyz``, ``/metrics``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from flask import Blueprint, Response

from ..errors import TenonError
from ..exchange import stats
from ..plugin import contributions as c
from ..storage import json
from .problems import from_error, public_reason

if TYPE_CHECKING:
    from ..app import Tenon

log = structlog.get_logger(__name__)

DEGRADED = "degraded: "


def health(tenon: Tenon) -> Blueprint:
    """The blueprint of the three routes; none of them tells anything about records."""
    found = Blueprint("health", __name__)

    @found.get("/healthz")
    def alive() -> Response:
        return _json({"status": "ok"})

    @found.get("/readyz")
    def ready() -> Response:
        checks = {"database": _try("database", tenon.migrations.ensure_current)}
        for plugin, check in tenon.plugins.contributions(c.HealthCheck):
            name = f"{plugin}.{check.key}"
            checks[name] = _try(name, lambda check=check: check.run(tenon))
        return _ready(checks)

    @found.get("/metrics")
    def metrics() -> Response:
        return Response(_metrics(tenon), content_type="text/plain; version=0.0.4; charset=utf-8")

    found.register_error_handler(TenonError, from_error)
    return found


def _ready(checks: dict[str, str]) -> Response:
    if all(state == "ok" or state.startswith(DEGRADED) for state in checks.values()):
        status = "ok" if set(checks.values()) == {"ok"} else "degraded"
        return _json({"status": status, "checks": checks})
    return _json({"status": "unavailable", "checks": checks}, 503)


def _try(name: str, check: Any) -> str:
    """``ok``, or what is wrong as anybody may know it; the log has the rest."""
    try:
        found = check()
    except TenonError as error:
        return public_reason(error)
    except Exception:
        log.exception("health check failed", check=name)
        return "failed"
    return f"{DEGRADED}{found}" if found else "ok"


def _json(data: Any, status: int = 200) -> Response:
    return Response(
        json.dumps(data), status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _metrics(tenon: Tenon) -> bytes:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import GaugeMetricFamily

    class Collector:
        def collect(self) -> Any:
            with tenon.storage.reading() as connection:
                found = stats(connection, tenon.clock.now())
            yield GaugeMetricFamily(
                "tenon_outbox_events_waiting", "Events not yet fanned out", found.events_waiting
            )
            yield GaugeMetricFamily(
                "tenon_outbox_lag_seconds", "Age of the oldest due delivery or job", found.lag_seconds
            )
            for name, states in (("deliveries", found.by_state()), ("jobs", found.jobs)):
                family = GaugeMetricFamily(f"tenon_{name}", f"Unfinished {name} by state", labels=["state"])
                for state, count in states.items():
                    family.add_metric([state], count)
                yield family

    registry = CollectorRegistry()
    registry.register(Collector())
    return generate_latest(registry)
