"""The journal of what ships: publications, promotions and bases, and what follows from them."""
