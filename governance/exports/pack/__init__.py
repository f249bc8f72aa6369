"""The evidence pack of one promotion: a file that proves itself, offline."""
