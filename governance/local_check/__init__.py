"""The checks and the policy on a laptop: the same pure functions on files, without a server, a database or a record."""
