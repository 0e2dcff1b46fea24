"""outboxsim measured against its peers: `python -m tests.benchmarks` prints the tables of README.md."""
