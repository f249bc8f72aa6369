"""The API: parse, call a use case, print. One file per noun."""
