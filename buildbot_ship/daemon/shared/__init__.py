"""What containers and images both need: archives, limits, errors of the SDK."""
