"""The premises of the derivation, one file each; `register` lists them."""
