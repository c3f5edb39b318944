"""Sources of products: feeds of shops and folders of photos. Both give the same items."""
