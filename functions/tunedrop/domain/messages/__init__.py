"""The Messages contract, its mapping to Bedrock and its stream of events. Pure."""
