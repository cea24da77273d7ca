"""The demo: Tunedrop's main job from end to end in the embedded cloud, for a person to watch (`python -m demo`)."""
