"""The `tunedrop` command line. Never shipped to Lambda."""
