"""What a stack has that costs, and how a person ends it, whether the stack still stands or not."""
