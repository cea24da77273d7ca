"""What the application does: one module per use case, by noun."""
