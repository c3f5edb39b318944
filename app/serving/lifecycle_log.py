"""Log lines for the start and the stop of a server."""

from __future__ import annotations

import logging
import time

from app.gallery.gallery import Gallery
from app.gallery.open_gallery import read_checkpoint_hash
from app.observability.build_info import read_build_info, short_hash
from app.serving.search_runtime import location_of
from app.settings import Settings

_log = logging.getLogger(__name__)


class LifecycleLog:
    """Log of one server's life: what starts, when it is ready, why it stops, and how long each took."""

    def __init__(self) -> None:
        self._began = self._stopping = time.monotonic()

    def log_start(self, settings: Settings) -> None:
        """Log version, build, gallery and checkpoint. Raises CatalogueError and SQLAlchemyError."""
        info, checkpoint = read_build_info(), short_hash(read_checkpoint_hash(location_of(settings)))
        fields = {"version": info.version, "build": info.build, "checkpoint": checkpoint}
        message = "Sketchfind %s starts: gallery %s, checkpoint %s"
        _log.info(message, info, settings.gallery, checkpoint or "none", extra={"fields": fields})

    def log_ready(self, url: str, gallery: Gallery) -> None:
        """Log that requests are accepted, and the duration of the start."""
        seconds = time.monotonic() - self._began
        message = "the server is ready after %.1f s at %s: %d products, revision %d, photos embedded %s"
        ways = "both ways round" if gallery.is_mirrored else "one way round"
        _log.info(message, seconds, url, gallery.size, gallery.revision, ways)

    def log_stop(self, reason: str) -> None:
        """Log why the server begins to stop, and how long it ran."""
        self._stopping = time.monotonic()
        _log.info("the server stops because of %s, after %s", reason, _duration(self._stopping - self._began))

    def log_end(self) -> None:
        """Log the end of an orderly stop, and its duration."""
        _log.info("the server has stopped within %.1f s", time.monotonic() - self._stopping)


def _duration(seconds: float) -> str:
    """Format a duration, such as "2 d 3 h 0 min" or "41 s"."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if not minutes:
        return f"{seconds:.0f} s"
    parts = [(days, "d"), (hours % 24, "h"), (minutes % 60, "min")]
    shown = parts[next(n for n, (number, _) in enumerate(parts) if number) :]
    return " ".join(f"{number} {unit}" for number, unit in shown)
