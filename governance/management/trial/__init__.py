"""Somebody's own data through the gate once: read, scan, train or take predictions, measure, judge, tell."""
