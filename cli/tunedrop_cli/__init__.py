"""The `tunedrop` command. Never shipped to Lambda."""
