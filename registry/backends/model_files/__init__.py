"""Read the files of a model without loading it: what they name, which code they carry, what could not be read."""
