"""StateTable and AccessTable: rows, conditional writes, and how each noun is stored."""
