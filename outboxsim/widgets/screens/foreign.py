"""Text from emails, files and logs on a screen (G8): always text, unable to reorder or hide what stands around it."""

from __future__ import annotations

import re
from typing import Any, Final

from outboxsim.widgets.nodes import Element, element

#: What is not seen but changes how the rest is: controls, directions and their isolates, zero-width and filling characters,
#: tags, halves of pairs. Joiners within emoji and Persian words, line feeds and tabs are needed and harmless.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def shown(text: str) -> str:
    """The text with what is invisible in it made visible, such as ``⟨U+202E⟩`` for what would turn the line around."""
    return _INVISIBLE.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def foreign(text: str, tag: str = "span", **attributes: Any) -> Element:
    """An element that holds a text from elsewhere, in the direction of its own letters, isolated from its surroundings."""
    return element(tag, shown(text), dir="auto", **attributes)
