"""A report as a page of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.core.error_text import cut, readable
from index_builder.analytics.figures import FIRST_VIEW, Figures
from index_builder.analytics.report import Report
from index_builder.analytics.session_bootstrap import SessionCounts, estimate_difference, estimate_share
from index_builder.evaluation.bootstrap import Estimate

_Measure = Callable[[Figures], list[SessionCounts]]
_MEASURES: tuple[tuple[str, _Measure], ...] = (
    ("with a product opened", Figures.opening),
    ("with a visit to the shop", Figures.visiting),
    (f"opened among the first {FIRST_VIEW}", Figures.opening_first),
    ("doubtful or without results", Figures.doubting),
)
_NAME = 34  # characters of the first column
_WIDTH = 24  # of the others
_TEXT = 22  # of a product's id, and of its title


def format_report(report: Report) -> str:
    """Return the page of a report."""
    lines = [f"Searches from {report.first} to {report.last} (UTC)", "", *_list_days(report), ""]
    if report.all.searches:
        lines += [*_list_figures(report.all), "", *_list_products(report)]
    else:
        lines += ["No search was looked at. Pages report that to servers with SKETCHFIND_EVENTS=true."]
    if report.by_checkpoint:
        lines += ["", *_list_checkpoints(report.by_checkpoint)]
    return "\n".join(lines)


def _list_days(report: Report) -> Iterator[str]:
    yield f"{'answered by servers':{_WIDTH}}{'searches':>10}{'doubtful':>10}{'none':>10}"
    for day, outcomes in report.answered.items():
        yield f"{day:{_WIDTH}}{sum(outcomes.values()):10,}{outcomes['doubtful']:10,}{outcomes['none']:10,}"
    yield "Unfinished sketches count here too, since the page searches while somebody draws."


def _list_figures(figures: Figures) -> Iterator[str]:
    yield f"{len(figures.searches):,} searches of {figures.sessions:,} sessions were looked at:"
    for name, measure in _MEASURES:
        yield f"  {name:{_NAME}}{_percent(estimate_share(measure(figures)))}"
    yield f"  {'rank of what was opened, median':{_NAME}}{_rank(figures)}"
    yield "In brackets: 95 % intervals, by a bootstrap over sessions."


def _list_products(report: Report) -> Iterator[str]:
    yield f"{'most opened products':{2 * _TEXT + 3}}{'opened':>8}{'visited':>9}"
    for product_id, title, opened, visited in report.products:
        texts = [cut(readable(text), _TEXT) for text in (product_id, title or "(not in the gallery)")]
        yield f"  {texts[0]:{_TEXT}} {texts[1]:{_TEXT}}{opened:8,}{visited:9,}"


def _list_checkpoints(by_checkpoint: dict[str, Figures]) -> Iterator[str]:
    """Compare the checkpoint with the most searches with each other one."""
    (base, figures), *others = by_checkpoint.items()
    yield "Checkpoints, on the days on which several searched:"
    for checkpoint, of_checkpoint in by_checkpoint.items():
        yield f"  {checkpoint}: {len(of_checkpoint.searches):,} searches of {of_checkpoint.sessions:,} sessions"
    for checkpoint, of_checkpoint in others:
        yield ""
        yield f"  {'':{_NAME}}{base:{_WIDTH}}{checkpoint:{_WIDTH}}difference"
        for name, measure in _MEASURES:
            yield f"  {name:{_NAME}}" + _compare(measure(figures), measure(of_checkpoint))
        yield f"  {'rank of what was opened, median':{_NAME}}{_rank(figures):{_WIDTH}}{_rank(of_checkpoint)}"
    yield "A difference whose interval contains 0 may be chance."


def _compare(first: Sequence[SessionCounts], second: Sequence[SessionCounts]) -> str:
    shares = "".join(f"{_percent(estimate_share(sessions)):{_WIDTH}}" for sessions in (first, second))
    difference = estimate_difference(first, second)
    return shares + (
        f"{difference.value:+.1f} ({difference.low:+.1f} to {difference.high:+.1f})" if difference else "-"
    )


def _percent(share: Estimate | None) -> str:
    return "-" if share is None else f"{share.value:.1f} % ({share.low:.1f} to {share.high:.1f})"


def _rank(figures: Figures) -> str:
    return "-" if figures.median_rank is None else f"{figures.median_rank:g}"
