"""How the application touches the world."""
