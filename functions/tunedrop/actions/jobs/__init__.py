"""Jobs are planned, started, brought to Bedrock, followed and stopped."""
