"""Datasets over time: keys, settings, split files, numbered versions and their deletion. Pure."""
