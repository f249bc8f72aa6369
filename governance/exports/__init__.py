"""What leaves the house, and what checks it: the verification of the record, later packs and attestations."""
