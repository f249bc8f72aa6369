"""Training code that is shipped: each file runs in the sandbox, by ``train(tables, parameters, output, seed)``."""
