"""The network of Sketchfind and its mathematics: pure torch, numpy and OpenCV, no web and no storage."""
