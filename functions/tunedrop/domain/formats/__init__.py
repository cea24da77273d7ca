"""One module per shape of training data: told, read, and the three that Bedrock takes written. Pure."""
