"""Properties of any text: its character encoding and its estimated tokens. Pure."""
