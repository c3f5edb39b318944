"""Colours of photos and strokes: measured, named, and compared."""
