"""HTTP of ControlApi: thin routes, and the only place with pydantic."""
