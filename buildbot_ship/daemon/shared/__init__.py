"""Code that containers and images share: archives, limits, errors of the Docker SDK."""
