"""Add up what this stack spends, hold intents against the month's budget, and tell of it."""
