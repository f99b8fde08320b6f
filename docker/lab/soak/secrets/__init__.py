"""The soak `secrets`: servers, builds and applications that print each secret they know."""
