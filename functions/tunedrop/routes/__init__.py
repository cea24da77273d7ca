"""ControlApi's HTTP layer: thin routes, and the only place that uses pydantic."""
