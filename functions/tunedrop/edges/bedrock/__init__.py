"""Bedrock: its jobs, its paid capacity, its models' answers, the quotas of the account. A verb in a name spends."""
