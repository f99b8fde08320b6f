"""Pure values and decisions: no clock, environment, disk, network or Twisted."""
