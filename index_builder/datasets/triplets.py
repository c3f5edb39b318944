"""Human triplets: people's judgements of which of two photos is nearer to a sketch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StrictInt, StrictStr, TypeAdapter, ValidationError

from app.core.error_text import describe_validation_error, path_of

_Id = StrictStr | StrictInt
_Votes = Annotated[StrictInt, Field(ge=1)]
_FILE = TypeAdapter(dict[str, list[tuple[_Id, _Id, _Votes]]])


class TripletsError(ValueError):
    """Damaged file of triplets, or one with ids that the folder does not hold."""


@dataclass(frozen=True)
class HumanTriplet:
    """Number of people by whom one photo was judged nearer to a sketch than another.

    `sketch` is a Sketch's name.
    """

    sketch: str
    nearer: str
    farther: str
    votes: int


Triplet = tuple[str, str]  # ids of two photos: the one judged nearer to a sketch by most people, and the other


@dataclass(frozen=True)
class Judgement:
    """Judgements of one sketch by all people."""

    triplets: tuple[Triplet, ...] = ()  # triplets with more votes than their opposite
    compared: tuple[str, ...] = ()  # sorted ids of all photos that people compared, ties included


def judgements(triplets: Iterable[HumanTriplet]) -> dict[str, Judgement]:
    """Group triplets by sketch."""
    votes: Counter[tuple[str, str, str]] = Counter()
    for triplet in triplets:
        votes[triplet.sketch, triplet.nearer, triplet.farther] += triplet.votes
    agreed: dict[str, list[Triplet]] = {}
    compared: dict[str, set[str]] = {}
    for (sketch, nearer, farther), count in votes.items():
        compared.setdefault(sketch, set()).update((nearer, farther))
        if count > votes[sketch, farther, nearer]:
            agreed.setdefault(sketch, []).append((nearer, farther))
    return {
        sketch: Judgement(tuple(agreed.get(sketch, ())), tuple(sorted(photos))) for sketch, photos in compared.items()
    }


def read_triplets(path: Path) -> tuple[HumanTriplet, ...]:
    """Read {sketch id: [[nearer photo id, farther photo id, votes], ...]}, ids as strings or whole numbers.

    Raises TripletsError.
    """
    try:
        lists = _FILE.validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        # an id that is neither of the two types is reported as two errors, whose place ends in the type's name
        where = path_of(tuple(part for part in first["loc"] if part not in {"str", "int"}))
        raise TripletsError(f"{path}: {describe_validation_error(first, where)}") from None
    return tuple(
        HumanTriplet(sketch, str(nearer), str(farther), votes)
        for sketch, triplets in lists.items()
        for nearer, farther, votes in triplets
    )


def check_triplets(
    triplets: Iterable[HumanTriplet], sketches: Collection[str], photos: Collection[str], source: Path
) -> None:
    """Raise TripletsError, with the id, when a triplet names an unknown sketch or photo."""
    for triplet in triplets:
        if triplet.sketch not in sketches:
            raise TripletsError(f"{source} has triplets of sketch {triplet.sketch!r}, expected the name of a sketch")
        for photo in (triplet.nearer, triplet.farther):
            if photo not in photos:
                raise TripletsError(f"{source}: sketch {triplet.sketch!r} names photo {photo!r}, expected a photo's id")
