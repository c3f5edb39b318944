"""Options of an import job, stored with it, so that a resumed import does exactly the same."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

MAX_REMOVED = 20.0  # default share, in percent


@dataclass(frozen=True)
class Removal:
    """Removal of the products that a complete feed lacks.

    `max_percent` is the largest share of the products that may be removed. `revision` and `size` (products) are those
    of the catalogue when the feed was submitted. Products that changed later are not removed.
    """

    max_percent: float
    revision: int
    size: int


@dataclass(frozen=True)
class ImportOptions:
    """Options of one import."""

    removal: Removal | None = None  # None to leave other products alone
    is_dry_run: bool = False  # write nothing
    language: str | None = None  # of texts that are added to products, which get nothing else; None for products

    def dump(self) -> str:
        """Return the options as JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def parse(stored: str | None) -> ImportOptions:
        """Return the options of a job. Jobs of older versions have none."""
        values = json.loads(stored or "{}")
        removal = values.pop("removal", None)
        return ImportOptions(**values, removal=Removal(**removal) if removal else None)
