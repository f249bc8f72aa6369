"""The auditor's program: pure modules that are built into one file and trust nothing but the keys they are given."""
