"""The run time of an application: interpreter, virtual environment, bytecode, libraries."""
