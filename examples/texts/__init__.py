"""The texts of the examples, a module each: what a record asks, and the right answer, from the same choices."""
