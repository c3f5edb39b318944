"""Command line of the crash test, which is described in crash_test.py."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.reliability.crash import crash_test
from benchmarks.reliability.crash.harm import mount_small_disk
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.write_clients import PhotoServer


def main() -> None:
    """Parse the options and run the rounds; ends with status 1 at the first fault."""
    parser = create_parser(crash_test.__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="number of crashes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random choices (default: %(default)s)")
    parser.add_argument("--catalogue", help="URL of an empty PostgreSQL database (default: SQLite)")
    options = parse_options(parser)
    with (
        tempfile.TemporaryDirectory() as folder,
        mount_small_disk(Path(folder) / "disk") as disk,
        PhotoServer() as photos,
    ):
        test = crash_test.CrashTest(disk, photos, options.seed, options.catalogue)
        print_figures(test.run(options.rounds), as_json=options.json)


if __name__ == "__main__":
    main()
