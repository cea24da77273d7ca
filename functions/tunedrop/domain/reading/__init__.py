"""A split's files as what they really are: containers, lines, rows, and the entries they make. Pure."""
