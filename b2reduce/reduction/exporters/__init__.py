"""What a rate model can be written for, one file each; `register` lists them."""
