"""A file of rows in chunks that are read, and scanned, each by itself."""
