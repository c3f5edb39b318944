"""Contact with the server of a database: whether it answers, and what is done while it does not."""
