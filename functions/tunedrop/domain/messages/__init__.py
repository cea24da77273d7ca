"""The Messages API: its requests, errors and events, and their mapping to Bedrock. Pure."""
