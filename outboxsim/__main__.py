"""``python -m outboxsim``."""

from __future__ import annotations

from outboxsim.cli import main

if __name__ == "__main__":
    main()
