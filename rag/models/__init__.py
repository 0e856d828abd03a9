"""Models that ship with Wenju or are named in the settings: text into numbers."""
