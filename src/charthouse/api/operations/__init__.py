"""Extended operations (`$name`), one file each; none is offered yet, and asking for one is answered so."""
