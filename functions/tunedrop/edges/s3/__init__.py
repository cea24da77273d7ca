"""The data bucket: objects, their versions, links to them."""
