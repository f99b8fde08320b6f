"""This project beside the article's scripts and three Dockerfiles, on one machine, in one go.

`options` says what was asked for, `world` is what one flow has to itself, `changes` are the
situations, `scripts`, `uv_flow`, `product` and `smoke_flows` are the flows, `copying` the two
ways to own a base, `hardening` the two ways to pin requirements. `uv` and `buildkit` are what
the flow `uv` needs of a machine. `counter` counts what a registry is sent, `memory` what a
process held, `starting` waits for an answer, `children` end with us, `rounds` measures all of
it; `figures`, `goals`, `page` and `chart` turn measurements into what people read. `growth`
says how cost grows, with packages from `index`, and `smoke_cost` what a smoke test costs.
"""
