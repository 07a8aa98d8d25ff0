"""Print a command of README.md: the fenced block after a marker such as ``<!-- test-command -->``.

Usage: python .ci/readme_command.py test-command [README.md]
"""

import re
import sys
from pathlib import Path


def main(name, readme="README.md"):
    """Print the command, or exit with a message that says what is missing."""
    text = Path(readme).read_text(encoding="utf-8")
    marker = f"<!-- {name} -->"
    if text.count(marker) != 1:
        sys.exit(f"{readme} must have {marker} once, but has it {text.count(marker)} times")
    block = re.match(r"\s*```[^\n]*\n(.*?)\n```", text.split(marker)[1], flags=re.DOTALL)
    if block is None:
        sys.exit(f"{readme} has no fenced block right after {marker}")
    print(block[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
