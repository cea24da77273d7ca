"""Checks of training data: one decorated function per check, and the examination that runs them. Pure."""
