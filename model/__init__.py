"""Network of Sketchfind and its mathematics in torch, numpy and OpenCV, without web and storage."""
