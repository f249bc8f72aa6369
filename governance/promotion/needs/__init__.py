"""Resolvers of what checks need, one per kind, listed in the settings: each returns the digest of a kept artifact."""
