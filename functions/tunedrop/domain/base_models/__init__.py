"""What is known about each base model, as data. Pure."""
