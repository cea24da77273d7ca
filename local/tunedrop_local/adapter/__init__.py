"""The only place that knows MiniStack's private names, one module for each seam.

Every name is checked when the server starts, so that another MiniStack version fails at once and by name.
"""
