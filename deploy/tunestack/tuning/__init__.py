"""The tuning service: what a job is, who owns it, and how to submit, find, watch and cancel one."""
