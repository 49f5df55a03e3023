"""Plans that were reviewed: applied only to the very files and the very state that they were made for."""
