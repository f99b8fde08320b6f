"""Real applications, each built twice under different conditions, compared, and run.

`apps` says which, `options` what was asked for, `repository` makes what a user would have,
`trial` ships it with the command line of the product, `artefacts` compares, `report` prints.
"""
