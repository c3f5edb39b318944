"""A test of two checkpoints of one gallery: half of the sessions are searched by the challenger."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from pathlib import Path

from app.catalogue.challenger.challenger_catalogue import ChallengerCatalogue
from app.core.shutdown import Shutdown
from app.serving.challenge.challenger import Challenger, open_catalogue
from app.settings import Settings
from model.checkpoint import Checkpoint, load_checkpoint

_SESSION = re.compile(r"[0-9a-f]{32}")
_log = logging.getLogger(__name__)


class Challenge:
    """Challenger of a server, from start() to close(). Until it is open, all sessions have the gallery's checkpoint."""

    def __init__(self, settings: Settings, checkpoint: Path) -> None:
        self._settings, self._path = settings, checkpoint
        self._catalogue: ChallengerCatalogue | None = None
        self._challenger: Challenger | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Load the checkpoint, and open the gallery in the background. Raises CheckpointError and CatalogueError."""
        checkpoint = load_checkpoint(self._path, engine=self._settings.engine)
        self._catalogue = open_catalogue(self._settings, checkpoint)
        self._thread = threading.Thread(target=self._open, args=(checkpoint, self._catalogue), name="challenger")
        self._thread.daemon = True
        self._thread.start()

    def close(self, shutdown: Shutdown) -> None:
        """Close the challenger, or interrupt its opening."""
        if self._catalogue is not None:
            self._catalogue.stop()
        if self._thread is not None:
            shutdown.close({"opening of the challenger": self._thread.join})
        if self._challenger is not None:
            self._challenger.close(shutdown)

    def challenger_for(self, session: str | None) -> Challenger | None:
        """Return the challenger for the half of the sessions that it searches, else None.

        Requests without a session have the gallery's checkpoint.
        """
        return self._challenger if is_challenged(session) else None

    def _open(self, checkpoint: Checkpoint, catalogue: ChallengerCatalogue) -> None:
        try:
            self._challenger = Challenger.open(self._settings, checkpoint, catalogue)
        except InterruptedError:
            return
        except Exception as error:  # the gallery is searched all the same
            _log.error("the challenger cannot be opened, so all sessions have the gallery's checkpoint: %s", error)
            return
        _log.info("half of the sessions are searched by checkpoint %s now", checkpoint.sha256)


def is_challenged(session: str | None) -> bool:
    """Return whether the challenger searches for a session: by its hash, so that all servers decide alike."""
    if session is None or not _SESSION.fullmatch(session):
        return False
    return bool(hashlib.blake2b(session.encode(), person=b"challenge").digest()[0] & 1)
