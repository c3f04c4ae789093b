"""What a fit makes of the rank at which a row was displayed, and which of the ways suits a surface."""
