"""Own base images: copy, derive and pin them."""
