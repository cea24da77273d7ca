"""One module per format of training data: all are detected and read, the three that Bedrock takes written. Pure."""
