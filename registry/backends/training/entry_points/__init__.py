"""Training code that is shipped: each file runs by itself in the sandbox, with ``train(tables, parameters, output, seed)``."""
