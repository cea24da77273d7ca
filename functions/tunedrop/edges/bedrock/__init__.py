"""Bedrock: jobs, paid capacity, model answers and the account's quotas. Only modules named with a verb can spend."""
