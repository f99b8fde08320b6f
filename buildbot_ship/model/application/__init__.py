"""From pins to an application: wheels, dependency closure, file conflicts and layers."""
