"""Evaluations are planned, started, asked, scored, read and stopped."""
