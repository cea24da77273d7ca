"""Worked examples: data, settings and a page each. `make demo EXAMPLE=ticket-routing` runs one."""
