"""The offline stages of Sketchfind, one file each, and the command line that calls them."""
