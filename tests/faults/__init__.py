"""What happens when AWS misbehaves: judged by the simulated Bedrock's ledger and by histories, never by our own rows."""
