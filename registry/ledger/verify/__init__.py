"""Verification that needs no Django: pure functions over stored bytes."""
