"""Images as bytes: bases, layers, what COPY takes, configs and manifests."""
