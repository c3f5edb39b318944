"""Metrics of the server for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.process_collector import ProcessCollector

from app.observability.build_info import read_build_info, short_hash

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class _Contact(Protocol):
    @property
    def is_up(self) -> bool: ...


class _Gallery(Protocol):
    @property
    def size(self) -> int: ...
    @property
    def revision(self) -> int: ...
    @property
    def contact(self) -> _Contact: ...
    @property
    def photos(self) -> _Contact: ...


class Metrics:
    """The metrics of one server process, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._build = Info("sketchfind_build", "Version, build and checkpoint in use", registry=registry)
        self._checkpoint: Callable[[], str | None] = lambda: None
        self._requests = Counter(
            "sketchfind_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "sketchfind_request_seconds", "Response time in seconds", ["route"], buckets=_SECONDS, registry=registry
        )
        self._rejected = Counter("sketchfind_rejected", "Refused requests by error code", ["code"], registry=registry)
        self._stages = Histogram(
            "sketchfind_stage_seconds",
            "Time of search stages in seconds",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._batch = Histogram(
            "sketchfind_batch_size", "Searches in one forward pass", buckets=(1, 2, 4, 8, 16, 32), registry=registry
        )
        self._outcomes = Counter(
            "sketchfind_search_outcomes",
            "Searches by outcome and checkpoint",
            ["outcome", "checkpoint"],
            registry=registry,
        )
        self._events = Counter(
            "sketchfind_events", "Events of pages: stored, ignored or dropped", ["outcome"], registry=registry
        )
        self._imports = Counter("sketchfind_imports", "Imports that ended, by outcome", ["outcome"], registry=registry)
        self._import_errors = Counter(
            "sketchfind_import_errors", "Errors of imports by kind", ["kind"], registry=registry
        )
        self._feed_checks = Counter(
            "sketchfind_feed_checks", "Checks of the scheduled feed by outcome", ["outcome"], registry=registry
        )
        self._queue = Gauge("sketchfind_queue_length", "Searches that are waiting or running", registry=registry)
        self._database = Gauge(
            "sketchfind_database_up", "1 if the catalogue's database answers, 0 if it is away", registry=registry
        )
        self._photos = Gauge(
            "sketchfind_photos_up", "1 if the photos' bucket answers, 0 if it is away", registry=registry
        )
        self._size = Gauge("sketchfind_gallery_size", "Products that can be found", registry=registry)
        self._revision = Gauge("sketchfind_gallery_revision", "Revision of the search index", registry=registry)

    def watch(
        self, gallery: Callable[[], _Gallery], queue_length: Callable[[], int], checkpoint: Callable[[], str]
    ) -> None:
        """Read the gallery, the queue's length and the checkpoint's SHA-256 whenever the metrics are requested."""
        self._checkpoint = checkpoint
        self._database.set_function(lambda: float(gallery().contact.is_up))
        self._photos.set_function(lambda: float(gallery().photos.is_up))
        self._size.set_function(lambda: gallery().size)
        self._revision.set_function(lambda: gallery().revision)
        self._queue.set_function(queue_length)

    def answered(self, method: str, route: str, status: int, seconds: float, code: str | None) -> None:
        """Count a request, and its error code if it has one."""
        self._requests.labels(method if method in _METHODS else "other", route, status).inc()
        self._seconds.labels(route).observe(seconds)
        if code is not None:
            self._rejected.labels(code).inc()

    def searched(self, timings_ms: Mapping[str, float]) -> None:
        """Record how long a search took by stage."""
        for stage, milliseconds in timings_ms.items():
            self._stages.labels(stage).observe(milliseconds / 1000)

    def search_outcome(self, outcome: str, checkpoint: str) -> None:
        """Count a search by its outcome: found, doubtful or none."""
        self._outcomes.labels(outcome, checkpoint).inc()

    def events(self, outcome: str, count: int) -> None:
        """Count events of pages: stored, ignored as repeats or as of unknown searches or products, or dropped."""
        self._events.labels(outcome).inc(count)

    def forward_pass(self, searches: int) -> None:
        """Record for how many searches a forward pass of the network was."""
        self._batch.observe(searches)

    def import_ended(self, outcome: str) -> None:
        """Count an import that is done, failed or cancelled."""
        self._imports.labels(outcome).inc()

    def import_error(self, kind: str) -> None:
        """Count an error of an import by its kind, of which there are few."""
        self._import_errors.labels(kind).inc()

    def feed_checked(self, outcome: str) -> None:
        """Count a check of the scheduled feed: changed, unchanged or failed."""
        self._feed_checks.labels(outcome).inc()

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        info, checkpoint = read_build_info(), short_hash(self._checkpoint())
        self._build.info({"version": info.version, "build": info.build or "", "checkpoint": checkpoint or ""})
        return generate_latest(self._registry)
