"""Drawing of the demo gallery's products from outlines, materials and light, without any photos of others."""
