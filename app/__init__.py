"""The server of Sketchfind: the catalogue, the gallery that searches it, and the HTTP interface."""
