"""What an application finds in its image: interpreter, virtual environment, bytecode."""
