"""The policy pack. Its policies are the package's, so that other programs can use them; limits are the stacks'."""

from tunestack.policies.pack import main

main()
