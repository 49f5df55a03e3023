"""`tunestack capacity`: what can be had where, and what a deployment would take."""
