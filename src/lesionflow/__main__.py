"""`python -m lesionflow`."""

from lesionflow.cli import main

if __name__ == "__main__":
    main()
