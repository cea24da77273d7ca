"""What is safe to mend in a person's file, and the mending of it. Pure."""
