"""System checks: a wrong combination of settings is an error with an id and a hint before anything starts."""
