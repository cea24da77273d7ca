"""Mend what is safe to mend in a person's file. Pure."""
