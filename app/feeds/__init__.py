"""Where products come from: a shop's feed, or a folder of photos. Both give the same items."""
