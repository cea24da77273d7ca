"""How the application touches the world: AWS, the clock, the environment, logs and metrics."""
