"""Reports and notifications: what people and programs read. Pure."""
