"""Paid capacity is bought, looked for and given back."""
