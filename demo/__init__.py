"""The main job of Tunedrop, end to end, in the embedded cloud, for a person to watch: `python -m demo`."""
