"""Entry point of `python -m index_builder.cli`, for use without the installed script."""

from index_builder.cli.main import app

app()
