"""Draws the products of the embedded demo gallery: outlines, materials, light; no photo of anyone else."""
