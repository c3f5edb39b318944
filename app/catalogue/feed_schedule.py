"""Schedule of the feed that servers fetch by URL, in the catalogue's database: one server of several does it."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass

from sqlalchemy import insert, select, update

from app.catalogue.catalogue import Catalogue
from app.database.tables import feed_checks as _table


@dataclass(frozen=True)
class FeedCheck:
    """Outcome of the last check of a feed, and the time of the next one."""

    next_at: float = 0.0  # s since 1970
    failures: int = 0  # in a row
    etag: str = ""
    modified: str = ""
    job_id: str | None = None  # of the last import


class FeedSchedule:
    """Schedule of one feed. Safe to use from many processes."""

    def __init__(self, catalogue: Catalogue, url: str) -> None:
        self._catalogue = catalogue
        self._key = hashlib.sha256(url.encode()).hexdigest()  # the URL may contain a password

    def read(self) -> FeedCheck:
        """Return the last check."""
        columns = [column for column in _table.c if column.name != "url_sha256"]
        with self._catalogue.moment() as connection:
            row = connection.execute(select(*columns).where(_table.c.url_sha256 == self._key)).first()
        return FeedCheck(**row._mapping) if row else FeedCheck()

    def claim(self, seconds: float) -> bool:
        """Claim the check that is due for so many seconds. Returns False if none is due, or another process has it."""
        now = time.time()
        with self._catalogue.transaction() as connection:
            mine = _table.c.url_sha256 == self._key
            if connection.execute(select(_table.c.url_sha256).where(mine)).first() is None:
                connection.execute(insert(_table).values(url_sha256=self._key, **asdict(FeedCheck())))
            due = update(_table).where(mine, _table.c.next_at <= now).values(next_at=now + seconds)
            return connection.execute(due).rowcount > 0

    def record(self, check: FeedCheck) -> None:
        """Record a check that was claimed."""
        with self._catalogue.transaction() as connection:
            changed = update(_table).where(_table.c.url_sha256 == self._key)
            connection.execute(changed.values(**asdict(check)))
