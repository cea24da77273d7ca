"""What the application does: one module per use case, in one folder per noun."""
