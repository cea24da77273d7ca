"""What a test split can show of a custom model."""
