"""The programs that run inside the sandbox; they import heavy libraries only after they were confined."""
