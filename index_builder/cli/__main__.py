"""`python -m index_builder.cli`: the command line without the installed script."""

from index_builder.cli.main import app

app()
