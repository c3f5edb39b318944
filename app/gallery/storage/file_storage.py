"""Interface of a storage of small immutable files, which a gallery's photos are kept in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol


class FileStorage(Protocol):
    """Storage of files by name, without folders. Safe to use from many threads, processes and machines.

    A file has an age, which begins when it is written or touched. Methods raise OSError when the storage fails.
    """

    @property
    def parallelism(self) -> int:
        """Number of files that are worth reading or writing at the same time."""

    @property
    def is_up(self) -> bool:
        """Whether the storage answered when it was last used."""

    def check(self) -> None:
        """Use the storage, so that `is_up` is of this moment. Raises nothing."""

    def owner(self) -> str | None:
        """Return what claim() has recorded, None before."""

    def claim(self, owner: str) -> None:
        """Record whose files these are. Raises OSError if they are those of another owner."""

    def path(self, name: str) -> Path | None:
        """Return the path of a file, which may not exist, or None if the storage is not a folder."""

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files durably, in order, each wholly or not at all. Existing files are replaced."""

    def read(self, name: str) -> bytes:
        """Read a file. Raises FileNotFoundError, and another OSError if it cannot be read."""

    def missing(self, names: Collection[str]) -> set[str]:
        """Return the names that have no file now. Raises OSError if that cannot be known, or for condemned files."""

    def touch(self, names: Collection[str]) -> dict[str, OSError]:
        """Reset the age of files. Missing ones are left out. Returns the error of each file that is not touched."""

    def names(self) -> Iterator[str]:
        """Yield the names of all files, in no order."""

    def older_than(self, moment: float) -> Iterator[str]:
        """Yield the files that were last written or touched before a time, in s since 1970.

        What interrupted writes and removals have left is removed, or yielded too.
        """

    def condemn(self, names: Collection[str], before: float) -> Callable[[], None]:
        """Begin to remove files that were last written or touched before a time, in s since 1970.

        Called while no product is written. Returns the removal itself, to be called at once. Until its end, missing()
        does not accept the files as those of a product. Files that cannot be removed are logged and left.
        """
