"""What only a build needs: the compiler of the definitions and the collector of browser assets."""
