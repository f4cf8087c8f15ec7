"""What every room uses: units, errors, checks of arguments, files, records, random streams, progress, the compiler."""
