"""Datasets over time: object keys, settings, split files, numbered versions and their deletion. Pure."""
