"""What can be wrong with records, one decorated function per check. Pure."""
