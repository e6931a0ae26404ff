"""python -m linguagraph: the command line."""

from linguagraph.cli import main

if __name__ == "__main__":
    main()
