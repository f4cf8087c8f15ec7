"""Networks that users have written in Brian2, read into circuits."""
