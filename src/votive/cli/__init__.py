"""The command line: one file for each group of commands. Words in, one call of the floors below, words or JSON out."""
