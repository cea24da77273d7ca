"""Answer calls to the Messages API, and manage its API keys."""
