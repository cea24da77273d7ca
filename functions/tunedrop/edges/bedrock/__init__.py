"""Bedrock: its jobs, its paid capacity, its models' answers, and the quotas of the account."""
