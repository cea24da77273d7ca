"""What happens when AWS misbehaves: judged by the simulated Bedrock's ledger and by histories, not by our own rows."""
