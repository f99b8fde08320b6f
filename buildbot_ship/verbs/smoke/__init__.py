"""Run the images that a build made, together, before they are pushed."""
