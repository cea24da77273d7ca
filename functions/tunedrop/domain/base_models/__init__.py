"""Each base model's ids, limits and options, as data. Pure."""
