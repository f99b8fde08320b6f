"""From pins to an application: which wheels are made, and how they lie in layers."""
