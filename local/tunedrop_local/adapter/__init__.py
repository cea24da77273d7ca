"""The only place that knows MiniStack's private names, with one module per seam.

Every name is checked when the server starts, so that another version of MiniStack fails at once, naming the name.
"""
