"""How lessons look in a notebook and on a terminal. Everything that comes from a lesson is text: it is escaped here, once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, TypeAlias

from outboxsim.widgets.words import Words, marked

#: How a task stands (yes, no, not yet), its title, and a hint or nothing.
Mark: TypeAlias = tuple[str, str, str]

_STANDINGS: Final = {
    "yes": marked("Completed"),
    "no": marked("Too late: move the clock back and try again"),
    "not yet": marked("Not yet done"),
}
_SIGNS: Final = {"yes": "✔", "no": "✘", "not yet": "○"}
#: Of the signs, in Jupyter's light and dark themes.
_COLOURS: Final = {"yes": "var(--jp-success-color1, #2e7d32)", "no": "var(--jp-error-color1, #c62828)", "not yet": "inherit"}


def paragraphs(text: str) -> str:
    """A text as HTML: each of its lines is a paragraph."""
    return "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())


def lesson_html(title: str, introduction: str, tasks: Iterable[tuple[str, str]]) -> str:
    """Title, introduction and tasks."""
    items = "".join(f"<li><strong>{escape(name)}</strong>{paragraphs(text)}</li>" for name, text in tasks)
    return f'<section class="outboxsim-lesson"><h2>{escape(title)}</h2>{paragraphs(introduction)}<ol>{items}</ol></section>'


def lesson_text(title: str, introduction: str, tasks: Iterable[tuple[str, str]]) -> str:
    """The same without markup."""
    numbered = [f"{number}. {name}\n   {text}" for number, (name, text) in enumerate(tasks, 1)]
    return "\n\n".join([title, introduction, *numbered])


def report_html(marks: Sequence[Mark], language: str) -> str:
    """How the tasks stand, in their order. Signs are for eyes, the words beside them for everybody."""
    words = Words(language)
    rows = "".join(
        f"<li>{_sign(standing)} <strong>{escape(title)}</strong>: {escape(words(_STANDINGS[standing]))}"
        f"{f'<br>{escape(_hint(words, hint))}' if hint else ''}</li>"
        for standing, title, hint in marks
    )
    return f'<section class="outboxsim-lesson"><p>{escape(_sum(words, marks))}</p><ol>{rows}</ol></section>'


def _sign(standing: str) -> str:
    return f'<span aria-hidden="true" style="color: {_COLOURS[standing]}">{_SIGNS[standing]}</span>'


def report_text(marks: Sequence[Mark], language: str) -> str:
    """The same without markup."""
    words = Words(language)
    lines = [_sum(words, marks)]
    for standing, title, hint in marks:
        lines.append(f"{_SIGNS[standing]} {title}: {words(_STANDINGS[standing])}")
        lines += [f"  {_hint(words, hint)}"] if hint else []
    return "\n".join(lines)


def _sum(words: Words, marks: Sequence[Mark]) -> str:
    done = sum(standing == "yes" for standing, _, _ in marks)
    return words.many("{done} of {count} task done", "{done} of {count} tasks done", len(marks), done=words.number(done))


def _hint(words: Words, hint: str) -> str:
    return words("Hint: {hint}", hint=hint)
