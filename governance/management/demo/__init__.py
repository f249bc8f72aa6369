"""The demonstration: a hospital, 442 real patients with made-up identities, and one model's way through the gate."""
