"""Read a split's files: detect their containers, cut them into lines, elements or rows, parse those. Pure."""
