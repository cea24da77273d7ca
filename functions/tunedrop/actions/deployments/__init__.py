"""Buy, inspect and release the paid capacity behind deployments."""
