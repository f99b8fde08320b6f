"""Images as bytes: base images, layers, configs, manifests, labels and archives."""
