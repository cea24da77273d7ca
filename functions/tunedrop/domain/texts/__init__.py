"""What is asked of any text: its encoding, its tokens, the escapes that it was written with. Pure."""
