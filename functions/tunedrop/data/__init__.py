"""Reading and writing of training data: containers, records, formats. Pure."""
