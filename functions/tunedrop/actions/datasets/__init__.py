"""Turn uploads into versions; prepare, read and delete versions."""
